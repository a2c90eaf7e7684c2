// Rollups as data: what a view over more than an hour reads. One target table, fed by one or more materialized views.
// The edge rollups feed each other (minute -> five minutes -> hour), so a raw row is grouped once.
import { httpEdgesByHour, httpEdgesByMinute } from "./http-edges.ts";
import type { PartitionScheme } from "./partitions.ts";
import { bucketTime, first, last, latencyMapOf, names, type Rollup, type RollupView, sum } from "./rollup.ts";

/** The service edge: who talks to whom, on which port, with which verdict; both reporters in one row. New columns go to the end. */
const edgeKey = [
  "cluster LowCardinality(String) CODEC(ZSTD(1))",
  "sourceKind LowCardinality(String) CODEC(ZSTD(1))",
  "sourceNamespace LowCardinality(String) CODEC(ZSTD(1))",
  "sourceWorkload LowCardinality(String) CODEC(ZSTD(1))",
  "destinationKind LowCardinality(String) CODEC(ZSTD(1))",
  "destinationNamespace LowCardinality(String) CODEC(ZSTD(1))",
  "destinationWorkload LowCardinality(String) CODEC(ZSTD(1))",
  "destinationService LowCardinality(String) CODEC(ZSTD(1))",
  "destinationDomain LowCardinality(String) CODEC(ZSTD(1))",
  "destinationPort UInt16 CODEC(ZSTD(1))",
  "protocol LowCardinality(String) CODEC(ZSTD(1))",
  "verdict LowCardinality(String) CODEC(ZSTD(1))",
  "sourceService LowCardinality(String) CODEC(ZSTD(1))",
] as const;

/** Counters kept per reporter: the two sides saw the same traffic, so a query takes the greater, never the sum. */
export const edgeCounters = [
  "connectionsOpened",
  "connectionsClosed",
  "connectionsFailed",
  "resets",
  "retransmits",
  "packetsSent",
  "packetsReceived",
  "bytesSent",
  "bytesReceived",
] as const;

const edgeSums = ["rows", ...edgeCounters].flatMap((counter) => [`${counter}AtSource`, `${counter}AtDestination`]);
/** Round-trip times of both reporters together (a mean needs no reconciliation), and why an end is not known: any of the reasons. */
const edgeRtt = ["rttUsSum", "rttCount"] as const;
const edgeReasons = ["sourceReason", "destinationReason"] as const;
const reason = (name: string): string => `${name} SimpleAggregateFunction(max, String) CODEC(ZSTD(1))`;
const edgeColumns = [
  bucketTime,
  ...edgeKey,
  ...edgeSums.map(sum),
  first,
  last,
  "policies SimpleAggregateFunction(groupUniqArrayArray, Array(UInt32)) CODEC(ZSTD(1))",
  ...edgeRtt.map(sum),
  ...edgeReasons.map(reason),
];
const edgeOrder = ["time", ...names(edgeKey)];

/** The sum of a histogram's values: each counts as the geometric middle of its bucket. */
const rttUsOfFlow =
  "toUInt64(arraySum((bucket, count) -> count * exp2((bucket + 0.5) / 4), mapKeys(flows.rttUs), mapValues(flows.rttUs)))";

function edgesFromFlows(): string {
  const sums = ["rows", ...edgeCounters].flatMap((counter) => {
    const value = counter === "rows" ? "1" : counter;
    return [
      `sumIf(${value}, reporter = 'source') AS ${counter}AtSource`,
      `sumIf(${value}, reporter = 'destination') AS ${counter}AtDestination`,
    ];
  });
  const seen = ["toDateTime(min(flows.time), 'UTC') AS firstSeen", "toDateTime(max(flows.time), 'UTC') AS lastSeen"];
  const selected = [
    ...names(edgeKey),
    ...sums,
    ...seen,
    "groupUniqArrayArray(flows.policies) AS policies",
    `sum(${rttUsOfFlow}) AS rttUsSum`,
    "sum(arraySum(mapValues(flows.rttUs))) AS rttCount",
    ...edgeReasons.map((name) => `max(toString(flows.${name})) AS ${name}`),
  ];
  return `SELECT toStartOfMinute(flows.time) AS time, ${selected.join(", ")} FROM flows GROUP BY ${edgeOrder.join(", ")}`;
}

/** A coarser edge table from a finer one's inserts. */
function edgesFrom(table: string, bucket: string): string {
  const sums = edgeSums.map((name) => `sum(${table}.${name}) AS ${name}`);
  const seen = [`min(${table}.firstSeen) AS firstSeen`, `max(${table}.lastSeen) AS lastSeen`];
  const selected = [
    ...names(edgeKey),
    ...sums,
    ...seen,
    `groupUniqArrayArray(${table}.policies) AS policies`,
    ...edgeRtt.map((name) => `sum(${table}.${name}) AS ${name}`),
    ...edgeReasons.map((name) => `max(${table}.${name}) AS ${name}`),
  ];
  return `SELECT ${bucket}(${table}.time) AS time, ${selected.join(", ")} FROM ${table} GROUP BY ${edgeOrder.join(", ")}`;
}

function edges(name: string, partition: PartitionScheme, days: number, view: RollupView): Rollup {
  return { name, time: "time", partition, days, columns: edgeColumns, orderBy: edgeOrder, views: [view] };
}

/** Sketches live per destination service, not per edge: a histogram per edge and hour would weigh more than the edge. */
const services: Rollup = {
  name: "services_1h",
  time: "time",
  partition: "week",
  days: 90,
  columns: [
    bucketTime,
    "cluster LowCardinality(String) CODEC(ZSTD(1))",
    "namespace LowCardinality(String) CODEC(ZSTD(1))",
    "workload LowCardinality(String) CODEC(ZSTD(1))",
    "workloadKind LowCardinality(String) CODEC(ZSTD(1))",
    "service LowCardinality(String) CODEC(ZSTD(1))",
    sum("rows"),
    "rttUs SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1))",
  ],
  orderBy: ["time", "cluster", "namespace", "workload", "workloadKind", "service"],
  views: [
    {
      name: "services_1h_flows",
      from: "flows",
      select:
        "SELECT toStartOfHour(flows.time) AS time, cluster, destinationNamespace AS namespace, destinationWorkload AS workload, " +
        "destinationKind AS workloadKind, destinationService AS service, count() AS rows, " +
        "sumMap(CAST(flows.rttUs, 'Map(Int16, UInt64)')) AS rttUs FROM flows WHERE notEmpty(flows.rttUs) " +
        "GROUP BY time, cluster, namespace, workload, workloadKind, service",
    },
  ],
};

const subjectKey = ["cluster", "namespace", "workload", "workloadKind"] as const;
const workloadSums = [
  "processes",
  "connections",
  "connectionsFailed",
  "dnsQuestions",
  "httpRequests",
  "bytesSent",
  "bytesReceived",
];

interface WorkloadSource {
  readonly table: string;
  readonly key: string;
  /** The expression that names the workload's service. */
  readonly service: string;
  /** What this table adds; what it does not know stays zero. */
  readonly sums: Readonly<Record<string, string>>;
}

function workloadView({ table, key, service, sums }: WorkloadSource): RollupView {
  const added = Object.entries(sums).map(([name, expression]) => `${expression} AS ${name}`);
  return {
    name: `workloads_1h_${table}`,
    from: table,
    select:
      `SELECT toStartOfHour(${table}.time) AS time, ${key}, anyLast(${service}) AS service, groupUniqArray(node) AS nodes, ` +
      `groupUniqArrayIf(image, image != '') AS images, toDateTime(min(${table}.time), 'UTC') AS firstSeen, ` +
      `toDateTime(max(${table}.time), 'UTC') AS lastSeen, count() AS rows, ${added.join(", ")} ` +
      `FROM ${table} GROUP BY time, ${subjectKey.join(", ")}`,
  };
}

/** The reporter's end of a flow is the workload that saw it. */
const reporterKey = [
  "if(reporter = 'source', sourceNamespace, destinationNamespace) AS namespace",
  "if(reporter = 'source', sourceWorkload, destinationWorkload) AS workload",
  "if(reporter = 'source', sourceKind, destinationKind) AS workloadKind",
].join(", ");
const subjectColumns = subjectKey.join(", ");

const workloads: Rollup = {
  name: "workloads_1h",
  time: "time",
  partition: "week",
  days: 90,
  columns: [
    bucketTime,
    ...subjectKey.map((name) => `${name} LowCardinality(String) CODEC(ZSTD(1))`),
    "service SimpleAggregateFunction(anyLast, String)",
    "nodes SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1))",
    "images SimpleAggregateFunction(groupUniqArrayArray, Array(String)) CODEC(ZSTD(1))",
    first,
    last,
    sum("rows"),
    ...workloadSums.map(sum),
  ],
  orderBy: ["time", ...subjectKey],
  views: [
    {
      table: "process_events",
      key: subjectColumns,
      service: "process_events.service",
      sums: { processes: "countIf(action IN ('exec', 'running'))" },
    },
    { table: "dns_events", key: subjectColumns, service: "dns_events.service", sums: { dnsQuestions: "sum(count)" } },
    { table: "http_events", key: subjectColumns, service: "http_events.service", sums: { httpRequests: "sum(count)" } },
    {
      table: "flows",
      key: `cluster, ${reporterKey}`,
      service: "if(reporter = 'destination', destinationService, '')",
      sums: {
        connections: "sum(connectionsOpened)",
        connectionsFailed: "sum(flows.connectionsFailed)",
        // From the workload's own side: what it sent, whichever end of the connection it is.
        bytesSent: "sum(if(reporter = 'source', flows.bytesSent, flows.bytesReceived))",
        bytesReceived: "sum(if(reporter = 'source', flows.bytesReceived, flows.bytesSent))",
      },
    },
  ].map((source) => workloadView(source)),
};

const dns: Rollup = {
  name: "dns_1h",
  time: "time",
  partition: "week",
  days: 30,
  columns: [
    bucketTime,
    ...subjectKey.map((name) => `${name} LowCardinality(String) CODEC(ZSTD(1))`),
    "question String CODEC(ZSTD(1))",
    "questionType LowCardinality(String) CODEC(ZSTD(1))",
    "responseCode LowCardinality(String) CODEC(ZSTD(1))",
    sum("rows"),
    sum("questions"),
    last,
    "latencyUs SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1))",
  ],
  orderBy: ["time", ...subjectKey, "question", "questionType", "responseCode"],
  views: [
    {
      name: "dns_1h_events",
      from: "dns_events",
      select:
        `SELECT toStartOfHour(dns_events.time) AS time, ${subjectKey.join(", ")}, question, questionType, responseCode, count() AS rows, ` +
        `sum(count) AS questions, toDateTime(max(dns_events.time), 'UTC') AS lastSeen, ${latencyMapOf("dns_events")} ` +
        `FROM dns_events GROUP BY time, ${subjectKey.join(", ")}, question, questionType, responseCode`,
    },
  ],
};

const http: Rollup = {
  name: "http_1h",
  time: "time",
  partition: "week",
  days: 90,
  columns: [
    bucketTime,
    ...subjectKey.map((name) => `${name} LowCardinality(String) CODEC(ZSTD(1))`),
    "reporter LowCardinality(String) CODEC(ZSTD(1))",
    "host LowCardinality(String) CODEC(ZSTD(1))",
    "method LowCardinality(String) CODEC(ZSTD(1))",
    "statusClass UInt8",
    sum("rows"),
    sum("requests"),
    "latencyUs SimpleAggregateFunction(sumMap, Map(Int16, UInt64)) CODEC(ZSTD(1))",
  ],
  orderBy: ["time", ...subjectKey, "reporter", "host", "method", "statusClass"],
  views: [
    {
      name: "http_1h_events",
      from: "http_events",
      select:
        `SELECT toStartOfHour(http_events.time) AS time, ${subjectKey.join(", ")}, reporter, host, method, ` +
        `toUInt8(intDiv(status, 100)) AS statusClass, count() AS rows, sum(count) AS requests, ` +
        `${latencyMapOf("http_events")} ` +
        `FROM http_events GROUP BY time, ${subjectKey.join(", ")}, reporter, host, method, statusClass`,
    },
  ],
};

/** In the order they must be made: a view's source before the view. */
export const rollups = [
  edges("edges_1m", "sixHours", 1, { name: "edges_1m_flows", from: "flows", select: edgesFromFlows() }),
  edges("edges_5m", "day", 7, {
    name: "edges_5m_edges",
    from: "edges_1m",
    select: edgesFrom("edges_1m", "toStartOfFiveMinutes"),
  }),
  edges("edges_1h", "week", 90, {
    name: "edges_1h_edges",
    from: "edges_5m",
    select: edgesFrom("edges_5m", "toStartOfHour"),
  }),
  services,
  workloads,
  dns,
  http,
  httpEdgesByMinute,
  httpEdgesByHour,
] as const satisfies readonly Rollup[];
