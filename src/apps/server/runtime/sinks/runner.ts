// One sink at work: reads events from where it is, sends them in order, tries again, gives up into dead letters, and only then moves on. Its position is kept when a
// page of events is settled: after a crash that page is sent again (same uuid), and none is left out.
import type { Clock } from "../../../../base/clock.ts";
import { toFault, type Fault } from "../../../../base/fault.ts";
import type { SinkRecords } from "../../../../core/state/sink-ports.ts";
import { backoffMs } from "../../../../edge/sinks/retry-after.ts";
import { isUndeliverable, type Outgoing, type SinkConnection } from "../../../../edge/sinks/sink.ts";
import type { SecurityPage } from "../../../../edge/store/queries/security-feed.ts";
import type { Sink } from "../../../../model/sink.ts";
import { createChooser } from "./chosen.ts";
import { sinksLimits } from "./limits.ts";
import { outgoingOf } from "./outgoing.ts";

export interface RunnerParts {
  /** "scope/name": under it position and letters are kept. */
  readonly id: string;
  readonly scope: string;
  readonly spec: Sink;
  readonly open: () => Promise<SinkConnection>;
  readonly read: (position: string, limit: number) => Promise<SecurityPage>;
  readonly records: SinkRecords;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly chance: () => number;
  readonly pollMs: number;
}

export interface RunnerCounts {
  readonly delivered: number;
  readonly bytes: number;
  readonly cut: number;
  readonly failures: number;
  readonly filtered: number;
  readonly overLimit: number;
  readonly deadLettered: number;
  /** Dead letters that left for want of room. */
  readonly lettersLost: number;
}

export interface RunnerView {
  /** starting: nothing was tried yet. failing: the last attempt failed. refused: it cannot be opened as it is. */
  readonly state: "starting" | "ok" | "failing" | "refused";
  readonly because: string;
  readonly queued: number;
  /** How old the oldest event that waits in memory is. */
  readonly behindMs: number;
  readonly counts: RunnerCounts;
  readonly lastDelivery: { readonly atMs: number; readonly detail: string } | undefined;
  readonly lastError: { readonly atMs: number; readonly message: string; readonly hint: string } | undefined;
  readonly nextAttemptMs: number | undefined;
}

export interface SinkRunner extends AsyncDisposable {
  view(): RunnerView;
  /** The receiver took something by another way: does not wait any longer, and does not call a failure that left nothing to send a failure any more. */
  mended(): void;
}

/** Begins at once; disposing gives an event on its way some seconds. */
export function startRunner(parts: RunnerParts): SinkRunner {
  const runner = new Runner(parts);
  const done = runner.run();
  return {
    view: () => runner.view(),
    mended: () => runner.mended(),
    async [Symbol.asyncDispose]() {
      runner.stop();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, sinksLimits.closeMs);
      });
      await Promise.race([done, late]);
      clearTimeout(timer);
      await runner.close();
      await done;
    },
  };
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

class Runner {
  readonly #parts: RunnerParts;
  readonly #choose;
  readonly #counts: Mutable<RunnerCounts> = {
    delivered: 0,
    bytes: 0,
    cut: 0,
    failures: 0,
    filtered: 0,
    overLimit: 0,
    deadLettered: 0,
    lettersLost: 0,
  };
  #state: RunnerView["state"] = "starting";
  #because = "";
  /** Why events cannot be read, or the position not be kept: the store or the state store is away. */
  #readTrouble = "";
  #queue: Outgoing[] = [];
  #lastDelivery: RunnerView["lastDelivery"];
  #lastError: RunnerView["lastError"];
  #nextAttemptMs: number | undefined;
  #connection: SinkConnection | undefined;
  #position: string | undefined;
  /** Read, but not all of it is sent or given up, or its position is not kept. */
  #unsettled: (SecurityPage & { readonly isNew: boolean }) | undefined;
  #savedMs = Number.NEGATIVE_INFINITY;
  #isStopped = false;
  #wakeUp: () => void = () => undefined;

  constructor(parts: RunnerParts) {
    this.#parts = parts;
    this.#choose = createChooser(parts.spec, parts.scope);
  }

  view(): RunnerView {
    const [oldest] = this.#queue;
    const nowMs = this.#parts.clock.nowMs();
    return {
      state: this.#readTrouble === "" ? this.#state : "failing",
      because: this.#readTrouble === "" ? this.#because : this.#readTrouble,
      queued: this.#queue.length,
      behindMs: oldest === undefined ? 0 : Math.max(0, nowMs - Date.parse(oldest.event.time)),
      counts: { ...this.#counts },
      lastDelivery: this.#lastDelivery,
      lastError: this.#lastError,
      nextAttemptMs: this.#nextAttemptMs,
    };
  }

  mended(): void {
    if (this.#state === "failing" && this.#queue.length === 0) this.#is("ok");
    this.#wakeUp();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wakeUp();
  }

  async close(): Promise<void> {
    const connection = this.#connection;
    this.#connection = undefined;
    await connection?.[Symbol.asyncDispose]();
  }

  async run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        if (!(await this.#open())) continue;
        const isMore = await this.#page();
        if (!isMore) await this.#pause(this.#parts.pollMs);
      } catch (thrown) {
        // The store or the state store is away: nothing is lost, the position stays.
        const fault = toFault(thrown);
        this.#readTrouble = fault.message;
        this.#note(fault);
        await this.#pause(fault.retryAfterMs ?? this.#parts.pollMs);
      }
    }
  }

  /** False when it cannot be opened now. */
  async #open(): Promise<boolean> {
    if (this.#connection !== undefined) return true;
    try {
      this.#connection = await this.#parts.open();
      return true;
    } catch (thrown) {
      this.#failed(toFault(thrown), "refused");
      await this.#pause(sinksLimits.reopenMs);
      return false;
    }
  }

  /** Settles what one question gives; true when more is there. What fails on the way is gone on with, so that nothing is sent or kept twice for it. */
  async #page(): Promise<boolean> {
    const { records, id, clock } = this.#parts;
    const page = (this.#unsettled ??= await this.#next());
    while (this.#queue.length > 0) {
      const batch = this.#queue.slice(0, this.#connection?.batchMax ?? 1);
      if (!(await this.#deliver(batch))) {
        // Stopped before it was settled: the position stays, the next run sends it.
        this.#queue = [];
        return false;
      }
      this.#queue.splice(0, batch.length);
    }
    const isDue = clock.nowMs() - this.#savedMs >= sinksLimits.savePositionMs;
    if (page.isNew || page.rows.length > 0 || isDue) {
      await records.setPosition(id, page.position);
      this.#savedMs = clock.nowMs();
    }
    this.#position = page.position;
    this.#unsettled = undefined;
    this.#readTrouble = "";
    return page.isMore;
  }

  /** The next events, those that are to be sent in the queue. */
  async #next(): Promise<SecurityPage & { readonly isNew: boolean }> {
    const { records, id, read, spec, clock } = this.#parts;
    this.#position ??= (await records.position(id)) ?? "";
    const isNew = this.#position === "";
    const page = await read(this.#position, Math.min(spec.queueMax, sinksLimits.pageRowsMax));
    this.#readTrouble = "";
    if (this.#state !== "failing") this.#is("ok");
    for (const row of page.rows) {
      const choice = this.#choose(row, clock.nowMs());
      if (choice === "send") this.#queue.push(outgoingOf(row));
      else if (choice === "filtered") this.#counts.filtered += 1;
      else this.#counts.overLimit += 1;
    }
    return { ...page, isNew };
  }

  /** True when the batch is settled: taken, or given up. */
  async #deliver(batch: readonly Outgoing[]): Promise<boolean> {
    const { retry } = this.#parts.spec;
    const backoff = { firstMs: retry.firstSeconds * 1000, longestMs: retry.longestSeconds * 1000 };
    for (let attempt = 1; ; attempt += 1) {
      if (this.#isStopped || this.#connection === undefined) return false;
      try {
        const { detail, bytes, cut } = await this.#connection.send(batch);
        this.#counts.delivered += batch.length;
        this.#counts.bytes += bytes;
        this.#counts.cut += cut;
        this.#lastDelivery = { atMs: this.#parts.clock.nowMs(), detail };
        this.#is("ok");
        return true;
      } catch (thrown) {
        const fault = toFault(thrown);
        if (this.#isStopped) return false;
        this.#counts.failures += 1;
        this.#failed(fault, "failing");
        if (isUndeliverable(fault) || attempt >= retry.attemptsMax) {
          await this.#giveUp(batch, fault, attempt);
          return true;
        }
        await this.#pause(fault.retryAfterMs ?? backoffMs(attempt, backoff, this.#parts.chance()));
      }
    }
  }

  async #giveUp(batch: readonly Outgoing[], fault: Fault, attempts: number): Promise<void> {
    const { records, id, spec, clock } = this.#parts;
    const timeMs = clock.nowMs();
    const letters = batch.map(({ event }) => ({
      timeMs,
      event: JSON.stringify(event),
      because: fault.message,
      attempts,
    }));
    this.#counts.lettersLost += await records.addDeadLetters(id, letters, spec.deadLettersMax);
    this.#counts.deadLettered += batch.length;
  }

  #is(state: RunnerView["state"]): void {
    this.#state = state;
    this.#because = "";
    this.#nextAttemptMs = undefined;
  }

  #failed(fault: Fault, state: RunnerView["state"]): void {
    this.#state = state;
    this.#because = fault.message;
    this.#note(fault);
  }

  #note({ message, hint = "" }: Fault): void {
    this.#lastError = { atMs: this.#parts.clock.nowMs(), message, hint };
  }

  async #pause(waitMs: number): Promise<void> {
    if (this.#isStopped) return;
    if (this.#queue.length > 0 || this.#state === "refused") this.#nextAttemptMs = this.#parts.clock.nowMs() + waitMs;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#nextAttemptMs = undefined;
  }
}
