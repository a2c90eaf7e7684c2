// Objects -> what agents are told of them: who an address is, which pod a container is in, which workload a service stands for.
import { parseInstantMs } from "../../base/instant.ts";
import { identityLimits, type IdentityEntry } from "../../model/identity-entry.ts";
import type { ClusterNode, Namespace, Pod, Service } from "../../model/inventory.ts";
import type { Members } from "./backends.ts";
import type { WorkloadBehind } from "./inventory-view.ts";

export function podKey(uid: string): string {
  return `Pod/${uid}`;
}

export function serviceKey(uid: string): string {
  return `Service/${uid}`;
}

export function nodeKey(name: string): string {
  return `Node/${name}`;
}

export function namespaceKey(name: string): string {
  return `Namespace/${name}`;
}

/** The object's own labels, which equal objects share in memory; nothing where there are none. */
function labelled({ labels }: { readonly labels: Record<string, string> }): Pick<IdentityEntry, "labels"> {
  for (const _ in labels) return { labels };
  return {};
}

/** A pod on its node's network has the node's addresses; `hostNetwork` says that they are the node's first. */
export function podEntry(pod: Pod, services: readonly string[], fromMs: number): IdentityEntry {
  const named = pod.containers.flatMap(({ ports }) => ports.filter(({ name }) => name !== ""));
  return {
    key: podKey(pod.uid),
    kind: "pod",
    addresses: pod.addresses,
    namespace: pod.namespace,
    workload: pod.workload,
    workloadKind: pod.workloadKind,
    reason: pod.workloadReason,
    pod: pod.name,
    podUid: pod.uid,
    node: pod.node,
    hostNetwork: pod.hostNetwork,
    services: [...services],
    ports: [],
    containers: pod.containers.map(({ name, isInit, containerId, image, imageDigest, ports }) => {
      const numbers = ports.map(({ port }) => port);
      return { name, containerId, image, imageDigest, ports: numbers, ...(isInit ? { isInit } : {}) };
    }),
    ...labelled(pod),
    ...(pod.serviceAccount === "" ? {} : { serviceAccount: pod.serviceAccount }),
    ...(named.length === 0 ? {} : { namedPorts: named }),
    fromMs,
  };
}

export function nodeEntry(node: ClusterNode, fromMs: number): IdentityEntry {
  return {
    ...blank,
    key: nodeKey(node.name),
    kind: "node",
    addresses: node.addresses,
    namespace: "",
    workload: node.name,
    workloadKind: "Host",
    node: node.name,
    ...(node.podCidrs.length === 0 ? {} : { ranges: [...node.podCidrs] }),
    ...labelled(node),
    fromMs,
  };
}

export function namespaceEntry(namespace: Namespace, fromMs: number): IdentityEntry {
  const { name } = namespace;
  return {
    ...blank,
    key: namespaceKey(name),
    kind: "namespace",
    addresses: [],
    namespace: name,
    workload: "",
    workloadKind: "Unknown",
    ...labelled(namespace),
    fromMs,
  };
}

const blank = {
  reason: "",
  pod: "",
  podUid: "",
  node: "",
  hostNetwork: false,
  services: [],
  ports: [],
  containers: [],
};

export function serviceEntry(
  service: Service,
  members: Members,
  behind: WorkloadBehind,
  fromMs: number,
): IdentityEntry {
  return {
    ...blank,
    key: serviceKey(service.uid),
    kind: "service",
    addresses: [...service.addresses, ...service.externalAddresses],
    namespace: service.namespace,
    ...behind,
    services: [service.name],
    ports: service.ports.map((port) => {
      const targetPort = targetPortOf(port, members);
      const isNamed = targetPort === 0 && port.targetPort !== "";
      const forwarded = { protocol: port.protocol.toLowerCase(), port: port.port, targetPort };
      return isNamed ? { ...forwarded, targetName: port.targetPort } : forwarded;
    }),
    ...(members.outside.length === 0 ? {} : { backends: members.outside.slice(0, identityLimits.backendsMax) }),
    fromMs,
  };
}

/** As endpoints listen when they agree; by the service's own word while there are none; 0 when it differs from pod to pod. */
function targetPortOf(port: Service["ports"][number], members: Members): number {
  const numbers = members.portNumbers.get(port.name);
  if (numbers !== undefined) return numbers.size === 1 ? ([...numbers][0] ?? 0) : 0;
  if (port.targetPort === "") return port.port;
  const number = Number(port.targetPort);
  return Number.isInteger(number) ? number : 0;
}

/** The one workload behind a service: of its ready pods, or of all while none is ready. */
export function behindService(
  service: Service,
  members: Members,
  podOf: (uid: string) => Pod | undefined,
): WorkloadBehind {
  const none = (reason: string): WorkloadBehind => ({ workload: "", workloadKind: "Unknown", reason });
  if (service.externalName !== "") return none(`an alias of ${service.externalName}`);
  const counted = members.ready.size > 0 ? members.ready : members.pods;
  const found = new Map<string, Pod>();
  for (const uid of counted) {
    const pod = podOf(uid);
    if (pod !== undefined) found.set(`${pod.workloadKind}/${pod.workload}`, pod);
  }
  const [first] = found.values();
  if (found.size === 1 && first !== undefined) {
    return { workload: first.workload, workloadKind: first.workloadKind, reason: "" };
  }
  if (found.size > 1) return none(`${found.size} workloads behind the service`);
  if (members.pods.size > 0) return none("the pods behind the service are not in the inventory");
  return none(members.others > 0 ? "endpoints of the service are no pods" : "no pods behind the service");
}

/** When a thing began by the cluster's word, put right by how far its clock is ahead; never after `nowMs`. */
export function beganMs(at: string | undefined, nowMs: number, aheadMs: number): number {
  const ms = at === undefined ? undefined : parseInstantMs(at);
  return ms === undefined ? nowMs : Math.min(nowMs, Math.max(0, ms - aheadMs));
}
