// From sums in the store and the inventory to the graph: what the graph's handlers share.
import type { ClustersSide } from "../clusters/clusters-side.ts";
import type { Clock } from "../../../base/clock.ts";
import type { Draft } from "../../../core/graph/draft.ts";
import { inventoryWorkloads } from "../../../core/graph/inventory-workloads.ts";
import { type GraphInventory, type InventoryWorkload, project, usualLatencies } from "../../../core/graph/project.ts";
import { reconcile } from "../../../core/graph/reconcile.ts";
import type { GraphSums, Queries } from "../../../edge/store/queries/queries.ts";
import type { GraphLevel } from "../../../model/graph.ts";
import type { Pod, WorkloadObject } from "../../../model/inventory.ts";

export interface GraphParts {
  readonly queries: Queries;
  readonly clusters: Pick<ClustersSide, "list" | "view">;
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
  const inventory = await inventoryAt(parts, untilMs < nowMs - inventoryLimits.currentMs ? untilMs : undefined);
  const { level, idle } = request;
  const usual = usualLatencies(reconcile([], sums.usual), { level, idle: "none", inventory });
  const draft = project(reconcile(sums.flows, sums.http), { level, idle, inventory, usual });
  return { draft, sums, lengthMs: Math.max(1, Math.min(untilMs, nowMs) - sinceMs) };
}

export const inventoryLimits = {
  /** A window that ended this short a time ago is counted with the inventory of now. */
  currentMs: 120_000,
  /** Objects of a kind and cluster that are read for a past time; with more of them counts are left out. */
  pastObjectsMax: 20_000,
  pastPageRows: 1000,
} as const;

/** Workloads of every cluster whose inventory is known, at a time or (undefined) now. */
export async function inventoryAt(parts: GraphParts, atMs: number | undefined): Promise<GraphInventory> {
  const clusters = await parts.clusters.list();
  const known = new Set<string>();
  const workloads: InventoryWorkload[] = [];
  for (const { name } of clusters) {
    const found = atMs === undefined ? workloadsNow(parts, name) : await workloadsPast(parts, name, atMs);
    if (found === undefined) continue;
    known.add(name);
    workloads.push(...found);
  }
  const simulated = new Set(clusters.filter((cluster) => cluster.simulated).map(({ name }) => name));
  return { known, simulated, workloads };
}

const ownerKinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"] as const;

function workloadsNow({ clusters }: GraphParts, cluster: string): InventoryWorkload[] | undefined {
  const view = clusters.view(cluster);
  if (view === undefined) return undefined;
  return inventoryWorkloads({
    cluster,
    pods: view.all("Pod"),
    workloads: ownerKinds.flatMap((kind) => [...view.all(kind)] as WorkloadObject[]),
    servicesOf: (pod) => view.servicesOf(pod.uid),
  });
}

/** Past objects carry no services: the flows name them. Undefined: nothing was kept then, or too much to count. */
async function workloadsPast(
  { queries, clusters }: GraphParts,
  cluster: string,
  atMs: number,
): Promise<InventoryWorkload[] | undefined> {
  if (clusters.view(cluster) === undefined) return undefined;
  const pods: Pod[] = [];
  for (;;) {
    const page = { limit: inventoryLimits.pastPageRows, offset: pods.length };
    const found = await queries.inventoryAsOf({ cluster, kind: "Pod", atMs, namespace: undefined, ...page });
    pods.push(...(found.objects as Pod[]));
    if (found.total > inventoryLimits.pastObjectsMax || found.total === 0) return undefined;
    if (found.objects.length === 0 || pods.length >= found.total) break;
  }
  return inventoryWorkloads({ cluster, pods, workloads: [], servicesOf: () => [] });
}
