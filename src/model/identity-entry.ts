// Who an address, a pod or a container is, and from when to when: what the server tells agents, so that they never ask the Kubernetes API.
// Entries overlap in time only when an address is really shared (host network); the newest one that covers a time is right.
import { z } from "zod";
import { WorkloadKind } from "./identity.ts";

/** A port that a service forwards: `port` as clients dial it, `targetPort` as pods listen (0: it differs from pod to pod, who name it `targetName`). */
export const ForwardedPort = z.object({
  protocol: z.string(),
  port: z.int(),
  targetPort: z.int(),
  targetName: z.string().optional(),
});

const Labels = z.record(z.string(), z.string());

export const IdentityEntry = z.object({
  /** "Pod/<uid>", "Service/<uid>", "Node/<name>", "Namespace/<name>". */
  key: z.string(),
  /** A namespace has no address; policies need its labels. */
  kind: z.enum(["pod", "service", "node", "namespace"]),
  addresses: z.array(z.string()),
  namespace: z.string(),
  /** Pod: its owner. Service: the one workload behind it, empty when there are none or several. Node: its name. */
  workload: z.string(),
  workloadKind: WorkloadKind,
  /** Why `workload` is empty: "service without ready pods", "3 workloads behind the service", ... */
  reason: z.string().default(""),
  pod: z.string().default(""),
  podUid: z.string().default(""),
  node: z.string().default(""),
  hostNetwork: z.boolean().default(false),
  /** Pod: services that select it, first by name. Service: its own name. */
  services: z.array(z.string()).default([]),
  ports: z.array(ForwardedPort).default([]),
  /** Node: the ranges that its pods get addresses from ("10.244.1.0/24"). An address in a range that nobody has is unknown, not external. */
  ranges: z.array(z.string()).optional(),
  /** Pod, node and namespace; absent: none. What policies select by. */
  labels: Labels.optional(),
  /** Pod; absent: not known. */
  serviceAccount: z.string().optional(),
  /** Pod: ports of its containers that have a name. */
  namedPorts: z.array(z.object({ name: z.string(), protocol: z.string(), port: z.int() })).optional(),
  /** Service: endpoints that are no pods; pods say themselves in `services` behind which ones they stand. */
  backends: z.array(z.object({ address: z.string(), protocol: z.string(), port: z.int() })).optional(),
  containers: z
    .array(
      z.object({
        name: z.string(),
        /** It ran before the others; its image is not the pod's. */
        isInit: z.boolean().optional(),
        containerId: z.string().default(""),
        image: z.string().default(""),
        imageDigest: z.string().default(""),
        ports: z.array(z.int()).default([]),
      }),
    )
    .default([]),
  /** Milliseconds since the epoch, by the cluster's word where it has one (start of the pod), else when it was seen. */
  fromMs: z.int(),
});
export type IdentityEntry = z.infer<typeof IdentityEntry>;

export const identityLimits = {
  /** Entries of one cluster that are told and kept. */
  entriesMax: 200_000,
  /** Entries in one control message. */
  entriesPerMessageMax: 500,
  /** Endpoints of one service that are no pods. */
  backendsMax: 100,
  /** How long an entry that ended is still found for facts of its time. */
  endedKeptMs: 10 * 60_000,
} as const;

/** Server to agent, on the control stream. `first` empties what was known before; `last` says that the snapshot is whole. */
export const IdentitiesMessage = z.object({
  type: z.literal("identities"),
  first: z.boolean(),
  last: z.boolean(),
  /** "none": nobody keeps an inventory of this cluster; then there is nothing to wait for and nothing else in the message. */
  inventory: z.enum(["kept", "none"]).default("kept"),
  /** Why the inventory behind it is not whole or not current, e.g. "pods: forbidden"; empty when it is. */
  because: z.string().default(""),
  /** Taken in before `ended`: a pod may begin and end in one message. */
  put: z.array(IdentityEntry),
  /** Namespaces, apart because agents of before they were told refuse a message with a kind that they do not know. */
  namespaces: z.array(IdentityEntry).optional(),
  /** Keys that ended, and when. */
  ended: z.array(z.object({ key: z.string(), atMs: z.int() })),
});
export type IdentitiesMessage = z.infer<typeof IdentitiesMessage>;
