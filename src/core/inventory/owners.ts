// Whose a pod is: its owner followed up to the top. An owner that is not known yet is guessed from names, and the guess says so.
import type { WorkloadKind } from "../../model/identity.ts";
import type { Pod, WorkloadObject } from "../../model/inventory.ts";
import { guessWorkload } from "../process/workload-guess.ts";
import type { Owner } from "./parse/raw.ts";

export interface OwnedBy {
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
  /** Why it is not certain; empty when it is. */
  readonly workloadReason: string;
}

/** Looks up an owner by its uid. */
export type FindOwner = (uid: string) => WorkloadObject | undefined;

const directKinds = ["StatefulSet", "DaemonSet", "Deployment", "CronJob"] as const;

export function ownedBy(pod: Pod, owner: Owner | undefined, find: FindOwner): OwnedBy {
  // A static pod belongs to its node; it stands for itself.
  if (owner === undefined || owner.kind === "Node")
    return { workload: pod.name, workloadKind: "Pod", workloadReason: "" };
  const direct = directKinds.find((kind) => kind === owner.kind);
  if (direct !== undefined) return { workload: owner.name, workloadKind: direct, workloadReason: "" };
  if (owner.kind === "ReplicaSet" || owner.kind === "Job") return throughMiddle(pod, owner, owner.kind, find);
  return {
    workload: pod.name,
    workloadKind: "Pod",
    workloadReason: `owned by ${owner.kind} ${owner.name}, a kind that is not followed`,
  };
}

function throughMiddle(pod: Pod, owner: Owner, kind: "ReplicaSet" | "Job", find: FindOwner): OwnedBy {
  const middle = find(owner.uid);
  if (middle !== undefined) return topOf(middle);
  const { workload, workloadKind } = guessWorkload(pod.name, pod.labels);
  const because = `guessed: ${kind} ${owner.name} is not in the inventory`;
  if (workloadKind === "Pod") return { workload: owner.name, workloadKind: kind, workloadReason: because };
  return { workload, workloadKind, workloadReason: because };
}

/** The top of an owner: a ReplicaSet's Deployment, a Job's CronJob, else itself. */
export function topOf({ kind, name, ownerKind, ownerName }: WorkloadObject): OwnedBy {
  if (ownerName === "") return { workload: name, workloadKind: kind, workloadReason: "" };
  if (ownerKind === "Deployment" || ownerKind === "CronJob" || ownerKind === "StatefulSet") {
    return { workload: ownerName, workloadKind: ownerKind, workloadReason: "" };
  }
  const workloadReason = `owned by ${ownerKind} ${ownerName}, a kind that is not followed`;
  return { workload: name, workloadKind: kind, workloadReason };
}
