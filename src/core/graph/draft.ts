// The graph while it is made: vertices and edges with sums that can still be merged. `finish` turns it into what the API shows.
import { formatInstant } from "../../base/instant.ts";
import type { Edge, GraphLevel, Health, ServiceGraph, Vertex } from "../../model/graph.ts";
import type { Verdicts } from "./reconcile.ts";
import { addSums, emptySums, trafficOf, type TrafficSums } from "./traffic-sums.ts";
import { healthOf, isEnough, judge, type Reason, reasonsOf, tooLittle } from "./health.ts";

export interface DraftVertex extends Pick<
  Vertex,
  "id" | "kind" | "cluster" | "namespace" | "workloadKind" | "workload" | "name" | "simulated" | "members" | "because"
> {
  services: Set<string>;
  workloads: number | undefined;
  endpoints: number | undefined;
  endpointsNotReady: number | undefined;
  inbound: TrafficSums;
  outbound: TrafficSums;
  inside: TrafficSums | undefined;
  /** Of what it stands for, when that is worse than its own sums look: edges in trouble that were merged away. */
  troubles: readonly Reason[];
}

export interface DraftEdge {
  readonly source: string;
  readonly destination: string;
  ports: Map<string, number>;
  services: Set<string>;
  verdicts: Verdicts;
  sums: TrafficSums;
  isSeenAtSource: boolean;
  isSeenAtDestination: boolean;
  firstMs: number;
  lastMs: number;
  troubles: readonly Reason[];
  /** The usual median latency, when it is known. */
  usualUs: number | undefined;
}

export interface Draft {
  readonly level: GraphLevel;
  readonly vertices: ReadonlyMap<string, DraftVertex>;
  readonly edges: ReadonlyMap<string, DraftEdge>;
}

export const draftLimits = { portsShown: 8, servicesShown: 16, troublesKept: 4 } as const;

export function edgeId(source: string, destination: string): string {
  return `${source}→${destination}`;
}

/** Adds `from` to `into`, which then stands for both. */
export function mergeEdge(into: DraftEdge, from: Readonly<DraftEdge>): void {
  for (const [port, weight] of from.ports) into.ports.set(port, (into.ports.get(port) ?? 0) + weight);
  for (const service of from.services) into.services.add(service);
  into.verdicts.allow += from.verdicts.allow;
  into.verdicts.deny += from.verdicts.deny;
  into.verdicts.unknown += from.verdicts.unknown;
  addSums(into.sums, from.sums);
  into.isSeenAtSource ||= from.isSeenAtSource;
  into.isSeenAtDestination ||= from.isSeenAtDestination;
  into.firstMs = Math.min(into.firstMs, from.firstMs);
  into.lastMs = Math.max(into.lastMs, from.lastMs);
  into.troubles = keptTroubles([...into.troubles, ...from.troubles]);
  into.usualUs = undefined;
}

/** A copy that may be merged into. */
export function edgeFrom(source: string, destination: string, from: Readonly<DraftEdge>): DraftEdge {
  const sums = emptySums();
  addSums(sums, from.sums);
  return {
    ...from,
    source,
    destination,
    ports: new Map(from.ports),
    services: new Set(from.services),
    verdicts: { ...from.verdicts },
    sums,
  };
}

export function keptTroubles(troubles: readonly Reason[]): readonly Reason[] {
  const worst = [...troubles].sort((one, other) => Number(other.state === "failing") - Number(one.state === "failing"));
  return worst.slice(0, draftLimits.troublesKept);
}

/** Adds what goes in, out and round inside to each vertex, from the edges. Self-edges become `inside` and are taken out. */
export function withTotals(
  level: GraphLevel,
  vertices: Map<string, DraftVertex>,
  edges: Map<string, DraftEdge>,
): Draft {
  for (const [id, edge] of edges) {
    const source = vertices.get(edge.source);
    const destination = vertices.get(edge.destination);
    if (source === undefined || destination === undefined) throw new Error(`edge ${id} without its vertices`);
    if (source === destination) {
      source.inside ??= emptySums();
      addSums(source.inside, edge.sums);
      source.troubles = keptTroubles([...source.troubles, ...edge.troubles]);
      edges.delete(id);
      continue;
    }
    addSums(source.outbound, edge.sums);
    addSums(destination.inbound, edge.sums);
  }
  return { level, vertices, edges };
}

export function healthOfEdge(edge: Readonly<DraftEdge>): Health {
  const own = reasonsOf(edge.sums, edge.usualUs);
  return healthOf([...own, ...asDegraded(edge.troubles)], isEnough(edge.sums) ? "" : tooLittle(edge.sums));
}

/** What is in trouble inside makes the whole degraded, not failing: the rest works. */
function asDegraded(troubles: readonly Reason[]): readonly Reason[] {
  return troubles.map(({ text }) => ({ state: "degraded", text }));
}

/**
 * A vertex is what its callers see of it: inbound and inside traffic, and pods that are not ready. Calls of its own that fail make it
 * degraded, so that trouble can be followed along the edges to where it begins.
 */
function healthOfVertex(vertex: Readonly<DraftVertex>, callReasons: readonly Reason[]): Health {
  const served = emptySums();
  addSums(served, vertex.inbound);
  if (vertex.inside !== undefined) addSums(served, vertex.inside);
  const own = judge(served);
  const reasons: Reason[] = [...readinessReasons(vertex), ...reasonsOf(served), ...asDegraded(vertex.troubles)];
  const isKnown = isEnough(served) || isEnough(vertex.outbound) || (vertex.endpoints ?? 0) > 0;
  const unknown = vertex.kind === "unknown" ? vertex.because || "who this is is not known" : (own.because[0] ?? "");
  return healthOf([...reasons, ...callReasons], isKnown ? "" : unknown || "no traffic was seen");
}

function readinessReasons({ endpoints, endpointsNotReady, kind }: Readonly<DraftVertex>): readonly Reason[] {
  if (endpoints === undefined || endpointsNotReady === undefined || endpointsNotReady === 0) return [];
  const isAll = endpointsNotReady >= endpoints && kind !== "namespace" && kind !== "more";
  const text = `${endpointsNotReady} of ${endpoints} ${endpoints === 1 ? "pod" : "pods"} not ready`;
  return [{ state: isAll ? "failing" : "degraded", text }];
}

/** The graph as the API shows it: vertices by namespace and name, edges the busiest first. */
export function finish(
  draft: Draft,
  rest: Pick<ServiceGraph, "omitted" | "totals"> = {
    omitted: { vertices: 0, edges: 0 },
    totals: { vertices: draft.vertices.size, edges: draft.edges.size },
  },
): ServiceGraph {
  const calls = new Map<string, Reason[]>();
  const edges = [...draft.edges.values()].map((edge) => shownEdge(edge));
  for (const edge of edges) {
    if (edge.health.state !== "failing" && edge.health.state !== "degraded") continue;
    const name = draft.vertices.get(edge.destination)?.name ?? "";
    const text = `calls to ${name}: ${edge.health.because[0] ?? edge.health.state}`;
    const known = calls.get(edge.source);
    const reason: Reason = { state: "degraded", text };
    if (known === undefined) calls.set(edge.source, [reason]);
    else known.push(reason);
  }
  const vertices = [...draft.vertices.values()].map((vertex) => shownVertex(vertex, calls.get(vertex.id) ?? []));
  return {
    level: draft.level,
    vertices: vertices.toSorted(byPlace),
    edges: edges.toSorted((one, other) => weight(other) - weight(one) || compare(one.id, other.id)),
    ...rest,
  };
}

function weight({ traffic }: Edge): number {
  return traffic.bytesSent + traffic.bytesReceived;
}

function byPlace(one: Vertex, other: Vertex): number {
  return compare(one.cluster, other.cluster) || compare(one.namespace, other.namespace) || compare(one.id, other.id);
}

export function compare(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

function shownEdge(edge: Readonly<DraftEdge>): Edge {
  const ports = [...edge.ports].toSorted(([one, left], [other, right]) => right - left || compare(one, other));
  const isBoth = edge.isSeenAtSource && edge.isSeenAtDestination;
  return {
    id: edgeId(edge.source, edge.destination),
    source: edge.source,
    destination: edge.destination,
    ports: ports.slice(0, draftLimits.portsShown).map(([port]) => port),
    portsOmitted: Math.max(0, ports.length - draftLimits.portsShown),
    services: [...edge.services].toSorted(compare).slice(0, draftLimits.servicesShown),
    verdicts: { ...edge.verdicts },
    traffic: trafficOf(edge.sums),
    health: healthOfEdge(edge),
    reportedBy: isBoth ? "both" : edge.isSeenAtDestination ? "destination" : "source",
    firstSeen: formatInstant(edge.firstMs),
    lastSeen: formatInstant(edge.lastMs),
  };
}

function shownVertex(vertex: Readonly<DraftVertex>, calls: readonly Reason[]): Vertex {
  const { id, kind, cluster, namespace, workloadKind, workload, name, simulated, members, because } = vertex;
  const { workloads, endpoints, endpointsNotReady, inside } = vertex;
  return {
    id,
    kind,
    cluster,
    namespace,
    ...(workloadKind === undefined ? {} : { workloadKind }),
    workload,
    name,
    services: [...vertex.services].toSorted(compare).slice(0, draftLimits.servicesShown),
    simulated,
    ...(workloads === undefined ? {} : { workloads }),
    ...(endpoints === undefined ? {} : { endpoints }),
    ...(endpointsNotReady === undefined ? {} : { endpointsNotReady }),
    members,
    health: healthOfVertex(vertex, calls),
    inbound: trafficOf(vertex.inbound),
    outbound: trafficOf(vertex.outbound),
    ...(inside === undefined ? {} : { inside: trafficOf(inside) }),
    because,
  };
}
