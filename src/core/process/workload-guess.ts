// A pod's workload from its name and labels alone, for agents that never talk to the API server. A guess is right for pods made by the
// built-in controllers (their naming is generateName plus 5 characters of a fixed alphabet); else the pod stands for itself.
import type { WorkloadKind } from "../../model/identity.ts";

/** k8s.io/apimachinery util/rand: no vowels, no 0, 1, 3. */
const random = "[bcdfghjklmnpqrstvwxz2456789]";
const suffix = new RegExp(`-${random}{5}$`);
/** A CronJob names its Jobs after the scheduled time in minutes since the epoch. */
const cronSuffix = /-\d{8,10}$/;

export interface WorkloadGuess {
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
}

/** `labels` are the pod's. Pods without a recognisable controller are kind "Pod". */
export function guessWorkload(podName: string, labels: Readonly<Record<string, string>>): WorkloadGuess {
  const hash = labels["pod-template-hash"];
  if (hash !== undefined && hash !== "") {
    const replicaSet = podName.replace(suffix, "");
    if (replicaSet.endsWith(`-${hash}`))
      return { workload: replicaSet.slice(0, -hash.length - 1), workloadKind: "Deployment" };
  }
  const statefulName = labels["statefulset.kubernetes.io/pod-name"];
  if (statefulName === podName) return { workload: podName.replace(/-\d+$/, ""), workloadKind: "StatefulSet" };
  const job = labels["batch.kubernetes.io/job-name"] ?? labels["job-name"];
  if (job !== undefined && job !== "") {
    if (cronSuffix.test(job)) return { workload: job.replace(cronSuffix, ""), workloadKind: "CronJob" };
    return { workload: job, workloadKind: "Job" };
  }
  const revision = labels["controller-revision-hash"];
  if (revision !== undefined && labels["pod-template-generation"] !== undefined) {
    return { workload: podName.replace(suffix, ""), workloadKind: "DaemonSet" };
  }
  return { workload: podName, workloadKind: "Pod" };
}
