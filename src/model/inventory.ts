// The things of a cluster that events point at, as its API server tells them. Literal values of environment variables never get here,
// Secret objects are never read. Times are RFC 3339; empty strings and empty lists mean "not set" in the object.
import { z } from "zod";
import { WorkloadKind } from "./identity.ts";
import { ContainerSecurity, PodSecurity } from "./pod-security.ts";

const Labels = z.record(z.string(), z.string());

/** What every object of the inventory has. `uid` is unique in its cluster for ever; `cluster` is the name Garrison knows the cluster by. */
const objectShape = {
  cluster: z.string(),
  namespace: z.string().default(""),
  name: z.string(),
  uid: z.string(),
  labels: Labels.default({}),
  createdAt: z.iso.datetime().optional(),
};

export const Namespace = z.object({ kind: z.literal("Namespace"), ...objectShape, phase: z.string().default("") });
export type Namespace = z.infer<typeof Namespace>;

export const Condition = z.object({
  type: z.string(),
  status: z.enum(["True", "False", "Unknown"]),
  reason: z.string().default(""),
  message: z.string().default(""),
  since: z.iso.datetime().optional(),
});
export type Condition = z.infer<typeof Condition>;

/** A machine of the cluster as Kubernetes sees it; the agent on it is `Node` (model/node.ts). */
export const ClusterNode = z.object({
  kind: z.literal("Node"),
  ...objectShape,
  addresses: z.array(z.string()).default([]),
  ready: z.enum(["True", "False", "Unknown"]).default("Unknown"),
  unschedulable: z.boolean().default(false),
  conditions: z.array(Condition).default([]),
  kubeletVersion: z.string().default(""),
  osImage: z.string().default(""),
  operatingSystem: z.string().default(""),
  architecture: z.string().default(""),
  kernelVersion: z.string().default(""),
  containerRuntime: z.string().default(""),
  cpuMillis: z.int().default(0),
  memoryBytes: z.int().default(0),
  podsMax: z.int().default(0),
  zone: z.string().default(""),
  podCidrs: z.array(z.string()).default([]),
});
export type ClusterNode = z.infer<typeof ClusterNode>;

/** A variable's name and where its value comes from; a literal value is only known to be there. */
export const EnvironmentVariable = z.object({
  name: z.string(),
  from: z.enum(["literal", "secret", "config-map", "field", "resource", "unset"]),
  /** Of secret and config map: its name; of field and resource: the path. */
  reference: z.string().default(""),
});

export const Container = z.object({
  name: z.string(),
  isInit: z.boolean().default(false),
  image: z.string().default(""),
  /** "sha256:..."; empty when the runtime did not say. */
  imageDigest: z.string().default(""),
  containerId: z.string().default(""),
  ready: z.boolean().default(false),
  restarts: z.int().default(0),
  state: z.enum(["waiting", "running", "terminated", "unknown"]).default("unknown"),
  /** Of the state: "CrashLoopBackOff", "OOMKilled", "Completed", ... */
  stateReason: z.string().default(""),
  exitCode: z.int().optional(),
  /** Why it ended the last time: "OOMKilled", "Error", ...; empty when it never did. */
  lastEndReason: z.string().default(""),
  lastEndAt: z.iso.datetime().optional(),
  ports: z.array(z.object({ name: z.string().default(""), protocol: z.string(), port: z.int() })).default([]),
  environment: z.array(EnvironmentVariable).default([]),
  requests: Labels.default({}),
  limits: Labels.default({}),
  /** What it declares about rights; absent in facts that were kept before this was read. */
  security: ContainerSecurity.optional(),
});
export type Container = z.infer<typeof Container>;

export const Pod = z.object({
  kind: z.literal("Pod"),
  ...objectShape,
  /** Its owner, followed up to the top: Deployment, StatefulSet, DaemonSet, Job, CronJob, ReplicaSet; a bare pod is its own. */
  workload: z.string(),
  workloadKind: WorkloadKind,
  /** Why the owner is not known for certain; empty when it is. */
  workloadReason: z.string().default(""),
  node: z.string().default(""),
  phase: z.string().default(""),
  /** Of the status: "Evicted", "NodeLost", ... */
  reason: z.string().default(""),
  ready: z.boolean().default(false),
  addresses: z.array(z.string()).default([]),
  hostNetwork: z.boolean().default(false),
  serviceAccount: z.string().default(""),
  containers: z.array(Container).default([]),
  /** Names of volumes' sources: "secret/db", "config-map/web", "host-path/var/log", "csi/...". */
  volumes: z.array(z.string()).default([]),
  security: PodSecurity.optional(),
  startedAt: z.iso.datetime().optional(),
  /** When a delete was asked for; absent while nobody did. */
  deletingAt: z.iso.datetime().optional(),
});
export type Pod = z.infer<typeof Pod>;

/** An owner of pods. `images` are those of its template. */
export const WorkloadObject = z.object({
  kind: z.enum(["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob"]),
  ...objectShape,
  generation: z.int().default(0),
  replicasDesired: z.int().default(0),
  replicasReady: z.int().default(0),
  replicasUpdated: z.int().default(0),
  images: z.array(z.string()).default([]),
  serviceAccount: z.string().default(""),
  schedule: z.string().default(""),
  selector: Labels.default({}),
  conditions: z.array(Condition).default([]),
  /** The owner of this owner (ReplicaSet -> Deployment, Job -> CronJob): its uid, kind and name; empty for a top one. */
  ownerUid: z.string().default(""),
  ownerKind: z.string().default(""),
  ownerName: z.string().default(""),
});
export type WorkloadObject = z.infer<typeof WorkloadObject>;

export const ServicePort = z.object({
  name: z.string().default(""),
  protocol: z.string().default("TCP"),
  port: z.int(),
  /** A number as text, or a container port's name; empty: the same as `port`. */
  targetPort: z.string().default(""),
  nodePort: z.int().default(0),
});

export const Service = z.object({
  kind: z.literal("Service"),
  ...objectShape,
  type: z.string().default("ClusterIP"),
  /** Cluster addresses; empty for headless and external-name services. */
  addresses: z.array(z.string()).default([]),
  /** Addresses outside: load balancer and externalIPs. */
  externalAddresses: z.array(z.string()).default([]),
  externalName: z.string().default(""),
  ports: z.array(ServicePort).default([]),
  selector: Labels.default({}),
});
export type Service = z.infer<typeof Service>;

/** Who stands behind a service: one slice of its endpoints. */
export const EndpointSlice = z.object({
  kind: z.literal("EndpointSlice"),
  ...objectShape,
  service: z.string().default(""),
  ports: z.array(z.object({ name: z.string().default(""), protocol: z.string(), port: z.int() })).default([]),
  endpoints: z
    .array(
      z.object({
        addresses: z.array(z.string()),
        ready: z.boolean(),
        podUid: z.string().default(""),
        podName: z.string().default(""),
        node: z.string().default(""),
      }),
    )
    .default([]),
});
export type EndpointSlice = z.infer<typeof EndpointSlice>;

export const InventoryObject = z.discriminatedUnion("kind", [
  Namespace,
  ClusterNode,
  Pod,
  WorkloadObject,
  Service,
  EndpointSlice,
]);
export type InventoryObject = z.infer<typeof InventoryObject>;
export type InventoryKind = InventoryObject["kind"];

/** Kinds of Kubernetes objects that are listed and watched, besides events. */
export const inventoryKinds = [
  "Namespace",
  "Node",
  "Pod",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "Job",
  "CronJob",
  "Service",
  "EndpointSlice",
] as const satisfies readonly InventoryKind[];
