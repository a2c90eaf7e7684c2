// Pairs of ends -> the graph at a level of detail, with the inventory's counts and, when asked for, workloads that nobody talked to.
// Every pair is in exactly one edge (or inside one vertex): sums are conserved.
import type { GraphLevel } from "../../model/graph.ts";
import type { WorkloadKind } from "../../model/identity.ts";
import { type Draft, type DraftEdge, type DraftVertex, edgeId, keptTroubles, mergeEdge, withTotals } from "./draft.ts";
import { endIs, workloadKey } from "./end-key.ts";
import type { GraphEnd } from "./graph-row.ts";
import { isEnough, reasonsOf } from "./health.ts";
import type { Pair } from "./reconcile.ts";
import { addSums, emptySums, quantileUs } from "./traffic-sums.ts";
import { type ServiceOf, type VertexName, vertexOf } from "./vertex-of.ts";

/** A workload as the inventory knows it at the end of the window. */
export interface InventoryWorkload {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: WorkloadKind;
  readonly name: string;
  readonly services: readonly string[];
  readonly endpoints: number;
  readonly endpointsNotReady: number;
}

export interface GraphInventory {
  /** Clusters whose inventory is known: only there are counts given. */
  readonly known: ReadonlySet<string>;
  readonly simulated: ReadonlySet<string>;
  readonly workloads: readonly InventoryWorkload[];
}

export const noInventory: GraphInventory = { known: new Set(), simulated: new Set(), workloads: [] };

export interface ProjectOptions {
  readonly level: GraphLevel;
  readonly inventory: GraphInventory;
  /** "workloads": also those that nobody talked to. */
  readonly idle: "none" | "workloads";
  /** Which of those were asked for; absent: all. Counts of what is drawn anyway are of everything in it. */
  readonly isIdleAsked?: (workload: InventoryWorkload) => boolean;
  /** The usual median latency of an edge in microseconds, by edge id; absent where it is not known. */
  readonly usual?: ReadonlyMap<string, number>;
}

export function project(pairs: readonly Pair[], options: ProjectOptions): Draft {
  const { level, inventory } = options;
  const services = servicesOf(pairs, inventory);
  const serviceOf = homeServices(services);
  const vertices = new Map<string, DraftVertex>();
  const vertexFor = (cluster: string, end: GraphEnd): DraftVertex => {
    const name = vertexOf(level, cluster, end, serviceOf);
    const vertex = vertexNamed(vertices, name, inventory);
    if (vertex.because === "") vertex.because = name.because;
    if (level !== "namespace") addServices(vertex, services.get(workloadKey(cluster, end)), end.service);
    return vertex;
  };
  const edges = new Map<string, DraftEdge>();
  for (const pair of pairs) {
    const source = vertexFor(pair.cluster, pair.source).id;
    const destination = vertexFor(pair.cluster, pair.destination).id;
    addPair(edges, edgeId(source, destination), draftEdge(pair, source, destination));
  }
  for (const [id, edge] of edges) edge.usualUs = options.usual?.get(id);
  addInventory(vertices, options, serviceOf);
  return withTotals(level, vertices, edges);
}

/** Below this many requests before the window nothing is usual. */
export const usualRequestsMin = 20;

/** Median latencies by edge id, of pairs from before the window: what `project` compares with. */
export function usualLatencies(before: readonly Pair[], options: ProjectOptions): ReadonlyMap<string, number> {
  const medians = new Map<string, number>();
  for (const [id, { sums }] of project(before, options).edges) {
    const median = quantileUs(sums.http?.latency ?? new Map(), 0.5);
    if (median !== undefined && (sums.http?.requests ?? 0) >= usualRequestsMin) medians.set(id, median);
  }
  return medians;
}

/** Several pairs in one edge: those in trouble are remembered by name, so that a busy neighbour does not hide them. */
function addPair(edges: Map<string, DraftEdge>, id: string, edge: DraftEdge): void {
  const known = edges.get(id);
  if (known === undefined) {
    edges.set(id, edge);
    return;
  }
  mergeEdge(known, edge);
}

function draftEdge(pair: Pair, source: string, destination: string): DraftEdge {
  const sums = emptySums();
  addSums(sums, pair.sums);
  return {
    source,
    destination,
    ports: new Map(pair.ports),
    services: new Set(pair.services),
    verdicts: { ...pair.verdicts },
    sums,
    isSeenAtSource: pair.isSeenAtSource,
    isSeenAtDestination: pair.isSeenAtDestination,
    firstMs: pair.firstMs,
    lastMs: pair.lastMs,
    troubles: troublesOf(pair),
    usualUs: undefined,
  };
}

function troublesOf(pair: Pair): DraftEdge["troubles"] {
  if (!isEnough(pair.sums)) return [];
  const failing = reasonsOf(pair.sums).filter(({ state }) => state === "failing");
  const names = `${nameOf(pair.source)} to ${nameOf(pair.destination)}`;
  return keptTroubles(failing.map(({ state, text }) => ({ state, text: `${names}: ${text}` })));
}

function nameOf(end: GraphEnd): string {
  return end.pod || end.workload || end.service || end.domain || end.namespace || end.kind.toLowerCase();
}

function vertexNamed(
  vertices: Map<string, DraftVertex>,
  name: VertexName,
  { known, simulated }: GraphInventory,
): DraftVertex {
  const found = vertices.get(name.id);
  if (found !== undefined) return found;
  const isCounted = known.has(name.cluster) && ["namespace", "service", "workload"].includes(name.kind);
  const isEndpoint = name.kind === "endpoint";
  const vertex: DraftVertex = {
    ...name,
    simulated: simulated.has(name.cluster),
    members: 1,
    services: new Set(),
    workloads: isCounted ? 0 : undefined,
    endpoints: isCounted ? 0 : isEndpoint ? 1 : undefined,
    endpointsNotReady: isCounted ? 0 : undefined,
    inbound: emptySums(),
    outbound: emptySums(),
    inside: undefined,
    troubles: [],
  };
  vertices.set(name.id, vertex);
  return vertex;
}

function addServices(vertex: DraftVertex, services: ReadonlySet<string> | undefined, own: string): void {
  if (vertex.kind === "external" || vertex.kind === "unknown") return;
  if (own !== "") vertex.services.add(own);
  for (const service of services ?? []) vertex.services.add(service);
}

/** Idle workloads that were asked for are drawn first, so that a vertex counts all that is in it, whatever the order. */
function addInventory(vertices: Map<string, DraftVertex>, options: ProjectOptions, serviceOf: ServiceOf): void {
  const { level, inventory, idle, isIdleAsked = () => true } = options;
  const drawnByPods = new Set(
    [...vertices.values()].flatMap((vertex) => (vertex.kind === "endpoint" ? [ownerOf(vertex)] : [])),
  );
  const isByPods = (workload: InventoryWorkload): boolean =>
    drawnByPods.has(workloadKey(workload.cluster, { ...workload, workload: workload.name }));
  const named = inventory.workloads.map((workload) => ({
    workload,
    name: vertexOf(level, workload.cluster, endOf(workload), serviceOf),
  }));
  if (idle === "workloads") {
    for (const { workload, name } of named)
      if (isIdleAsked(workload) && !isByPods(workload)) vertexNamed(vertices, name, inventory);
  }
  for (const { workload, name } of named) {
    const vertex = vertices.get(name.id);
    if (vertex === undefined) continue;
    if (level !== "namespace") addServices(vertex, new Set(workload.services), "");
    countWorkload(vertex, workload, isByPods(workload));
  }
}

function ownerOf({ cluster, namespace, workloadKind = "Unknown", workload }: DraftVertex): string {
  return workloadKey(cluster, { namespace, kind: workloadKind, workload });
}

/** `isByPods`: its pods are vertices of their own, and how many of them are in this one is not known. */
function countWorkload(vertex: DraftVertex, workload: InventoryWorkload, isByPods: boolean): void {
  if (vertex.endpoints === undefined) return;
  if (isByPods) {
    vertex.workloads = vertex.endpoints = vertex.endpointsNotReady = undefined;
    return;
  }
  vertex.workloads = (vertex.workloads ?? 0) + 1;
  vertex.endpoints += workload.endpoints;
  vertex.endpointsNotReady = (vertex.endpointsNotReady ?? 0) + workload.endpointsNotReady;
}

function endOf({ kind, namespace, name, services }: InventoryWorkload): GraphEnd {
  return { kind, namespace, workload: name, service: services[0] ?? "", pod: "", domain: "", reason: "" };
}

/** Every service that was told of a workload, by either end or by the inventory. */
function servicesOf(pairs: readonly Pair[], inventory: GraphInventory): ReadonlyMap<string, Set<string>> {
  const services = new Map<string, Set<string>>();
  const add = (key: string, names: Iterable<string>): void => {
    let known = services.get(key);
    if (known === undefined) services.set(key, (known = new Set()));
    for (const name of names) if (name !== "") known.add(name);
  };
  for (const { cluster, source, destination, services: dialled } of pairs) {
    if (endIs(source) === "workload") add(workloadKey(cluster, source), [source.service]);
    if (endIs(destination) === "workload") add(workloadKey(cluster, destination), [destination.service, ...dialled]);
  }
  for (const workload of inventory.workloads) {
    add(workloadKey(workload.cluster, { ...workload, workload: workload.name }), workload.services);
  }
  return services;
}

/** One home for each workload, whatever is dialled in a window: the service of its own name, else the first by name. */
function homeServices(services: ReadonlyMap<string, ReadonlySet<string>>): ServiceOf {
  const homes = new Map<string, string>();
  for (const [key, names] of services) {
    const own = key.slice(key.lastIndexOf("\n") + 1);
    const home = names.has(own) ? own : [...names].toSorted()[0];
    if (home !== undefined) homes.set(key, home);
  }
  return (workload) => homes.get(workload);
}
