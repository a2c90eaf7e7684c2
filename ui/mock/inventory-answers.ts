// The mock's answers about clusters, nodes and objects. These operations have no filter: the sentinel of the opened page counts.
import { inventoryKinds, type InventoryKind } from "../../src/model/inventory.ts";
import { refuseBySentinel, windowOf, type Asked } from "./asked.ts";
import { clustersAt, machinesOf, staleCluster } from "./clusters.ts";
import { isInKubernetes, objectsOf, podsOf, workloadObjectOf } from "./inventory-world.ts";
import { Refusal } from "./refusal.ts";
import { actorOf } from "./workload-answers.ts";

function clusterNamed(asked: Asked) {
  const cluster = clustersAt(asked.nowMs).find(({ name }) => name === asked.params["cluster"]);
  if (cluster !== undefined) return cluster;
  throw new Refusal(`there is no cluster ${asked.params["cluster"]}`, {
    code: "clusters/unknown",
    kind: "not-found",
    hint: "Look at the list of clusters: it may have another name there.",
  });
}

function listClusters(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  if (asked.sentinel === "empty") return { clusters: [] };
  return { clusters: clustersAt(asked.nowMs) };
}

function clusterMachines(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  clusterNamed(asked);
  return { nodes: asked.sentinel === "empty" ? [] : machinesOf(asked.params["cluster"] ?? "", asked.nowMs) };
}

const unkeptMs = 6 * 86_400_000;

function becauseOf(cluster: string, kind: InventoryKind, atMs: number, nowMs: number): string {
  if (atMs < nowMs - unkeptMs) return "the inventory is kept since six days ago; nothing is known of that time";
  if (cluster === staleCluster) return "the cluster is stale: this is what was known 7 min ago";
  if (cluster === "batch") return "the API server refuses the credential: nothing was ever listed";
  if (cluster === "warehouse") return "no API server is asked for this cluster; only its agents tell of it";
  if (cluster === "local" && kind === "CronJob")
    return "cronjobs.batch: forbidden, the service account may not list them";
  return "";
}

function listInventory(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const { nowMs, query } = asked;
  const { name } = clusterNamed(asked);
  const kind = inventoryKinds.find((each) => each === asked.params["kind"]);
  if (kind === undefined)
    throw new Refusal("no such kind of object", { code: "inventory/unknown-kind", kind: "usage" });
  const atMs = query["at"] === undefined ? nowMs : Date.parse(query["at"]);
  const because = becauseOf(name, kind, atMs, nowMs);
  const isKept = atMs >= nowMs - unkeptMs && asked.sentinel !== "empty" && !because.includes("forbidden");
  const inScope = objectsOf(name, kind, nowMs).filter(
    ({ namespace }) => query["namespace"] === undefined || namespace === query["namespace"],
  );
  const all = isKept ? inScope : [];
  const from = Number(query["cursor"] ?? 0);
  const limit = Number(query["limit"] ?? 200);
  return {
    objects: all.slice(from, from + limit),
    total: all.length,
    ...(from + limit < all.length ? { next: String(from + limit) } : {}),
    at: new Date(atMs).toISOString(),
    because,
  };
}

function workloadObjects(asked: Asked) {
  refuseBySentinel(asked.sentinel);
  const actor = actorOf(asked);
  const workload = workloadObjectOf(actor, asked.nowMs);
  const window = windowOf(asked);
  if (!isInKubernetes(actor))
    return { services: [], pods: [], omitted: 0, because: "it does not run in Kubernetes", window };
  return {
    workload,
    services: actor.kind === "CronJob" ? [] : [actor.name],
    pods: podsOf(actor, asked.nowMs).filter(
      ({ endedAt }) => endedAt === undefined || Date.parse(endedAt) >= Date.parse(window.since),
    ),
    omitted: actor.name === "node-exporter" ? 12 : 0,
    because: actor.kind === "CronJob" ? "cronjobs.batch: forbidden, so runs without pods are not known" : "",
    window,
  };
}

export const inventoryAnswers = { listClusters, clusterMachines, listInventory, workloadObjects };
