// Audit logs that an API server writes to files, instead of its webhook: each is followed, and its lines go the way of the door. Where reading stands is kept in the data
// folder, so that a restart misses nothing; what is bad or lost is a gap.
import { readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { z } from "zod";
import type { Clock } from "../../../base/clock.ts";
import { Fault, toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import { jsonLines, type Batch } from "../../../core/foreign/batch.ts";
import type { Row } from "../../../model/table.ts";
import { startReconciler } from "../reconcile.ts";
import { followFile, type FileFollower, type FilePlace } from "./follow-file.ts";
import { auditFileLimits } from "./limits.ts";

export interface AuditFile {
  readonly cluster: string;
  readonly path: string;
}

export interface AuditFileState extends AuditFile {
  readonly accepted: number;
  /** Lines that were no audit events, were out of the range of times, or too long. */
  readonly refused: number;
  readonly rotations: number;
  readonly truncations: number;
  /** Why it is not read now; "" when it is. */
  readonly because: string;
}

export interface AuditFilesParts {
  /** "cluster=/path" each, as the configuration has them. */
  readonly files: readonly string[];
  readonly dataFolder: string;
  readonly take: (cluster: string, items: Iterable<unknown>) => Promise<Batch>;
  readonly recordGap: (place: { readonly cluster: string; readonly node: string }, gap: Row<"gaps">) => Promise<void>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For tests. */
  readonly everyMs?: number;
}

export interface AuditFiles extends AsyncDisposable {
  states(): readonly AuditFileState[];
  /** Looks now. */
  wake(): void;
}

const Places = z.record(
  z.string(),
  z.object({ device: z.number(), inode: z.number(), offset: z.number(), head: z.string(), skips: z.boolean() }),
);

/** Throws Fault "runtime/audit-file" for an entry that is not "cluster=/absolute/path". */
export function parseAuditFiles(entries: readonly string[]): readonly AuditFile[] {
  if (entries.length > auditFileLimits.filesMax) throw notAFile(`more than ${auditFileLimits.filesMax} files`);
  return entries.map((entry) => {
    const at = entry.indexOf("=");
    const [cluster, file] = [entry.slice(0, Math.max(0, at)), entry.slice(at + 1)];
    if (cluster === "" || !path.isAbsolute(file)) throw notAFile(JSON.stringify(entry.slice(0, 200)));
    return { cluster, path: file };
  });
}

function notAFile(what: string): Fault {
  return new Fault(`audit.files: ${what} cannot be followed`, {
    code: "runtime/audit-file",
    kind: "usage",
    where: "audit.files",
    hint: 'name each as "cluster=/path/of/audit.log"',
  });
}

/** Begins to follow. Disposing it waits for the reading under way. */
export async function startAuditFiles(parts: AuditFilesParts): Promise<AuditFiles> {
  const files = parseAuditFiles(parts.files);
  const kept = path.join(parts.dataFolder, "run", "audit-files.json");
  const places = files.length === 0 ? {} : await readPlaces(kept, parts.logger);
  const tails = files.map((file) => new Tail(file, parts, places[keyOf(file)]));
  let told = JSON.stringify(places);
  async function save(): Promise<void> {
    const now = JSON.stringify(Object.fromEntries(tails.flatMap((tail) => tail.placed())));
    if (now === told) return;
    await writeFile(`${kept}.new`, now, { mode: 0o600 });
    await rename(`${kept}.new`, kept);
    told = now;
  }
  if (files.length === 0)
    return { states: () => [], wake: () => undefined, [Symbol.asyncDispose]: async () => undefined };
  const loop = startReconciler({
    name: "audit files",
    everyMs: parts.everyMs ?? auditFileLimits.everyMs,
    logger: parts.logger,
    async run(signal) {
      for (const tail of tails) await tail.look(signal);
      await save();
    },
  });
  return {
    states: () => tails.map((tail) => tail.state()),
    wake: () => loop.wake(),
    async [Symbol.asyncDispose]() {
      await loop[Symbol.asyncDispose]();
      await save();
      for (const tail of tails) await tail.close();
    },
  };
}

class Tail {
  readonly #file: AuditFile;
  readonly #parts: AuditFilesParts;
  readonly #follower: FileFollower;
  #place: FilePlace | undefined;
  #accepted = 0;
  #refused = 0;
  #lostTold = 0;
  #because = "";

  constructor(file: AuditFile, parts: AuditFilesParts, place: FilePlace | undefined) {
    this.#file = file;
    this.#parts = parts;
    this.#place = place;
    this.#follower = followFile(file.path, place);
  }

  /** What is new, in chunks. A file that is not there yet is waited for; a store that is full is the next look's. */
  async look(signal: AbortSignal): Promise<void> {
    try {
      for (let chunks = 0; chunks < auditFileLimits.chunksPerLookMax && !signal.aborted; chunks += 1) {
        const reading = await this.#follower.read();
        if (reading === undefined) break;
        const batch = await this.#parts.take(this.#file.cluster, jsonLines(reading.text));
        this.#place = reading.commit();
        this.#accepted += batch.accepted;
        this.#refused += batch.refused + reading.tooLong;
        await this.#tellRefused(batch, reading.tooLong);
      }
      await this.#tellLost();
      this.#setBecause("");
    } catch (thrown) {
      const { message } = thrown instanceof Fault ? thrown : toFault(thrown);
      this.#setBecause(message);
    }
  }

  state(): AuditFileState {
    const { rotations, truncations } = this.#follower.counters;
    const counts = { accepted: this.#accepted, refused: this.#refused, rotations, truncations };
    return { ...this.#file, ...counts, because: this.#because };
  }

  placed(): readonly (readonly [string, FilePlace])[] {
    return this.#place === undefined ? [] : [[keyOf(this.#file), this.#place]];
  }

  close(): Promise<void> {
    return this.#follower.close();
  }

  async #tellRefused({ refused, reasons }: Batch, tooLong: number): Promise<void> {
    if (refused + tooLong === 0) return;
    const because = tooLong > 0 ? `longer than ${auditFileLimits.lineBytesMax} bytes` : (reasons[0]?.because ?? "");
    await this.#gap(
      refused + tooLong,
      "exact",
      `${refused + tooLong} lines of ${this.#file.path} were refused: ${because}`,
    );
  }

  /** A file that was rotated away, and removed or compressed, while nobody read. */
  async #tellLost(): Promise<void> {
    const { lost } = this.#follower.counters;
    if (lost === this.#lostTold) return;
    this.#lostTold = lost;
    await this.#gap(
      0,
      "no",
      `${this.#file.path} was rotated while nobody read it, and an old file is gone or compressed: lines may be missing`,
    );
  }

  #gap(rows: number, counted: Row<"gaps">["counted"], detail: string): Promise<void> {
    const row = {
      time: this.#parts.clock.nowMs(),
      durationMs: 0,
      table: "audit_events",
      rows,
      counted,
      detail,
    } as const;
    return this.#parts.recordGap({ cluster: this.#file.cluster, node: "" }, { ...row, reason: "block-refused" });
  }

  #setBecause(because: string): void {
    if (because !== this.#because && because !== "") {
      this.#parts.logger.warn(
        { file: this.#file.path, because },
        "an audit file cannot be read now; it is tried again",
      );
    }
    this.#because = because;
  }
}

function keyOf({ cluster, path: file }: AuditFile): string {
  return `${cluster}=${file}`;
}

/** A file of places that is not there, or broken, means: from the beginning. Said, because rows may come twice. */
async function readPlaces(file: string, logger: Logger): Promise<Readonly<Record<string, FilePlace>>> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch {
    return {};
  }
  try {
    return Places.parse(JSON.parse(text));
  } catch (error) {
    logger.warn(
      { file, error: String(error) },
      "where audit files were read up to is not known: from their beginnings",
    );
    return {};
  }
}
