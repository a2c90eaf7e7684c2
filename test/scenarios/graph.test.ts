// The service graph from rows in a real store: what is read (the engine's own figures), what is added up, what is said.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { manualClock } from "../../src/base/clock.ts";
import { noInventory, type ProjectOptions } from "../../src/core/graph/project.ts";
import { reconcile } from "../../src/core/graph/reconcile.ts";
import { serviceGraph } from "../../src/core/graph/service-graph.ts";
import type { TelemetryStore } from "../../src/core/store/telemetry-store.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import { queryLimits } from "../../src/edge/store/queries/limits.ts";
import type { GraphRequest, GraphSums, Queries } from "../../src/edge/store/queries/queries.ts";
import { minute, nowMs as plantedMs, shopToDb } from "../support/queries-world.ts";
import { flowRow } from "../support/store-world.ts";
import { type ScratchStore, startScratchStore } from "../support/scratch-store.ts";

interface Statement {
  readonly sql: string;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

let store: ScratchStore;
let queries: Queries;
const statements: Statement[] = [];

/** Not at the full hour: windows "until now" begin inside a bucket. */
const nowMs = plantedMs + 7 * minute + 30_000;
const at = plantedMs - 10 * minute;
const request = { ...shopToDb, time: at, sourceService: "web" };
const exchange = {
  cluster: "c",
  node: "n1",
  ingest: 50,
  time: at,
  reporter: "source",
  namespace: "shop",
  workload: "web",
  workloadKind: "Deployment",
  service: "web",
  pod: "web-1",
  peerPod: "db-0",
  peerNamespace: "shop",
  peerWorkload: "db",
  peerKind: "StatefulSet",
  peerService: "db",
  method: "GET",
  host: "db:8080",
  status: 200,
  latencyUs: 4000,
  count: 10,
};

before(async () => {
  store = await startScratchStore();
  await store.insert("flows", [
    request,
    // The other end tells the same on the pod's own port, with a little more seen.
    { ...request, ingest: 12, reporter: "destination", destinationPort: 15_432, connectionsOpened: 4, bytesSent: 900 },
    { ...request, ingest: 13, time: at - 120 * minute, connectionsOpened: 5 },
    {
      ...request,
      ingest: 14,
      destinationKind: "External",
      destinationNamespace: "",
      destinationWorkload: "",
      destinationPod: "",
      destinationService: "",
      destinationDomain: "api.example.com",
      connectionsFailed: 2,
      process: "curl",
    },
    {
      ...request,
      ingest: 15,
      destinationKind: "Unknown",
      destinationNamespace: "",
      destinationWorkload: "",
      destinationPod: "",
      destinationService: "",
      destinationReason: "the inventory has not arrived yet",
    },
  ]);
  await store.insert("http_events", [
    exchange,
    { ...exchange, status: 503, count: 2, latencyUs: 900_000, ingest: 51 },
    {
      ...exchange,
      ingest: 52,
      reporter: "destination",
      workload: "db",
      workloadKind: "StatefulSet",
      service: "db",
      pod: "db-0",
      peerPod: "web-1",
      peerWorkload: "web",
      peerKind: "Deployment",
      peerService: "web",
      count: 11,
    },
  ]);
  const query: TelemetryStore["query"] = async (sql, options) => {
    const result = await store.store.query<never>(sql, options);
    statements.push({ sql, rowsRead: result.rowsRead, bytesRead: result.bytesRead });
    return result;
  };
  queries = createQueries({ store: { ...store.store, query }, clock: manualClock(nowMs) });
});
after(async () => store[Symbol.asyncDispose]());

function graphOf(sums: GraphSums, over: Partial<ProjectOptions> = {}) {
  const options = { level: "service", inventory: noInventory, idle: "none", ...over } as const;
  const limits = { verticesMax: 100, open: new Set<string>(), openedMax: 100 };
  return serviceGraph(reconcile(sums.flows, sums.http), { ...options, ...limits });
}

async function ask(over: Partial<GraphRequest> = {}): Promise<GraphSums> {
  statements.length = 0;
  return queries.graphSums({ q: "", level: "service", since: "1h", ...over });
}

/** What was read beside the window's gaps and bounds. */
function tablesRead(): string[] {
  const found = statements.flatMap(({ sql }) =>
    [...sql.matchAll(/FROM ([a-z_0-9]+) WHERE/g)].map(([, name]) => name ?? ""),
  );
  return [...new Set(found)].filter((name) => name !== "gaps").toSorted();
}

test("both ends' reports are one edge, the greater count of each, whatever port each saw", async () => {
  const graph = graphOf(await ask());
  const edge = graph.edges.find(({ destination }) => destination === "service/c/shop/db");
  assert.equal(edge?.source, "service/c/shop/web");
  assert.equal(edge?.traffic.connections, 4);
  assert.equal(edge?.traffic.bytesSent, 1000);
  assert.equal(edge?.reportedBy, "both");
  assert.deepEqual(edge?.ports, ["tcp/15432"]);
  assert.deepEqual(edge?.services, ["db"]);
  assert.equal(edge?.traffic.rttUsMean, 1117, "the middle of bucket 40");
  assert.deepEqual(
    edge?.traffic.http,
    { requests: 12, errors4xx: 0, errors5xx: 2, unanswered: 0, latencyUsMedian: 3756, latencyUsP95: 961_548 },
    "one reporter's view: the fuller one",
  );
});

test("things outside are one vertex per name, unknown ends keep their reason", async () => {
  const { vertices, edges } = graphOf(await ask());
  assert.deepEqual(
    vertices.map(({ id }) => id),
    ["external/c/api.example.com", "unknown/c/", "service/c/shop/db", "service/c/shop/web"],
  );
  assert.equal(vertices.find(({ kind }) => kind === "unknown")?.because, "the inventory has not arrived yet");
  const outbound = edges.find(({ destination }) => destination === "external/c/api.example.com");
  assert.deepEqual(
    [outbound?.traffic.connectionsFailed, outbound?.reportedBy, outbound?.traffic.http],
    [2, "source", undefined],
  );
});

const rollupCases: readonly (readonly [string, Partial<GraphRequest>, readonly string[]])[] = [
  ["an hour", {}, ["edges_5m", "http_edges_1m"]],
  ["ten minutes", { since: "10m" }, ["edges_1m", "http_edges_1m"]],
  ["a day", { since: "24h" }, ["edges_1h", "http_edges_1h"]],
  ["a month", { since: "30d" }, ["edges_1h", "http_edges_1h"]],
  [
    "a past hour, exactly",
    { since: "2026-11-23T09:00:00Z", until: "2026-11-23T10:00:00Z" },
    ["edges_1h", "http_edges_1h", "http_edges_1m"],
  ],
  ["a namespace", { q: "ns:shop" }, ["edges_5m", "http_edges_1m"]],
  ["names that may be pods'", { q: "to:db from:web" }, ["edges_5m", "http_edges_1m"]],
  ["a port: HTTP is not asked for", { q: "port:5432" }, ["edges_5m"]],
];

for (const [name, over, tables] of rollupCases) {
  test(`read from rollups only: ${name}`, async () => {
    const { window } = await ask({ since: "1h", ...over });
    assert.deepEqual(tablesRead(), tables);
    assert.equal(window.partial, false);
  });
}

test("the window is cut to whole buckets and the answer says so", async () => {
  const day = await ask({ since: "2026-11-22T12:20:00Z", until: "2026-11-23T11:10:00Z" });
  assert.deepEqual([day.window.since, day.window.until], ["2026-11-22T12:00:00.000Z", "2026-11-23T12:00:00.000Z"]);
  const past = await ask({ since: "2026-11-23T09:00:00Z", until: "2026-11-23T10:00:00Z" });
  assert.equal(graphOf(past).edges[0]?.traffic.connections, 5);
  assert.equal(
    graphOf(await ask({ since: "3h" })).edges.find(({ ports }) => ports.includes("tcp/15432"))?.traffic.connections,
    8,
  );
});

const rawCases: readonly (readonly [string, Partial<GraphRequest>, number, RegExp | undefined])[] = [
  ["endpoint level", { level: "endpoint" }, 3, undefined],
  [
    "endpoint level of a day",
    { level: "endpoint", since: "24h" },
    3,
    /only the last hour .* pods are kept in raw rows only/,
  ],
  ["a process", { q: "process:curl", since: "24h" }, 1, /only the last hour .* process, executable/],
  ["an owned pod by name", { q: "to:db-0" }, 1, undefined],
];

for (const [name, over, edges, why] of rawCases) {
  test(`read from raw rows, an hour at most: ${name}`, async () => {
    const sums = await ask(over);
    assert.ok(tablesRead().includes("flows"), tablesRead().join());
    assert.equal(graphOf(sums, { level: over.level ?? "service" }).edges.length, edges);
    assert.match(sums.window.partialBecause, why ?? /^$/);
    assert.ok(sums.lookedAt.untilMs - sums.lookedAt.sinceMs <= queryLimits.graphRawMsMax + queryLimits.rawSlackMs);
  });
}

test("what was usual before a window is read from rollups too, of a short stretch", async () => {
  await store.insert("http_events", [
    { ...exchange, cluster: "before", time: at - 40 * minute, count: 30, ingest: 80 },
  ]);
  const { usual, http } = await ask({ q: "cluster:before", since: "30m" });
  assert.deepEqual([usual.map(({ requestsAtSource }) => requestsAtSource), http], [[30], []]);
  assert.deepEqual((await ask({ q: "cluster:before", since: "24h" })).usual, []);
});

test("pods are vertices at endpoint level, with their exchanges", async () => {
  const graph = graphOf(await ask({ level: "endpoint" }), { level: "endpoint" });
  assert.ok(
    graph.vertices.some(({ id, workload }) => id === "endpoint/c/shop/StatefulSet/db/db-0" && workload === "db"),
  );
});

test("a filter that cannot be understood is the asker's fault, with its place", async () => {
  await assert.rejects(ask({ q: "nonsense:x" }), { kind: "usage", where: "q:0" });
  await assert.rejects(ask({ q: "severity:high" }), { kind: "usage" });
});

test("a cap ends a graph with what it has, marked partial", async () => {
  const store_ = { ...store.store };
  const query: TelemetryStore["query"] = (sql, options) =>
    store.store.query<never>(sql, { ...options, ...(sql.includes("FROM edges") ? { rowsMax: 1 } : {}) });
  const capped = createQueries({ store: { ...store_, query }, clock: manualClock(nowMs) });
  const { window, flows } = await capped.graphSums({ q: "", level: "service", since: "1h" });
  assert.equal(flows.length, 1);
  assert.match(window.partialBecause, /more than 1 result rows/);
});

test("the overview's numbers: warnings and detections added up, events counted", async () => {
  const subject = { cluster: "c", node: "n1", namespace: "shop", workload: "web", workloadKind: "Deployment" };
  await store.insert("kubernetes_events", [
    { ...subject, time: at, type: "Warning", reason: "BackOff", message: "older", ingest: 60 },
    { ...subject, time: at + minute, type: "Warning", reason: "BackOff", message: "newer", ingest: 61 },
    { ...subject, time: at, type: "Normal", reason: "Pulled", message: "fine", ingest: 62 },
  ]);
  await store.insert("security_events", [
    {
      ...subject,
      time: at,
      severity: "high",
      source: "garrison",
      rule: "shell",
      title: "A shell",
      count: 3,
      ingest: 63,
    },
  ]);
  const { warnings, detections, events, notCounted } = await queries.overviewNumbers({ q: "cluster:c", since: "1h" });
  assert.deepEqual(
    warnings.map(({ reason, text, count, workload, firstMs, lastMs }) => [
      reason,
      text,
      count,
      workload,
      firstMs,
      lastMs,
    ]),
    [["BackOff", "newer", 2, "web", at, at + minute]],
  );
  assert.deepEqual(
    detections.map(({ reason, severity, text, count }) => [reason, severity, text, count]),
    [["shell", "high", "A shell", 3]],
  );
  const counted = Object.fromEntries(events.map(({ kind, count }) => [kind, count]));
  assert.deepEqual([counted["kubernetes"], counted["security"], counted["http"], counted["process"]], [3, 1, 3, 0]);
  assert.deepEqual(notCounted, []);
  const day = await queries.overviewNumbers({ q: "ns:shop cluster:c", since: "24h" });
  const daily = Object.fromEntries(day.events.map(({ kind, count }) => [kind, count]));
  assert.deepEqual(
    [daily["kubernetes"], daily["http"]],
    [3, 23],
    "HTTP of a day are requests, from the workloads' rollup",
  );
});

test("the engine's own figures: many raw rows of few edges cost a graph few rows, and are read only where it says so", async () => {
  const rawRows = 20_000;
  const rows = Array.from({ length: rawRows }, (_, i) => ({ ...flowRow(i % 40, at), cluster: "big", ingest: 90 }));
  await store.insert("flows", rows);
  const read = async (over: Partial<GraphRequest>) => {
    await ask(over);
    const own = statements.filter(
      ({ sql }) => /FROM (flows|http_events|(http_)?edges_)/.test(sql) && sql.includes("sKind"),
    );
    return {
      rows: own.reduce((sum, statement) => sum + statement.rowsRead, 0),
      bytes: own.reduce((sum, statement) => sum + statement.bytesRead, 0),
    };
  };
  for (const since of ["20m", "1h", "24h", "30d"]) {
    const { rows: rowsRead, bytes } = await read({ since });
    assert.ok(rowsRead > 0 && rowsRead <= 1000, `${since}: ${rowsRead} rows`);
    assert.ok(rowsRead <= queryLimits.graphRowsToReadMax && bytes <= queryLimits.graphBytesToReadMax);
  }
  const raw = await read({ level: "endpoint" });
  assert.ok(raw.rows >= rawRows && raw.rows <= queryLimits.graphRawRowsToReadMax, `${raw.rows} rows`);
  assert.ok(raw.bytes > 0 && raw.bytes <= queryLimits.graphRawBytesToReadMax);
});
