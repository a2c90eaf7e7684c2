// From rows to spooled blocks: bounded queues by table, sealed in batches, allowed flows apart from the rest because they are the first to go.
// Gaps go together with what the spool lost, in blocks that keep their numbers whatever happens to them.
import { boundedQueue, type BoundedQueue } from "../../base/bounded-queue.ts";
import { sealBlock } from "../../edge/blocks/seal-block.ts";
import type { SpoolLoss } from "../../edge/spool/loss-book.ts";
import type { SpoolPriority } from "../../edge/spool/spool-file.ts";
import type { Spool } from "../../edge/spool/spool.ts";
import type { Row, TableName } from "../../model/table.ts";
import { agentLimits } from "./config.ts";
import { gapOfLoss, lossOfGap } from "./gap-watch.ts";

type AnyRow = Row<TableName>;

interface Lane<R = AnyRow> {
  readonly table: TableName;
  readonly priority: SpoolPriority;
  readonly queue: BoundedQueue<R>;
  /** Drops that were told already. */
  told: number;
}

export interface Outbox {
  push<Name extends TableName>(table: Name, row: Row<Name>): void;
  /** Encodes and spools everything that waits, but gaps. One at a time: calls that overlap share one run. */
  flush(): Promise<void>;
  /** Spools the gaps that wait and everything that the spool lost and has not told, as one block. */
  tellGaps(nowMs: number): Promise<void>;
  readonly queued: number;
  readonly dropped: number;
  /** Rows pushed out of full queues since the last call, by table. */
  takeDrops(): ReadonlyMap<TableName, number>;
}

/** A bounded queue for each table and priority, made when first needed; the one of gaps is told by itself. */
function createLanes() {
  const byKey = new Map<string, Lane>();
  const queueRowsMax = agentLimits.queueRowsMax;
  const gaps: Lane<Row<"gaps">> = { table: "gaps", priority: "kept", queue: boundedQueue(queueRowsMax), told: 0 };
  return {
    gaps,
    ofRows: () => byKey.values(),
    all: () => [gaps, ...byKey.values()],
    laneFor(table: TableName, priority: SpoolPriority): Lane {
      const key = `${table} ${priority}`;
      let lane = byKey.get(key);
      if (lane === undefined) {
        lane = { table, priority, queue: boundedQueue(queueRowsMax), told: 0 };
        byKey.set(key, lane);
      }
      return lane;
    },
  };
}

/** `boot` names this start of the agent; sequences rise from 1. `onSpooled` is called after blocks were written. */
export function createOutbox(options: {
  readonly spool: Pick<Spool, "append" | "tell">;
  readonly boot: string;
  readonly onSpooled: () => void;
}): Outbox {
  const { spool, boot, onSpooled } = options;
  const lanes = createLanes();
  const { gaps } = lanes;
  let sequence = 0;
  let running: Promise<void> | undefined;

  async function run(): Promise<void> {
    for (const { table, priority, queue } of lanes.ofRows()) {
      while (queue.size > 0) {
        sequence += 1;
        const { header, body } = sealBlock(table, queue.take(agentLimits.blockRowsMax), { boot, sequence });
        await spool.append(header, body, priority);
        onSpooled();
      }
    }
  }

  return {
    push(table, row) {
      if (table === "gaps") return void gaps.queue.push(row as Row<"gaps">);
      const isExpendable = table === "flows" && (row as Row<"flows">).verdict === "allow";
      lanes.laneFor(table, isExpendable ? "expendable" : "kept").queue.push(row);
    },
    async flush() {
      running ??= run().finally(() => {
        running = undefined;
      });
      await running;
    },
    async tellGaps(nowMs) {
      const told = await spool.tell((losses) => {
        const block = gapBlockOf(gaps.queue.take(agentLimits.gapRowsMax), losses, nowMs);
        if (block === undefined) return undefined;
        sequence += 1;
        return { ...sealBlock("gaps", block.rows, { boot, sequence }), tells: block.tells };
      });
      if (told !== undefined) onSpooled();
    },
    get queued() {
      return lanes.all().reduce((sum, { queue }) => sum + queue.size, 0);
    },
    get dropped() {
      return lanes.all().reduce((sum, { queue }) => sum + queue.dropped, 0);
    },
    takeDrops: () => freshDrops(lanes.all()),
  };
}

/** The queued gaps and what the spool lost, as rows and in the book's form; undefined when there is nothing to tell. */
function gapBlockOf(
  queued: readonly Row<"gaps">[],
  losses: readonly SpoolLoss[],
  nowMs: number,
): { readonly rows: readonly Row<"gaps">[]; readonly tells: readonly SpoolLoss[] } | undefined {
  // A gap about a gap that the server refused would be refused like it, for ever; the report's counter still has it.
  const lost = losses.filter(({ table, reason }) => table !== "gaps" || reason !== "block-refused");
  if (queued.length + lost.length === 0) return undefined;
  return {
    rows: [...queued, ...lost.map((loss) => gapOfLoss(loss, nowMs))],
    tells: [...queued.map(lossOfGap), ...lost],
  };
}

/** Drops since the last call, by table; the lanes remember what was told. */
function freshDrops(
  lanes: readonly { readonly table: TableName; readonly queue: { readonly dropped: number }; told: number }[],
): ReadonlyMap<TableName, number> {
  const drops = new Map<TableName, number>();
  for (const lane of lanes) {
    const fresh = lane.queue.dropped - lane.told;
    lane.told = lane.queue.dropped;
    if (fresh > 0) drops.set(lane.table, (drops.get(lane.table) ?? 0) + fresh);
  }
  return drops;
}
