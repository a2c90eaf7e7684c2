// Who changed what: appended, never edited. Beyond its limit the oldest entries leave, and an entry says how many did.
import type { Ledger, LedgerRecord } from "../../../core/state/ports.ts";
import { stateLimits, type StateContext } from "./schema.ts";

const trimEvery = 1000;

export interface LedgerOptions {
  readonly entriesMax?: number;
  /** How many writes between two looks at the limit. */
  readonly trimEvery?: number;
}

export function ledger({ database, nowMs }: StateContext, options: LedgerOptions = {}): Ledger {
  const entriesMax = options.entriesMax ?? stateLimits.ledgerEntriesMax;
  const every = options.trimEvery ?? trimEvery;
  let writes = 0;

  async function append(entry: Omit<LedgerRecord, "id">): Promise<void> {
    let detail = JSON.stringify(entry.detail);
    if (Buffer.byteLength(detail) > stateLimits.ledgerDetailBytesMax) {
      detail = JSON.stringify({ omitted: `detail was larger than ${stateLimits.ledgerDetailBytesMax} bytes` });
    }
    await database
      .insertInto("ledger")
      .values({
        time_ms: entry.timeMs,
        user_name: entry.user,
        action: entry.action,
        target: entry.target,
        detail,
        outcome: entry.outcome,
      })
      .execute();
  }

  async function trim(): Promise<void> {
    const { newest } = await database
      .selectFrom("ledger")
      .select((builder) => builder.fn.max("id").as("newest"))
      .executeTakeFirstOrThrow();
    const { numDeletedRows } = await database
      .deleteFrom("ledger")
      .where("id", "<=", newest - entriesMax)
      .executeTakeFirst();
    if (numDeletedRows === 0n) return;
    const detail = { entries: Number(numDeletedRows), kept: entriesMax };
    await append({ timeMs: nowMs(), user: "system", action: "ledger.trim", target: "ledger", detail, outcome: "done" });
  }

  return {
    async write(entry) {
      await append(entry);
      writes += 1;
      if (writes % every === 0) await trim();
    },
    async list(limit, beforeId) {
      let query = database.selectFrom("ledger").selectAll().orderBy("id", "desc").limit(limit);
      if (beforeId !== undefined) query = query.where("id", "<", beforeId);
      return (await query.execute()).map((row) => ({
        id: row.id,
        timeMs: row.time_ms,
        user: row.user_name,
        action: row.action,
        target: row.target,
        detail: JSON.parse(row.detail) as Record<string, unknown>,
        outcome: row.outcome as LedgerRecord["outcome"],
      }));
    },
  };
}
