// The statements of the service graph, and their rows as core/graph wants them. The same names whether they read rollups or raw rows.
import type { FlowCounts, FlowSums, GraphEnd, Histogram, HttpSums } from "../../../core/graph/graph-row.ts";
import type { VerdictName } from "../../../model/verdict.ts";
import { httpEdgeExpressions, httpEdgeKey, httpEdgeSums } from "../schema/http-edges.ts";
import { queryLimits } from "./limits.ts";
import type { StoredRow } from "./shown.ts";

export interface SqlForm {
  readonly isRaw: boolean;
  readonly withPods: boolean;
}

/** Aliases are no column's name: one that is would take its place in WHERE. */
const ends = [
  ["sKind", "toString(sourceKind)"],
  ["sNamespace", "sourceNamespace"],
  ["sWorkload", "sourceWorkload"],
  ["sService", "sourceService"],
  ["dKind", "toString(destinationKind)"],
  ["dNamespace", "destinationNamespace"],
  ["dWorkload", "destinationWorkload"],
  ["dService", "destinationService"],
  ["dDomain", "destinationDomain"],
] as const;

const counters: Readonly<Record<keyof FlowCounts, string>> = {
  rows: "rows",
  opened: "connectionsOpened",
  failed: "connectionsFailed",
  resets: "resets",
  retransmits: "retransmits",
  packetsSent: "packetsSent",
  packetsReceived: "packetsReceived",
  bytesSent: "bytesSent",
  bytesReceived: "bytesReceived",
};
const counterNames = Object.keys(counters) as (keyof FlowCounts)[];

function countersSql(isRaw: boolean): readonly string[] {
  return counterNames.flatMap((name) =>
    (["Source", "Destination"] as const).map((side) => {
      const column = counters[name];
      const raw = name === "rows" ? "1" : column;
      const sum = isRaw ? `sumIf(${raw}, reporter = '${side.toLowerCase()}')` : `sum(${column}At${side})`;
      return `toInt64(${sum}) AS ${name}${side[0]}`;
    }),
  );
}

/** Sums per ends, port, protocol and verdict, the busiest first. `table`: an edge rollup, or flows. */
export function flowsSql(table: string, where: string, { isRaw, withPods }: SqlForm): string {
  const pods = withPods ? ["sourcePod AS sPod", "destinationPod AS dPod"] : [];
  const key = [
    "cluster",
    ...ends.map(([alias, column]) => `${column} AS ${alias}`),
    ...pods,
    "destinationPort AS port",
    "toString(protocol) AS proto",
    "toString(verdict) AS decided",
  ];
  const rttSum = "sum(arraySum((bucket, n) -> n * exp2((bucket + 0.5) / 4), mapKeys(rttUs), mapValues(rttUs)))";
  const rest = isRaw
    ? [
        `toInt64(${rttSum}) AS rttSum`,
        "toInt64(sum(arraySum(mapValues(rttUs)))) AS rttN",
        "toUnixTimestamp64Milli(min(time)) AS firstMs",
        "toUnixTimestamp64Milli(max(time)) AS lastMs",
      ]
    : [
        "toInt64(sum(rttUsSum)) AS rttSum",
        "toInt64(sum(rttCount)) AS rttN",
        "toInt64(toUnixTimestamp(min(firstSeen))) * 1000 AS firstMs",
        "toInt64(toUnixTimestamp(max(lastSeen))) * 1000 AS lastMs",
      ];
  const reasons = ["max(toString(sourceReason)) AS sReason", "max(toString(destinationReason)) AS dReason"];
  const selected = [...key, ...countersSql(isRaw), ...rest, ...reasons];
  return `SELECT ${selected.join(",\n")}
FROM ${table} WHERE ${where}
GROUP BY ${aliases(key).join(", ")}
ORDER BY openedS + openedD + failedS + failedD DESC, bytesSentS + bytesSentD DESC LIMIT ${queryLimits.graphPairsMax + 1}`;
}

/** Sums per ends and class of answers. `table`: an HTTP edge rollup, or http_events. */
export function httpSql(table: string, where: string, { isRaw, withPods }: SqlForm): string {
  const key = ["cluster", ...ends.map(([alias, column]) => `${column} AS ${alias}`)];
  const pods = withPods ? ["sourcePod AS sPod", "destinationPod AS dPod"] : [];
  const grouped = [...key, ...pods, "statusClass AS class"];
  return `SELECT ${grouped.join(", ")},
toInt64(sum(requestsAtSource)) AS requestsS, toInt64(sum(requestsAtDestination)) AS requestsD,
sumMap(latencyUsAtSource) AS latencyS, sumMap(latencyUsAtDestination) AS latencyD,
toInt64(toUnixTimestamp(min(firstSeen))) * 1000 AS firstMs, toInt64(toUnixTimestamp(max(lastSeen))) * 1000 AS lastMs
FROM ${isRaw ? `(${rawHttpEdges(where)})` : `${table} WHERE ${where}`}
GROUP BY ${aliases(grouped).join(", ")}
ORDER BY requestsS + requestsD DESC LIMIT ${queryLimits.graphPairsMax + 1}`;
}

/** Raw events as edges, with the expressions of the rollup's own view. */
function rawHttpEdges(where: string): string {
  const bucket = "toInt16(floor(4 * log2(greatest(latencyUs, 1))))";
  const latency = (side: string): string =>
    `sumMapIf(map(${bucket}, toUInt64(count)), reporter ${side} 'source' AND status != 0)`;
  const pods =
    "if(reporter = 'source', pod, peerPod) AS sourcePod, if(reporter = 'source', peerPod, pod) AS destinationPod";
  return `SELECT cluster, ${[...httpEdgeExpressions, pods, ...httpEdgeSums].join(", ")},
${latency("=")} AS latencyUsAtSource, ${latency("!=")} AS latencyUsAtDestination, min(time) AS firstSeen, max(time) AS lastSeen
FROM http_events WHERE ${where}
GROUP BY ${[...httpEdgeKey, "sourcePod", "destinationPod", "statusClass"].join(", ")}`;
}

function aliases(selected: readonly string[]): readonly string[] {
  return selected.map((item) => item.slice(item.lastIndexOf(" ") + 1));
}

export function flowSumsOf(row: StoredRow): FlowSums {
  return {
    cluster: String(row["cluster"]),
    source: endOf(row, "s"),
    destination: endOf(row, "d"),
    port: Number(row["port"]),
    protocol: String(row["proto"]),
    verdict: row["decided"] as VerdictName,
    atSource: countsOf(row, "S"),
    atDestination: countsOf(row, "D"),
    rttUsSum: Number(row["rttSum"]),
    rttCount: Number(row["rttN"]),
    firstMs: Number(row["firstMs"]),
    lastMs: Number(row["lastMs"]),
  };
}

export function httpSumsOf(row: StoredRow): HttpSums {
  return {
    cluster: String(row["cluster"]),
    source: endOf(row, "s"),
    destination: endOf(row, "d"),
    statusClass: Number(row["class"]),
    requestsAtSource: Number(row["requestsS"]),
    requestsAtDestination: Number(row["requestsD"]),
    latencyAtSource: row["latencyS"] as Histogram,
    latencyAtDestination: row["latencyD"] as Histogram,
    firstMs: Number(row["firstMs"]),
    lastMs: Number(row["lastMs"]),
  };
}

function endOf(row: StoredRow, side: "s" | "d"): GraphEnd {
  const text = (name: string): string => {
    const value = row[`${side}${name}`];
    return typeof value === "string" ? value : "";
  };
  return {
    kind: text("Kind") as GraphEnd["kind"],
    namespace: text("Namespace"),
    workload: text("Workload"),
    service: text("Service"),
    pod: text("Pod"),
    domain: text("Domain"),
    reason: text("Reason"),
  };
}

function countsOf(row: StoredRow, side: "S" | "D"): FlowCounts {
  const count = (name: keyof FlowCounts): number => Number(row[`${name}${side}`]);
  return {
    rows: count("rows"),
    opened: count("opened"),
    failed: count("failed"),
    resets: count("resets"),
    retransmits: count("retransmits"),
    packetsSent: count("packetsSent"),
    packetsReceived: count("packetsReceived"),
    bytesSent: count("bytesSent"),
    bytesReceived: count("bytesReceived"),
  };
}
