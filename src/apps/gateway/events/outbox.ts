// From rows to spooled blocks: one bounded queue of events, and gaps with everything that was lost, as agents do. A drop without a gap does not happen here.
import { boundedQueue } from "../../../base/bounded-queue.ts";
import { sealBlock } from "../../../edge/blocks/seal-block.ts";
import type { SpoolLoss } from "../../../edge/spool/loss-book.ts";
import type { Spool } from "../../../edge/spool/spool.ts";
import { blockLimits } from "../../../model/agent-protocol.ts";
import type { Row } from "../../../model/table.ts";
import { gatewayLimits } from "../config.ts";
import type { WafRow } from "./record.ts";

type GapRow = Row<"gaps">;
type SecurityRow = Row<"security_events">;

export interface Outbox {
  push(row: WafRow): void;
  /** Rows that were lost before they came here: "a worker's line was full". */
  lost(rows: number, detail: string): void;
  /** What the gateway itself has to say: that it was not there, that a port is not inspected. */
  security(row: SecurityRow): void;
  /** Something else that nobody saw. */
  gap(row: GapRow): void;
  flush(): Promise<void>;
  tellGaps(nowMs: number): Promise<void>;
  readonly dropped: number;
}

/** A little inside the range of times that the server accepts. */
const oldestGapMs = blockLimits.pastMsMax - 60_000;

/** Gaps that wait, and rows of one block of them. */
const gapsMax = 1000;

export function createOutbox(options: {
  readonly spool: Pick<Spool, "append" | "tell">;
  readonly boot: string;
  readonly nowMs: () => number;
  readonly onSpooled: () => void;
}): Outbox {
  const { spool, boot, nowMs, onSpooled } = options;
  const queue = boundedQueue<WafRow>(gatewayLimits.queueRowsMax);
  const gaps = boundedQueue<GapRow>(gapsMax);
  const security = boundedQueue<SecurityRow>(1000);
  let sequence = 0;
  let toldDrops = 0;
  let sinceMs = nowMs();
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    while (security.size > 0) {
      sequence += 1;
      const rows = security.take(gatewayLimits.blockRowsMax);
      const { header, body } = sealBlock("security_events", rows, { boot, sequence });
      await spool.append(header, body, "kept");
      onSpooled();
    }
    while (queue.size > 0) {
      sequence += 1;
      const { header, body } = sealBlock("waf_events", queue.take(gatewayLimits.blockRowsMax), { boot, sequence });
      await spool.append(header, body, "kept");
      onSpooled();
    }
  }

  const gapOf = (rows: number, detail: string): GapRow => queueGap({ rows, detail, fromMs: sinceMs, toMs: nowMs() });

  return {
    push: (row) => void queue.push(row),
    security: (row) => void security.push(row),
    lost(rows, detail) {
      if (rows > 0) gaps.push(gapOf(rows, detail));
    },
    gap: (row) => void gaps.push(row),
    async flush() {
      running ??= run().finally(() => {
        running = undefined;
      });
      await running;
    },
    async tellGaps(now) {
      const fresh = queue.dropped - toldDrops;
      toldDrops = queue.dropped;
      if (fresh > 0) gaps.push(gapOf(fresh, "the gateway's queue was full"));
      sinceMs = now;
      const told = await spool.tell((losses) => {
        const block = gapBlockOf(gaps.take(gapsMax), losses, now);
        if (block === undefined) return undefined;
        sequence += 1;
        return { ...sealBlock("gaps", block.rows, { boot, sequence }), tells: block.tells };
      });
      if (told !== undefined) onSpooled();
    },
    get dropped() {
      return queue.dropped + security.dropped;
    },
  };
}

interface QueueLoss {
  readonly rows: number;
  readonly detail: string;
  readonly fromMs: number;
  readonly toMs: number;
}

function queueGap({ rows, detail, fromMs, toMs }: QueueLoss): GapRow {
  const durationMs = Math.max(0, toMs - fromMs);
  return { time: fromMs, durationMs, table: "waf_events", reason: "queue-full", rows, counted: "exact", detail };
}

/** Undefined: there is nothing to tell. A gap about a gap that the server refused would be refused like it, for ever. */
function gapBlockOf(waiting: readonly GapRow[], losses: readonly SpoolLoss[], nowMs: number) {
  const lost = losses.filter(({ table, reason }) => table !== "gaps" || reason !== "block-refused");
  if (waiting.length + lost.length === 0) return undefined;
  return { rows: [...waiting, ...lost.map((loss) => rowOf(loss, nowMs))], tells: [...waiting.map(lossOf), ...lost] };
}

function rowOf(loss: SpoolLoss, nowMs: number): GapRow {
  const { table, reason, rows, counted, blocks, detail } = loss;
  const time = Math.max(nowMs - oldestGapMs, loss.fromMs);
  const text = blocks === 0 ? detail : `${blocks} blocks: ${detail}`;
  return { time, durationMs: Math.max(0, loss.toMs - time), table, reason, rows, counted, detail: text };
}

function lossOf({ time, durationMs, table, reason, rows, counted, detail }: GapRow): SpoolLoss {
  return { table, reason, rows, counted, detail, blocks: 0, fromMs: time, toMs: time + durationMs, refusals: 0 };
}
