// An audit event's object as the workload that it belongs to, and who asked as the pod that it asked from. Rows are changed in place.
import type { WorkloadKind } from "../../model/identity.ts";
import type { Row } from "../../model/table.ts";
import type { AddressBook } from "./address-book.ts";
import { whyNoPod } from "./refine-subject.ts";

type AuditRow = Row<"audit_events">;

/** Objects that are workloads themselves. A ReplicaSet's or Job's own owner is not looked up: its name is what was asked for. */
const kindByResource: Readonly<Record<string, WorkloadKind>> = {
  deployments: "Deployment",
  statefulsets: "StatefulSet",
  daemonsets: "DaemonSet",
  replicasets: "ReplicaSet",
  jobs: "Job",
  cronjobs: "CronJob",
  nodes: "Host",
};

/** True when the object or the actor was not found but may be on its way. */
export function enrichAudit(book: AddressBook | undefined, row: AuditRow): boolean {
  const isObjectAwaited = enrichObject(book, row);
  return enrichActor(book, row) || isObjectAwaited;
}

function enrichObject(book: AddressBook | undefined, row: AuditRow): boolean {
  if (row.workload !== "") return false;
  const kind = kindByResource[row.resource];
  if (row.resource === "") row.workloadReason = "the request is about no object";
  else if (row.name === "" && (kind !== undefined || row.resource === "pods")) {
    row.workloadReason = `the request is about ${row.resource} in general`;
  } else if (kind !== undefined) {
    row.workload = row.name;
    row.workloadKind = kind;
    row.workloadReason = "";
  } else if (row.resource === "pods") return enrichPod(book, row);
  else if (row.resource === "services" || row.resource === "endpoints") return enrichService(book, row);
  else row.workloadReason = `${row.resource} belong to no workload`;
  return false;
}

function enrichPod(book: AddressBook | undefined, row: AuditRow): boolean {
  const pod = book?.byPodName(row.namespace, row.name, row.time);
  if (pod === undefined) {
    row.workloadReason = whyNoPod(book, row.namespace, row.name);
    return book?.mayCome(row.time) === true;
  }
  row.workload = pod.workload;
  row.workloadKind = pod.workloadKind;
  row.workloadReason = pod.reason;
  return false;
}

function enrichService(book: AddressBook | undefined, row: AuditRow): boolean {
  const service = book?.service(row.namespace, row.name, row.time);
  row.workload = service?.workload ?? "";
  row.workloadKind = service?.workloadKind ?? "Unknown";
  row.workloadReason = service === undefined ? "the service is not in the inventory" : service.reason;
  return service === undefined && book?.mayCome(row.time) === true;
}

const serviceAccountUser = /^system:serviceaccount:([^:]{1,253}):([^:]{1,253})$/;
const nodeUser = /^system:node:(.{1,253})$/;

function enrichActor(book: AddressBook | undefined, row: AuditRow): boolean {
  if (row.actorWorkload !== "") return false;
  const [, namespace] = serviceAccountUser.exec(row.user) ?? [];
  const [, node] = nodeUser.exec(row.user) ?? [];
  if (namespace === undefined) {
    row.actorReason = node === undefined ? "not a service account of the cluster" : `the kubelet of the node ${node}`;
    return false;
  }
  row.actorNamespace = namespace;
  const named = row.actorPod === "" ? undefined : book?.byPodName(namespace, row.actorPod, row.time);
  const found = named === undefined ? askedFrom(book, row, namespace) : { pod: named, because: "" };
  if (found.pod === undefined) {
    row.actorReason = row.actorPod === "" ? found.because : whyNoPod(book, namespace, row.actorPod);
    return book?.mayCome(row.time) === true;
  }
  row.actorWorkload = found.pod.workload;
  row.actorKind = found.pod.workloadKind;
  row.actorPod = found.pod.pod;
  row.actorReason = found.pod.reason;
  return false;
}

type Asked = { readonly pod: ReturnType<AddressBook["byPodName"]>; readonly because: string };

/** The pod of the account's namespace that has one of the source addresses: proxies may stand before it. */
function askedFrom(book: AddressBook | undefined, row: AuditRow, namespace: string): Asked {
  if (book === undefined || book.state === "none") return { pod: undefined, because: whyNoPod(book, namespace, "") };
  let because = "no source address";
  for (const address of row.sourceAddresses) {
    const answer = book.byAddress({ address, timeMs: row.time });
    if (answer.is === "known" && answer.entry.kind === "pod" && answer.entry.namespace === namespace)
      return { pod: answer.entry, because: "" };
    because = answer.is === "unknown" ? answer.because : `asked from ${address}, ${whatIs(answer)}`;
  }
  return { pod: undefined, because };
}

function whatIs(answer: ReturnType<AddressBook["byAddress"]>): string {
  if (answer.is !== "known") return "outside the cluster";
  const { kind, namespace, workload, pod } = answer.entry;
  return kind === "pod" ? `the pod ${namespace}/${pod} of another namespace` : `the ${kind} ${workload}`;
}
