// Everything that was not seen, as rows of `gaps`: ring drops, queue drops, merged detail, a sensor that is down; and between the spool's
// book of losses and rows of `gaps`, in both directions.
import type { FlowLosses } from "../../core/flow/flow-aggregator.ts";
import type { SpoolLoss } from "../../edge/spool/loss-book.ts";
import { partDrops } from "../../core/sense/part-drops.ts";
import type { SensorStats } from "../../core/sense/sensor.ts";
import type { DetectLoss } from "./detect/detect-side.ts";
import { blockLimits } from "../../model/agent-protocol.ts";
import type { Row, TableName } from "../../model/table.ts";

/** A little inside the range of times that the server accepts. */
const oldestGapMs = blockLimits.pastMsMax - 60_000;

type GapRow = Row<"gaps">;

/** Which rows an event that was dropped would have become. */
const tableByEvent: Readonly<Record<string, TableName>> = {
  exec: "process_events",
  running: "process_events",
  fork: "process_events",
  exit: "process_events",
  "tcp-open": "flows",
  "tcp-failed": "flows",
  "tcp-close": "flows",
  "tcp-sample": "flows",
  udp: "flows",
  dns: "dns_events",
  "first-bytes": "http_events",
  file: "file_events",
};

/** Only how often something was repeated fell out, nothing that happened: counted in the node's numbers, no gap. */
const countsOnly: ReadonlySet<string> = new Set(["repeats-forgotten"]);

export interface GapSources {
  readonly sensorStats: () => SensorStats;
  readonly queueDrops: () => ReadonlyMap<TableName, number>;
  readonly flowLosses: () => FlowLosses | undefined;
  /** Files in use that were not told for a limit. */
  readonly usedFilesOmitted?: () => number;
  /** Deeds on files that became no row for a limit. */
  readonly fileDeedsOmitted?: () => number;
  /** Events that were not judged and detections that were not told, since the last call. */
  readonly detectionLosses?: () => readonly DetectLoss[];
  /** Why the sensor does not run; "" when it does. */
  readonly sensorDown: string;
}

/** On a busy node parts are missed all the time: told once, then added up for this long. The last call tells what is left. */
export const partGapEveryMs = 30_000;

/** Each call returns the gaps since the one before, those of missed parts in steps of `partGapEveryMs` unless it is the last; `nowMs` ends their window. */
export function createGapWatch(
  sources: GapSources,
  startMs: number,
): (nowMs: number, which?: "ripe" | "last") => GapRow[] {
  let sinceMs = startMs;
  let dropsTold: Readonly<Record<string, number>> = {};
  const parts = partGaps(startMs);

  return (nowMs, which = "ripe") => {
    const window = { time: sinceMs, durationMs: Math.max(0, nowMs - sinceMs) };
    const drops = sources.sensorStats().dropsByType;
    const rows = [...ringGaps(window, drops, dropsTold), ...parts(nowMs, drops, which)];
    dropsTold = drops;
    for (const [table, count] of sources.queueDrops()) {
      rows.push({
        ...window,
        table,
        reason: "queue-full",
        rows: count,
        counted: "exact",
        detail: "the agent's queue was full",
      });
    }
    const filesOmitted = sources.usedFilesOmitted?.() ?? 0;
    if (filesOmitted > 0) {
      const detail = "containers have more files in use than are told of";
      rows.push({ ...window, table: "file_events", reason: "limit", rows: filesOmitted, counted: "estimate", detail });
    }
    const deedsOmitted = sources.fileDeedsOmitted?.() ?? 0;
    if (deedsOmitted > 0) {
      const detail = "more was done to files than is told of in one window";
      rows.push({ ...window, table: "file_events", reason: "limit", rows: deedsOmitted, counted: "estimate", detail });
    }
    for (const { rows: count, counted, detail } of sources.detectionLosses?.() ?? []) {
      rows.push({ ...window, table: "security_events", reason: "limit", rows: count, counted, detail });
    }
    const losses = sources.flowLosses();
    if (losses !== undefined && losses.rowsMerged > 0) {
      rows.push({
        ...window,
        table: "flows",
        reason: "merged",
        rows: losses.rowsMerged,
        counted: "exact",
        detail: losses.detail,
      });
    }
    if (losses !== undefined && losses.flowsOverLimit > 0) {
      const detail = "no key was left: merged into namespace pairs";
      rows.push({
        ...window,
        table: "flows",
        reason: "limit",
        rows: losses.flowsOverLimit,
        counted: "estimate",
        detail,
      });
    }
    if (sources.sensorDown !== "") {
      rows.push({ ...window, table: "*", reason: "sensor-down", rows: 0, counted: "no", detail: sources.sensorDown });
    }
    sinceMs = nowMs;
    return rows;
  };
}

/** Parts that events were told without (`partDrops`), by type: at once, and what follows within `partGapEveryMs` together. */
function partGaps(startMs: number) {
  const told = new Map<string, { readonly total: number; readonly atMs: number }>();
  /** By type, the look before the first that is not told yet. */
  const pendingSince = new Map<string, number>();
  let lookedMs = startMs;
  return (nowMs: number, drops: Readonly<Record<string, number>>, which: "ripe" | "last"): GapRow[] => {
    const rows: GapRow[] = [];
    for (const [type, detail] of Object.entries(partDrops)) {
      const total = drops[type] ?? 0;
      const { total: before, atMs } = told.get(type) ?? { total: 0, atMs: -Infinity };
      if (total <= before) continue;
      const sinceMs = pendingSince.get(type) ?? lookedMs;
      pendingSince.set(type, sinceMs);
      if (which === "ripe" && nowMs - atMs < partGapEveryMs) continue;
      pendingSince.delete(type);
      told.set(type, { total, atMs: nowMs });
      const missed = { table: "security_events", reason: "limit", rows: total - before, counted: "estimate" } as const;
      rows.push({ time: sinceMs, durationMs: Math.max(0, nowMs - sinceMs), ...missed, detail });
    }
    lookedMs = nowMs;
    return rows;
  };
}

/** A loss as a row. The window is cut to what the server takes; a gap older than that would be lost itself. */
export function gapOfLoss(loss: SpoolLoss, nowMs: number): GapRow {
  const fromMs = Math.max(nowMs - oldestGapMs, loss.fromMs);
  return {
    time: fromMs,
    durationMs: Math.max(0, loss.toMs - fromMs),
    table: loss.table,
    reason: loss.reason,
    rows: loss.rows,
    counted: loss.counted,
    detail: loss.blocks === 0 ? loss.detail : `${loss.blocks} blocks: ${loss.detail}`,
  };
}

/** A row of the watch in the form of the spool's book, which keeps its number when its block must leave. */
export function lossOfGap(row: GapRow): SpoolLoss {
  const { time, durationMs, table, reason, rows, counted, detail } = row;
  return { table, reason, rows, counted, detail, blocks: 0, fromMs: time, toMs: time + durationMs, refusals: 0 };
}

/** Drops beyond those that were told. Each dropped process event is one lost row; events of flows would have been merged into fewer. */
function ringGaps(
  window: Pick<GapRow, "time" | "durationMs">,
  drops: Readonly<Record<string, number>>,
  told: Readonly<Record<string, number>>,
): GapRow[] {
  const rows: GapRow[] = [];
  for (const [type, total] of Object.entries(drops)) {
    if (countsOnly.has(type) || type in partDrops) continue;
    const fresh = total - (told[type] ?? 0);
    const table = tableByEvent[type] ?? "*";
    const counted = table === "process_events" ? "exact" : "estimate";
    const detail = `${fresh} events of type ${type}`;
    if (fresh > 0) rows.push({ ...window, table, reason: "ring-full", rows: fresh, counted, detail });
  }
  return rows;
}
