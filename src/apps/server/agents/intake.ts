// The one way into the store: a block is durable in the spool before it is acknowledged, and stored exactly once afterwards.
// Agents' blocks come with the certificate's identity; the server's own rows (gaps, foreign telemetry) come through `acceptOwn`.
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { Clock } from "../../../base/clock.ts";
import { Fault, toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Row, TableName } from "../../../model/table.ts";
import { attentionLimits } from "./attention.ts";
import { agentKey, blockToken, type BlockOrigin, type SpoolEntry } from "./block-origin.ts";
import { openIngestNumbers, type IngestNumbers } from "./ingest-numbers.ts";
import { openGroupBook, type GroupBook } from "./group-book.ts";
import { Inserter, type InsertStore } from "./inserter.ts";
import { unfinishedOf } from "./unfinished.ts";
import { openSeenLog, type SeenLog } from "./seen-log.ts";
import { openServerSpool, type ServerSpool, type SpoolLimits } from "./server-spool.ts";

export interface IncomingBlock {
  readonly table: TableName;
  readonly rows: number;
  readonly encoding: "none" | "gzip" | "zstd";
  readonly body: Uint8Array;
  /** Of the rows; what is not said is guessed. */
  readonly bytesInflated?: number;
}

export interface IntakeCounters {
  readonly rows: number;
  readonly blocks: number;
  readonly duplicates: number;
  readonly rowsStored: number;
  readonly blocksStored: number;
  /** Blocks that the store refused for their content, after they were acknowledged: each has a gap row. */
  readonly blocksQuarantined: number;
  /** Gap rows that could not be stored: what is missing is known here only as this number. */
  readonly gapsLost: number;
  readonly spoolBlocks: number;
  readonly spoolBytes: number;
  readonly quarantineBlocks: number;
  readonly appendFailuresByCode: Readonly<Record<string, number>>;
  readonly storePausedBecause: string;
}

export interface IntakeOptions {
  readonly folder: string;
  readonly store: InsertStore;
  /** Uncompressed Native bytes of gap rows (edge/blocks `encodeBlock`). */
  readonly encodeGaps: (rows: readonly Row<"gaps">[]) => Uint8Array;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long an accepted block may wait at present for others to go with it. */
  readonly delayMs: () => number;
  readonly limits?: SpoolLimits;
}

export interface Place {
  readonly cluster: string;
  readonly node: string;
}

interface Parts {
  readonly spool: ServerSpool;
  readonly seen: SeenLog;
  readonly numbers: IngestNumbers;
  readonly book: GroupBook;
}

export class Intake {
  readonly #options: IntakeOptions;
  readonly #spool: ServerSpool;
  readonly #seen: SeenLog;
  readonly #numbers: IngestNumbers;
  readonly #book: GroupBook;
  readonly #inserter: Inserter;
  readonly #ownBoot = randomBytes(16).toString("hex");
  readonly #inFlight = new Map<string, Promise<void>>();
  /** Ingest numbers that are being written to the spool. */
  readonly #putting = new Set<number>();
  /** What is in the spool, by ingest number. */
  readonly #spooled = new Map<number, SpoolEntry>();
  readonly #count = {
    rows: 0,
    blocks: 0,
    duplicates: 0,
    rowsStored: 0,
    blocksStored: 0,
    blocksQuarantined: 0,
    gapsLost: 0,
  };
  #ownSequence = 0;
  #settled: SpoolEntry[] = [];
  #settling: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: IntakeOptions, parts: Parts) {
    this.#options = options;
    this.#spool = parts.spool;
    this.#seen = parts.seen;
    this.#numbers = parts.numbers;
    this.#book = parts.book;
    this.#inserter = new Inserter({
      store: options.store,
      book: parts.book,
      pathOf: (entry) => parts.spool.pathOf(entry),
      delayMs: options.delayMs,
      logger: options.logger,
      onStored: (entries) => this.#stored(entries),
      onRefused: (entry, fault) => void this.#refused(entry, fault),
      onPartial: (entry, rowsMissing) => this.#recordRefused(entry, rowsMissing, "the store took a part of it only"),
    });
    this.#takeUp();
  }

  /** Goes on with what an earlier run left in the spool. */
  #takeUp(): void {
    const { found } = this.#spool;
    for (const entry of found) {
      this.#remember(entry);
      this.#spooled.set(entry.ingest, entry);
    }
    const { inserts, stored, free, gone } = unfinishedOf(found, this.#book);
    for (const insert of inserts) this.#inserter.resume(insert);
    for (const entry of free) this.#inserter.add(entry, true);
    this.#stored(stored);
    void this.#forgetGroups(gone);
  }

  /** Whether this block was taken before. Throws a Fault ("agents/sequence-too-old") when that cannot be said any more. */
  isKnown(origin: BlockOrigin): boolean {
    const look = this.#seen.sequences.look(agentKey(origin.cluster, origin.node), origin.boot, origin.sequence);
    if (look === "forgotten") throw tooOld();
    return look === "seen";
  }

  /** Resolves when durable. `duplicate` when the same block was taken before, also at the same time by another request. */
  async accept(origin: BlockOrigin, block: IncomingBlock): Promise<{ readonly duplicate: boolean }> {
    const token = blockToken(origin);
    const other = this.#inFlight.get(token);
    // When the other request fails, this one fails with it: the agent tries again anyway.
    if (other !== undefined) await other;
    if (other !== undefined || this.isKnown(origin)) {
      this.noteDuplicate();
      return { duplicate: true };
    }
    const own = this.#put(origin, block);
    this.#inFlight.set(token, own);
    try {
      await own;
    } finally {
      this.#inFlight.delete(token);
    }
    return { duplicate: false };
  }

  noteDuplicate(): void {
    this.#count.duplicates += 1;
  }

  /** A block that the server makes itself, for rows seen at this place (foreign telemetry, gaps). Resolves when durable. */
  async acceptOwn(place: Place, block: IncomingBlock): Promise<void> {
    this.#ownSequence += 1;
    const { cluster, node } = place;
    await this.#put({ cluster, node, boot: this.#ownBoot, sequence: this.#ownSequence }, block);
  }

  /** Writes one gap row; when that fails it is counted, never thrown. */
  async recordGap(place: Place, gap: Row<"gaps">): Promise<void> {
    this.#ownSequence += 1;
    const { cluster, node } = place;
    await this.#putGap({ cluster, node, boot: this.#ownBoot, sequence: this.#ownSequence }, gap);
  }

  /** Every block with an ingest number up to this one is in the store: the safe end of a live stream's cursor. */
  storedUpTo(): number {
    const lowest = Math.min(this.#inserter.pendingLowest ?? Number.POSITIVE_INFINITY, ...this.#putting);
    return lowest === Number.POSITIVE_INFINITY ? this.#numbers.last : lowest - 1;
  }

  /** Resolves when everything accepted so far is in the store, the store is away, or after 1.5 s. Never rejects. */
  flush(): Promise<void> {
    return this.#inserter.flush(this.#numbers.last, attentionLimits.freshMsMax);
  }

  /** `delayMs` has changed. */
  wake(): void {
    this.#inserter.wake();
  }

  /** Takes note of the store's epoch; true when it is a new store, so agents should offer again what was acknowledged lately. */
  async noteEpoch(epoch: string): Promise<boolean> {
    if (epoch === this.#seen.epoch) return false;
    const isNewStore = this.#seen.epoch !== "";
    await this.#settling;
    const kept = isNewStore ? [] : this.#seen.sequences.entries();
    await this.#seen.reset(epoch, kept);
    for (const entry of this.#spooled.values()) this.#remember(entry);
    return isNewStore;
  }

  counters(): IntakeCounters {
    return {
      ...this.#count,
      spoolBlocks: this.#spool.blocks,
      spoolBytes: this.#spool.bytes,
      quarantineBlocks: this.#spool.quarantine.blocks,
      appendFailuresByCode: { ...this.#inserter.failuresByCode },
      storePausedBecause: this.#inserter.pausedBecause,
    };
  }

  /** Lets blocks on their way arrive, then closes the files. What is left in the spool is taken up at the next start. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#spool.close();
    await this.#inserter.stop();
    await this.#settling;
    await this.#seen.close();
  }

  async #putGap(origin: BlockOrigin, gap: Row<"gaps">): Promise<void> {
    try {
      await this.#put(origin, { table: "gaps", rows: 1, encoding: "none", body: this.#options.encodeGaps([gap]) });
    } catch (error) {
      this.#count.gapsLost += 1;
      const { code } = toFault(error);
      this.#options.logger.error({ code, reason: gap.reason, rows: gap.rows }, "a gap could not be recorded");
    }
  }

  async #put(origin: BlockOrigin, block: IncomingBlock): Promise<void> {
    if (this.#isClosed) throw closing();
    const { cluster, node, boot, sequence } = origin;
    const { table, rows, encoding, body, bytesInflated } = block;
    const ingest = this.#numbers.next();
    const about = {
      table,
      rows,
      encoding,
      bytes: body.length,
      ...(bytesInflated === undefined ? {} : { bytesInflated }),
    };
    const entry: SpoolEntry = { cluster, node, boot, sequence, ingest, ...about };
    this.#putting.add(ingest);
    try {
      await this.#spool.put(entry, body);
      // In one turn with the acknowledgement's cause: nobody sees the block neither being written nor known.
      this.#spooled.set(ingest, entry);
      this.#remember(entry);
      this.#inserter.add(entry);
    } finally {
      this.#putting.delete(ingest);
    }
    this.#count.blocks += 1;
    this.#count.rows += rows;
  }

  /** The server's own blocks have a fresh boot and are never sent twice: they need no memory. */
  #remember(entry: SpoolEntry): void {
    if (entry.boot === this.#ownBoot) return;
    this.#seen.sequences.add(agentKey(entry.cluster, entry.node), entry.boot, [entry.sequence, entry.sequence]);
  }

  #stored(entries: readonly SpoolEntry[]): void {
    this.#count.blocksStored += entries.length;
    this.#count.rowsStored += entries.reduce((sum, { rows }) => sum + rows, 0);
    this.#settled.push(...entries);
    if (this.#settled.length > 0) this.#settling ??= this.#settle();
  }

  /** First remembered on disk, then removed: a crash in between appends again with the same token. */
  async #settle(): Promise<void> {
    while (this.#settled.length > 0) {
      const batch = this.#settled;
      this.#settled = [];
      try {
        await this.#seen.append(batch.filter((entry) => entry.boot !== this.#ownBoot));
        await this.#spool.remove(batch);
        for (const entry of batch) this.#spooled.delete(entry.ingest);
        await this.#forgetGroups(batch.map(({ ingest }) => ingest));
      } catch (error) {
        const { code } = toFault(error);
        this.#options.logger.error(
          { code, blocks: batch.length },
          "stored blocks cannot be removed from the spool yet",
        );
        // The next stored block tries again; until then the files only take space.
        this.#settled = [...batch, ...this.#settled];
        break;
      }
    }
    this.#settling = undefined;
  }

  async #refused(entry: SpoolEntry, fault: Fault): Promise<void> {
    const { logger } = this.#options;
    this.#count.blocksQuarantined += 1;
    logger.error(
      { code: fault.code, table: entry.table, rows: entry.rows },
      "the store refused an accepted block; it is set aside",
    );
    await this.#recordRefused(entry, entry.rows, fault.code);
    try {
      await this.#settling;
      if (entry.boot !== this.#ownBoot) await this.#seen.append([entry]);
      await this.#spool.setAside(entry);
      this.#spooled.delete(entry.ingest);
      await this.#forgetGroups([entry.ingest]);
    } catch (error) {
      logger.error({ code: toFault(error).code }, "a refused block cannot be set aside; the next start tries it again");
    }
  }

  /** The gap's own boot comes from the refused block: after a crash in between it is known, and not written twice. */
  async #recordRefused(entry: SpoolEntry, rows: number, because: string): Promise<void> {
    // A refused gap would only make the next one.
    if (entry.table === "gaps") {
      this.#count.gapsLost += rows;
      return;
    }
    const origin = { ...entry, boot: blockToken(entry).slice(0, 32), sequence: 1 };
    if (this.isKnown(origin)) return;
    await this.#putGap(origin, {
      time: this.#options.clock.nowMs(),
      durationMs: 0,
      table: entry.table,
      reason: "block-refused",
      rows,
      counted: "exact",
      detail: `refused by the store after it was accepted: ${because}`,
    });
  }

  /** A group file that stays only costs a look at the next start: none of its blocks is there then. */
  async #forgetGroups(ingests: readonly number[]): Promise<void> {
    try {
      await this.#book.settled(ingests);
    } catch (error) {
      this.#options.logger.warn({ code: toFault(error).code }, "a group of stored blocks cannot be forgotten yet");
    }
  }
}

/** Opens the spool folder and takes up what an earlier run accepted and did not get into the store. */
export async function openIntake(options: IntakeOptions): Promise<Intake> {
  const spool = await openServerSpool(options);
  const seen = await openSeenLog(options.folder);
  const numbers = await openIngestNumbers(options.folder, options.clock, spool.found.at(-1)?.ingest ?? 0);
  const book = await openGroupBook(join(options.folder, "groups"));
  if (book.damaged.length > 0) {
    options.logger.warn({ files: book.damaged }, "groups of blocks cannot be read; the store is asked what it has");
  }
  return new Intake(options, { spool, seen, numbers, book });
}

function closing(): Fault {
  return new Fault("the server is shutting down", {
    code: "agents/closing",
    kind: "unavailable",
    hint: "try again in a few seconds",
    retryAfterMs: 2_000,
  });
}

function tooOld(): Fault {
  return new Fault("the block's sequence is so old that nobody can say whether it was stored", {
    code: "agents/sequence-too-old",
    kind: "conflict",
    hint: "count it as a gap; send blocks in order",
  });
}
