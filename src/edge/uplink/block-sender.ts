// Sends spooled blocks with a window of bytes in flight, oldest first. What the server refuses for good is counted and never blocks the rest;
// what it cannot take now waits as long as it asks.
import { Fault, toFault } from "../../base/fault.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { agentPaths, BlockAcknowledgement, blockHeaderName, type BlockHeader } from "../../model/agent-protocol.ts";
import type { Backoff } from "./backoff.ts";
import { faultOfAnswer, type Answer } from "./session.ts";

/** An entry of the spool, as far as the uplink cares. */
export interface SpooledBlock {
  /** Unique among what waits; rises with age. */
  readonly order: number;
  readonly header: BlockHeader;
  readonly bytes: number;
}

/** The part of the spool that the uplink uses (edge/spool implements it). */
export interface BlockSource<Entry extends SpooledBlock = SpooledBlock> {
  next(busy: ReadonlySet<number>): Entry | undefined;
  read(entry: Entry): Promise<Uint8Array | undefined>;
  acknowledge(entry: Entry): Promise<void>;
  refuse(entry: Entry, because: string): Promise<void>;
  replayAcknowledged(): Promise<number>;
}

export const senderLimits = {
  windowBytesFirst: 1024 * 1024,
  blocksInFlightMax: 16,
  /** A block on which the server fails (500) this often is given up: it must not hold up the others. */
  failuresMax: 8,
  failureWaitMs: 2000,
  /** How long answers under way are waited for at the end. */
  endMsMax: 2000,
} as const;

export interface SenderCounters {
  readonly blocksAcknowledged: number;
  readonly blocksRefused: number;
  readonly rowsAcknowledged: number;
  readonly duplicates: number;
  /** Age of the newest row of the last acknowledged block when it was acknowledged. */
  readonly lagMs: number;
}

export type PostBlock = (headers: Readonly<Record<string, string>>, body: Uint8Array) => Promise<Answer>;

export interface SenderOptions<Entry extends SpooledBlock> {
  readonly source: BlockSource<Entry>;
  readonly clock: Clock;
  readonly backoff: Backoff;
  readonly logger: Logger;
}

export interface BlockSender {
  readonly counters: SenderCounters;
  /** Sends until `signal` aborts, or rejects when the session is of no more use (a fault of kind unavailable, unauthenticated or forbidden). */
  run(postBlock: PostBlock, signal: AbortSignal): Promise<void>;
  /** There is something new to send. */
  wake(): void;
}

/** Statuses that say "this very block, never": content, size, a sequence used for other bytes. */
const refusals: ReadonlySet<number> = new Set([400, 409, 413, 415, 422]);

export function createBlockSender<Entry extends SpooledBlock>(options: SenderOptions<Entry>): BlockSender {
  return new WindowedSender(options);
}

class WindowedSender<Entry extends SpooledBlock> implements BlockSender {
  readonly #options: SenderOptions<Entry>;
  /** Bytes in flight by order. */
  readonly #busy = new Map<number, number>();
  readonly #failures = new Map<number, { readonly count: number; readonly untilMs: number }>();
  readonly #counters = { blocksAcknowledged: 0, blocksRefused: 0, rowsAcknowledged: 0, duplicates: 0, lagMs: 0 };
  #windowBytes: number = senderLimits.windowBytesFirst;
  #pausedUntilMs = 0;
  #wakeUp: () => void = () => undefined;

  constructor(options: SenderOptions<Entry>) {
    this.#options = options;
  }

  get counters(): SenderCounters {
    return { ...this.#counters };
  }

  wake(): void {
    this.#wakeUp();
  }

  async run(postBlock: PostBlock, signal: AbortSignal): Promise<void> {
    const end: { fault?: Fault } = {};
    const underWay = new Set<Promise<void>>();
    const stop = () => this.#wakeUp();
    signal.addEventListener("abort", stop);
    while (!signal.aborted && end.fault === undefined) {
      const entry = this.#candidate();
      if (entry === undefined) {
        await this.#idle();
        continue;
      }
      this.#busy.set(entry.order, entry.bytes);
      const sending = this.#send(entry, postBlock)
        .catch((error: unknown) => {
          end.fault = toFault(error);
        })
        .finally(() => {
          this.#busy.delete(entry.order);
          underWay.delete(sending);
          this.#wakeUp();
        });
      underWay.add(sending);
    }
    signal.removeEventListener("abort", stop);
    if (end.fault !== undefined) throw end.fault;
    await Promise.race([Promise.all(underWay), delay(senderLimits.endMsMax)]);
  }

  /** The next block that may go now: at least one is always allowed, however small the window. */
  #candidate(): Entry | undefined {
    const nowMs = this.#options.clock.nowMs();
    if (nowMs < this.#pausedUntilMs || this.#busy.size >= senderLimits.blocksInFlightMax) return undefined;
    const skip = new Set(this.#busy.keys());
    for (const [order, failure] of this.#failures) if (failure.untilMs > nowMs) skip.add(order);
    const entry = this.#options.source.next(skip);
    if (entry === undefined || this.#busy.size === 0) return entry;
    let bytes = entry.bytes;
    for (const inFlight of this.#busy.values()) bytes += inFlight;
    return bytes > this.#windowBytes ? undefined : entry;
  }

  async #send(entry: Entry, postBlock: PostBlock): Promise<void> {
    const { source, clock, backoff } = this.#options;
    const body = await source.read(entry);
    if (body === undefined) return;
    const headers = { "content-type": "application/octet-stream", [blockHeaderName]: JSON.stringify(entry.header) };
    const answer = await postBlock(headers, body);
    if (answer.status === 200) return this.#acknowledged(entry, answer);
    const fault = faultOfAnswer(agentPaths.blocks, answer);
    if (refusals.has(answer.status)) return this.#refused(entry, fault);
    if (answer.status === 429 || answer.status === 503) {
      this.#pausedUntilMs = clock.nowMs() + Math.max(fault.retryAfterMs ?? 0, backoff.nextMs());
      return;
    }
    if (answer.status < 500) throw fault;
    await this.#failed(entry, fault);
  }

  async #acknowledged(entry: Entry, answer: Answer): Promise<void> {
    const { source, clock, backoff } = this.#options;
    const reply = BlockAcknowledgement.safeParse(parseJson(answer.text));
    if (!reply.success || reply.data.sequence !== entry.header.sequence) {
      throw new Fault("the server's acknowledgement does not belong to the block", {
        code: "uplink/bad-reply",
        kind: "unavailable",
      });
    }
    backoff.reset();
    this.#failures.delete(entry.order);
    this.#windowBytes = reply.data.windowBytes;
    await source.acknowledge(entry);
    this.#counters.blocksAcknowledged += 1;
    this.#counters.rowsAcknowledged += entry.header.rows;
    if (reply.data.duplicate) this.#counters.duplicates += 1;
    this.#counters.lagMs = Math.max(0, clock.nowMs() - entry.header.timeMaxMs);
  }

  async #refused(entry: Entry, fault: Fault): Promise<void> {
    const { table, rows } = entry.header;
    this.#counters.blocksRefused += 1;
    this.#failures.delete(entry.order);
    this.#options.logger.warn({ table, rows, code: fault.code, error: fault.message }, "the server refused a block");
    await this.#options.source.refuse(entry, fault.code);
  }

  async #failed(entry: Entry, fault: Fault): Promise<void> {
    const count = (this.#failures.get(entry.order)?.count ?? 0) + 1;
    if (count >= senderLimits.failuresMax) return this.#refused(entry, fault);
    const untilMs = this.#options.clock.nowMs() + senderLimits.failureWaitMs * count;
    this.#failures.set(entry.order, { count, untilMs });
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      const pauseMs = this.#pausedUntilMs - this.#options.clock.nowMs();
      const timer = setTimeout(resolve, Math.min(1000, Math.max(10, pauseMs > 0 ? pauseMs : 1000)));
      this.#wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
