// The reading side of an inventory.
import type { InventoryKind, InventoryObject, Pod } from "../../model/inventory.ts";
import { hasEnded } from "./backends.ts";
import { behindService } from "./identity-entries.ts";
import type { InventoryCounts, InventoryView, WorkloadKey } from "./inventory-view.ts";
import type { ObjectBook } from "./object-book.ts";
import type { ServiceBook } from "./service-book.ts";

export function viewOf(cluster: string, book: ObjectBook, services: ServiceBook): InventoryView {
  return {
    cluster,
    *all<Kind extends InventoryKind>(kind: Kind): Iterable<Extract<InventoryObject, { kind: Kind }>> {
      for (const object of book.all(kind)) if (isKind(object, kind)) yield object;
    },
    find: (kind, namespace, name) => book.find(kind, namespace, name),
    podsOf: (workload) => podsOf(book, workload),
    servicesOf: (podUid) => services.servicesOf(podUid),
    behind: (service) => behindService(service, services.membersOf(service), (uid) => podWith(book, uid)),
    counts: () => countsOf(book),
  };
}

function isKind<Kind extends InventoryKind>(
  object: InventoryObject,
  kind: Kind,
): object is Extract<InventoryObject, { kind: Kind }> {
  return object.kind === kind;
}

function podWith(book: ObjectBook, uid: string): Pod | undefined {
  const found = book.get("Pod", uid);
  return found?.kind === "Pod" ? found : undefined;
}

function podsOf(book: ObjectBook, { namespace, kind, name }: WorkloadKey): readonly Pod[] {
  const found: Pod[] = [];
  for (const pod of book.podsIn(namespace)) if (pod.workload === name && pod.workloadKind === kind) found.push(pod);
  return found;
}

const topKinds = ["Deployment", "StatefulSet", "DaemonSet", "CronJob"] as const;

function countsOf(book: ObjectBook): InventoryCounts {
  let workloads = topKinds.reduce((sum, kind) => sum + book.size(kind), 0);
  for (const kind of ["ReplicaSet", "Job"] as const) {
    for (const object of book.all(kind)) if (object.kind === kind && object.ownerName === "") workloads += 1;
  }
  let podsNotReady = 0;
  for (const pod of book.all("Pod")) if (pod.kind === "Pod" && !pod.ready && !hasEnded(pod)) podsNotReady += 1;
  return {
    nodes: book.size("Node"),
    namespaces: book.size("Namespace"),
    workloads,
    services: book.size("Service"),
    pods: book.size("Pod"),
    podsNotReady,
  };
}
