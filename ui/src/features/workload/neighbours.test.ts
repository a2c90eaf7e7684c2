import assert from "node:assert/strict";
import { test } from "node:test";
import type { Edge, Health, ServiceGraph, Traffic, Vertex } from "../../../../src/model/graph.ts";
import { lineWidthPx, neighboursOf } from "./neighbours.ts";

const none: Traffic = {
  connections: 0,
  connectionsFailed: 0,
  connectionsDenied: 0,
  resets: 0,
  retransmits: 0,
  packets: 0,
  bytesSent: 0,
  bytesReceived: 0,
};

function vertex(name: string, cluster = "local"): Vertex {
  return {
    id: `${cluster}/${name}`,
    kind: "workload",
    cluster,
    namespace: "shop",
    workloadKind: "Deployment",
    workload: name,
    name,
    services: [],
    simulated: false,
    members: 1,
    health: { state: "ok", because: [] },
    inbound: none,
    outbound: none,
    because: "",
  };
}

function edge(source: string, destination: string, state: Health["state"], connections: number): Edge {
  return {
    id: `local/${source}→local/${destination}`,
    source: `local/${source}`,
    destination: `local/${destination}`,
    ports: [],
    portsOmitted: 0,
    services: [],
    verdicts: { allow: 1, deny: 0, unknown: 0 },
    traffic: { ...none, connections },
    health: { state, because: [] },
    reportedBy: "both",
    firstSeen: "2026-11-25T00:00:00.000Z",
    lastSeen: "2026-11-25T00:00:00.000Z",
  };
}

const graph: ServiceGraph = {
  level: "workload",
  vertices: [vertex("web"), vertex("web", "other"), vertex("db"), vertex("cache"), vertex("edge")],
  edges: [
    edge("web", "db", "ok", 10),
    edge("web", "cache", "failing", 1),
    edge("web", "web", "ok", 99),
    edge("edge", "web", "ok", 3),
    edge("edge", "db", "ok", 3),
    edge("web", "gone", "ok", 3),
  ],
  omitted: { vertices: 0, edges: 0 },
  totals: { vertices: 5, edges: 6 },
};

test("neighbours are those of this workload only, the worst first", () => {
  const params = { cluster: "local", namespace: "shop", kind: "Deployment", name: "web" } as const;
  const { own, inbound, outbound } = neighboursOf(graph, params);
  assert.equal(own?.id, "local/web");
  assert.deepEqual(
    inbound.map((each) => each.vertex.name),
    ["edge"],
  );
  assert.deepEqual(
    outbound.map((each) => each.vertex.name),
    ["cache", "db"],
  );
  assert.deepEqual(neighboursOf(graph, { ...params, kind: "StatefulSet" }), {
    own: undefined,
    inbound: [],
    outbound: [],
  });
});

test("lines grow with bytes and stay within their bounds", () => {
  const widths = [0, 1, 1000, 1e6, 1e9].map((bytes) => lineWidthPx(bytes, 1e9));
  assert.deepEqual(
    widths,
    widths.toSorted((a, b) => a - b),
  );
  assert.equal(widths[0], 1);
  assert.equal(widths.at(-1), 6);
  assert.equal(lineWidthPx(5, 0), 1);
});
