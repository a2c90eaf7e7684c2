// A large made-up graph: 5,000 endpoints of 500 workloads in 25 namespaces of two clusters, seeded. As the server's own answer (core/graph makes
// it), for the console's bench and for tests that need many vertices.
import type { FlowCounts, FlowSums, GraphEnd, HttpSums } from "../../src/core/graph/graph-row.ts";
import { assign, rankVertices } from "../../src/core/graph/limit.ts";
import { type GraphInventory, type InventoryWorkload, project } from "../../src/core/graph/project.ts";
import { reconcile } from "../../src/core/graph/reconcile.ts";
import { limited } from "../../src/core/graph/service-graph.ts";
import type { GraphLevel, ServiceGraph } from "../../src/model/graph.ts";

export interface GraphWorld {
  readonly seed: number;
  readonly workloads: number;
  readonly namespaces: number;
  readonly endpoints: number;
  /** Edges of each workload, on average. */
  readonly edgesPerWorkload: number;
}

export const largeWorld: GraphWorld = {
  seed: 42,
  workloads: 500,
  namespaces: 25,
  endpoints: 5000,
  edgesPerWorkload: 3,
};

/** mulberry32: small, seeded, good enough for a picture. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const startMs = Date.parse("2026-11-25T10:00:00Z");

export interface MadeWorld {
  readonly flows: readonly FlowSums[];
  readonly http: readonly HttpSums[];
  readonly inventory: GraphInventory;
}

export function makeWorld(world: GraphWorld = largeWorld): MadeWorld {
  const random = chance(world.seed);
  const workloads = Array.from({ length: world.workloads }, (_, index) => workloadOf(world, index, random));
  const flows: FlowSums[] = [];
  const http: HttpSums[] = [];
  workloads.forEach((source, index) => {
    for (let edge = 0; edge < world.edgesPerWorkload; edge += 1) {
      // A few workloads are everybody's: databases, queues, gateways.
      const target = workloads[Math.floor(random() ** 2 * world.workloads)] ?? source;
      const isSame = target.cluster === source.cluster && target !== source;
      if (!isSame || random() < 0.08) flows.push(flowOf(source, externalEnd(random), random, index));
      else {
        flows.push(flowOf(source, endOf(target), random, index));
        if (random() < 0.5) http.push(httpOf(source, target, random));
      }
    }
  });
  const simulated = new Set<string>();
  return { flows, http, inventory: { known: new Set(["east", "west"]), simulated, workloads } };
}

function workloadOf(world: GraphWorld, index: number, random: () => number): InventoryWorkload {
  const share = Math.floor(world.endpoints / world.workloads);
  const rest = world.endpoints - share * world.workloads;
  const namespace = index % world.namespaces;
  return {
    cluster: namespace % 5 === 4 ? "west" : "east",
    namespace: `team-${namespace}`,
    kind: index % 9 === 0 ? "StatefulSet" : "Deployment",
    name: `app-${index}`,
    services: index % 7 === 0 ? [] : [`app-${index}`],
    endpoints: share + (index < rest ? 1 : 0),
    endpointsNotReady: random() < 0.03 ? 1 : 0,
  };
}

function endOf({ kind, namespace, name, services }: InventoryWorkload): GraphEnd {
  return { kind, namespace, workload: name, service: services[0] ?? "", pod: "", domain: "", reason: "" };
}

function externalEnd(random: () => number): GraphEnd {
  const domain = random() < 0.2 ? "" : `api${Math.floor(random() * 40)}.example.com`;
  return { kind: "External", namespace: "", workload: "", service: "", pod: "", domain, reason: "" };
}

function flowOf(source: InventoryWorkload, destination: GraphEnd, random: () => number, index: number): FlowSums {
  const opened = Math.floor(10 ** (random() * 5));
  const failed = random() < 0.03 ? Math.ceil(opened * random()) : 0;
  const counts: FlowCounts = {
    rows: 60,
    opened,
    failed,
    resets: 0,
    retransmits: random() < 0.05 ? Math.floor(opened * 0.3) : 0,
    packetsSent: opened * 10,
    packetsReceived: opened * 10,
    bytesSent: Math.floor(opened * 800 * random()),
    bytesReceived: Math.floor(opened * 9000 * random()),
  };
  const none: FlowCounts = { ...counts, rows: 0, opened: 0, failed: 0, retransmits: 0 };
  return {
    cluster: source.cluster,
    source: endOf(source),
    destination,
    port: [80, 443, 5432, 6379, 9092][index % 5] ?? 80,
    protocol: "tcp",
    verdict: random() < 0.02 ? "deny" : "allow",
    atSource: counts,
    atDestination: destination.kind === "External" ? none : counts,
    rttUsSum: opened * 700,
    rttCount: opened,
    firstMs: startMs,
    lastMs: startMs + 3_600_000,
  };
}

function httpOf(source: InventoryWorkload, target: InventoryWorkload, random: () => number): HttpSums {
  const requests = Math.floor(10 ** (1 + random() * 4));
  return {
    cluster: source.cluster,
    source: endOf(source),
    destination: endOf(target),
    statusClass: random() < 0.04 ? 5 : 2,
    requestsAtSource: requests,
    requestsAtDestination: requests,
    latencyAtSource: { [String(44 + Math.floor(random() * 16))]: requests },
    latencyAtDestination: {},
    firstMs: startMs,
    lastMs: startMs + 3_600_000,
  };
}

/** The answer of /api/v1/graph over the world, also of workloads that nobody talks to. */
export function largeGraph(level: GraphLevel = "workload", verticesMax = 2000, world = largeWorld): ServiceGraph {
  const { flows, http, inventory } = makeWorld(world);
  const draft = project(reconcile(flows, http), { level, inventory, idle: "workloads" });
  const limits = { verticesMax, open: new Set<string>(), openedMax: 2000 };
  return limited(draft, assign(rankVertices(draft), level, limits));
}
