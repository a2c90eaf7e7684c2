// HTTP per service edge: requests, answers by class and latencies between two ends, kept by minute for a week and by hour for a quarter.
// Keyed like the edges of flows, so that the graph can lay one over the other.
import type { PartitionScheme } from "./partitions.ts";
import { bucketTime, first, last, latencyMapIf, type Rollup, type RollupView, sum } from "./rollup.ts";

/** Names as in the edge rollups. The domain is the Host that was asked for, of things outside only. */
export const httpEdgeKey = [
  "cluster",
  "sourceKind",
  "sourceNamespace",
  "sourceWorkload",
  "sourceService",
  "destinationKind",
  "destinationNamespace",
  "destinationWorkload",
  "destinationService",
  "destinationDomain",
] as const;

const histogram = (name: string): string =>
  `${name} SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1))`;
const columns = [
  bucketTime,
  ...httpEdgeKey.map((name) => `${name} LowCardinality(String) CODEC(ZSTD(1))`),
  "statusClass UInt8 CODEC(ZSTD(1))",
  sum("rows"),
  sum("requestsAtSource"),
  sum("requestsAtDestination"),
  first,
  last,
  histogram("latencyUsAtSource"),
  histogram("latencyUsAtDestination"),
];
const orderBy = ["time", ...httpEdgeKey, "statusClass"];

/** The subject of an event is the reporter's end, the peer the other one. */
const ends = [
  ["Kind", "workloadKind", "peerKind"],
  ["Namespace", "namespace", "peerNamespace"],
  ["Workload", "workload", "peerWorkload"],
  ["Service", "service", "peerService"],
].flatMap(([name, own, peer]) => [
  `if(reporter = 'source', ${own}, ${peer}) AS source${name}`,
  `if(reporter = 'source', ${peer}, ${own}) AS destination${name}`,
]);

/** The Host header is the client's word: kept only where it names something outside, without its port. */
const domain =
  "if(reporter = 'source' AND peerKind = 'External', substring(lower(replaceRegexpOne(host, ':[0-9]+$', '')), 1, 253), '') AS destinationDomain";

export const httpEdgeExpressions: readonly string[] = [...ends, domain];
export const httpEdgeSums: readonly string[] = [
  "toUInt8(intDiv(status, 100)) AS statusClass",
  "count() AS rows",
  "sumIf(count, reporter = 'source') AS requestsAtSource",
  "sumIf(count, reporter != 'source') AS requestsAtDestination",
];

function fromEvents(): string {
  const seen = [
    "toDateTime(min(http_events.time), 'UTC') AS firstSeen",
    "toDateTime(max(http_events.time), 'UTC') AS lastSeen",
  ];
  const latency = [
    latencyMapIf("http_events", "reporter = 'source' AND status != 0", "latencyUsAtSource"),
    latencyMapIf("http_events", "reporter != 'source' AND status != 0", "latencyUsAtDestination"),
  ];
  const selected = [...httpEdgeExpressions, ...httpEdgeSums, ...seen, ...latency];
  return (
    `SELECT toStartOfMinute(http_events.time) AS time, cluster, ${selected.join(", ")} ` +
    `FROM http_events GROUP BY ${orderBy.join(", ")}`
  );
}

function fromMinutes(): string {
  const table = "http_edges_1m";
  const sums = ["rows", "requestsAtSource", "requestsAtDestination"].map((name) => `sum(${table}.${name}) AS ${name}`);
  const seen = [`min(${table}.firstSeen) AS firstSeen`, `max(${table}.lastSeen) AS lastSeen`];
  const maps = ["latencyUsAtSource", "latencyUsAtDestination"].map((name) => `sumMap(${table}.${name}) AS ${name}`);
  const selected = [...httpEdgeKey, "statusClass", ...sums, ...seen, ...maps];
  return (
    `SELECT toStartOfHour(${table}.time) AS time, ${selected.join(", ")} ` +
    `FROM ${table} GROUP BY ${orderBy.join(", ")}`
  );
}

function httpEdges(name: string, partition: PartitionScheme, days: number, view: RollupView): Rollup {
  return { name, time: "time", partition, days, columns, orderBy, views: [view] };
}

export const httpEdgesByMinute = httpEdges("http_edges_1m", "day", 7, {
  name: "http_edges_1m_events",
  from: "http_events",
  select: fromEvents(),
});

export const httpEdgesByHour = httpEdges("http_edges_1h", "week", 90, {
  name: "http_edges_1h_edges",
  from: "http_edges_1m",
  select: fromMinutes(),
});
