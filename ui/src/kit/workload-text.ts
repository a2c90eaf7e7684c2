// How workloads are named in words, and which of them have a page.
import type { WorkloadKind } from "../../../src/model/identity.ts";

const kindWords: Readonly<Record<WorkloadKind, string>> = {
  Deployment: "Deployment",
  StatefulSet: "StatefulSet",
  DaemonSet: "DaemonSet",
  Job: "Job",
  CronJob: "CronJob",
  ReplicaSet: "ReplicaSet",
  Pod: "Pod",
  Container: "Container",
  SystemdUnit: "systemd unit",
  Session: "Login session",
  Host: "Host",
  External: "External",
  Unknown: "Unknown",
};

export const workloadKindNames = Object.keys(kindWords) as readonly WorkloadKind[];

/** The kind with this exact name, if there is one. */
export function workloadKindOf(name: string): WorkloadKind | undefined {
  return workloadKindNames.find((kind) => kind === name);
}

/** With its name, because a cgroup that no systemd made is known by the same kind: "systemd unit" for "ssh.service (1000)", else "cgroup". */
export function kindWord(kind: WorkloadKind, name?: string): string {
  return kind === "SystemdUnit" && name !== undefined && !unitName.test(name) ? "cgroup" : kindWords[kind];
}

const unitName = /\.(?:service|scope|slice|socket|mount|swap)(?: \(\d+\))?$/;

/** What is outside or unknown has no page of its own. */
export function hasPage(kind: WorkloadKind, namespace: string, name: string): boolean {
  return kind !== "External" && kind !== "Unknown" && name !== "" && namespace !== "";
}

const outsideKubernetes: ReadonlySet<WorkloadKind> = new Set(["Container", "SystemdUnit", "Session", "Host"]);

/** Whether a workload of this kind has pods and replicas at all. */
export function isOfKubernetes(kind: WorkloadKind): boolean {
  return !outsideKubernetes.has(kind);
}

interface Named {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly cluster: string;
}

/** "Deployment in shop · local". */
export function workloadSubtitle({ kind, namespace, cluster }: Named): string {
  const where = namespace === "" ? "" : ` in ${namespace}`;
  return `${kindWord(kind)}${where}${cluster === "" ? "" : ` · ${cluster}`}`;
}
