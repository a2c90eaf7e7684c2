// Small graphs for tests: vertices and edges with nothing in them but what a test says.
import type { Edge, Health, Traffic, Vertex } from "../../../src/model/graph.ts";
import type { ShownGraph } from "./shape.ts";

export const noTraffic: Traffic = {
  connections: 0,
  connectionsFailed: 0,
  connectionsDenied: 0,
  resets: 0,
  retransmits: 0,
  packets: 0,
  bytesSent: 0,
  bytesReceived: 0,
};
const ok: Health = { state: "ok", because: [] };

export function vertexOf(given: Partial<Vertex> = {}): Vertex {
  return {
    id: "v",
    kind: "workload",
    cluster: "local",
    namespace: "shop",
    workloadKind: "Deployment",
    workload: "",
    name: "checkout",
    services: [],
    simulated: false,
    members: 1,
    health: ok,
    inbound: noTraffic,
    outbound: noTraffic,
    because: "",
    ...given,
  };
}

export function edgeOf(given: Partial<Edge> = {}): Edge {
  return {
    id: "a→b",
    source: "a",
    destination: "b",
    ports: ["tcp/80"],
    portsOmitted: 0,
    services: [],
    verdicts: { allow: 0, deny: 0, unknown: 0 },
    traffic: noTraffic,
    health: ok,
    reportedBy: "both",
    firstSeen: "2026-11-23T07:00:00.000Z",
    lastSeen: "2026-11-23T08:00:00.000Z",
    ...given,
  };
}

/** Vertices by id, edges as "from→to", boxes by vertex id. */
export function shownOf(
  ids: readonly string[],
  edges: readonly string[],
  boxes: Readonly<Record<string, string>> = {},
): ShownGraph {
  return {
    vertices: ids.map((id) => ({
      vertex: vertexOf({ id, name: id }),
      box: boxes[id] ?? "",
      isDim: false,
      change: "same",
    })),
    edges: edges.map((id) => {
      const [source = "", destination = ""] = id.split("→");
      return { edge: edgeOf({ id, source, destination }), isDim: false, change: "same", changes: [] };
    }),
    boxes: [],
  };
}
