// Which resources are read, and by which API versions, best first. Secrets and config maps are not in this list and are never asked for.
import type { InventoryKind } from "../../model/inventory.ts";

/** Events become rows, network policies are judged: neither is in the inventory. */
export type WatchedKind = InventoryKind | "Event" | "NetworkPolicy";

export interface ApiVersion {
  /** "" is the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
}

export interface WatchedResource {
  readonly kind: WatchedKind;
  readonly versions: readonly ApiVersion[];
}

function core(kind: WatchedKind, plural: string): WatchedResource {
  return { kind, versions: [{ group: "", version: "v1", plural }] };
}

function apps(kind: WatchedKind, plural: string): WatchedResource {
  return { kind, versions: [{ group: "apps", version: "v1", plural }] };
}

/** Owners before pods, pods before who points at them: what is read later finds what it refers to. */
export const watchedResources: readonly WatchedResource[] = [
  core("Namespace", "namespaces"),
  core("Node", "nodes"),
  apps("Deployment", "deployments"),
  apps("StatefulSet", "statefulsets"),
  apps("DaemonSet", "daemonsets"),
  {
    kind: "CronJob",
    versions: [
      { group: "batch", version: "v1", plural: "cronjobs" },
      { group: "batch", version: "v1beta1", plural: "cronjobs" },
    ],
  },
  { kind: "Job", versions: [{ group: "batch", version: "v1", plural: "jobs" }] },
  apps("ReplicaSet", "replicasets"),
  core("Pod", "pods"),
  core("Service", "services"),
  {
    kind: "EndpointSlice",
    versions: [
      { group: "discovery.k8s.io", version: "v1", plural: "endpointslices" },
      { group: "discovery.k8s.io", version: "v1beta1", plural: "endpointslices" },
      { group: "", version: "v1", plural: "endpoints" },
    ],
  },
  {
    kind: "NetworkPolicy",
    versions: [{ group: "networking.k8s.io", version: "v1", plural: "networkpolicies" }],
  },
  core("Event", "events"),
];

/** "/apis/apps/v1/deployments", "/api/v1/pods": over all namespaces. */
export function pathOf({ group, version, plural }: ApiVersion): string {
  return group === "" ? `/api/${version}/${plural}` : `/apis/${group}/${version}/${plural}`;
}

/** "deployments.apps", "pods": how gaps name it. */
export function nameOf({ group, plural }: Pick<ApiVersion, "group" | "plural">): string {
  return group === "" ? plural : `${plural}.${group}`;
}
