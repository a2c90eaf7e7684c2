// The resources that the embedded API server knows: one line each. A new resource is a line here; nothing else asks for kinds by name.

export interface ResourceType {
  /** "" is the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, as in paths. */
  readonly resource: string;
  readonly kind: string;
  readonly isNamespaced: boolean;
  readonly hasStatus: boolean;
  readonly shortNames: readonly string[];
}

type Line = readonly [group: string, version: string, resource: string, kind: string, flags: string, short?: string];

/** Flags: n namespaced, s with a status subresource. */
const lines: readonly Line[] = [
  ["", "v1", "configmaps", "ConfigMap", "n", "cm"],
  ["", "v1", "events", "Event", "n", "ev"],
  ["", "v1", "namespaces", "Namespace", "s", "ns"],
  ["", "v1", "nodes", "Node", "s", "no"],
  ["", "v1", "pods", "Pod", "ns", "po"],
  ["", "v1", "secrets", "Secret", "n"],
  ["", "v1", "serviceaccounts", "ServiceAccount", "n", "sa"],
  ["", "v1", "services", "Service", "ns", "svc"],
  ["apps", "v1", "daemonsets", "DaemonSet", "ns", "ds"],
  ["apps", "v1", "deployments", "Deployment", "ns", "deploy"],
  ["apps", "v1", "replicasets", "ReplicaSet", "ns", "rs"],
  ["apps", "v1", "statefulsets", "StatefulSet", "ns", "sts"],
  ["batch", "v1", "cronjobs", "CronJob", "ns", "cj"],
  ["batch", "v1", "jobs", "Job", "ns"],
  ["coordination.k8s.io", "v1", "leases", "Lease", "n"],
  ["discovery.k8s.io", "v1", "endpointslices", "EndpointSlice", "n"],
  ["networking.k8s.io", "v1", "ingresses", "Ingress", "ns", "ing"],
  ["networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", "n", "netpol"],
  ["rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", ""],
  ["rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", ""],
  ["rbac.authorization.k8s.io", "v1", "rolebindings", "RoleBinding", "n"],
  ["rbac.authorization.k8s.io", "v1", "roles", "Role", "n"],
];

export const resourceTypes: readonly ResourceType[] = lines.map(
  ([group, version, resource, kind, flags, short]): ResourceType => ({
    group,
    version,
    resource,
    kind,
    isNamespaced: flags.includes("n"),
    hasStatus: flags.includes("s"),
    shortNames: short === undefined ? [] : [short],
  }),
);

/** "v1" or "apps/v1": what objects carry as apiVersion. */
export function apiVersionOf({ group, version }: ResourceType): string {
  return group === "" ? version : `${group}/${version}`;
}

/** "pods" or "deployments.apps": how messages name a resource. */
export function qualifiedName({ group, resource }: ResourceType): string {
  return group === "" ? resource : `${resource}.${group}`;
}
