// Level of detail: the busiest and the ill stay, the rest of each namespace becomes one "and n more" vertex. Nothing is lost: members,
// endpoints and traffic of the vertices shown add up to the whole.
import type { GraphLevel } from "../../model/graph.ts";
import {
  compare,
  type Draft,
  type DraftEdge,
  type DraftVertex,
  edgeFrom,
  edgeId,
  healthOfEdge,
  keptTroubles,
  mergeEdge,
  withTotals,
} from "./draft.ts";
import { addSums, emptySums, type TrafficSums } from "./traffic-sums.ts";
import { vertexId } from "./vertex-of.ts";

export interface LimitOptions {
  readonly verticesMax: number;
  /** Ids of "more" vertices whose members are all shown. */
  readonly open: ReadonlySet<string>;
  /** Vertices shown at most when everything is open. */
  readonly openedMax: number;
}

/** Vertex id -> the vertex that stands for it: itself, or a "more" vertex. */
export type Assignment = ReadonlyMap<string, string>;

export interface Ranked {
  readonly id: string;
  readonly cluster: string;
  readonly namespace: string;
  /** Higher stays longer. */
  readonly rank: readonly [number, number, number];
}

/** What decides who stays: trouble, then connections and requests, then bytes. */
export function rankVertices(draft: Draft): readonly Ranked[] {
  const trouble = new Map<string, number>();
  for (const edge of draft.edges.values()) {
    const { state } = healthOfEdge(edge);
    const weight = state === "failing" ? 2 : state === "degraded" ? 1 : 0;
    for (const id of [edge.source, edge.destination]) trouble.set(id, Math.max(trouble.get(id) ?? 0, weight));
  }
  return [...draft.vertices.values()].map((vertex) => {
    const { id, cluster, namespace, inbound, outbound, endpointsNotReady = 0 } = vertex;
    const ill = Math.max(trouble.get(id) ?? 0, endpointsNotReady > 0 ? 1 : 0);
    const inside = vertex.inside ?? emptySums();
    const all = [inbound, outbound, inside];
    const busy = sum(all, (sums) => sums.connections + sums.failed + (sums.http?.requests ?? 0));
    return { id, cluster, namespace, rank: [ill, busy, sum(all, (sums) => sums.bytesSent + sums.bytesReceived)] };
  });
}

function sum(all: readonly TrafficSums[], of: (sums: TrafficSums) => number): number {
  return all.reduce((total, sums) => total + of(sums), 0);
}

/** Who is shown by itself and who by a "more" vertex. Opened groups are shown whole up to `openedMax`. */
export function assign(ranked: readonly Ranked[], level: GraphLevel, options: LimitOptions): Assignment {
  const sorted = ranked.toSorted(
    (one, other) =>
      other.rank[0] - one.rank[0] ||
      other.rank[1] - one.rank[1] ||
      other.rank[2] - one.rank[2] ||
      compare(one.id, other.id),
  );
  const groupOf = groupsFor(sorted, level, options.verticesMax);
  const isOpen = (vertex: Ranked): boolean => options.open.has(groupOf(vertex));
  const opened = sorted.filter(isOpen).slice(0, Math.max(0, options.openedMax - options.verticesMax));
  const openedIds = new Set(opened.map(({ id }) => id));
  const rest = sorted.filter(({ id }) => !openedIds.has(id));
  const keep = keptOf(rest, groupOf, options.verticesMax);
  const hidden = Map.groupBy(rest.slice(keep), groupOf);
  const assignment = new Map(sorted.map(({ id }) => [id, id]));
  for (const [group, members] of hidden) {
    // "1 more" takes as much room as the one itself.
    if (members.length > 1) for (const { id } of members) assignment.set(id, group);
  }
  return assignment;
}

/** How many of the first vertices stay, so that they and the groups of the others are at most `verticesMax`. */
function keptOf(sorted: readonly Ranked[], groupOf: (vertex: Ranked) => string, verticesMax: number): number {
  if (sorted.length <= verticesMax) return sorted.length;
  const counts = new Map<string, number>();
  let keep = sorted.length;
  // Groups grow while vertices leave from the end; the first sum that fits is the largest.
  for (let index = sorted.length - 1; index >= 0 && keep + counts.size > verticesMax; index -= 1) {
    const vertex = sorted[index];
    if (vertex === undefined) break;
    const group = groupOf(vertex);
    counts.set(group, (counts.get(group) ?? 0) + 1);
    keep = index;
  }
  return keep;
}

/** Groups by namespace; by cluster when there are too many namespaces (and at namespace level); else one for all. */
function groupsFor(sorted: readonly Ranked[], level: GraphLevel, verticesMax: number): (vertex: Ranked) => string {
  const byNamespace = ({ cluster, namespace }: Ranked): string => vertexId("more", level, cluster, namespace);
  const byCluster = ({ cluster }: Ranked): string => vertexId("more", level, cluster);
  const count = (groupOf: (vertex: Ranked) => string): number => new Set(sorted.map(groupOf)).size;
  if (level !== "namespace" && count(byNamespace) <= verticesMax / 2) return byNamespace;
  return count(byCluster) <= verticesMax / 2 ? byCluster : () => vertexId("more", level);
}

/** The graph with each vertex replaced by who stands for it. */
export function merged(draft: Draft, assignment: Assignment): Draft {
  const vertices = new Map<string, DraftVertex>();
  for (const [id, vertex] of draft.vertices) {
    const standsFor = assignment.get(id) ?? id;
    if (standsFor === id) {
      vertices.set(id, { ...vertex, inbound: emptySums(), outbound: emptySums(), inside: copyOf(vertex.inside) });
      continue;
    }
    const more = vertices.get(standsFor);
    if (more === undefined) vertices.set(standsFor, moreVertex(standsFor, vertex));
    else mergeVertex(more, vertex);
  }
  for (const vertex of vertices.values()) if (vertex.kind === "more") vertex.name = `${vertex.members} more`;
  const edges = new Map<string, DraftEdge>();
  for (const edge of draft.edges.values()) {
    const source = assignment.get(edge.source) ?? edge.source;
    const destination = assignment.get(edge.destination) ?? edge.destination;
    const id = edgeId(source, destination);
    const known = edges.get(id);
    if (known === undefined) edges.set(id, edgeFrom(source, destination, edge));
    else mergeEdge(known, edge);
  }
  return withTotals(draft.level, vertices, edges);
}

function copyOf(sums: TrafficSums | undefined): TrafficSums | undefined {
  if (sums === undefined) return undefined;
  const copy = emptySums();
  addSums(copy, sums);
  return copy;
}

function moreVertex(id: string, first: Readonly<DraftVertex>): DraftVertex {
  // Its id says how wide it is: more/<level>[/<cluster>[/<namespace>]].
  const parts = id.split("/").length;
  return {
    id,
    kind: "more",
    cluster: parts > 2 ? first.cluster : "",
    namespace: parts > 3 ? first.namespace : "",
    workload: "",
    name: "",
    services: new Set(),
    simulated: first.simulated,
    workloads: first.workloads,
    endpoints: first.endpoints,
    endpointsNotReady: first.endpointsNotReady,
    members: first.members,
    inbound: emptySums(),
    outbound: emptySums(),
    inside: copyOf(first.inside),
    troubles: first.troubles,
    because: "",
  };
}

function mergeVertex(into: DraftVertex, from: Readonly<DraftVertex>): void {
  into.members += from.members;
  into.workloads = sumOf(into.workloads, from.workloads);
  into.endpoints = sumOf(into.endpoints, from.endpoints);
  into.endpointsNotReady = sumOf(into.endpointsNotReady, from.endpointsNotReady);
  into.simulated ||= from.simulated;
  into.troubles = keptTroubles([...into.troubles, ...from.troubles]);
  if (from.inside === undefined) return;
  into.inside ??= emptySums();
  addSums(into.inside, from.inside);
}

/** Things that have no such count (externals) add nothing; when none of them has it, nor has the sum. */
function sumOf(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : one + other;
}
