// The list of kinds that are read: "<apiVersion> <kind>". A new kind is a parser and one line here.
import { adminNetworkPolicy, baselineAdminNetworkPolicy } from "./admin.ts";
import { globalNetworkSet, hostEndpoint, networkSet, profile, tier } from "./calico/objects.ts";
import {
  calicoNetworkPolicy,
  globalNetworkPolicy,
  stagedGlobalNetworkPolicy,
  stagedKubernetesNetworkPolicy,
  stagedNetworkPolicy,
} from "./calico/policy.ts";
import { ciliumClusterwideNetworkPolicy, ciliumNetworkPolicy } from "./cilium/policy.ts";
import { clusterNetworkPolicy } from "./cluster.ts";
import { networkPolicy } from "./kubernetes.ts";
import type { KindParser } from "./object.ts";
import { namespace, node, serviceAccount } from "./world/cluster.ts";
import { pod, podTemplate } from "./world/pods.ts";
import { endpoints, endpointSlice, service } from "./world/services.ts";

const calico = {
  NetworkPolicy: calicoNetworkPolicy,
  GlobalNetworkPolicy: globalNetworkPolicy,
  StagedNetworkPolicy: stagedNetworkPolicy,
  StagedGlobalNetworkPolicy: stagedGlobalNetworkPolicy,
  StagedKubernetesNetworkPolicy: stagedKubernetesNetworkPolicy,
  Tier: tier,
  NetworkSet: networkSet,
  GlobalNetworkSet: globalNetworkSet,
  HostEndpoint: hostEndpoint,
  Profile: profile,
} as const;

/** As people write them, and as they are stored in the cluster. */
const calicoVersions = ["projectcalico.org/v3", "crd.projectcalico.org/v1"] as const;

export const kinds: Readonly<Record<string, KindParser>> = {
  "networking.k8s.io/v1 NetworkPolicy": networkPolicy,
  "policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy": clusterNetworkPolicy,
  "policy.networking.k8s.io/v1beta1 ClusterNetworkPolicy": clusterNetworkPolicy,
  "policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy": adminNetworkPolicy,
  "policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy": baselineAdminNetworkPolicy,
  "cilium.io/v2 CiliumNetworkPolicy": ciliumNetworkPolicy,
  "cilium.io/v2 CiliumClusterwideNetworkPolicy": ciliumClusterwideNetworkPolicy,
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
  ...Object.fromEntries(
    calicoVersions.flatMap((version) => Object.entries(calico).map(([kind, parser]) => [`${version} ${kind}`, parser])),
  ),
};
