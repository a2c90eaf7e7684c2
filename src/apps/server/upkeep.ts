// The store's housekeeping: every minute what is over its time or too much for the disk goes; every six hours rollups are compared with raw rows.
// What went for space is a gap; a disk that fills up is a notice.
import { statfs } from "node:fs/promises";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { TelemetryStore } from "../../core/store/telemetry-store.ts";
import { storedTables } from "../../edge/store/partitions-on-disk.ts";
import { partitionLengthMs } from "../../edge/store/schema/partitions.ts";
import { createSpaceManager, type DiskSpace, type SpaceReport } from "../../edge/store/space-manager.ts";
import type { MaintainedStore } from "../../edge/store/telemetry-store.ts";
import { serverLimits, type ServerConfig } from "./config.ts";
import type { AgentsSide } from "./parts.ts";
import { startReconciler } from "./reconcile.ts";
import type { RetentionInForce } from "./retention.ts";

/** Rollups are compared up to an hour ago: newer blocks may still be on their way. */
const repairBehindMs = 3_600_000;
const repairWindowMs = 26 * 3_600_000;

/** A store as the server keeps it; a stand-in need not be able to repair. */
export type KeptStore = TelemetryStore & Partial<Pick<MaintainedStore, "repairRollups">>;

export interface UpkeepParts {
  readonly config: ServerConfig;
  readonly telemetry: KeptStore;
  readonly retention: RetentionInForce;
  readonly agents: Pick<AgentsSide, "recordGap">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface Upkeep extends AsyncDisposable {
  /** Soon, because the retention changed. */
  wake(): void;
  notices(): readonly string[];
}

/** The disk under an embedded store; undefined for a server elsewhere, whose disk is not ours to know. */
async function diskOf({ store, data }: ServerConfig): Promise<DiskSpace | undefined> {
  if (store.url !== "") return undefined;
  const { bavail, blocks, bsize } = await statfs(data);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** Starts both rounds; disposing waits for the one under way. */
export function startUpkeep(parts: UpkeepParts): Upkeep {
  const { config, telemetry, retention, clock, logger } = parts;
  const manager = createSpaceManager({
    store: telemetry,
    clock,
    logger,
    disk: () => diskOf(config),
    policy: () => retention.current,
  });
  let because = "";
  const space = startReconciler({
    name: "retention",
    everyMs: serverLimits.retentionMs,
    logger,
    async run() {
      await retention.refresh();
      const report = await manager.tick();
      ({ because } = report);
      await recordDropped(parts, report);
    },
  });
  const rollups = startReconciler({
    name: "rollups",
    everyMs: serverLimits.rollupCheckMs,
    logger,
    async run() {
      const untilMs = clock.nowMs() - repairBehindMs;
      const repaired = (await telemetry.repairRollups?.(untilMs - repairWindowMs, untilMs)) ?? [];
      if (repaired.length > 0) logger.warn({ repaired }, "rollups differed from raw rows and were built again");
    },
  });
  return {
    wake: () => space.wake(),
    notices: () => (because === "" ? [] : [because]),
    async [Symbol.asyncDispose]() {
      await space[Symbol.asyncDispose]();
      await rollups[Symbol.asyncDispose]();
    },
  };
}

/** Rows that went for space are known to be missing: one gap for each partition that left. */
async function recordDropped({ config, agents }: UpkeepParts, { dropped }: SpaceReport): Promise<void> {
  for (const { table, rows, beforeMs } of dropped) {
    const stored = storedTables.find(({ name }) => name === table);
    const durationMs = stored === undefined ? 0 : partitionLengthMs(stored.partition);
    await agents.recordGap(
      { cluster: config.cluster, node: "" },
      {
        time: beforeMs - durationMs,
        durationMs,
        table,
        reason: "disk-full",
        rows,
        counted: "exact",
        detail: "the oldest partition was dropped to make room",
      },
    );
  }
}
