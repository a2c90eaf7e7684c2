// Blocks on the agent's disk until the server has them durably, and two minutes longer. Bounded in bytes and files; what has to go is
// counted by table. A kill -9 at any point loses nothing that `append` had resolved for, and no count.
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { Fault } from "../../base/fault.ts";
import type { Logger } from "../../base/logger.ts";
import type { BlockHeader } from "../../model/agent-protocol.ts";
import { lockFolder, type FolderLock } from "./folder-lock.ts";
import { LossBook, type LossCause, type SpoolLoss } from "./loss-book.ts";
import {
  decodeSpoolFile,
  decodeSpoolHead,
  decodeTells,
  encodeSpoolFile,
  headerBytesMax,
  parseSpoolFileName,
  spoolFileName,
  type SpoolPriority,
} from "./spool-file.ts";
import { isGap, WaitingBlocks, type SpoolEntry } from "./waiting-blocks.ts";

export interface SpoolOptions {
  readonly folder: string;
  readonly bytesMax: number;
  readonly filesMax?: number;
  /** How long acknowledged blocks stay, to be offered again when the store was rebuilt. */
  readonly keepAcknowledgedMs?: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A block of gaps, and everything that it tells in the book's form. */
export interface GapBlock {
  readonly header: BlockHeader;
  readonly body: Uint8Array;
  readonly tells: readonly SpoolLoss[];
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
  /** What was lost here and is in no block of gaps yet, merged by table and reason. */
  readonly losses: readonly SpoolLoss[];
  /**
   * Spools one block of gaps. `seal` gets `losses` and returns a block that tells them (and whatever else), or undefined when there is nothing
   * to tell. What it tells is in a spooled block or in `losses` afterwards, whatever happens: never in neither, never in both.
   */
  tell(seal: (losses: readonly SpoolLoss[]) => GapBlock | undefined): Promise<SpoolEntry | undefined>;
  /** Waits for writes under way and lets others have the folder. */
  close(): Promise<void>;
}

interface Acknowledged {
  readonly entry: SpoolEntry;
  readonly atMs: number;
}

const filesMaxDefault = 100_000;
const keepAcknowledgedMsDefault = 2 * 60 * 1000;
const corruptFilesMax = 16;
/** After so many refusals a gap is given up: the server will not have it in any block. */
const gapRefusalsMax = 3;

/**
 * Opens (and makes) the folder, ends what a kill cut short, removes half-written files, indexes the rest.
 * Faults: "spool/folder" when it cannot be used, "spool/in-use" when another has it.
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  const spool = new DiskSpool(options);
  await spool.open();
  return spool;
}

class DiskSpool implements Spool {
  readonly #options: SpoolOptions;
  readonly #book: LossBook;
  readonly #waiting = new WaitingBlocks();
  #lock: FolderLock | undefined;
  readonly #acknowledged = new Map<number, Acknowledged>();
  #nextOrder = 1;
  #acknowledgedBytes = 0;
  #corruptFiles = 0;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: SpoolOptions) {
    this.#options = options;
    this.#book = new LossBook(options);
  }

  get bytes(): number {
    return this.#waiting.bytes + this.#acknowledgedBytes;
  }

  get rowsDropped(): number {
    return this.#book.rows;
  }

  get files(): number {
    return this.#waiting.size;
  }

  get losses(): readonly SpoolLoss[] {
    return this.#book.losses;
  }

  async open(): Promise<void> {
    try {
      for (const folder of [this.#path(), this.#path("acknowledged"), this.#path("corrupt")]) {
        await mkdir(folder, { recursive: true, mode: 0o700 });
      }
      this.#lock = lockFolder(this.#path("lock"));
      await this.#index();
    } catch (cause) {
      this.#lock?.release();
      if (cause instanceof Fault) throw cause;
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
      const entry = this.#entryOf(header, priority);
      const because = await this.#store(entry, encodeSpoolFile(header, body));
      if (because === "") return entry;
      this.#book.add(header, { reason: "spool-full", detail: because, isUncertain: false });
      await this.#book.save([]);
      return undefined;
    });
  }

  tell(seal: (losses: readonly SpoolLoss[]) => GapBlock | undefined): Promise<SpoolEntry | undefined> {
    return this.#serially(async () => {
      const block = seal(this.#book.losses);
      if (block === undefined) return undefined;
      const entry = this.#entryOf(block.header, "kept");
      this.#book.beginTelling(entry.order);
      let isWritten = false;
      try {
        isWritten = (await this.#store(entry, encodeSpoolFile(block.header, block.body, block.tells))) === "";
      } finally {
        this.#book.endTelling(isWritten ? [] : block.tells);
        await this.#book.save([]);
      }
      return isWritten ? entry : undefined;
    });
  }

  next(inFlight: ReadonlySet<number>): SpoolEntry | undefined {
    return this.#waiting.oldest(inFlight);
  }

  async read(entry: SpoolEntry): Promise<Uint8Array | undefined> {
    const { order } = entry;
    if (!this.#waiting.has(order)) return undefined;
    const cause = { reason: "spool-corrupt", isUncertain: this.#waiting.offersOf(order) > 0 } as const;
    this.#waiting.offer(order);
    try {
      const decoded = decodeSpoolFile(await readFile(this.#pathOf(entry)));
      if (!("corrupt" in decoded)) return decoded.body;
      await this.#serially(() => this.#setAside(entry, { ...cause, detail: decoded.corrupt }));
    } catch (error) {
      const detail = `cannot be read: ${(error as Error).message}`;
      await this.#serially(() => this.#setAside(entry, { ...cause, detail }));
    }
    return undefined;
  }

  acknowledge(entry: SpoolEntry): Promise<void> {
    return this.#serially(async () => {
      if (!this.#waiting.remove(entry)) return;
      const name = spoolFileName(entry.order, entry.priority);
      await rename(this.#path(name), this.#path("acknowledged", name));
      this.#acknowledged.set(entry.order, { entry, atMs: this.#options.clock.nowMs() });
      this.#acknowledgedBytes += entry.bytes;
    });
  }

  refuse(entry: SpoolEntry, because: string): Promise<void> {
    return this.#serially(async () => {
      // Refused at the first offer: it was never taken. Later ones may follow an answer that was lost.
      const isUncertain = this.#waiting.offersOf(entry.order) > 1;
      if (!this.#waiting.remove(entry)) return;
      await this.#writeOff(entry, { reason: "block-refused", detail: because, isUncertain });
      await this.#book.save([entry.order]);
      await rm(this.#pathOf(entry), { force: true });
    });
  }

  replayAcknowledged(): Promise<number> {
    return this.#serially(async () => {
      const again = [...this.#acknowledged.values()].sort((a, b) => a.entry.order - b.entry.order);
      for (const { entry } of again) {
        const name = spoolFileName(entry.order, entry.priority);
        this.#acknowledged.delete(entry.order);
        this.#acknowledgedBytes -= entry.bytes;
        await rename(this.#path("acknowledged", name), this.#path(name));
        this.#waiting.add(entry, 1);
      }
      return again.length;
    });
  }

  tick(): Promise<void> {
    return this.#serially(async () => {
      await this.#dropAcknowledgedBefore(this.#options.clock.nowMs() - this.#keepAcknowledgedMs);
      await this.#book.tick();
    });
  }

  async close(): Promise<void> {
    await this.#serially(async () => this.#lock?.release());
  }

  get #keepAcknowledgedMs(): number {
    return this.#options.keepAcknowledgedMs ?? keepAcknowledgedMsDefault;
  }

  #entryOf(header: BlockHeader, priority: SpoolPriority): Omit<SpoolEntry, "bytes"> & { bytes: number } {
    return { order: this.#nextOrder++, priority, header, bytes: 0 };
  }

  /** Makes room, writes, admits. Returns why it could not, or "". */
  async #store(entry: SpoolEntry & { bytes: number }, file: Uint8Array): Promise<string> {
    entry.bytes = file.length;
    const victims = await this.#makeRoom(entry);
    if (victims === undefined) return "no room left in the spool";
    // Also writes what `tell` is about to do.
    await this.#book.save(victims.map(({ order }) => order));
    for (const victim of victims) await rm(this.#pathOf(victim), { force: true });
    const failure = await this.#write(entry, file);
    if (failure !== "") return `not written: ${failure}`;
    this.#waiting.add(entry, 0);
    return "";
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

  #pathOf(entry: SpoolEntry): string {
    return this.#path(spoolFileName(entry.order, entry.priority));
  }

  /** Acknowledged blocks go first. Returns who else must go, written off already but still on disk, or undefined when nothing would be enough. */
  async #makeRoom(entry: SpoolEntry): Promise<readonly SpoolEntry[] | undefined> {
    const { bytesMax, filesMax = filesMaxDefault } = this.#options;
    const bytesWanted = this.bytes + entry.bytes;
    if (bytesWanted > bytesMax || this.#waiting.size >= filesMax) {
      await this.#dropAcknowledgedBefore(Number.POSITIVE_INFINITY);
    }
    const victims = this.#waiting.victimsFor(entry, { bytesMax, filesMax });
    for (const victim of victims ?? []) {
      const isUncertain = this.#waiting.offersOf(victim.order) > 0;
      this.#waiting.remove(victim);
      const detail = "the spool reached its cap; the oldest left first";
      await this.#writeOff(victim, { reason: "spool-full", detail, isUncertain });
    }
    return victims === undefined ? undefined : [...victims];
  }

  /** Puts a block that was released into the book: its rows, or of a block of gaps what it tells. Its file must still be there. */
  async #writeOff(entry: SpoolEntry, cause: LossCause): Promise<void> {
    const bytes = isGap(entry) ? await readFile(this.#pathOf(entry)).catch(() => undefined) : undefined;
    const tells = bytes === undefined ? undefined : decodeTells(bytes);
    if (tells === undefined) return this.#book.add(entry.header, cause);
    for (const loss of tells) {
      const refusals = loss.refusals + (cause.reason === "block-refused" ? 1 : 0);
      const counted = loss.counted === "exact" && cause.isUncertain ? "estimate" : loss.counted;
      if (refusals <= gapRefusalsMax) this.#book.put({ ...loss, counted, refusals });
      else this.#options.logger.error({ ...loss, because: cause.detail }, "the server never takes this gap: given up");
    }
  }

  async #dropAcknowledgedBefore(timeMs: number): Promise<void> {
    for (const [order, { entry, atMs }] of this.#acknowledged) {
      if (atMs > timeMs) continue;
      this.#acknowledged.delete(order);
      this.#acknowledgedBytes -= entry.bytes;
      await rm(this.#path("acknowledged", spoolFileName(order, entry.priority)), { force: true });
    }
  }

  async #setAside(entry: SpoolEntry, cause: LossCause): Promise<void> {
    if (!this.#waiting.remove(entry)) return;
    await this.#writeOff(entry, cause);
    await this.#book.save([entry.order]);
    await this.#moveToCorrupt(this.#path(), spoolFileName(entry.order, entry.priority), cause.detail);
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
    const { leaving, orderMax } = await this.#book.open();
    this.#nextOrder = orderMax + 1;
    this.#corruptFiles = (await readdir(this.#path("corrupt"))).length;
    for (const entry of await this.#indexFolder(this.#path("acknowledged"), new Set())) {
      this.#acknowledged.set(entry.order, { entry, atMs: this.#options.clock.nowMs() });
      this.#acknowledgedBytes += entry.bytes;
    }
    // Nobody knows which of them were on their way when the last life ended.
    for (const entry of await this.#indexFolder(this.#path(), leaving)) this.#waiting.add(entry, 1);
    await this.#book.settle((order) => this.#waiting.has(order) || this.#acknowledged.has(order));
  }

  async #indexFolder(folder: string, leaving: ReadonlySet<number>): Promise<readonly SpoolEntry[]> {
    const entries: SpoolEntry[] = [];
    for (const name of (await readdir(folder)).sort()) {
      const parsed = parseSpoolFileName(name);
      if (name.endsWith(".tmp") || leaving.has(parsed?.order ?? 0)) await rm(join(folder, name), { force: true });
      if (parsed === undefined || leaving.has(parsed.order)) continue;
      this.#nextOrder = Math.max(this.#nextOrder, parsed.order + 1);
      const head = await readHead(join(folder, name));
      if ("corrupt" in head) {
        this.#book.add({ table: "*", rows: 0 }, { reason: "spool-corrupt", detail: head.corrupt, isUncertain: true });
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
