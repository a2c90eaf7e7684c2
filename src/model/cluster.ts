// A cluster as Garrison knows it: where its inventory comes from, how current that is, what is missing, and how much of it agents cover.
import { z } from "zod";
import { AgentCounters, agentStates } from "./node.ts";
import { ClusterNode } from "./inventory.ts";
import { Fidelity } from "./identity.ts";

export const clusterStates = ["connected", "connecting", "stale", "refused", "agents-only"] as const;

/** An API group or resource that is not read: absent from the server, forbidden, or failing. The rest goes on. */
export const InventoryGap = z.object({
  resource: z.string(),
  state: z.enum(["absent", "forbidden", "failing"]),
  because: z.string(),
  since: z.iso.datetime(),
});
export type InventoryGap = z.infer<typeof InventoryGap>;

export const Cluster = z.object({
  name: z.string(),
  /** True: a demonstration, nothing in it is real. Shown wherever its data is shown. */
  simulated: z.boolean(),
  state: z.enum(clusterStates),
  /** Why it is not "connected"; empty when it is. */
  because: z.string(),
  /** "kubeconfig <file>", "in-cluster", or "" when only agents tell of it. Never an address with a credential. */
  source: z.string(),
  /** The API server's own word, "v1.36.3"; empty while unknown. */
  version: z.string(),
  gaps: z.array(InventoryGap),
  /** Objects that could not be read since the start, by kind; each is left out by itself. */
  objectsRefused: z.record(z.string(), z.int()),
  /** How far the cluster's clock is ahead of ours; absent while unknown. */
  clockAheadMs: z.int().optional(),
  /** When the newest change or bookmark came. */
  currentAt: z.iso.datetime().optional(),
  /** Since when its inventory is kept: before that "as of" has no answer. */
  inventorySince: z.iso.datetime().optional(),
  /** Absent while the inventory is not known: not looked is not none. */
  counts: z
    .object({
      nodes: z.int(),
      namespaces: z.int(),
      workloads: z.int(),
      services: z.int(),
      pods: z.int(),
      podsNotReady: z.int(),
    })
    .optional(),
  /** How much of the cluster agents see. */
  coverage: z.object({
    nodesWithAgent: z.int(),
    /** Of them: agents heard of within 30 s that see what the kernel shows. */
    nodesSeeing: z.int(),
    /** Pods on nodes with a connected agent; absent while the inventory is not known. */
    podsCovered: z.int().optional(),
  }),
});
export type Cluster = z.infer<typeof Cluster>;

/** A node of a cluster: what Kubernetes says of it, and its agent. Either may be missing. */
export const ClusterMachine = z.object({
  cluster: z.string(),
  name: z.string(),
  /** Absent: Kubernetes does not know it (or nobody asks Kubernetes). */
  kubernetes: ClusterNode.optional(),
  pods: z.int().optional(),
  podsNotReady: z.int().optional(),
  /** Absent: nobody watches it. */
  agent: z
    .object({
      state: z.enum(agentStates),
      fidelity: Fidelity,
      fidelityBecause: z.string(),
      version: z.string(),
      lastSeenAt: z.iso.datetime(),
      lagMs: z.int(),
      counters: AgentCounters,
      notSeen: z.array(z.object({ name: z.string(), because: z.string() })),
    })
    .optional(),
});
export type ClusterMachine = z.infer<typeof ClusterMachine>;
