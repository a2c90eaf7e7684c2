// Takes blocks from the server's spool into the store in groups, a few inserts at a time, until the store has them durably. A group is
// written down before its first attempt and tried unchanged; a store that is away pauses everything; what the store cannot take leaves alone.
import type { Logger } from "../../../base/logger.ts";
import { toFault, type Fault } from "../../../base/fault.ts";
import type { TelemetryStore } from "../../../core/store/telemetry-store.ts";
import { brokeOffCode } from "../../../edge/store/store-fault.ts";
import type { SpoolEntry } from "./block-origin.ts";
import { groupNameOf, type GroupBook } from "./group-book.ts";
import { groupToken, newInsert, storeBlockOf, type Insert } from "./insert.ts";
import { inserterLimits } from "./limits.ts";
import { WaitingBlocks } from "./waiting-blocks.ts";

export type InsertStore = Pick<TelemetryStore, "appendGroup" | "rowsOf">;

export interface InserterOptions {
  readonly store: InsertStore;
  readonly book: Pick<GroupBook, "write">;
  readonly pathOf: (entry: SpoolEntry) => string;
  readonly onStored: (entries: readonly SpoolEntry[]) => void;
  /** The store will not have this block. Called once; the block is not tried again. */
  readonly onRefused: (entry: SpoolEntry, fault: Fault) => void;
  /** The store has only a part of this block and cannot be brought to take the rest; it then counts as stored. */
  readonly onPartial: (entry: SpoolEntry, rowsMissing: number) => Promise<void>;
  /** How long a block may wait for company at present. */
  readonly delayMs: () => number;
  readonly logger: Logger;
}

/** The codes by which a store says "this block's content is bad", "one of the files is gone", "no room at present" (edge/store). */
const badBlockCode = "store/bad-block";
const missingCode = "store/block-missing";
const busyCode = "store/busy";

export class Inserter {
  /** Attempts that failed, by the fault's code. */
  readonly failuresByCode: Record<string, number> = {};
  readonly #options: InserterOptions;
  readonly #waiting: WaitingBlocks;
  readonly #queue: Insert[] = [];
  readonly #active = new Set<Insert>();
  readonly #delayed = new Map<Insert, NodeJS.Timeout>();
  readonly #flushes = new Set<{ readonly upTo: number; readonly done: () => void }>();
  #successes = 0;
  #retryMs: number = inserterLimits.retryMsMin;
  #pause: NodeJS.Timeout | undefined;
  #due: NodeJS.Timeout | undefined;
  #pausedBecause = "";
  #isStopped = false;
  #onIdle: (() => void) | undefined;

  constructor(options: InserterOptions) {
    this.#options = options;
    this.#waiting = new WaitingBlocks(options.delayMs);
  }

  /** `isLate`: it waited long enough, in an earlier run. */
  add(entry: SpoolEntry, isLate = false): void {
    this.#waiting.add(entry, isLate ? Number.NEGATIVE_INFINITY : performance.now());
    this.#pump();
  }

  /** Goes on with what an earlier run had begun. */
  resume(insert: Insert): void {
    this.#queue.push(insert);
    this.#pump();
  }

  /** The delay has changed. */
  wake(): void {
    this.#pump();
  }

  /** Blocks waiting or on their way. */
  get pending(): number {
    return [...this.#pendingEntries()].length;
  }

  /** Why nothing goes on at present; empty when it does. */
  get pausedBecause(): string {
    return this.#pausedBecause;
  }

  /** The lowest ingest number that is not in the store yet; undefined when none is pending. */
  get pendingLowest(): number | undefined {
    let lowest: number | undefined;
    for (const { ingest } of this.#pendingEntries()) if (lowest === undefined || ingest < lowest) lowest = ingest;
    return lowest;
  }

  /** Resolves when every block up to this ingest number is in the store, the store is away, or `waitMsMax` is over. Never rejects. */
  async flush(upTo: number, waitMsMax: number): Promise<void> {
    if (this.#isFlushed(upTo) || this.#pause !== undefined) return;
    this.#waiting.want(upTo);
    this.#pump();
    const { promise, resolve } = Promise.withResolvers<void>();
    const flush = { upTo, done: resolve };
    this.#flushes.add(flush);
    const timer = setTimeout(resolve, waitMsMax);
    await promise;
    clearTimeout(timer);
    this.#flushes.delete(flush);
  }

  /** Starts no new insert and waits for those on their way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#pause);
    clearTimeout(this.#due);
    for (const timer of this.#delayed.values()) clearTimeout(timer);
    for (const { done } of this.#flushes) done();
    if (this.#active.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    await promise;
  }

  *#pendingEntries(): Iterable<SpoolEntry> {
    yield* this.#waiting.entries();
    for (const inserts of [this.#queue, this.#active, this.#delayed.keys()]) {
      for (const { entries } of inserts) yield* entries;
    }
  }

  #isFlushed(upTo: number): boolean {
    return (this.pendingLowest ?? Number.POSITIVE_INFINITY) > upTo;
  }

  #pump(): void {
    clearTimeout(this.#due);
    while (!this.#isStopped && this.#pause === undefined && this.#active.size < inserterLimits.concurrency) {
      const next = this.#queue[0] ?? this.#group();
      if (next === undefined) return this.#pumpWhenDue();
      const isSuspect = next.brokenOff > 0;
      // What may have ended the store runs alone, so that the next end tells who it was.
      if (this.#active.size > 0 && (isSuspect || [...this.#active].some(({ brokenOff }) => brokenOff > 0))) return;
      this.#queue.shift();
      this.#active.add(next);
      void this.#run(next);
    }
  }

  /** Puts the next ripe group at the queue's head. */
  #group(): Insert | undefined {
    const entries = this.#waiting.take(performance.now());
    const lowest = entries === undefined ? 0 : Math.min(...entries.map(({ ingest }) => ingest));
    const insert = entries === undefined ? undefined : newInsert(groupNameOf(lowest), entries);
    if (insert !== undefined) this.#queue.push(insert);
    return insert;
  }

  #pumpWhenDue(): void {
    const dueMs = this.#waiting.dueInMs(performance.now());
    if (dueMs !== undefined) this.#due = setTimeout(() => this.#pump(), Math.ceil(dueMs));
  }

  async #run(insert: Insert): Promise<void> {
    try {
      await (insert.isDoubtful ? this.#takeApart(insert) : this.#attempt(insert));
      this.#successes += 1;
      this.#retryMs = inserterLimits.retryMsMin;
      this.#pausedBecause = "";
    } catch (error) {
      this.#active.delete(insert);
      this.#failed(insert, toFault(error));
    }
    for (const { upTo, done } of this.#flushes) if (this.#isFlushed(upTo)) done();
    if (this.#active.size === 0) this.#onIdle?.();
    this.#pump();
  }

  async #attempt(insert: Insert): Promise<void> {
    const { store, book, pathOf, onStored } = this.#options;
    const { entries } = insert;
    if (!insert.isPlanned) {
      await book.write(insert.name, { inserts: [entries.map(({ ingest }) => ingest)], stored: [] });
      insert.isPlanned = true;
    }
    const blocks = entries.map((entry) => storeBlockOf(entry, pathOf(entry)));
    await store.appendGroup(blocks, groupToken(entries));
    this.#active.delete(insert);
    onStored(entries);
  }

  /** What the store has of a group counts as stored; the other blocks go on one by one, each under its own token. */
  async #takeApart(insert: Insert): Promise<void> {
    const { store, book, onPartial, onStored, logger } = this.#options;
    const { name, entries } = insert;
    const [first] = entries;
    if (first === undefined) return;
    const found = await store.rowsOf(
      first.table,
      entries.map(({ ingest }) => ingest),
    );
    const stored = entries.filter(({ ingest }) => found.has(ingest));
    const rest = entries.filter(({ ingest }) => !found.has(ingest));
    for (const entry of stored) {
      const missing = entry.rows - (found.get(entry.ingest) ?? 0);
      if (missing > 0) await onPartial(entry, missing);
    }
    const numbers = stored.map(({ ingest }) => ingest);
    await book.write(name, { inserts: rest.map(({ ingest }) => [ingest]), stored: numbers });
    logger.warn({ table: first.table, stored: stored.length, rest: rest.length }, "a group of blocks was taken apart");
    const brokenOff = Math.min(1, insert.brokenOff);
    const singles = rest.map((entry) => newInsert(name, [entry], { isPlanned: true, brokenOff }));
    this.#active.delete(insert);
    this.#queue.unshift(...singles);
    onStored(stored);
  }

  #failed(insert: Insert, fault: Fault): void {
    const { code } = fault;
    const { logger } = this.#options;
    this.failuresByCode[code] = (this.failuresByCode[code] ?? 0) + 1;
    if (this.#isStopped) return;
    if (insert.attempts === 0) insert.successesAtFirstFailure = this.#successes;
    if (!insert.isDoubtful && this.#isBlamed(insert, fault)) {
      this.#blame(insert, fault);
      return;
    }
    if (isStoreAway(fault)) {
      // Whatever one insert met, the next would meet too: wait for all, keep the order.
      this.#queue.unshift(insert);
      this.#pauseAll(fault);
      return;
    }
    const { attempts } = insert;
    const table = insert.entries[0]?.table;
    logger.warn({ code, table, attempts }, "the store refused an insert; it is tried again");
    const timer = setTimeout(() => {
      this.#delayed.delete(insert);
      this.#queue.unshift(insert);
      this.#pump();
    }, backoffMs(attempts));
    this.#delayed.set(insert, timer);
  }

  /** Counts the failure; true when it is not the store's fault any more but this insert's. */
  #isBlamed(insert: Insert, fault: Fault): boolean {
    const isGroup = insert.entries.length > 1;
    switch (fault.code) {
      case badBlockCode:
        return true;
      case busyCode:
        insert.limited += 1;
        return isGroup && insert.limited >= inserterLimits.limitedMax;
      case brokeOffCode:
        insert.brokenOff += 1;
        return insert.brokenOff >= (isGroup ? inserterLimits.brokenOffMax : inserterLimits.brokenOffSingleMax);
    }
    if (isStoreAway(fault)) return false;
    if (isGroup && fault.code === missingCode) return true;
    insert.attempts += 1;
    const othersSucceed = this.#successes > insert.successesAtFirstFailure;
    return insert.attempts >= inserterLimits.attemptsMax && (isGroup || othersSucceed);
  }

  #blame(insert: Insert, fault: Fault): void {
    const [first] = insert.entries;
    if (insert.entries.length === 1 && first !== undefined) {
      this.#options.onRefused(first, fault);
      return;
    }
    insert.isDoubtful = true;
    this.#queue.unshift(insert);
  }

  #pauseAll(fault: Fault): void {
    if (this.#pausedBecause === "") {
      this.#options.logger.warn({ code: fault.code }, "the store is away; accepted blocks wait in the spool");
    }
    this.#pausedBecause = fault.message;
    for (const { done } of this.#flushes) done();
    if (this.#pause !== undefined || this.#isStopped) return;
    const waitMs = Math.max(this.#retryMs, Math.min(fault.retryAfterMs ?? 0, inserterLimits.retryMsMax));
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#pump();
    }, waitMs);
    this.#retryMs = Math.min(this.#retryMs * 2, inserterLimits.retryMsMax);
  }
}

function isStoreAway(fault: Fault): boolean {
  return fault.retryAfterMs !== undefined || fault.kind === "unavailable" || fault.kind === "limited";
}

function backoffMs(attempts: number): number {
  return Math.min(inserterLimits.retryMsMin * 2 ** Math.max(0, attempts - 1), inserterLimits.retryMsMax);
}
