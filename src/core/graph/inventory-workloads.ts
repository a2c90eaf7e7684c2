// The inventory's objects as the graph counts them: workloads with their services and pods that live.
import type { Pod, WorkloadObject } from "../../model/inventory.ts";
import type { InventoryWorkload } from "./project.ts";

export interface ClusterObjects {
  readonly cluster: string;
  readonly pods: Iterable<Pod>;
  /** Owners; those that are owned themselves are passed over. */
  readonly workloads: Iterable<WorkloadObject>;
  /** Services of a pod, by name. */
  readonly servicesOf: (pod: Pod) => readonly string[];
}

/** Every workload once. Pods that ended (a Job's, an evicted one) are no endpoints. */
export function inventoryWorkloads({ cluster, pods, workloads, servicesOf }: ClusterObjects): InventoryWorkload[] {
  const found = new Map<string, { -readonly [Key in keyof InventoryWorkload]: InventoryWorkload[Key] }>();
  const place = (namespace: string, kind: InventoryWorkload["kind"], name: string) => {
    const key = `${namespace}\n${kind}\n${name}`;
    let known = found.get(key);
    if (known === undefined) {
      known = { cluster, namespace, kind, name, services: [], endpoints: 0, endpointsNotReady: 0 };
      found.set(key, known);
    }
    return known;
  };
  for (const { kind, namespace, name, ownerUid } of workloads) if (ownerUid === "") place(namespace, kind, name);
  for (const pod of pods) {
    if (pod.phase === "Succeeded" || pod.phase === "Failed") continue;
    const workload = place(pod.namespace, pod.workloadKind, pod.workload);
    workload.endpoints += 1;
    // A pod of a job that begins or ends is at work all the same.
    const isJob = pod.workloadKind === "Job" || pod.workloadKind === "CronJob";
    if (!pod.ready && !isJob) workload.endpointsNotReady += 1;
    const more = servicesOf(pod).filter((service) => !workload.services.includes(service));
    if (more.length > 0) workload.services = [...workload.services, ...more];
  }
  return [...found.values()];
}
