// The list of kinds that are read: "<apiVersion> <kind>". A new kind is a parser and one line here.
import { adminNetworkPolicy, baselineAdminNetworkPolicy } from "./admin.ts";
import { clusterNetworkPolicy } from "./cluster.ts";
import { networkPolicy } from "./kubernetes.ts";
import type { KindParser } from "./object.ts";
import { namespace, node, serviceAccount } from "./world/cluster.ts";
import { pod, podTemplate } from "./world/pods.ts";
import { endpoints, endpointSlice, service } from "./world/services.ts";

export const kinds: Readonly<Record<string, KindParser>> = {
  "networking.k8s.io/v1 NetworkPolicy": networkPolicy,
  "policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy": clusterNetworkPolicy,
  "policy.networking.k8s.io/v1beta1 ClusterNetworkPolicy": clusterNetworkPolicy,
  "policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy": adminNetworkPolicy,
  "policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy": baselineAdminNetworkPolicy,
  "v1 Namespace": namespace,
  "v1 Pod": pod,
  "v1 ServiceAccount": serviceAccount,
  "v1 Service": service,
  "v1 Endpoints": endpoints,
  "v1 Node": node,
  "discovery.k8s.io/v1 EndpointSlice": endpointSlice,
  "apps/v1 Deployment": podTemplate,
  "apps/v1 StatefulSet": podTemplate,
  "apps/v1 DaemonSet": podTemplate,
  "apps/v1 ReplicaSet": podTemplate,
};
