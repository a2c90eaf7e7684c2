// The workloads that were seen in a window, with what they did: added up from flows (each side by its own report), processes and DNS.
import { Fault } from "../../../base/fault.ts";
import { formatInstant } from "../../../base/instant.ts";
import { type Condition, conditionOf } from "../../../core/filter/condition.ts";
import { type ResolvedWindow, resolveWindow } from "../../../core/filter/window.ts";
import { workloadId, type Workload } from "../../../model/workload.ts";
import { answerWindow, because, filterFor, run, wholeBuckets } from "./ask.ts";
import { decodeOffset, encodeCursor } from "./cursor.ts";
import { queryLimits } from "./limits.ts";
import type { Page, PageRequest, Window, WindowRequest, WorkloadParams } from "./queries.ts";
import type { QueryParts } from "./scan.ts";
import type { StoredRow } from "./shown.ts";
import { type Bindings, createBindings, whereOf, within, withinRaw } from "./sql.ts";

const tablesRead = ["flows", "process_events", "dns_events"] as const;

/** Busiest first (connections, then processes, then name). */
export async function listWorkloads(parts: QueryParts, query: PageRequest): Promise<Page<Workload>> {
  const filter = filterFor(query.q, ["workloads"]);
  const position = query.cursor === undefined ? undefined : decodeOffset(query.cursor);
  const window = position ?? wholeHours(parts, resolveWindow(filter.window, query, parts.clock.nowMs()));
  const offset = position?.offset ?? 0;
  const found = await summarise(parts, window, conditionOf(filter, "workloads"), { limit: query.limit + 1, offset });
  const rows = found.workloads.slice(0, query.limit);
  const isLonger = found.workloads.length > query.limit;
  const hasMore = isLonger && offset + query.limit < queryLimits.workloadsMax;
  const cut =
    isLonger && !hasMore ? `only the ${queryLimits.workloadsMax} busiest workloads are listed: narrow the filter` : "";
  const next = { sinceMs: window.sinceMs, untilMs: window.untilMs, offset: offset + query.limit };
  return {
    rows,
    ...(hasMore ? { next: encodeCursor(next) } : {}),
    window: await answerWindow(parts, window, tablesFor(window), because(found.partialBecause, cut)),
  };
}

/** Throws Fault "queries/no-such-workload" when nothing of it was seen in the window. */
export async function getWorkload(
  parts: QueryParts,
  params: WorkloadParams,
  query: WindowRequest,
): Promise<{ workload: Workload; window: Window }> {
  const window = wholeHours(parts, resolveWindow({}, query, parts.clock.nowMs()));
  const equal = (column: string, text: string): Condition => ({
    is: "column",
    columns: [column],
    kind: "text",
    test: { is: "equals", text },
  });
  const condition: Condition = {
    is: "all",
    of: [
      equal("cluster", params.cluster),
      equal("namespace", params.namespace),
      equal("kind", params.kind),
      equal("name", params.name),
    ],
  };
  const { workloads, partialBecause } = await summarise(parts, window, condition, { limit: 1, offset: 0 });
  const workload = workloads[0];
  if (workload !== undefined) {
    return { workload, window: await answerWindow(parts, window, tablesFor(window), partialBecause) };
  }
  throw new Fault(`nothing was seen of the workload ${workloadId(params)} in this window`, {
    code: "queries/no-such-workload",
    kind: "not-found",
    hint: "Look at a longer window (since=24h), or find its name with `garrison workloads`.",
  });
}

interface Slice {
  readonly limit: number;
  readonly offset: number;
}

async function summarise(parts: QueryParts, window: ResolvedWindow, condition: Condition, slice: Slice) {
  const bindings = createBindings();
  const from = isLong(window) ? rollupSql(bindings, window) : rawSql(bindings, window);
  const sql = `SELECT * FROM (${from}) WHERE ${whereOf(condition, bindings)}
ORDER BY connections DESC, processes DESC, cluster, namespace, kind, name LIMIT ${slice.limit} OFFSET ${slice.offset}`;
  const result = await run(parts, sql, bindings, { rowsMax: slice.limit });
  return { workloads: result.rows.map(workloadOf), partialBecause: because(result) };
}

function isLong(window: ResolvedWindow): boolean {
  return window.untilMs - window.sinceMs > queryLimits.rawMsMax + queryLimits.rawSlackMs;
}

function tablesFor(window: ResolvedWindow): readonly string[] {
  return isLong(window) ? [...tablesRead, "workloads_1h"] : tablesRead;
}

/** A long window begins and ends at a whole hour, because its rollup does; the answer says so. */
function wholeHours(parts: QueryParts, window: ResolvedWindow): ResolvedWindow {
  return isLong(window) ? wholeBuckets(window, hourMs, parts.clock.nowMs()) : window;
}

const hourMs = 3_600_000;

const sums = ["processes", "connections", "connectionsFailed", "dnsQuestions", "bytesSent", "bytesReceived"] as const;

/** As rawSql, from workloads_1h (schema/rollups.ts); there a process counts once per exec or inventory. */
function rollupSql(bindings: Bindings, window: ResolvedWindow): string {
  const renamed = sums.map((name) => `${name} AS ${name}Part`).join(", ");
  const added = sums.map((name) => `toInt64(sum(${name}Part)) AS ${name}`).join(", ");
  return `SELECT cluster, ns AS namespace, wkind AS kind, wname AS name, max(svc) AS service,
arraySort(groupUniqArrayArray(20)(nodeList)) AS nodes, arraySort(groupUniqArrayArray(20)(imageList)) AS images,
toInt64(toUnixTimestamp(min(firstAt))) * 1000 AS firstMs, toInt64(toUnixTimestamp(max(lastAt))) * 1000 AS lastMs, ${added}
FROM (SELECT cluster, namespace AS ns, toString(workloadKind) AS wkind, workload AS wname, service AS svc, nodes AS nodeList,
images AS imageList, firstSeen AS firstAt, lastSeen AS lastAt, ${renamed}
FROM workloads_1h WHERE ${within(bindings, window.sinceMs, window.untilMs)})
WHERE wname != '' GROUP BY cluster, ns, wkind, wname`;
}

/** One row per workload: the columns that filters on "workloads" know, and the figures. */
function rawSql(bindings: Bindings, window: ResolvedWindow): string {
  const inWindow = withinRaw(bindings, window.sinceMs, window.untilMs);
  const side = (end: "source" | "destination", sent: string, received: string) =>
    `SELECT cluster, ${end}Namespace AS ns, toString(${end}Kind) AS wkind, ${end}Workload AS wname,
${end === "destination" ? "destinationService" : "''"} AS svc, node AS nodeName, image AS imageName, '' AS pidText,
connectionsOpened AS opened, connectionsFailed AS failed, 0 AS questions, ${sent} AS sentBytes, ${received} AS receivedBytes, time AS at
FROM flows WHERE ${inWindow} AND reporter = '${end}'`;
  const events = (table: string, pid: string, questions: string) =>
    `SELECT cluster, namespace AS ns, toString(workloadKind) AS wkind, workload AS wname, service AS svc, node AS nodeName, image AS imageName,
${pid} AS pidText, 0 AS opened, 0 AS failed, ${questions} AS questions, 0 AS sentBytes, 0 AS receivedBytes, time AS at
FROM ${table} WHERE ${inWindow}`;
  const union = [
    side("source", "bytesSent", "bytesReceived"),
    side("destination", "bytesReceived", "bytesSent"),
    events("process_events", "processId", "0"),
    events("dns_events", "''", "greatest(count, 1)"),
  ].join("\nUNION ALL\n");
  return `SELECT cluster, ns AS namespace, wkind AS kind, wname AS name, max(svc) AS service,
arraySort(groupUniqArrayIf(20)(nodeName, nodeName != '')) AS nodes, arraySort(groupUniqArrayIf(20)(imageName, imageName != '')) AS images,
toUnixTimestamp64Milli(min(at)) AS firstMs, toUnixTimestamp64Milli(max(at)) AS lastMs,
toInt64(uniqExactIf(pidText, pidText != '')) AS processes, toInt64(sum(opened)) AS connections, toInt64(sum(failed)) AS connectionsFailed,
toInt64(sum(questions)) AS dnsQuestions, toInt64(sum(sentBytes)) AS bytesSent, toInt64(sum(receivedBytes)) AS bytesReceived
FROM (${union}) WHERE wname != '' GROUP BY cluster, ns, wkind, wname`;
}

function workloadOf(row: StoredRow): Workload {
  const { firstMs, lastMs, ...rest } = row;
  return {
    ...(rest as Omit<Workload, "firstSeen" | "lastSeen">),
    firstSeen: formatInstant(Number(firstMs)),
    lastSeen: formatInstant(Number(lastMs)),
  };
}
