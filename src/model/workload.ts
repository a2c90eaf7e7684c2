// An owner of pods; outside Kubernetes a container, a systemd unit or a login session, by cgroup.
import { z } from "zod";
import { WorkloadKind } from "./identity.ts";

/** What the workload list shows: who it is, when it was seen, how much it does over the asked window. */
export const Workload = z.object({
  cluster: z.string(),
  namespace: z.string(),
  name: z.string(),
  kind: WorkloadKind,
  service: z.string().default(""),
  nodes: z.array(z.string()).default([]),
  images: z.array(z.string()).default([]),
  firstSeen: z.iso.datetime(),
  lastSeen: z.iso.datetime(),
  processes: z.int(),
  connections: z.int(),
  connectionsFailed: z.int(),
  dnsQuestions: z.int(),
  bytesSent: z.int(),
  bytesReceived: z.int(),
});
export type Workload = z.infer<typeof Workload>;

/** A workload's key as text: "cluster/namespace/kind/name", each part percent-encoded; used in URLs and on the command line. */
export function workloadId(workload: Pick<Workload, "cluster" | "namespace" | "kind" | "name">): string {
  return [workload.cluster, workload.namespace, workload.kind, workload.name].map(encodeURIComponent).join("/");
}
