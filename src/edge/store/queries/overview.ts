// What the overview says of events: warnings of Kubernetes and detections by workload and reason, and how many events of each kind there were.
import { type Condition, conditionOf } from "../../../core/filter/condition.ts";
import type { Filter } from "../../../core/filter/filter.ts";
import { type ResolvedWindow, resolveWindow } from "../../../core/filter/window.ts";
import type { EventSum } from "../../../core/graph/attention-workloads.ts";
import { type EventKind, eventTables } from "../../../model/table.ts";
import { because, filterFor, run } from "./ask.ts";
import { queryLimits } from "./limits.ts";
import type { OverviewNumbers, WindowRequest } from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import type { StoredRow } from "./shown.ts";
import { createBindings, whereOf, within, withinRaw } from "./sql.ts";

const limits = {
  rowsToReadMax: queryLimits.overviewRowsToReadMax,
  bytesToReadMax: queryLimits.overviewBytesToReadMax,
  rowsMax: queryLimits.overviewSumsMax,
} as const;

/** Kinds that a long window counts from the workloads' rollup, and its column. */
const rolledUp = { process: "processes", dns: "dnsQuestions", http: "httpRequests" } as const;

export async function overviewNumbers(
  parts: QueryParts,
  query: WindowRequest & { readonly q: string },
): Promise<OverviewNumbers> {
  const filter = filterFor(query.q, ["flows", ...Object.values(eventTables)]);
  const window = resolveWindow(filter.window, query, parts.clock.nowMs());
  const isLong = window.untilMs - window.sinceMs > queryLimits.rawMsMax + queryLimits.rawSlackMs;
  const kinds = (Object.keys(eventTables) as EventKind[]).filter((kind) => !isLong || !(kind in rolledUp));
  const [warnings, detections, raw, sums] = await Promise.all([
    warningsOf(parts, filter, window),
    detectionsOf(parts, filter, window),
    countsOf(parts, filter, { window, kinds }),
    isLong ? rolledUpCounts(parts, filter, window) : [],
  ]);
  const notCounted = [warnings, detections, raw].filter(({ because: why }) => why !== "");
  return {
    warnings: warnings.sums,
    detections: detections.sums,
    events: [...raw.counts, ...sums],
    notCounted: notCounted.map(({ about, because: why }) => ({ about, because: why })),
  };
}

async function warningsOf(parts: QueryParts, filter: Filter, window: ResolvedWindow) {
  const bindings = createBindings();
  const condition = whereOf(conditionOf(filter, "kubernetes_events"), bindings);
  // Kubernetes repeats an event with a rising count; a row each time it rose.
  const sql = `SELECT cluster, namespace, workload, toString(workloadKind) AS kindText, reason, '' AS severityText,
argMax(message, time) AS text, toInt64(count()) AS n, toUnixTimestamp64Milli(min(time)) AS firstMs, toUnixTimestamp64Milli(max(time)) AS lastMs
FROM kubernetes_events WHERE ${withinRaw(bindings, window.sinceMs, window.untilMs)} AND type = 'Warning' AND ${condition}
GROUP BY cluster, namespace, workload, kindText, reason ORDER BY lastMs DESC LIMIT ${queryLimits.overviewSumsMax}`;
  const result = await run(parts, sql, bindings, limits);
  return { about: "workload", sums: result.rows.map(eventSumOf), because: because(result) };
}

async function detectionsOf(parts: QueryParts, filter: Filter, window: ResolvedWindow) {
  const bindings = createBindings();
  const condition = whereOf(conditionOf(filter, "security_events"), bindings);
  const sql = `SELECT cluster, namespace, workload, toString(workloadKind) AS kindText, rule AS reason, toString(severity) AS severityText,
argMax(if(title = '', message, title), time) AS text, toInt64(sum(greatest(count, 1))) AS n,
toUnixTimestamp64Milli(min(time)) AS firstMs, toUnixTimestamp64Milli(max(time)) AS lastMs
FROM security_events WHERE ${withinRaw(bindings, window.sinceMs, window.untilMs)} AND ${condition}
GROUP BY cluster, namespace, workload, kindText, reason, severityText ORDER BY lastMs DESC LIMIT ${queryLimits.overviewSumsMax}`;
  const result = await run(parts, sql, bindings, limits);
  return { about: "security", sums: result.rows.map(eventSumOf), because: because(result) };
}

function eventSumOf(row: StoredRow): EventSum {
  return {
    cluster: String(row["cluster"]),
    namespace: String(row["namespace"]),
    workload: String(row["workload"]),
    workloadKind: row["kindText"] as EventSum["workloadKind"],
    reason: String(row["reason"]),
    severity: String(row["severityText"]),
    text: String(row["text"]),
    count: Number(row["n"]),
    firstMs: Number(row["firstMs"]),
    lastMs: Number(row["lastMs"]),
  };
}

async function countsOf(
  parts: QueryParts,
  filter: Filter,
  { window, kinds }: { readonly window: ResolvedWindow; readonly kinds: readonly EventKind[] },
) {
  const bindings = createBindings();
  const one = (kind: EventKind): string => {
    const table = eventTables[kind];
    const condition = whereOf(conditionOf(filter, table), bindings);
    return `SELECT '${kind}' AS kind, toInt64(count()) AS n FROM ${table} WHERE ${withinRaw(bindings, window.sinceMs, window.untilMs)} AND ${condition}`;
  };
  const result = await run(parts, kinds.map(one).join("\nUNION ALL\n"), bindings, limits);
  const counts = result.rows.map((row) => ({ kind: row["kind"] as EventKind, count: Number(row["n"]) }));
  // A count that a limit cut short is no count.
  return { about: "events", counts: result.partial ? [] : counts, because: because(result) };
}

async function rolledUpCounts(parts: QueryParts, filter: Filter, window: ResolvedWindow) {
  const bindings = createBindings();
  const condition: Condition = conditionOf(filter, "workloads");
  const names = Object.entries(rolledUp);
  const sql = `SELECT ${names.map(([kind, column]) => `toInt64(sum(${column})) AS ${kind}`).join(", ")}
FROM (SELECT cluster, namespace, toString(workloadKind) AS kind, workload AS name, service, nodes, images, ${names.map(([, column]) => column).join(", ")}
FROM workloads_1h WHERE ${within(bindings, Math.floor(window.sinceMs / hourMs) * hourMs, window.untilMs)}) WHERE ${whereOf(condition, bindings)}`;
  const result = await run(parts, sql, bindings, limits);
  const row = result.rows[0];
  return names.map(([kind]) => ({ kind: kind as EventKind, count: Number(row?.[kind] ?? 0) }));
}

const hourMs = 3_600_000;
