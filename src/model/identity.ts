// Who something is: the columns that every event carries, true at the event's time, so that later joins need no string matching.
import { z } from "zod";
import { certified, choice, ingestNumber, text, word } from "./column.ts";

/** How a workload is known. Outside Kubernetes a workload is a container, a systemd unit or a login session, by cgroup. */
export const workloadKinds = [
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "Job",
  "CronJob",
  "ReplicaSet",
  "Pod",
  "Container",
  "SystemdUnit",
  "Session",
  "Host",
  "External",
  "Unknown",
] as const;
export const WorkloadKind = z.enum(workloadKinds);
export type WorkloadKind = z.infer<typeof WorkloadKind>;

/** Where a fact came from; polled facts miss what lived between two looks, notified ones (cn_proc, fanotify) what a vanished process can no longer say. */
export const fidelities = ["kernel", "notified", "polled", "proxy", "foreign", "simulated"] as const;
export const Fidelity = z.enum(fidelities);
export type Fidelity = z.infer<typeof Fidelity>;

/** Filled by the server from the client certificate and its own counter; a block that carries them is refused. */
export const originColumns = {
  cluster: certified(),
  node: certified(),
  ingest: ingestNumber(),
};

/** The subject of an event: the workload it happened in. Empty strings with an `identityReason` mean unknown, because. */
export const subjectColumns = {
  namespace: word(),
  workload: word(),
  workloadKind: choice(workloadKinds).default("Unknown"),
  service: word(),
  pod: word(),
  container: word(),
  containerId: text(),
  image: word(),
  imageDigest: word(),
  /** Empty when the identity is known; else why not: "gone before it could be read", "runtime socket not found", ... */
  identityReason: word(),
};

/** The identity of one thing at one time, as the API shows it. */
export const Identity = z.object({
  cluster: z.string(),
  node: z.string(),
  namespace: z.string(),
  workload: z.string(),
  workloadKind: WorkloadKind,
  service: z.string(),
  pod: z.string(),
  container: z.string(),
  containerId: z.string(),
  image: z.string(),
  imageDigest: z.string(),
  identityReason: z.string(),
});
export type Identity = z.infer<typeof Identity>;

/** The part of an identity that an agent finds out by itself (cluster and node come from its certificate). */
export type Subject = Omit<Identity, "cluster" | "node">;
