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
import { minute, nowMs, shopToDb } from "../support/queries-world.ts";
import { type ScratchStore, startScratchStore } from "../support/scratch-store.ts";

interface Statement {
  readonly sql: string;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

let store: ScratchStore;
let queries: Queries;
const statements: Statement[] = [];

/** Ten minutes ago, so that every bucket is behind. */
const at = nowMs - 10 * minute;
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
