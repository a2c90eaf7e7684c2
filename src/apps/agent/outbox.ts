// From rows to spooled blocks: bounded queues by table, sealed in batches, allowed flows apart from the rest because they are the first to go.
import { boundedQueue, type BoundedQueue } from "../../base/bounded-queue.ts";
import { sealBlock } from "../../edge/blocks/seal-block.ts";
import type { SpoolPriority } from "../../edge/spool/spool-file.ts";
import type { Spool } from "../../edge/spool/spool.ts";
import type { Row, TableName } from "../../model/table.ts";
import { agentLimits } from "./config.ts";

type AnyRow = Row<TableName>;

interface Lane {
  readonly table: TableName;
  readonly priority: SpoolPriority;
  readonly queue: BoundedQueue<AnyRow>;
  /** Drops that were told already. */
  told: number;
}

export interface Outbox {
  push<Name extends TableName>(table: Name, row: Row<Name>): void;
  /** Encodes and spools everything that waits. One at a time: calls that overlap share one run. */
  flush(): Promise<void>;
  readonly queued: number;
  readonly dropped: number;
  /** Rows pushed out of full queues since the last call, by table. */
  takeDrops(): ReadonlyMap<TableName, number>;
}

/** `boot` names this start of the agent; sequences rise from 1. `onSpooled` is called after blocks were written. */
export function createOutbox(options: {
  readonly spool: Spool;
  readonly boot: string;
  readonly onSpooled: () => void;
}): Outbox {
  const { spool, boot, onSpooled } = options;
  const lanes = new Map<string, Lane>();
  let sequence = 0;
  let running: Promise<void> | undefined;

  function laneFor(table: TableName, priority: SpoolPriority): Lane {
    const key = `${table} ${priority}`;
    let lane = lanes.get(key);
    if (lane === undefined) {
      lane = { table, priority, queue: boundedQueue(agentLimits.queueRowsMax), told: 0 };
      lanes.set(key, lane);
    }
    return lane;
  }

  async function run(): Promise<void> {
    for (const { table, priority, queue } of lanes.values()) {
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
      const isExpendable = table === "flows" && (row as Row<"flows">).verdict === "allow";
      laneFor(table, isExpendable ? "expendable" : "kept").queue.push(row);
    },
    async flush() {
      running ??= run().finally(() => {
        running = undefined;
      });
      await running;
    },
    get queued() {
      let sum = 0;
      for (const { queue } of lanes.values()) sum += queue.size;
      return sum;
    },
    get dropped() {
      let sum = 0;
      for (const { queue } of lanes.values()) sum += queue.dropped;
      return sum;
    },
    takeDrops() {
      const drops = new Map<TableName, number>();
      for (const lane of lanes.values()) {
        const fresh = lane.queue.dropped - lane.told;
        lane.told = lane.queue.dropped;
        if (fresh > 0) drops.set(lane.table, (drops.get(lane.table) ?? 0) + fresh);
      }
      return drops;
    },
  };
}
