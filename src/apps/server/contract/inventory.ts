// Clusters, their nodes and their objects, now and as of any kept time.
import { z } from "zod";
import { Cluster, ClusterMachine } from "../../../model/cluster.ts";
import { inventoryKinds, InventoryObject, Pod, WorkloadObject } from "../../../model/inventory.ts";
import { WorkloadKind } from "../../../model/identity.ts";
import { Window } from "./common.ts";
import type { Endpoint } from "./endpoint.ts";

const WorkloadParams = z.object({ cluster: z.string(), namespace: z.string(), kind: WorkloadKind, name: z.string() });
const WindowQuery = z.object({ since: z.string().optional(), until: z.string().optional() });

/** As of a time: RFC 3339 or relative ("15m" ago); absent: now. */
const at = z.string().optional();

export const inventory = {
  listClusters: {
    method: "GET",
    path: "/api/v1/clusters",
    summary: "Clusters: where the inventory comes from, how current it is, what is missing, how much agents cover",
    role: "viewer",
    response: z.object({ clusters: z.array(Cluster) }),
  },
  clusterMachines: {
    method: "GET",
    path: "/api/v1/clusters/:cluster/nodes",
    summary: "Nodes of a cluster: what Kubernetes says of them, and their agents",
    role: "viewer",
    params: z.object({ cluster: z.string() }),
    response: z.object({ nodes: z.array(ClusterMachine) }),
  },
  listInventory: {
    method: "GET",
    path: "/api/v1/clusters/:cluster/objects/:kind",
    summary: "Objects of a kind as they are, or were at a time; by name",
    role: "viewer",
    params: z.object({ cluster: z.string(), kind: z.enum(inventoryKinds) }),
    query: z.object({
      at,
      namespace: z.string().optional(),
      limit: z.coerce.number().int().min(1).max(1000).default(200),
      cursor: z.string().optional(),
    }),
    response: z.object({
      objects: z.array(InventoryObject),
      /** All that match, beyond this page too. */
      total: z.int(),
      next: z.string().optional(),
      /** When the answer is true: now, or the asked time. */
      at: z.iso.datetime(),
      /** Why the list may not be whole: a gap of the kind, or a time before anything was kept; empty when it is. */
      because: z.string(),
    }),
  },
  workloadObjects: {
    method: "GET",
    path: "/api/v1/workloads/:cluster/:namespace/:kind/:name/objects",
    summary: "The workload's own object and its pods, those that ended within the window included",
    role: "viewer",
    params: WorkloadParams,
    query: WindowQuery,
    response: z.object({
      /** Absent for bare pods, and where the inventory does not know it: `because` says why. */
      workload: WorkloadObject.optional(),
      services: z.array(z.string()),
      pods: z.array(z.object({ pod: Pod, endedAt: z.iso.datetime().optional() })),
      omitted: z.int(),
      because: z.string(),
      window: Window,
    }),
  },
} as const satisfies Record<string, Endpoint>;
