import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { graphLevels, ServiceGraph, type Traffic } from "../../model/graph.ts";
import {
  anyFlowSums,
  anyHttpSums,
  counts,
  end,
  flowSums,
  httpSums,
  outside,
} from "../../../test/support/graph-sums.ts";
import { diffGraphs, graphDiff } from "./diff.ts";
import { assign, rankVertices } from "./limit.ts";
import { noInventory, project, type GraphInventory, type ProjectOptions } from "./project.ts";
import { type Pair, reconcile } from "./reconcile.ts";
import { limited, serviceGraph } from "./service-graph.ts";

const service: ProjectOptions = { level: "service", inventory: noInventory, idle: "none" };
const wide = { verticesMax: 2000, open: new Set<string>(), openedMax: 2000 };
const anyPairs = fc
  .tuple(fc.array(anyFlowSums, { maxLength: 40 }), fc.array(anyHttpSums, { maxLength: 10 }))
  .map(([flows, http]) => reconcile(flows, http));
const anyLevel = fc.constantFrom(...graphLevels);

function totals(of: readonly Traffic[]): Record<string, number> {
  const sum = (name: (traffic: Traffic) => number) => of.reduce((total, traffic) => total + name(traffic), 0);
  return {
    connections: sum((traffic) => traffic.connections),
    failed: sum((traffic) => traffic.connectionsFailed),
    denied: sum((traffic) => traffic.connectionsDenied),
    retransmits: sum((traffic) => traffic.retransmits),
    packets: sum((traffic) => traffic.packets),
    sent: sum((traffic) => traffic.bytesSent),
    received: sum((traffic) => traffic.bytesReceived),
    requests: sum((traffic) => traffic.http?.requests ?? 0),
    errors: sum((traffic) => traffic.http?.errors5xx ?? 0),
  };
}

/** All traffic of a graph: each edge, and what stays inside vertices. */
function whole(graph: ServiceGraph): Record<string, number> {
  const inside = graph.vertices.flatMap((vertex) => (vertex.inside === undefined ? [] : [vertex.inside]));
  return totals([...graph.edges.map(({ traffic }) => traffic), ...inside]);
}

function wholeOf(pairs: readonly Pair[]): Record<string, number> {
  return totals(
    pairs.map(({ sums }) => ({
      ...sums,
      connectionsFailed: sums.failed,
      connectionsDenied: sums.denied,
      http: sums.http,
    })) as Traffic[],
  );
}

test("traffic is conserved: at every level, however few vertices are shown", () => {
  fc.assert(
    fc.property(anyPairs, anyLevel, fc.integer({ min: 5, max: 20 }), (pairs, level, verticesMax) => {
      const graph = serviceGraph(pairs, { ...service, level, ...wide, verticesMax });
      assert.deepEqual(whole(graph), wholeOf(pairs));
      ServiceGraph.parse(graph);
    }),
  );
});

test("what vertices take in and send out is what the edges carry", () => {
  fc.assert(
    fc.property(anyPairs, anyLevel, (pairs, level) => {
      const { vertices, edges } = serviceGraph(pairs, { ...service, level, ...wide, verticesMax: 8 });
      const carried = totals(edges.map(({ traffic }) => traffic));
      assert.deepEqual(totals(vertices.map(({ inbound }) => inbound)), carried);
      assert.deepEqual(totals(vertices.map(({ outbound }) => outbound)), carried);
    }),
  );
});

/** An inventory in which every workload of the pairs (and an idle one) has pods. */
function inventoryOf(pairs: readonly Pair[]): GraphInventory {
  const ends = pairs.flatMap(({ cluster, source, destination }) => [
    { cluster, ...source },
    { cluster, ...destination },
  ]);
  const named = ends.filter(({ kind, workload }) => workload !== "" && kind !== "External");
  const keys = new Map(named.map((of) => [[of.cluster, of.namespace, of.kind, of.workload].join(), of]));
  const workloads = [...keys.values()].map(({ cluster, namespace, kind, workload }, index) => ({
    cluster,
    namespace,
    kind,
    name: workload,
    services: [],
    endpoints: 1 + (index % 5),
    endpointsNotReady: index % 2,
  }));
  const idle = { kind: "Deployment", name: "idle", services: [], endpoints: 3, endpointsNotReady: 0 } as const;
  return {
    known: new Set(["c1", "c2"]),
    simulated: new Set(["c2"]),
    workloads: [...workloads, { ...idle, cluster: "c1", namespace: "one" }],
  };
}

test("members and endpoints of what is shown add up to the whole", () => {
  fc.assert(
    fc.property(anyPairs, anyLevel, fc.integer({ min: 5, max: 30 }), (pairs, level, verticesMax) => {
      if (level === "endpoint") return;
      const inventory = inventoryOf(pairs);
      const graph = serviceGraph(pairs, { ...service, level, inventory, idle: "workloads", ...wide, verticesMax });
      const members = graph.vertices.reduce((sum, vertex) => sum + vertex.members, 0);
      assert.equal(members, graph.totals.vertices);
      const endpoints = graph.vertices.reduce((sum, vertex) => sum + (vertex.endpoints ?? 0), 0);
      const all = inventory.workloads.reduce((sum, workload) => sum + workload.endpoints, 0);
      assert.equal(endpoints, all);
      assert.equal(graph.totals.endpoints, all);
      assert.ok(graph.vertices.length <= verticesMax, `${graph.vertices.length} of at most ${verticesMax}`);
      const hidden = graph.vertices.filter(({ kind }) => kind === "more").reduce((sum, { members: n }) => sum + n, 0);
      assert.equal(graph.omitted.vertices, hidden);
    }),
  );
});

test("an opened group shows all of its members and changes nothing else's sums", () => {
  fc.assert(
    fc.property(anyPairs, (pairs) => {
      const closed = serviceGraph(pairs, { ...service, ...wide, verticesMax: 6 });
      const more = closed.vertices.find(({ kind }) => kind === "more");
      if (more === undefined) return;
      const opened = serviceGraph(pairs, { ...service, ...wide, verticesMax: 6, open: new Set([more.id]) });
      assert.equal(
        opened.vertices.some(({ id }) => id === more.id),
        false,
      );
      assert.deepEqual(whole(opened), whole(closed));
    }),
  );
});

test("ids do not depend on the order of pairs, and edges name vertices that are there", () => {
  fc.assert(
    fc.property(anyPairs, anyLevel, (pairs, level) => {
      const graph = serviceGraph(pairs, { ...service, level, ...wide, verticesMax: 7 });
      const turned = serviceGraph(pairs.toReversed(), { ...service, level, ...wide, verticesMax: 7 });
      assert.deepEqual(
        turned.vertices.map(({ id }) => id),
        graph.vertices.map(({ id }) => id),
      );
      const ids = new Set(graph.vertices.map(({ id }) => id));
      for (const edge of graph.edges) {
        assert.ok(ids.has(edge.source) && ids.has(edge.destination), edge.id);
        assert.notEqual(edge.source, edge.destination);
      }
    }),
  );
});

test("a graph against itself is all the same", () => {
  fc.assert(
    fc.property(anyPairs, anyLevel, (pairs, level) => {
      const graph = serviceGraph(pairs, { ...service, level, ...wide });
      const diff = diffGraphs(graph, graph, { beforeMs: 60_000, afterMs: 60_000 });
      assert.ok([...diff.vertices, ...diff.edges].every(({ state }) => state === "same"));
      assert.deepEqual(
        diff.edges.flatMap(({ changes }) => changes),
        [],
      );
    }),
  );
});

test("a difference names what came and went on both sides, also where vertices are merged", () => {
  fc.assert(
    fc.property(anyPairs, anyPairs, fc.integer({ min: 5, max: 12 }), (before, after, verticesMax) => {
      const [was, is] = [project(before, service), project(after, service)];
      const sides = [was, is].map((draft) => ({ draft, lengthMs: 60_000 }));
      const [older, newer] = sides;
      if (older === undefined || newer === undefined) return;
      const diff = graphDiff(older, newer, { ...wide, verticesMax });
      for (const { state, before: one, after: other } of diff.edges) {
        assert.equal(state === "added", one === undefined);
        assert.equal(state === "removed", other === undefined);
      }
      const shown = new Set(diff.vertices.map(({ id }) => id));
      for (const { id } of diff.edges) for (const vertex of id.split("→")) assert.ok(shown.has(vertex), id);
    }),
  );
});

const web = end({ service: "web" });
const db = end({ workload: "db", kind: "StatefulSet", service: "db-headless" });

function idsAt(level: ProjectOptions["level"]): readonly string[] {
  const pairs = reconcile(
    [
      flowSums({ source: { ...web, pod: "web-1" }, destination: { ...db, pod: "db-0" } }),
      flowSums({ source: { ...web, pod: "web-1" }, destination: { ...outside, domain: "api.example.com" } }),
      flowSums({ source: outside, destination: { ...web, pod: "web-1" } }),
      flowSums({ source: end({ kind: "Unknown", workload: "", namespace: "" }), destination: { ...db, pod: "db-0" } }),
    ],
    [],
  );
  return serviceGraph(pairs, { ...service, level, ...wide }).vertices.map(({ id }) => id);
}

const outsideIds = ["external/c/", "external/c/api.example.com", "unknown/c/"];
const levelCases = [
  ["namespace", [...outsideIds, "namespace/c/shop"]],
  ["service", [...outsideIds, "service/c/shop/db-headless", "service/c/shop/web"]],
  ["workload", [...outsideIds, "workload/c/shop/Deployment/web", "workload/c/shop/StatefulSet/db"]],
  ["endpoint", [...outsideIds, "endpoint/c/shop/Deployment/web/web-1", "endpoint/c/shop/StatefulSet/db/db-0"]],
] as const;

for (const [level, ids] of levelCases) {
  test(`vertices at ${level} level`, () => assert.deepEqual(idsAt(level), ids));
}

test("a workload has one home among its services: its own name, else the first", () => {
  const pairs = reconcile(
    [
      flowSums({ destination: { ...db, service: "z" } }),
      flowSums({ destination: { ...db, service: "a" }, port: 1 }),
      flowSums({ source: end({ workload: "jobs" }), destination: { ...web, service: "metrics" } }),
      flowSums({ source: end({ workload: "jobs" }), destination: web, port: 80 }),
    ],
    [],
  );
  const graph = serviceGraph(pairs, { ...service, ...wide });
  assert.deepEqual(
    graph.vertices.filter(({ kind }) => kind === "service").map(({ name, services }) => [name, services]),
    [
      ["a", ["a", "z"]],
      ["web", ["metrics", "web"]],
    ],
  );
});

const healthCases = [
  ["quiet", {}, {}, "unknown", /too little traffic to judge: 1 connection/],
  ["well", { opened: 100 }, {}, "ok", undefined],
  ["few failures", { opened: 100, failed: 2 }, {}, "ok", undefined],
  ["some failures", { opened: 100, failed: 5 }, {}, "degraded", /5 % of connections failed \(5 of 105\)/],
  ["failures", { opened: 50, failed: 50 }, {}, "failing", /50 %/],
  ["loss", { opened: 5, packetsSent: 1000, retransmits: 30 }, {}, "degraded", /3 % of packets sent again/],
  ["errors", { opened: 5 }, { 2: 90, 5: 10 }, "failing", /10 % of answers are 5xx/],
  ["client errors", { opened: 5 }, { 2: 50, 4: 50 }, "ok", undefined],
  ["silence", { opened: 5 }, { 2: 95, 0: 5 }, "degraded", /5 % of requests had no answer/],
] as const;

for (const [name, flow, classes, state, because] of healthCases) {
  test(`health of an edge: ${name}`, () => {
    const atSource = counts({ opened: 1, packetsSent: 1, ...flow });
    const http = Object.entries(classes).map(([statusClass, requests]) =>
      httpSums({ statusClass: Number(statusClass), requestsAtSource: requests, latencyAtSource: { "20": requests } }),
    );
    const [edge] = serviceGraph(reconcile([flowSums({ atSource })], http), { ...service, ...wide }).edges;
    assert.equal(edge?.health.state, state);
    if (because === undefined) assert.deepEqual(edge?.health.because, []);
    else assert.match(edge?.health.because[0] ?? "", because);
  });
}

test("trouble is followed along the edges: who calls the one that fails is degraded, and a busy neighbour hides nothing", () => {
  const pay = end({ workload: "payments", service: "payments" });
  const rows = [
    flowSums({ source: web, destination: pay, atSource: counts({ opened: 10, failed: 10 }) }),
    flowSums({ source: end({ workload: "busy" }), destination: db, atSource: counts({ opened: 100_000 }) }),
  ];
  const at = (level: "service" | "namespace") => serviceGraph(reconcile(rows, []), { ...service, ...wide, level });
  const byName = new Map(at("service").vertices.map((vertex) => [vertex.name, vertex.health]));
  assert.equal(byName.get("payments")?.state, "failing");
  assert.deepEqual(byName.get("web"), {
    state: "degraded",
    because: ["calls to payments: 50 % of connections failed (10 of 20)"],
  });
  const [shop] = at("namespace").vertices;
  assert.deepEqual(shop?.health, {
    state: "degraded",
    because: ["web to payments: 50 % of connections failed (10 of 20)"],
  });
});

test("who is ill is shown before who is busy; the rest is one vertex per namespace", () => {
  const rows = Array.from({ length: 30 }, (_, index) =>
    flowSums({
      source: end({ workload: `client-${index}`, namespace: index % 2 === 0 ? "even" : "odd" }),
      atSource: counts(index === 29 ? { failed: 10 } : { opened: 1000 * (30 - index) }),
    }),
  );
  const draft = project(reconcile(rows, []), service);
  const graph = limited(draft, assign(rankVertices(draft), "service", { ...wide, verticesMax: 10 }));
  assert.ok(graph.vertices.some(({ name }) => name === "client-29"));
  const more = graph.vertices.filter(({ kind }) => kind === "more");
  assert.deepEqual(
    more.map(({ id }) => id),
    ["more/service/c/even", "more/service/c/odd"],
  );
  assert.deepEqual(
    more.map(({ name, members }) => name === `${members} more`),
    [true, true],
  );
  assert.equal(graph.vertices.length, 10);
  assert.equal(graph.omitted.edges, draft.edges.size - graph.edges.length);
});

test("counts are absent where the inventory is not known, and idle workloads come only when asked for", () => {
  const known: GraphInventory = {
    known: new Set(["c"]),
    simulated: new Set(["c"]),
    workloads: [
      {
        cluster: "c",
        namespace: "shop",
        kind: "StatefulSet",
        name: "db",
        services: ["db"],
        endpoints: 3,
        endpointsNotReady: 1,
      },
      {
        cluster: "c",
        namespace: "shop",
        kind: "Deployment",
        name: "lonely",
        services: [],
        endpoints: 2,
        endpointsNotReady: 0,
      },
    ],
  };
  const pairs = reconcile([flowSums()], []);
  const without = serviceGraph(pairs, { ...service, ...wide });
  assert.ok(without.vertices.every(({ endpoints, simulated }) => endpoints === undefined && !simulated));
  assert.equal(without.totals.endpoints, undefined);
  const with_ = serviceGraph(pairs, { ...service, inventory: known, ...wide });
  const db_ = with_.vertices.find(({ name }) => name === "db");
  assert.deepEqual([db_?.endpoints, db_?.endpointsNotReady, db_?.workloads, db_?.simulated], [3, 1, 1, true]);
  assert.deepEqual(db_?.health, { state: "degraded", because: ["1 of 3 pods not ready"] });
  assert.equal(
    with_.vertices.some(({ name }) => name === "lonely"),
    false,
  );
  const idle = serviceGraph(pairs, { ...service, inventory: known, idle: "workloads", ...wide });
  assert.equal(idle.vertices.find(({ name }) => name === "lonely")?.endpoints, 2);
});

test("changes in words", () => {
  const of = (atSource: Parameters<typeof counts>[0], latency: string) =>
    serviceGraph(
      reconcile(
        [flowSums({ atSource: counts(atSource) })],
        [httpSums({ requestsAtSource: 100, latencyAtSource: { [latency]: 100 } })],
      ),
      { ...service, ...wide },
    );
  const diff = diffGraphs(of({ opened: 100 }, "48"), of({ opened: 88, failed: 12 }, "73"), {
    beforeMs: 3_600_000,
    afterMs: 3_600_000,
  });
  assert.deepEqual(diff.edges[0]?.changes, [
    "failed connections 0 % -> 12 %",
    "median latency 4.5 ms -> 340 ms",
    "95th percentile of latency 4.5 ms -> 340 ms",
  ]);
  assert.deepEqual(diff.edges[0]?.state, "changed");
});
