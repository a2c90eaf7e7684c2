// Who an object of the cluster is, as the subject columns of a row: followed up to the workload, with the reason where that is not known.
import { emptySubject } from "../process/subject.ts";
import type { WorkloadKind } from "../../model/identity.ts";
import type { Container, InventoryObject, Pod } from "../../model/inventory.ts";
import { guessWorkload } from "../process/workload-guess.ts";
import type { InventoryView } from "./inventory-view.ts";
import { topOf } from "./owners.ts";

export interface SubjectColumns {
  readonly namespace: string;
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
  readonly service: string;
  readonly pod: string;
  readonly container: string;
  readonly containerId: string;
  readonly image: string;
  readonly imageDigest: string;
  readonly identityReason: string;
}

const nobody: SubjectColumns = emptySubject;

/** What looking up needs of an inventory. */
export type SubjectView = Pick<InventoryView, "find" | "podsOf" | "servicesOf" | "behind"> & {
  /** A pod that was removed a while ago. */
  gone(uid: string): Pod | undefined;
};

/** The subject of an object. `container` names one of a pod's; else its only one is taken. */
export function subjectOf(view: SubjectView, object: InventoryObject, container = ""): SubjectColumns {
  const { namespace } = object;
  switch (object.kind) {
    case "Pod":
      return podSubject(view, object, container);
    case "Node":
      return { ...nobody, workload: object.name, workloadKind: "Host" };
    case "Namespace":
      return { ...nobody, namespace: object.name, identityReason: "a namespace is no workload" };
    case "Service":
      return { ...nobody, namespace, service: object.name, ...behind(view, object) };
    case "EndpointSlice":
      return sliceSubject(view, object);
    default: {
      const { workload, workloadKind, workloadReason } = topOf(object);
      const service = firstService(view, { namespace, kind: workloadKind, name: workload });
      return { ...nobody, namespace, workload, workloadKind, service, identityReason: workloadReason };
    }
  }
}

function podSubject(view: SubjectView, pod: Pod, container: string): SubjectColumns {
  const { namespace, name, workload, workloadKind, workloadReason } = pod;
  const main = pod.containers.filter(({ isInit }) => !isInit);
  const one = pod.containers.find((each) => each.name === container) ?? (main.length === 1 ? main[0] : undefined);
  const service = view.servicesOf(pod.uid)[0] ?? "";
  return {
    ...nobody,
    namespace,
    workload,
    workloadKind,
    service,
    pod: name,
    ...containerColumns(one),
    identityReason: workloadReason,
  };
}

function containerColumns(container: Container | undefined) {
  if (container === undefined) return {};
  const { name, containerId, image, imageDigest } = container;
  return { container: name, containerId, image, imageDigest };
}

function firstService(view: SubjectView, workload: Parameters<SubjectView["podsOf"]>[0]): string {
  const [pod] = view.podsOf(workload);
  return pod === undefined ? "" : (view.servicesOf(pod.uid)[0] ?? "");
}

function sliceSubject(view: SubjectView, slice: InventoryObject & { kind: "EndpointSlice" }): SubjectColumns {
  const { namespace, service } = slice;
  const found = view.find("Service", namespace, service);
  if (found?.kind === "Service") return subjectOf(view, found);
  return { ...nobody, namespace, service, identityReason: "the slice belongs to no service of the inventory" };
}

function behind(view: SubjectView, service: InventoryObject & { kind: "Service" }) {
  const { workload, workloadKind, reason } = view.behind(service);
  return { workload, workloadKind, identityReason: reason };
}

export interface Involved {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** "spec.containers{web}". */
  readonly fieldPath: string;
}

const followed = [
  "Node",
  "Namespace",
  "Deployment",
  "StatefulSet",
  "DaemonSet",
  "ReplicaSet",
  "Job",
  "CronJob",
  "Service",
] as const;

/** The subject of what an event or an audit entry names. */
export function subjectOfInvolved(view: SubjectView, involved: Involved): SubjectColumns {
  const { kind, namespace, name, uid, fieldPath } = involved;
  const container = /\{([^}]{1,253})\}$/.exec(fieldPath)?.[1] ?? "";
  if (kind === "Pod") return involvedPod(view, involved, container);
  const known = followed.find((one) => one === kind);
  if (known === undefined) {
    return { ...nobody, namespace, identityReason: `a ${kind === "" ? "thing without a kind" : kind} is no workload` };
  }
  const isGlobal = known === "Node" || known === "Namespace";
  const found = view.find(known, isGlobal ? "" : namespace, name);
  if (found !== undefined && (uid === "" || known === "Node" || found.uid === uid)) return subjectOf(view, found);
  if (known === "Node") return { ...nobody, workload: name, workloadKind: "Host" };
  const identityReason = `the ${kind} is not in the inventory`;
  if (known === "Service") return { ...nobody, namespace, service: name, identityReason };
  if (known === "Namespace") return { ...nobody, namespace: name, identityReason };
  // A ReplicaSet or Job that went: its name ends with what its owner added.
  if (known === "ReplicaSet" || known === "Job") {
    const owner =
      known === "Job" ? /^(.+)-\d{8,10}$/.exec(name) : /^(.+)-[bcdfghjklmnpqrstvwxz2456789]{1,10}$/.exec(name);
    const workloadKind = known === "Job" ? "CronJob" : "Deployment";
    if (owner !== null) return { ...nobody, namespace, workload: owner[1] ?? name, workloadKind, identityReason };
  }
  return { ...nobody, namespace, workload: name, workloadKind: known, identityReason };
}

function involvedPod(view: SubjectView, { namespace, name, uid }: Involved, container: string): SubjectColumns {
  const found = view.find("Pod", namespace, name);
  const pod = found?.kind === "Pod" && (uid === "" || found.uid === uid) ? found : view.gone(uid);
  if (pod !== undefined) return podSubject(view, pod, container);
  const guess = guessWorkload(name, {});
  const owner = /^(.+)-[bcdfghjklmnpqrstvwxz2456789]{1,10}-[bcdfghjklmnpqrstvwxz2456789]{5}$/.exec(name)?.[1];
  const named = owner === undefined ? guess : ({ workload: owner, workloadKind: "Deployment" } as const);
  return { ...nobody, namespace, ...named, pod: name, container, identityReason: "the pod is not in the inventory" };
}
