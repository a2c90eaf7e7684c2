// Blocks on the agent's disk until the server has them durably, and two minutes longer. Bounded in bytes and files; what has to go is
// counted by table. A kill -9 at any point loses nothing that `append` had resolved for.
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import type { BlockHeader } from "../../model/agent-protocol.ts";
import { createLossBook, type SpoolLoss } from "./loss-book.ts";
import {
  decodeSpoolFile,
  decodeSpoolHead,
  encodeSpoolFile,
  headerBytesMax,
  parseSpoolFileName,
  spoolFileName,
  type SpoolPriority,
} from "./spool-file.ts";

export interface SpoolOptions {
  readonly folder: string;
  readonly bytesMax: number;
  readonly filesMax?: number;
  /** How long acknowledged blocks stay, to be offered again when the store was rebuilt. */
  readonly keepAcknowledgedMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface SpoolEntry {
  readonly order: number;
  readonly priority: SpoolPriority;
  readonly header: BlockHeader;
  /** Of the file. */
  readonly bytes: number;
}

export interface Spool {
  readonly bytes: number;
  readonly files: number;
  /** Rows lost here since the agent started, as far as they could be counted. */
  readonly rowsDropped: number;
  /** Makes room if it must, then writes the block. Resolves to the entry, or to undefined when the block itself had to be dropped (counted). */
  append(header: BlockHeader, body: Uint8Array, priority: SpoolPriority): Promise<SpoolEntry | undefined>;
  /** The oldest entry that waits to be sent and is not in `inFlight` (by order). */
  next(inFlight: ReadonlySet<number>): SpoolEntry | undefined;
  /** The body, checked against its hash; undefined when it is gone or corrupt (then set aside and counted). */
  read(entry: SpoolEntry): Promise<Uint8Array | undefined>;
  /** The server has it durably: kept aside for `keepAcknowledgedMs`. */
  acknowledge(entry: SpoolEntry): Promise<void>;
  /** The server will never take it: removed and counted with the reason "block-refused". */
  refuse(entry: SpoolEntry, because: string): Promise<void>;
  /** Puts what was acknowledged in the last `keepAcknowledgedMs` back in line; returns how many blocks. */
  replayAcknowledged(): Promise<number>;
  /** Removes acknowledged blocks whose time is over. Call about every ten seconds. */
  tick(): Promise<void>;
  /** What was lost since the last call, merged by table and reason. */
  takeLosses(): readonly SpoolLoss[];
  /** Waits for writes under way. */
  close(): Promise<void>;
}

interface Acknowledged {
  readonly entry: SpoolEntry;
  readonly atMs: number;
}

const filesMaxDefault = 100_000;
const keepAcknowledgedMsDefault = 2 * 60 * 1000;
const corruptFilesMax = 16;

/** Opens (and makes) the folder, removes half-written files, indexes the rest. Faults: "spool/folder" when it cannot be used. */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const spool = new DiskSpool(options);
  await spool.open();
  return spool;
}

class DiskSpool implements Spool {
  readonly #options: SpoolOptions;
  readonly #losses;
  /** By order; insertion order is age. */
  readonly #waiting = new Map<number, SpoolEntry>();
  readonly #expendable = new Map<number, SpoolEntry>();
  readonly #acknowledged = new Map<number, Acknowledged>();
  #nextOrder = 1;
  #bytes = 0;
  #corruptFiles = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#losses = createLossBook(options.clock);
  }

  get bytes(): number {
    return this.#bytes;
  }

  get rowsDropped(): number {
    return this.#losses.rows;
  }

  get files(): number {
    return this.#waiting.size;
  }

  async open(): Promise<void> {
    try {
      for (const folder of [this.#path(), this.#path("acknowledged"), this.#path("corrupt")]) {
        await mkdir(folder, { recursive: true, mode: 0o700 });
      }
      await this.#index();
    } catch (cause) {
      throw new Fault(`the spool folder ${this.#path()} cannot be used: ${(cause as Error).message}`, {
        code: "spool/folder",
        kind: "unavailable",
        hint: "give the agent a data folder that it may write to",
        cause,
      });
    }
  }

  append(header: BlockHeader, body: Uint8Array, priority: SpoolPriority): Promise<SpoolEntry | undefined> {
    return this.#serially(async () => {
      const file = encodeSpoolFile(header, body);
      if (!(await this.#makeRoom(file.length, priority))) {
        this.#losses.add(header, "spool-full", "no room left in the spool");
        return undefined;
      }
      const entry = { order: this.#nextOrder++, priority, header, bytes: file.length };
      const failure = await this.#write(entry, file);
      if (failure !== "") {
        this.#losses.add(header, "spool-full", `not written: ${failure}`);
        return undefined;
      }
      this.#admit(entry);
      return entry;
    });
  }

  next(inFlight: ReadonlySet<number>): SpoolEntry | undefined {
    for (const entry of this.#waiting.values()) if (!inFlight.has(entry.order)) return entry;
    return undefined;
  }

  async read(entry: SpoolEntry): Promise<Uint8Array | undefined> {
    if (!this.#waiting.has(entry.order)) return undefined;
    const path = this.#path(spoolFileName(entry.order, entry.priority));
    try {
      const decoded = decodeSpoolFile(await readFile(path));
      if (!("corrupt" in decoded)) return decoded.body;
      return await this.#serially(() => this.#setAside(entry, decoded.corrupt));
    } catch (cause) {
      if (!this.#waiting.has(entry.order)) return undefined;
      return this.#serially(() => this.#setAside(entry, `cannot be read: ${(cause as Error).message}`));
    }
  }

  acknowledge(entry: SpoolEntry): Promise<void> {
    return this.#serially(async () => {
      if (!this.#release(entry)) return;
      const name = spoolFileName(entry.order, entry.priority);
      await rename(this.#path(name), this.#path("acknowledged", name));
      this.#acknowledged.set(entry.order, { entry, atMs: this.#options.clock.nowMs() });
      this.#bytes += entry.bytes;
    });
  }

  refuse(entry: SpoolEntry, because: string): Promise<void> {
    return this.#serially(async () => {
      if (!this.#release(entry)) return;
      this.#losses.add(entry.header, "block-refused", because);
      await rm(this.#path(spoolFileName(entry.order, entry.priority)), { force: true });
    });
  }

  replayAcknowledged(): Promise<number> {
    return this.#serially(async () => {
      const again = [...this.#acknowledged.values()].sort((a, b) => a.entry.order - b.entry.order);
      for (const { entry } of again) {
        const name = spoolFileName(entry.order, entry.priority);
        this.#acknowledged.delete(entry.order);
        this.#bytes -= entry.bytes;
        await rename(this.#path("acknowledged", name), this.#path(name));
        this.#admit(entry);
      }
      return again.length;
    });
  }

  tick(): Promise<void> {
    return this.#serially(() => this.#dropAcknowledgedBefore(this.#options.clock.nowMs() - this.#keepAcknowledgedMs));
  }

  takeLosses(): readonly SpoolLoss[] {
    return this.#losses.take();
  }

  async close(): Promise<void> {
    await this.#serially(async () => undefined);
  }

  get #keepAcknowledgedMs(): number {
    return this.#options.keepAcknowledgedMs ?? keepAcknowledgedMsDefault;
  }

  /** Returns the error's code, or "" when the file has its name. On a full disk what was acknowledged makes room first. */
  async #write(entry: SpoolEntry, file: Uint8Array): Promise<string> {
    const name = spoolFileName(entry.order, entry.priority);
    const temporary = this.#path(`${name}.tmp`);
    for (let attempt = 1; ; attempt += 1) {
      try {
        await writeFile(temporary, file, { mode: 0o600 });
        await rename(temporary, this.#path(name));
        return "";
      } catch (cause) {
        await rm(temporary, { force: true });
        const code = (cause as NodeJS.ErrnoException).code ?? "unknown error";
        if (code === "ENOSPC" && attempt === 1 && this.#acknowledged.size > 0) {
          await this.#dropAcknowledgedBefore(Number.POSITIVE_INFINITY);
          continue;
        }
        this.#options.logger.error({ error: (cause as Error).message }, "a block could not be spooled");
        return code;
      }
    }
  }

  #path(...parts: readonly string[]): string {
    return join(this.#options.folder, ...parts);
  }

  /** File operations one after another: each sees the index as the one before left it. */
  #serially<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(work);
    this.#tail = result.catch(() => undefined);
    return result;
  }

  #admit(entry: SpoolEntry): void {
    this.#waiting.set(entry.order, entry);
    if (entry.priority === "expendable") this.#expendable.set(entry.order, entry);
    this.#bytes += entry.bytes;
  }

  #release(entry: SpoolEntry): boolean {
    if (!this.#waiting.delete(entry.order)) return false;
    this.#expendable.delete(entry.order);
    this.#bytes -= entry.bytes;
    return true;
  }

  /** Acknowledged blocks go first, then the oldest expendable ones, then, for a block that must be kept, the oldest of all. */
  async #makeRoom(bytes: number, priority: SpoolPriority): Promise<boolean> {
    const { bytesMax, filesMax = filesMaxDefault } = this.#options;
    const full = () => this.#bytes + bytes > bytesMax || this.#waiting.size >= filesMax;
    if (bytes > bytesMax) return false;
    if (full()) await this.#dropAcknowledgedBefore(Number.POSITIVE_INFINITY);
    while (full()) {
      const victim = first(this.#expendable) ?? (priority === "kept" ? first(this.#waiting) : undefined);
      if (victim === undefined) return false;
      this.#release(victim);
      this.#losses.add(victim.header, "spool-full", "the spool reached its cap; the oldest left first");
      await rm(this.#path(spoolFileName(victim.order, victim.priority)), { force: true });
    }
    return true;
  }

  async #dropAcknowledgedBefore(timeMs: number): Promise<void> {
    for (const [order, { entry, atMs }] of this.#acknowledged) {
      if (atMs > timeMs) continue;
      this.#acknowledged.delete(order);
      this.#bytes -= entry.bytes;
      await rm(this.#path("acknowledged", spoolFileName(order, entry.priority)), { force: true });
    }
  }

  async #setAside(entry: SpoolEntry, because: string): Promise<undefined> {
    if (!this.#release(entry)) return undefined;
    this.#losses.add(entry.header, "spool-corrupt", because);
    await this.#moveToCorrupt(this.#path(), spoolFileName(entry.order, entry.priority), because);
    return undefined;
  }

  /** The newest few are kept for a look; the rest is removed. */
  async #moveToCorrupt(folder: string, name: string, because: string): Promise<void> {
    this.#options.logger.warn({ file: name, because }, "a corrupt spool file was set aside");
    if (this.#corruptFiles >= corruptFilesMax) return rm(join(folder, name), { force: true });
    this.#corruptFiles += 1;
    await rename(join(folder, name), this.#path("corrupt", name)).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code !== "ENOENT") throw cause;
    });
  }

  async #index(): Promise<void> {
    this.#corruptFiles = (await readdir(this.#path("corrupt"))).length;
    for (const entry of await this.#indexFolder(this.#path("acknowledged"))) {
      this.#acknowledged.set(entry.order, { entry, atMs: this.#options.clock.nowMs() });
      this.#bytes += entry.bytes;
    }
    for (const entry of await this.#indexFolder(this.#path())) this.#admit(entry);
  }

  async #indexFolder(folder: string): Promise<readonly SpoolEntry[]> {
    const entries: SpoolEntry[] = [];
    for (const name of (await readdir(folder)).sort()) {
      if (name.endsWith(".tmp")) await rm(join(folder, name), { force: true });
      const parsed = parseSpoolFileName(name);
      if (parsed === undefined) continue;
      this.#nextOrder = Math.max(this.#nextOrder, parsed.order + 1);
      const head = await readHead(join(folder, name));
      if ("corrupt" in head) {
        this.#losses.add({ table: "*", rows: 0 }, "spool-corrupt", head.corrupt);
        await this.#moveToCorrupt(folder, name, head.corrupt);
      } else {
        entries.push({ ...parsed, header: head.header, bytes: head.bytes });
      }
    }
    return entries;
  }
}

async function readHead(path: string): Promise<{ header: BlockHeader; bytes: number } | { corrupt: string }> {
  const { size } = await stat(path);
  const handle = await open(path, "r");
  try {
    const buffer = Buffer.alloc(Math.min(size, headerBytesMax));
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, 0);
    const head = decodeSpoolHead(buffer.subarray(0, bytesRead));
    return "corrupt" in head ? head : { header: head.header, bytes: size };
  } finally {
    await handle.close();
  }
}

function first(entries: ReadonlyMap<number, SpoolEntry>): SpoolEntry | undefined {
  for (const entry of entries.values()) return entry;
  return undefined;
}
