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
  const { source, clock, backoff, logger } = options;
  const busy = new Map<number, number>();
  const failures = new Map<number, { count: number; untilMs: number }>();
  const counters = { blocksAcknowledged: 0, blocksRefused: 0, rowsAcknowledged: 0, duplicates: 0, lagMs: 0 };
  let windowBytes: number = senderLimits.windowBytesFirst;
  let pausedUntilMs = 0;
  let wakeUp: () => void = () => undefined;

  function bytesInFlight(): number {
    let sum = 0;
    for (const bytes of busy.values()) sum += bytes;
    return sum;
  }

  /** The next block that may go now: at least one is always allowed, however small the window. */
  function candidate(): Entry | undefined {
    if (clock.nowMs() < pausedUntilMs || busy.size >= senderLimits.blocksInFlightMax) return undefined;
    const skip = new Set(busy.keys());
    for (const [order, failure] of failures) if (failure.untilMs > clock.nowMs()) skip.add(order);
    const entry = source.next(skip);
    if (entry === undefined || (busy.size > 0 && bytesInFlight() + entry.bytes > windowBytes)) return undefined;
    return entry;
  }

  async function send(entry: Entry, postBlock: PostBlock): Promise<void> {
    const body = await source.read(entry);
    if (body === undefined) return;
    const headers = { "content-type": "application/octet-stream", [blockHeaderName]: JSON.stringify(entry.header) };
    const answer = await postBlock(headers, body);
    if (answer.status === 200) return acknowledged(entry, answer);
    const fault = faultOfAnswer(agentPaths.blocks, answer);
    if (refusals.has(answer.status)) return refused(entry, fault);
    if (answer.status === 429 || answer.status === 503) {
      pausedUntilMs = clock.nowMs() + Math.max(fault.retryAfterMs ?? 0, backoff.nextMs());
      return;
    }
    if (answer.status < 500) throw fault;
    await failed(entry, fault);
  }

  async function acknowledged(entry: Entry, answer: Answer): Promise<void> {
    const reply = BlockAcknowledgement.safeParse(JSON.parse(answer.text));
    if (!reply.success || reply.data.sequence !== entry.header.sequence) {
      throw new Fault("the server's acknowledgement does not belong to the block", {
        code: "uplink/bad-reply",
        kind: "unavailable",
      });
    }
    backoff.reset();
    failures.delete(entry.order);
    windowBytes = Math.max(1, reply.data.windowBytes);
    await source.acknowledge(entry);
    counters.blocksAcknowledged += 1;
    counters.rowsAcknowledged += entry.header.rows;
    if (reply.data.duplicate) counters.duplicates += 1;
    counters.lagMs = Math.max(0, clock.nowMs() - entry.header.timeMaxMs);
  }

  async function refused(entry: Entry, fault: Fault): Promise<void> {
    counters.blocksRefused += 1;
    failures.delete(entry.order);
    logger.warn(
      { table: entry.header.table, rows: entry.header.rows, code: fault.code, error: fault.message },
      "the server refused a block",
    );
    await source.refuse(entry, fault.code);
  }

  async function failed(entry: Entry, fault: Fault): Promise<void> {
    const count = (failures.get(entry.order)?.count ?? 0) + 1;
    if (count >= senderLimits.failuresMax) return refused(entry, fault);
    failures.set(entry.order, { count, untilMs: clock.nowMs() + senderLimits.failureWaitMs * count });
  }

  function idle(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(1000, Math.max(10, pausedUntilMs - clock.nowMs())));
      wakeUp = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  return {
    get counters() {
      return { ...counters };
    },
    wake() {
      wakeUp();
    },
    async run(postBlock, signal) {
      const end: { fault?: Fault } = {};
      const stop = () => wakeUp();
      signal.addEventListener("abort", stop);
      const underWay = new Set<Promise<void>>();
      while (!signal.aborted && end.fault === undefined) {
        const entry = candidate();
        if (entry === undefined) {
          await idle();
          continue;
        }
        busy.set(entry.order, entry.bytes);
        const sending = send(entry, postBlock)
          .catch((error: unknown) => {
            end.fault = toFault(error);
          })
          .finally(() => {
            busy.delete(entry.order);
            underWay.delete(sending);
            wakeUp();
          });
        underWay.add(sending);
      }
      signal.removeEventListener("abort", stop);
      if (end.fault === undefined) await Promise.race([Promise.all(underWay), delay(2000)]);
      if (end.fault !== undefined) throw end.fault;
    },
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
