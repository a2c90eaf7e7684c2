// Flows counted per time step. What both ends reported is counted once: per edge and step the larger of the two reports.
import { formatInstant } from "../../../base/instant.ts";
import type { ResolvedWindow } from "../../../core/filter/window.ts";
import { answerWindow, ask, because, run, wholeBuckets } from "./ask.ts";
import { edgeKey, edgeRollupFor } from "./edge-rollups.ts";
import { queryLimits } from "./limits.ts";
import type { TimelinePoint, Window, WindowRequest } from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import type { StoredRow } from "./shown.ts";
import { createBindings, whereOf, within, withinRaw } from "./sql.ts";

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
/** Steps that people can read off an axis. */
const niceSteps: readonly number[] = [
  ...[15, 30].map((count) => count * second),
  ...[1, 2, 5, 10, 15, 30].map((count) => count * minute),
  ...[1, 2, 3, 6, 12, 24, 48, 168, 336, 720].map((count) => count * hour),
];

/** The smallest readable step that covers the window in at most `steps` of them (and one for the edges). */
export function timelineStepMs(window: ResolvedWindow, steps: number): number {
  const wanted = Math.max(queryLimits.timelineStepMsMin, (window.untilMs - window.sinceMs) / steps);
  return niceSteps.find((step) => step >= wanted) ?? Math.ceil(wanted / (24 * hour)) * 24 * hour;
}

export async function flowTimeline(
  parts: QueryParts,
  query: WindowRequest & { readonly q: string; readonly steps: number },
): Promise<{ stepMs: number; points: TimelinePoint[]; window: Window }> {
  const { condition, window: asked } = ask(parts, "flows", query);
  const stepMs = timelineStepMs(asked, query.steps);
  const nowMs = parts.clock.nowMs();
  const rollup = edgeRollupFor(condition, asked, { stepMs, nowMs });
  const window = rollup === undefined ? asked : wholeBuckets(asked, rollup.bucketMs, nowMs);
  const bindings = createBindings();
  const step = bindings.bind(stepMs, "Int64");
  const time = (rollup === undefined ? withinRaw : within)(bindings, window.sinceMs, window.untilMs);
  const where = `${time} AND ${whereOf(condition, bindings)}`;
  const sql = rollup === undefined ? rawTimeline(step, where) : rollupTimeline(rollup.table, step, where);
  const result = await run(parts, sql, bindings);
  return {
    stepMs,
    points: fill(result.rows, window, stepMs),
    window: await answerWindow(
      parts,
      window,
      rollup === undefined ? ["flows"] : ["flows", rollup.table],
      because(result),
    ),
  };
}

const edge = `sourceNamespace, sourceWorkload, sourcePod, destinationNamespace, destinationWorkload, destinationPod,
  destinationAddress, destinationPort, protocol, verdict`;
/** Names that no column has: an alias that is also a column would take its place in WHERE. */
const measures = ["flowsSum", "connectionsSum", "failedSum", "sentSum", "receivedSum"] as const;

function rawTimeline(step: string, where: string): string {
  const sums = `count() AS flowsSum, sum(connectionsOpened) AS connectionsSum, sum(connectionsFailed) AS failedSum,
  sum(bytesSent) AS sentSum, sum(bytesReceived) AS receivedSum`;
  const byReporter = `SELECT intDiv(toUnixTimestamp64Milli(time), ${step}) * ${step} AS stepMs, ${edge}, reporter, ${sums}
FROM flows WHERE ${where} GROUP BY stepMs, ${edge}, reporter`;
  return mergeReporters(byReporter, edge);
}

const counters = [
  ["rows", "flowsSum"],
  ["connectionsOpened", "connectionsSum"],
  ["connectionsFailed", "failedSum"],
  ["bytesSent", "sentSum"],
  ["bytesReceived", "receivedSum"],
] as const;

/** The rollups keep both ends' reports side by side. */
function rollupTimeline(table: string, step: string, where: string): string {
  const key = edgeKey.join(", ");
  const sums = counters.map(
    ([counter, name]) => `greatest(sum(${counter}AtSource), sum(${counter}AtDestination)) AS ${name}`,
  );
  const merged = `SELECT intDiv(toInt64(toUnixTimestamp(time)) * 1000, ${step}) * ${step} AS stepMs, ${key}, ${sums.join(", ")}
FROM ${table} WHERE ${where} GROUP BY stepMs, ${key}`;
  return mergeReporters(merged, key);
}

/** Sums per step of the larger report of each edge. `byReporter` gives stepMs, the edge's columns and the measures. */
function mergeReporters(byReporter: string, key: string): string {
  const larger = measures.map((name) => `max(${name}) AS ${name}Max`).join(", ");
  const flowsWhere = (names: string) => `toInt64(sumIf(flowsSumMax, verdict IN (${names})))`;
  return `SELECT stepMs, ${flowsWhere("'allow', 'log'")} AS allow, ${flowsWhere("'deny'")} AS deny,
${flowsWhere("'unknown', 'pass'")} AS unknown, toInt64(sum(connectionsSumMax)) AS connections,
toInt64(sum(failedSumMax)) AS connectionsFailed, toInt64(sum(sentSumMax)) AS bytesSent,
toInt64(sum(receivedSumMax)) AS bytesReceived
FROM (SELECT stepMs, ${key}, ${larger} FROM (${byReporter}) GROUP BY stepMs, ${key})
GROUP BY stepMs ORDER BY stepMs`;
}

/** One point per step, also where nothing happened. */
function fill(rows: readonly StoredRow[], window: ResolvedWindow, stepMs: number): TimelinePoint[] {
  const byStep = new Map(rows.map((row) => [Number(row["stepMs"]), row]));
  const points: TimelinePoint[] = [];
  for (let at = Math.floor(window.sinceMs / stepMs) * stepMs; at < window.untilMs; at += stepMs) {
    const row = byStep.get(at);
    const count = (name: string) => Number(row?.[name] ?? 0);
    points.push({
      time: formatInstant(at),
      allow: count("allow"),
      deny: count("deny"),
      unknown: count("unknown"),
      connections: count("connections"),
      connectionsFailed: count("connectionsFailed"),
      bytesSent: count("bytesSent"),
      bytesReceived: count("bytesReceived"),
    });
  }
  return points;
}
