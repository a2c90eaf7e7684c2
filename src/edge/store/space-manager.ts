// Keeps the store within its days and its disk: old partitions by time, then the oldest raw partitions by space. Called by a tick.
// Promises: whole partitions only, the newest of a table is never dropped for space, findings and gaps never, rollups only by time; a disk
// that others fill takes nothing of a small history: raw rows below `bytesKeptMin` go by time (or by `bytesMax`) only.
import type { TableUsage, TelemetryStore } from "../../core/store/telemetry-store.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { storedTables, type StoredTable } from "./partitions-on-disk.ts";
import { partitionLengthMs } from "./schema/partitions.ts";

export interface DiskSpace {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

export interface SpacePolicy {
  /** Days per table; a table that is not named has its default. */
  readonly days: Readonly<Record<string, number>>;
  /** Upper limit of the whole store on disk; 0 = by free disk only. */
  readonly bytesMax: number;
  /** A full disk drops nothing while all raw tables together are at most so large. */
  readonly bytesKeptMin: number;
}

export interface SpaceManagerOptions {
  readonly store: Pick<TelemetryStore, "usage" | "dropBefore">;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Free and total bytes of the disk that holds the store; undefined when it is not ours to know (a server elsewhere). */
  readonly disk: () => Promise<DiskSpace | undefined>;
  readonly policy: () => SpacePolicy;
}

/** How full the disk is: "ok"; "dropping" from 80 %; "tight" from 90 %; "full" from 95 %. Rows are dropped from 80 % on, whichever it is. */
export type SpaceState = "ok" | "dropping" | "tight" | "full";

export interface SpaceReport {
  readonly state: SpaceState;
  /** One line for people; "" when all is well. */
  readonly because: string;
  readonly droppedByTime: number;
  readonly droppedBySpace: number;
  /** Tables whose rows went for space: each is a gap with reason "disk-full". */
  readonly dropped: readonly { readonly table: string; readonly rows: number; readonly beforeMs: number }[];
}

export interface SpaceManager {
  /** One round; safe to call as often as one likes. Throws the store's fault when it is away. */
  tick(): Promise<SpaceReport>;
}

export const spaceThresholds = { dropping: 0.8, tight: 0.9, full: 0.95 } as const;
/** Partitions dropped for space in one round at most; the next round looks again. */
const dropsPerTickMax = 64;
const dayMs = 24 * 3600 * 1000;

export function createSpaceManager(options: SpaceManagerOptions): SpaceManager {
  return {
    async tick() {
      const policy = options.policy();
      const droppedByTime = await dropByTime(options, policy);
      const { dropped, isKept } = await dropBySpace(options, policy);
      const space = await options.disk();
      const share = space === undefined ? 0 : 1 - space.freeBytes / space.totalBytes;
      const state = stateOf(share);
      const droppedBySpace = dropped.reduce((sum, drop) => sum + drop.rows, 0);
      if (dropped.length > 0) options.logger.warn({ dropped, share }, "telemetry dropped for space");
      return { state, because: becauseOf(state, share, isKept), droppedByTime, droppedBySpace, dropped };
    },
  };
}

function stateOf(share: number): SpaceState {
  if (share >= spaceThresholds.full) return "full";
  if (share >= spaceThresholds.tight) return "tight";
  return share >= spaceThresholds.dropping ? "dropping" : "ok";
}

/** `isKept`: the store is so small that dropping from it would not help the disk. */
function becauseOf(state: SpaceState, share: number, isKept: boolean): string {
  const percent = `the disk is ${Math.floor(share * 100)} % full`;
  switch (state) {
    case "ok":
      return "";
    case "dropping":
      // Somebody else's bytes, and nothing of ours suffers yet.
      return isKept ? "" : `${percent}: the oldest raw partitions are dropped`;
    case "tight":
    case "full":
      return isKept
        ? `${percent}, little of it telemetry: make room, or new rows wait in the agents' spools when it is full`
        : `${percent}: the oldest raw partitions are dropped; new rows wait in the agents' spools when it is full`;
  }
}

async function dropByTime({ store, clock }: SpaceManagerOptions, policy: SpacePolicy): Promise<number> {
  let rows = 0;
  for (const table of storedTables) {
    const days = policy.days[table.name] ?? table.days;
    if (days > 0) rows += await store.dropBefore(table.name, clock.nowMs() - days * dayMs);
  }
  return rows;
}

async function dropBySpace(
  options: SpaceManagerOptions,
  policy: SpacePolicy,
): Promise<{ readonly dropped: SpaceReport["dropped"]; readonly isKept: boolean }> {
  const dropped: SpaceReport["dropped"][number][] = [];
  let isKept = false;
  while (dropped.length < dropsPerTickMax) {
    const usage = await options.store.usage();
    isKept = rawBytes(usage) <= policy.bytesKeptMin;
    if (!(await isOver(options, policy, usage))) break;
    const victim = oldestPartition(usage);
    if (victim === undefined) break;
    const rows = await options.store.dropBefore(victim.table, victim.beforeMs);
    if (rows === 0) break;
    dropped.push({ table: victim.table, rows, beforeMs: victim.beforeMs });
  }
  return { dropped, isKept };
}

async function isOver(
  { disk }: SpaceManagerOptions,
  { bytesMax, bytesKeptMin }: SpacePolicy,
  usage: readonly TableUsage[],
): Promise<boolean> {
  const bytes = usage.reduce((sum, table) => sum + table.bytes, 0);
  if (bytesMax > 0 && bytes > bytesMax) return true;
  if (rawBytes(usage) <= bytesKeptMin) return false;
  const space = await disk();
  return space !== undefined && 1 - space.freeBytes / space.totalBytes >= spaceThresholds.dropping;
}

function rawBytes(usage: readonly TableUsage[]): number {
  return usage.reduce((sum, table) => (table.rollup ? sum : sum + table.bytes), 0);
}

/** The partition to go next: the oldest of those that may; among equally old ones the table with the greatest weight. Undefined when none may. */
export function oldestPartition(usage: readonly TableUsage[]): { table: string; beforeMs: number } | undefined {
  const candidates = storedTables.flatMap((table) => {
    const found = usage.find((entry) => entry.table === table.name);
    const beforeMs = found === undefined ? undefined : endOfOldest(table, found);
    return beforeMs === undefined || table.spaceWeight === 0
      ? []
      : [{ table: table.name, beforeMs, weight: table.spaceWeight }];
  });
  candidates.sort((a, b) => a.beforeMs - b.beforeMs || b.weight - a.weight);
  return candidates[0];
}

/** The end of a table's oldest partition; undefined when it is also its newest, or the table is empty. */
function endOfOldest(table: StoredTable, usage: TableUsage): number | undefined {
  if (usage.oldestMs === undefined || usage.newestMs === undefined) return undefined;
  const length = partitionLengthMs(table.partition);
  const end = (Math.floor(usage.oldestMs / length) + 1) * length;
  return end > usage.newestMs ? undefined : end;
}
