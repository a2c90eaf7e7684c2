// The clusters side as the rest of the server sees it: which clusters there are, how well they are known, and what is in them now.
import type { InventoryView } from "../../../core/inventory/inventory-view.ts";
import type { OwnPolicies } from "./cluster-policies.ts";
import type { InventoryKind } from "../../../model/inventory.ts";
import type { Cluster, ClusterMachine } from "../../../model/cluster.ts";

export interface ClustersSide extends AsyncDisposable {
  /** All of them, by name: those with an API server, those that were refused, those that only agents tell of. */
  list(): Promise<Cluster[]>;
  /** Undefined: no such cluster. */
  machines(cluster: string): Promise<ClusterMachine[] | undefined>;
  /** The inventory as it is now; undefined where nobody reads the cluster's API. It may be old: `list` says so. */
  view(cluster: string): InventoryView | undefined;
  /** Why objects of a kind may be missing or old ("forbidden: ..."); empty when they are whole and current. */
  gapOf(cluster: string, kind: InventoryKind): string;
  /** NetworkPolicies that the cluster has itself; undefined where nobody reads its API. */
  ownPolicies(cluster: string): OwnPolicies | undefined;
  /** One line for each cluster that is not well. */
  notices(): readonly string[];
}
