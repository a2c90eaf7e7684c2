// What may be asked of a cluster's inventory as it is now. Answers are live objects of the inventory: read, never changed.
import type { WorkloadKind } from "../../model/identity.ts";
import type { InventoryKind, InventoryObject, Pod, Service } from "../../model/inventory.ts";

export interface WorkloadKey {
  readonly namespace: string;
  readonly kind: WorkloadKind;
  readonly name: string;
}

export interface WorkloadBehind {
  /** Empty with a reason. */
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
  readonly reason: string;
}

export interface InventoryCounts {
  readonly nodes: number;
  readonly namespaces: number;
  /** Owners at the top: Deployments, StatefulSets, DaemonSets, CronJobs, and ReplicaSets and Jobs that nobody owns. */
  readonly workloads: number;
  readonly services: number;
  readonly pods: number;
  /** Neither ready nor ended. */
  readonly podsNotReady: number;
}

export interface InventoryView {
  readonly cluster: string;
  /** In no order. */
  all<Kind extends InventoryKind>(kind: Kind): Iterable<Extract<InventoryObject, { kind: Kind }>>;
  /** The namespace of a Node or Namespace is "". */
  find(kind: InventoryKind, namespace: string, name: string): InventoryObject | undefined;
  podsOf(workload: WorkloadKey): readonly Pod[];
  /** Names of services with this pod behind them, by name. */
  servicesOf(podUid: string): readonly string[];
  /** The one workload behind a service, or why there is not one. */
  behind(service: Service): WorkloadBehind;
  counts(): InventoryCounts;
}
