// From sums in the store and the inventory to the graph: what the graph's handlers share.
import type { ClustersSide } from "../clusters/clusters-side.ts";
import type { Clock } from "../../../base/clock.ts";
import { parseFilter } from "../../../core/filter/parse.ts";
import { predicateOf } from "../../../core/filter/predicate.ts";
import type { Draft } from "../../../core/graph/draft.ts";
import { inventoryWorkloads } from "../../../core/graph/inventory-workloads.ts";
import { type GraphInventory, type InventoryWorkload, project, usualLatencies } from "../../../core/graph/project.ts";
import { reconcile } from "../../../core/graph/reconcile.ts";
import type { GraphSums, Queries } from "../../../edge/store/queries/queries.ts";
import type { GraphLevel } from "../../../model/graph.ts";
import type { Pod, WorkloadObject } from "../../../model/inventory.ts";

export interface GraphParts {
  readonly queries: Queries;
  readonly clusters: Pick<ClustersSide, "list" | "view" | "gapOf">;
  readonly clock: Clock;
}

export interface DraftRequest {
  readonly q: string;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly level: GraphLevel;
  readonly idle: "none" | "workloads";
}

export interface Drafted {
  readonly draft: Draft;
  readonly sums: GraphSums;
  readonly lengthMs: number;
}

export async function draftGraph(parts: GraphParts, request: DraftRequest): Promise<Drafted> {
  const sums = await parts.queries.graphSums(request);
  const { sinceMs, untilMs } = sums.lookedAt;
  const nowMs = parts.clock.nowMs();
  const { level, idle } = request;
  const { isAsked, isClusterAsked } = askedFor(request.q);
  const drawn = new Set([...sums.flows, ...sums.http].map(({ cluster }) => cluster));
  const inventory = await inventoryAt(parts, {
    atMs: untilMs < nowMs - inventoryLimits.currentMs ? untilMs : undefined,
    isWanted: (cluster) => drawn.has(cluster) || (idle === "workloads" && isClusterAsked(cluster)),
  });
  const usual = usualLatencies(reconcile([], sums.usual), { level, idle: "none", inventory });
  const options = { level, idle, inventory, usual, isIdleAsked: isAsked };
  const draft = project(reconcile(sums.flows, sums.http), options);
  return { draft, sums, lengthMs: Math.max(1, Math.min(untilMs, nowMs) - sinceMs) };
}

/** Whom the filter asks for. A workload without traffic holds no clause about traffic. */
function askedFor(q: string): {
  readonly isAsked: (workload: InventoryWorkload) => boolean;
  readonly isClusterAsked: (cluster: string) => boolean;
} {
  const filter = parseFilter(q);
  const holds = predicateOf(filter, "workloads");
  const clauses = filter.clauses.filter(({ field }) => field === "cluster");
  const holdsCluster = predicateOf({ ...filter, clauses }, "workloads");
  return {
    isAsked: ({ cluster, namespace, kind, name, services }) =>
      (services.length === 0 ? [""] : services).some((service) => holds({ cluster, namespace, kind, name, service })),
    isClusterAsked: (cluster) => holdsCluster({ cluster }),
  };
}

export const inventoryLimits = {
  /** A window that ended this short a time ago is counted with the inventory of now. */
  currentMs: 120_000,
  /** Objects of a kind and cluster that are read for a past time; with more of them counts are left out. */
  pastObjectsMax: 20_000,
  pastPageRows: 1000,
} as const;

export interface InventoryWanted {
  /** Undefined: now. */
  readonly atMs: number | undefined;
  readonly isWanted: (cluster: string) => boolean;
}

/** Workloads of every wanted cluster whose pods are known at the time. */
export async function inventoryAt(parts: GraphParts, { atMs, isWanted }: InventoryWanted): Promise<GraphInventory> {
  const clusters = await parts.clusters.list();
  const known = new Set<string>();
  const workloads: InventoryWorkload[] = [];
  for (const { name } of clusters) {
    if (!isWanted(name)) continue;
    const found = atMs === undefined ? workloadsNow(parts, name) : await workloadsPast(parts, name, atMs);
    if (found === undefined) continue;
    known.add(name);
    for (const workload of found) workloads.push(workload);
  }
  const simulated = new Set(clusters.filter((cluster) => cluster.simulated).map(({ name }) => name));
  return { known, simulated, workloads };
}

const ownerKinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"] as const;

/** Undefined: pods are not read, or not all of them: a count would be too small. */
function workloadsNow({ clusters }: GraphParts, cluster: string): InventoryWorkload[] | undefined {
  const view = clusters.view(cluster);
  if (view === undefined || clusters.gapOf(cluster, "Pod") !== "") return undefined;
  return inventoryWorkloads({
    cluster,
    pods: view.all("Pod"),
    workloads: ownerKinds.flatMap((kind) => [...view.all(kind)] as WorkloadObject[]),
    servicesOf: (pod) => view.servicesOf(pod.uid),
  });
}

/** Past objects carry no services: the flows name them. Undefined: what was kept then is nothing, not whole, or too much to count. */
async function workloadsPast(
  { queries, clusters }: GraphParts,
  cluster: string,
  atMs: number,
): Promise<InventoryWorkload[] | undefined> {
  if (clusters.view(cluster) === undefined) return undefined;
  const pods: Pod[] = [];
  const limit = inventoryLimits.pastPageRows;
  // By rows that were read, not by pods that came of them.
  let total: number = limit;
  for (let offset = 0; offset < total; offset += limit) {
    const found = await queries.inventoryAsOf({ cluster, kind: "Pod", atMs, namespace: undefined, limit, offset });
    ({ total } = found);
    if (found.because !== "" || total > inventoryLimits.pastObjectsMax || total === 0) return undefined;
    for (const pod of found.objects) if (pod.kind === "Pod") pods.push(pod);
  }
  return inventoryWorkloads({ cluster, pods, workloads: [], servicesOf: () => [] });
}
