// Analyses of images, distinct packages, and what was matched for each: plain rows, written in transactions, read whole at the server's start.
import { Fault } from "../../../base/fault.ts";
import type { ImageRecord, ImageRecords, PackageSubject, SubjectResult } from "../../../core/state/image-ports.ts";
import { type Database, stateLimits, type StateContext } from "./schema.ts";

/** Rows per statement: PostgreSQL takes at most 65,535 parameters, SQLite 32,766. */
const rowsPerStatement = 1000;
const rowsPerSweep = 5000;

function packNumbers(numbers: Int32Array): string {
  return Buffer.from(numbers.buffer, numbers.byteOffset, numbers.byteLength).toString("base64");
}

function unpackNumbers(text: string): Int32Array {
  const bytes = Buffer.from(text, "base64");
  return new Int32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function* slicesOf<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let at = 0; at < items.length; at += size) yield items.slice(at, at + size);
}

/** JSON drops what is undefined: "not searched" stays absent. */
function recordOf(row: { readonly digest: string; readonly record: string; readonly subjects: string }): ImageRecord {
  const kept = JSON.parse(row.record) as Omit<ImageRecord, "digest" | "subjects" | "secrets"> & { secrets?: number };
  return { ...kept, secrets: kept.secrets, digest: row.digest, subjects: unpackNumbers(row.subjects) };
}

function refuse(message: string, code: string, hint: string): never {
  throw new Fault(message, { code, kind: "too-large", hint });
}

export function images({ database }: StateContext): ImageRecords {
  async function refuseBeyondLimits(digest: string, analysis: Uint8Array): Promise<void> {
    if (analysis.byteLength > stateLimits.analysisBytesMax)
      refuse(
        `the analysis of ${digest} is larger than ${stateLimits.analysisBytesMax} bytes`,
        "state/too-large",
        "analyse it without its file list, or split the image",
      );
    const { kept } = await database
      .selectFrom("images")
      .select((builder) => builder.fn.countAll<number>().as("kept"))
      .where("digest", "!=", digest)
      .executeTakeFirstOrThrow();
    if (kept >= stateLimits.imagesMax)
      refuse(`there are ${kept} images already`, "state/too-many-images", "remove images that run no more");
  }

  return {
    async put({ digest, subjects, ...record }, analysis) {
      await refuseBeyondLimits(digest, analysis);
      const references = record.references.slice(0, stateLimits.imageReferencesMax);
      const values = {
        record: JSON.stringify({ ...record, references }),
        subjects: packNumbers(subjects),
        analysis: Buffer.from(analysis).toString("base64"),
      };
      await database
        .insertInto("images")
        .values({ digest, ...values })
        .onConflict((conflict) => conflict.column("digest").doUpdateSet(values))
        .execute();
    },
    async list() {
      const rows = await database.selectFrom("images").select(["digest", "record", "subjects"]).execute();
      return rows.map(recordOf);
    },
    async analysis(digest) {
      const row = await database
        .selectFrom("images")
        .select("analysis")
        .where("digest", "=", digest)
        .executeTakeFirst();
      return row === undefined ? undefined : Buffer.from(row.analysis, "base64");
    },
    async remove(digest) {
      const { numDeletedRows } = await database.deleteFrom("images").where("digest", "=", digest).executeTakeFirst();
      return numDeletedRows > 0n;
    },
    ...subjectTables({ database }),
    ...resultTable({ database }),
  };
}

function subjectTables({
  database,
}: Pick<StateContext, "database">): Pick<ImageRecords, "subjectIds" | "subjects" | "sweepSubjects"> {
  return {
    async subjectIds(given) {
      const ids = new Map<string, number>();
      for (const part of slicesOf([...new Map(given.map((each) => [each.key, each.subject]))], rowsPerStatement)) {
        await database
          .insertInto("image_subjects")
          .values(part.map(([key, subject]) => ({ subject_key: key, subject: JSON.stringify(subject) })))
          .onConflict((conflict) => conflict.column("subject_key").doNothing())
          .execute();
        const rows = await database
          .selectFrom("image_subjects")
          .select(["id", "subject_key"])
          .where(
            "subject_key",
            "in",
            part.map(([key]) => key),
          )
          .execute();
        for (const row of rows) ids.set(row.subject_key, row.id);
      }
      return given.map(({ key }) => {
        const id = ids.get(key);
        if (id === undefined) throw new Error(`subject ${key} left between two statements`);
        return id;
      });
    },
    async subjects(afterId, limit) {
      const rows = await database
        .selectFrom("image_subjects")
        .select(["id", "subject"])
        .where("id", ">", afterId)
        .orderBy("id")
        .limit(limit)
        .execute();
      return rows.map(({ id, subject }) => ({ id, ...(JSON.parse(subject) as PackageSubject) }));
    },
    sweepSubjects: (used) => sweepSubjects(database, used),
  };
}

function resultTable({ database }: Pick<StateContext, "database">): Pick<ImageRecords, "putResults" | "results"> {
  return {
    async putResults(results) {
      await database.transaction().execute(async (writer) => {
        for (const part of slicesOf(results, rowsPerStatement))
          await writer
            .insertInto("image_subject_results")
            .values(part.map(({ id, database: digest, result }) => ({ subject_id: id, database: digest, result })))
            .onConflict((conflict) =>
              conflict.column("subject_id").doUpdateSet((builder) => ({
                database: builder.ref("excluded.database"),
                result: builder.ref("excluded.result"),
              })),
            )
            .execute();
      });
    },
    async results(ids) {
      const found: SubjectResult[] = [];
      for (const part of slicesOf(ids, rowsPerStatement)) {
        const rows = await database
          .selectFrom("image_subject_results")
          .selectAll()
          .where("subject_id", "in", part)
          .execute();
        for (const row of rows) found.push({ id: row.subject_id, database: row.database, result: row.result });
      }
      return found;
    },
  };
}

async function sweepSubjects(database: Database, used: ReadonlySet<number>): Promise<number> {
  let removed = 0;
  for (let after = 0; ;) {
    const rows = await database
      .selectFrom("image_subjects")
      .select("id")
      .where("id", ">", after)
      .orderBy("id")
      .limit(rowsPerSweep)
      .execute();
    const last = rows.at(-1);
    if (last === undefined) return removed;
    after = last.id;
    const unused = rows.map(({ id }) => id).filter((id) => !used.has(id));
    for (const part of slicesOf(unused, rowsPerStatement)) {
      await database.deleteFrom("image_subject_results").where("subject_id", "in", part).execute();
      await database.deleteFrom("image_subjects").where("id", "in", part).execute();
    }
    removed += unused.length;
  }
}
