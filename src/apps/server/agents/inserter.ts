// Takes blocks from the server's spool into the store, oldest first, a few at a time, until the store has them durably.
// A store that is away pauses everything; a block that the store refuses leaves alone, the others go on.
import type { Logger } from "../../../base/logger.ts";
import { toFault, type Fault } from "../../../base/fault.ts";
import type { TelemetryStore } from "../../../core/store/telemetry-store.ts";
import { blockToken, type SpoolEntry } from "./block-origin.ts";
import { inserterLimits } from "./limits.ts";

export interface InserterOptions {
  readonly store: Pick<TelemetryStore, "append">;
  readonly pathOf: (entry: SpoolEntry) => string;
  readonly onStored: (entry: SpoolEntry) => void;
  /** The store will not have this block. Called once; the block is not tried again. */
  readonly onRefused: (entry: SpoolEntry, fault: Fault) => void;
  readonly logger: Logger;
}

interface Pending {
  readonly entry: SpoolEntry;
  attempts: number;
  /** How many blocks had succeeded when this one failed first: without a success since, the store is to blame, not the block. */
  successesAtFirstFailure: number;
}

/** The code by which a store says "this block's content is bad" (edge/store). */
const badBlockCode = "store/bad-block";

export class Inserter {
  /** Attempts that failed, by the fault's code. */
  readonly failuresByCode: Record<string, number> = {};
  readonly #options: InserterOptions;
  readonly #queue: Pending[] = [];
  readonly #active = new Set<Pending>();
  readonly #delayed = new Map<Pending, NodeJS.Timeout>();
  #successes = 0;
  #retryMs: number = inserterLimits.retryMsMin;
  #pause: NodeJS.Timeout | undefined;
  #pausedBecause = "";
  #isStopped = false;
  #onIdle: (() => void) | undefined;

  constructor(options: InserterOptions) {
    this.#options = options;
  }

  add(entry: SpoolEntry): void {
    this.#queue.push({ entry, attempts: 0, successesAtFirstFailure: 0 });
    this.#pump();
  }

  /** Blocks waiting or on their way. */
  get pending(): number {
    return this.#queue.length + this.#active.size + this.#delayed.size;
  }

  /** Why nothing goes on at present; empty when it does. */
  get pausedBecause(): string {
    return this.#pausedBecause;
  }

  /** The lowest ingest number that is not in the store yet; undefined when none is pending. */
  get pendingLowest(): number | undefined {
    let lowest: number | undefined;
    for (const pending of [this.#queue, this.#active, this.#delayed.keys()]) {
      for (const { entry } of pending) {
        if (lowest === undefined || entry.ingest < lowest) lowest = entry.ingest;
      }
    }
    return lowest;
  }

  /** Starts no new append and waits for those on their way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#pause);
    for (const timer of this.#delayed.values()) clearTimeout(timer);
    if (this.#active.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#onIdle = resolve;
    await promise;
  }

  #pump(): void {
    while (!this.#isStopped && this.#pause === undefined && this.#active.size < inserterLimits.concurrency) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#active.add(next);
      void this.#run(next);
    }
  }

  async #run(pending: Pending): Promise<void> {
    const { entry } = pending;
    const { store, pathOf, onStored } = this.#options;
    const { table, rows, cluster, node, ingest, encoding } = entry;
    try {
      await store.append({
        table,
        token: blockToken(entry),
        rows,
        cluster,
        node,
        ingest,
        path: pathOf(entry),
        encoding,
      });
      this.#successes += 1;
      this.#retryMs = inserterLimits.retryMsMin;
      this.#pausedBecause = "";
      this.#active.delete(pending);
      onStored(entry);
    } catch (error) {
      this.#active.delete(pending);
      this.#failed(pending, toFault(error));
    }
    if (this.#active.size === 0) this.#onIdle?.();
    this.#pump();
  }

  #failed(pending: Pending, fault: Fault): void {
    const { code } = fault;
    const { logger, onRefused } = this.#options;
    this.failuresByCode[code] = (this.failuresByCode[code] ?? 0) + 1;
    if (code === badBlockCode) {
      onRefused(pending.entry, fault);
      return;
    }
    pending.attempts += 1;
    if (pending.attempts === 1) pending.successesAtFirstFailure = this.#successes;
    const isStoreAway = fault.retryAfterMs !== undefined || fault.kind === "unavailable" || fault.kind === "limited";
    if (isStoreAway) {
      // Whatever one block met, the next would meet too: wait for all, keep the order.
      this.#queue.unshift(pending);
      this.#pauseAll(fault);
      return;
    }
    const othersSucceed = this.#successes > pending.successesAtFirstFailure;
    if (pending.attempts >= inserterLimits.attemptsMax && othersSucceed) {
      onRefused(pending.entry, fault);
      return;
    }
    logger.warn(
      { code, table: pending.entry.table, attempts: pending.attempts },
      "the store refused a block; it is tried again",
    );
    const timer = setTimeout(() => {
      this.#delayed.delete(pending);
      this.#queue.unshift(pending);
      this.#pump();
    }, backoffMs(pending.attempts));
    this.#delayed.set(pending, timer);
  }

  #pauseAll(fault: Fault): void {
    if (this.#pausedBecause === "") {
      this.#options.logger.warn({ code: fault.code }, "the store is away; accepted blocks wait in the spool");
    }
    this.#pausedBecause = fault.message;
    if (this.#pause !== undefined || this.#isStopped) return;
    const waitMs = Math.max(this.#retryMs, Math.min(fault.retryAfterMs ?? 0, inserterLimits.retryMsMax));
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#pump();
    }, waitMs);
    this.#retryMs = Math.min(this.#retryMs * 2, inserterLimits.retryMsMax);
  }
}

function backoffMs(attempts: number): number {
  return Math.min(inserterLimits.retryMsMin * 2 ** (attempts - 1), inserterLimits.retryMsMax);
}
