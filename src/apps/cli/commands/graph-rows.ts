// The graph as rows of a table: one for each edge, and one for what stays inside a vertex; and the changes between two graphs.
import type { Edge, GraphDiff, Health, ServiceGraph, Traffic, Vertex } from "../../../model/graph.ts";
import type { Sheet } from "../output/format.ts";
import type { Paint } from "../output/paint.ts";
import { age, bytes, micros } from "../output/units.ts";

/** Flat, so that CSV has a column for each. */
export interface EdgeRow {
  readonly cluster: string;
  readonly from: string;
  readonly to: string;
  readonly ports: string;
  readonly connections: number;
  readonly failed: number;
  readonly denied: number;
  readonly retransmits: number;
  readonly packets: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly rttUsMean: number | undefined;
  readonly requests: number | undefined;
  readonly errors5xx: number | undefined;
  readonly unanswered: number | undefined;
  readonly latencyUsMedian: number | undefined;
  readonly latencyUsP95: number | undefined;
  readonly health: Health["state"];
  readonly because: string;
  readonly reportedBy: string;
  readonly services: string;
  readonly lastSeen: string;
}

/** Those in trouble first, then the busiest. */
export function edgeRows({ vertices, edges }: ServiceGraph): readonly EdgeRow[] {
  const byId = new Map(vertices.map((vertex) => [vertex.id, vertex]));
  const rows = edges.map((edge) =>
    rowOf(edge, nameOf(byId.get(edge.source)), nameOf(byId.get(edge.destination)), byId),
  );
  const inside = vertices.flatMap((vertex) => (vertex.inside === undefined ? [] : [insideRow(vertex, vertex.inside)]));
  const order = { failing: 0, degraded: 1, ok: 2, unknown: 2 } as const;
  return [...rows, ...inside].toSorted((one, other) => order[one.health] - order[other.health]);
}

/** "shop/web"; things outside by their DNS name. */
function nameOf(vertex: Vertex | undefined): string {
  if (vertex === undefined) return "?";
  const { kind, namespace, name } = vertex;
  return kind === "namespace" || namespace === "" ? name : `${namespace}/${name}`;
}

function rowOf(edge: Edge, from: string, to: string, byId: ReadonlyMap<string, Vertex>): EdgeRow {
  const { ports, portsOmitted, health, reportedBy, services, lastSeen } = edge;
  return {
    ...trafficCells(edge.traffic),
    cluster: byId.get(edge.source)?.cluster ?? "",
    from,
    to,
    ports: ports.join(" ") + (portsOmitted > 0 ? ` +${portsOmitted}` : ""),
    health: health.state,
    because: health.because.join("; "),
    reportedBy,
    services: services.join(" "),
    lastSeen,
  };
}

function insideRow(vertex: Vertex, inside: Traffic): EdgeRow {
  return {
    ...trafficCells(inside),
    cluster: vertex.cluster,
    from: nameOf(vertex),
    to: "(inside)",
    ports: "",
    health: vertex.health.state,
    because: vertex.health.because.join("; "),
    reportedBy: "",
    services: vertex.services.join(" "),
    lastSeen: "",
  };
}

function trafficCells(traffic: Traffic) {
  const { http } = traffic;
  return {
    connections: traffic.connections,
    failed: traffic.connectionsFailed,
    denied: traffic.connectionsDenied,
    retransmits: traffic.retransmits,
    packets: traffic.packets,
    bytesSent: traffic.bytesSent,
    bytesReceived: traffic.bytesReceived,
    rttUsMean: traffic.rttUsMean,
    requests: http?.requests,
    errors5xx: http?.errors5xx,
    unanswered: http?.unanswered,
    latencyUsMedian: http?.latencyUsMedian,
    latencyUsP95: http?.latencyUsP95,
  };
}

/** "-" is "not looked at". */
function maybe(count: number | undefined): string {
  return count === undefined ? "-" : String(count);
}

export function edgeSheet(by: Paint, nowMs: number): Sheet<EdgeRow> {
  return {
    name: (row) => `${row.from} ${row.to}`,
    columns: [
      { title: "cluster", value: (row) => row.cluster, isWide: true },
      { title: "from", value: (row) => row.from },
      { title: "to", value: (row) => row.to },
      { title: "ports", value: (row) => row.ports },
      { title: "conn", value: (row) => String(row.connections), align: "right" },
      { title: "failed", value: (row) => String(row.failed), align: "right" },
      { title: "denied", value: (row) => String(row.denied), align: "right", isWide: true },
      { title: "bytes", value: (row) => bytes(row.bytesSent + row.bytesReceived), align: "right" },
      { title: "sent", value: (row) => bytes(row.bytesSent), align: "right", isWide: true },
      { title: "received", value: (row) => bytes(row.bytesReceived), align: "right", isWide: true },
      { title: "rtt", value: (row) => micros(row.rttUsMean ?? 0), align: "right", isWide: true },
      { title: "resent", value: (row) => String(row.retransmits), align: "right", isWide: true },
      { title: "req", value: (row) => maybe(row.requests), align: "right" },
      { title: "5xx", value: (row) => maybe(row.errors5xx), align: "right" },
      { title: "p50", value: (row) => micros(row.latencyUsMedian ?? 0), align: "right" },
      { title: "p95", value: (row) => micros(row.latencyUsP95 ?? 0), align: "right", isWide: true },
      { title: "reported", value: (row) => row.reportedBy || "-", isWide: true },
      {
        title: "seen",
        value: (row) => (row.lastSeen === "" ? "-" : age(Date.parse(row.lastSeen), nowMs)),
        align: "right",
        isWide: true,
      },
      { title: "health", value: (row) => paintHealth(by, row.health, row.because) },
    ],
  };
}

/** The state, and the first reason. */
function paintHealth(by: Paint, state: Health["state"], because: string): string {
  const [reason = ""] = because.split("; ");
  switch (state) {
    case "ok":
      return by.good("ok");
    case "degraded":
      return `${by.odd("degraded")}: ${reason}`;
    case "failing":
      return `${by.bad("failing")}: ${reason}`;
    case "unknown":
      return by.dim("unknown");
  }
}

export interface ChangeRow {
  readonly state: GraphDiff["edges"][number]["state"];
  readonly from: string;
  readonly to: string;
  readonly changes: string;
}

/** Edges that are not the same, what came first. */
export function changeRows({ vertices, edges }: GraphDiff): readonly ChangeRow[] {
  const byId = new Map(vertices.map(({ id, before, after }) => [id, after ?? before]));
  const order = { added: 0, changed: 1, removed: 2, same: 3 } as const;
  return edges
    .filter(({ state }) => state !== "same")
    .toSorted((one, other) => order[one.state] - order[other.state])
    .map(({ state, before, after, changes }) => {
      const edge = after ?? before;
      const from = nameOf(byId.get(edge?.source ?? ""));
      const to = nameOf(byId.get(edge?.destination ?? ""));
      return { state, from, to, changes: changes.join("; ") || (edge?.ports.join(" ") ?? "") };
    });
}

export function changeSheet(by: Paint): Sheet<ChangeRow> {
  const mark = (state: ChangeRow["state"]): string => {
    switch (state) {
      case "added":
        return by.good(state);
      case "removed":
        return by.bad(state);
      case "changed":
        return by.odd(state);
      case "same":
        return by.dim(state);
    }
  };
  return {
    name: ({ from, to }) => `${from} ${to}`,
    columns: [
      { title: "state", value: ({ state }) => mark(state) },
      { title: "from", value: ({ from }) => from },
      { title: "to", value: ({ to }) => to },
      { title: "changes", value: ({ changes }) => changes },
    ],
  };
}
