// Clusters, their nodes and their objects: now from memory, as of a time from the rows that are kept.
import { Fault } from "../../../base/fault.ts";
import { formatInstant } from "../../../base/instant.ts";
import { resolveWindow } from "../../../core/filter/window.ts";
import type { InventoryKind, InventoryObject, Pod } from "../../../model/inventory.ts";
import type { inventory } from "../contract/inventory.ts";
import type { HandlersOf } from "../http/calls.ts";
import type { ServerParts } from "../parts.ts";
import { decodeListCursor, encodeListCursor } from "./list-cursor.ts";

type Parts = Pick<ServerParts, "clusters" | "queries" | "clock">;

/** Pods of one workload in one answer. */
const podsMax = 1000;

export function inventoryHandlers(parts: Parts): HandlersOf<keyof typeof inventory> {
  return {
    listClusters: async () => ({ clusters: await parts.clusters.list() }),
    async clusterMachines({ params }) {
      const nodes = await parts.clusters.machines(params.cluster);
      if (nodes === undefined) throw noSuchCluster(params.cluster);
      return { nodes };
    },
    listInventory: ({ params, query }) => listInventory(parts, params, query),
    workloadObjects: ({ params, query }) => workloadObjects(parts, params, query),
  };
}

function noSuchCluster(cluster: string): Fault {
  return new Fault(`there is no cluster ${JSON.stringify(cluster.slice(0, 100))}`, {
    code: "clusters/no-such-cluster",
    kind: "not-found",
    where: "cluster",
    hint: "`garrison clusters` lists them",
  });
}

interface ListQuery {
  readonly at?: string | undefined;
  readonly namespace?: string | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

async function listInventory(
  { clusters, queries, clock }: Parts,
  { cluster, kind }: { readonly cluster: string; readonly kind: InventoryKind },
  query: ListQuery,
) {
  const position = query.cursor === undefined ? undefined : decodeListCursor(query.cursor);
  const atMs = position?.atMs ?? (query.at === undefined ? undefined : pastMs(query.at, clock.nowMs()));
  const offset = position?.offset ?? 0;
  const found =
    atMs === undefined
      ? listNow(clusters, cluster, { kind, namespace: query.namespace, limit: query.limit, offset })
      : await queries.inventoryAsOf({ cluster, kind, atMs, namespace: query.namespace, limit: query.limit, offset });
  const reached = offset + query.limit;
  const next =
    reached < found.total ? encodeListCursor({ offset: reached, ...(atMs === undefined ? {} : { atMs }) }) : "";
  return {
    objects: [...found.objects],
    total: found.total,
    ...(next === "" ? {} : { next }),
    at: formatInstant(atMs ?? clock.nowMs()),
    because: found.because,
  };
}

/** "15m" ago, or RFC 3339. Throws Fault "filter/bad-window". */
function pastMs(at: string, nowMs: number): number {
  return resolveWindow({}, { since: at, until: "now" }, nowMs + 1).sinceMs;
}

interface Slice {
  readonly kind: InventoryKind;
  readonly namespace: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

function listNow(clusters: Parts["clusters"], cluster: string, { kind, namespace, limit, offset }: Slice) {
  const view = clusters.view(cluster);
  if (view === undefined) {
    return { objects: [], total: 0, because: "no Kubernetes API is read for this cluster" };
  }
  const matching: InventoryObject[] = [];
  for (const object of view.all(kind)) {
    const space = object.kind === "Namespace" ? object.name : object.namespace;
    if (namespace === undefined || space === namespace) matching.push(object);
  }
  matching.sort(byName);
  return {
    objects: matching.slice(offset, offset + limit),
    total: matching.length,
    because: clusters.gapOf(cluster, kind),
  };
}

function byName(one: InventoryObject, other: InventoryObject): number {
  return compare(one.namespace, other.namespace) || compare(one.name, other.name);
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

interface WorkloadPath {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: Pod["workloadKind"];
  readonly name: string;
}

/** What lives comes from memory (it is newer), what ended from the rows. */
async function workloadObjects(
  { clusters, queries }: Parts,
  params: WorkloadPath,
  query: { readonly since?: string | undefined; readonly until?: string | undefined },
) {
  const { sinceMs, untilMs, ...window } = await queries.windowOf(query, ["inventory_events"]);
  const kept = await queries.workloadPods(params, { sinceMs, untilMs });
  const view = clusters.view(params.cluster);
  const live = query.until === undefined ? (view?.podsOf(params) ?? []) : [];
  const liveUids = new Set(live.map(({ uid }) => uid));
  const pods = [...live.map((pod) => ({ pod })), ...kept.pods.filter(({ pod }) => !liveUids.has(pod.uid))];
  const owner = ownerIn(view, params);
  const services = new Set(live.flatMap(({ uid }) => view?.servicesOf(uid) ?? []));
  return {
    ...(owner === undefined ? {} : { workload: owner }),
    services: [...services].sort(),
    pods: pods.slice(0, podsMax),
    omitted: kept.omitted + Math.max(0, pods.length - podsMax),
    because: [kept.because, whyNoOwner(clusters, params, owner === undefined)].filter((text) => text !== "").join("; "),
    window,
  };
}

const ownerKinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"] as const;
type OwnerKind = (typeof ownerKinds)[number];

function ownerKindOf(kind: string): OwnerKind | undefined {
  return ownerKinds.find((one) => one === kind);
}

function ownerIn(view: ReturnType<Parts["clusters"]["view"]>, { namespace, kind, name }: WorkloadPath) {
  const ownerKind = ownerKindOf(kind);
  if (view === undefined || ownerKind === undefined) return undefined;
  const found = view.find(ownerKind, namespace, name);
  return found !== undefined && isOwner(found) ? found : undefined;
}

function isOwner(object: InventoryObject): object is Extract<InventoryObject, { kind: OwnerKind }> {
  return ownerKindOf(object.kind) !== undefined;
}

function whyNoOwner(clusters: Parts["clusters"], { cluster, kind }: WorkloadPath, isMissing: boolean): string {
  const ownerKind = ownerKindOf(kind);
  if (!isMissing || ownerKind === undefined) return "";
  if (clusters.view(cluster) === undefined) return "no Kubernetes API is read for this cluster";
  return clusters.gapOf(cluster, ownerKind) || `the inventory holds no ${kind} of this name now`;
}
