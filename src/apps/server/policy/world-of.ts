// A cluster's world as policies see it: from its inventory, and from LocalEndpoint resources of machines where no Kubernetes tells of pods.
// Unchanged objects give the same endpoint object again, so that an engine is told only of what changed.
import { parseAddress } from "../../../base/ip.ts";
import type { NamedPort } from "../../../core/policy/model.ts";
import type { World, WorldEndpoint, WorldService } from "../../../core/policy/world.ts";
import type { InventoryView } from "../../../core/inventory/inventory-view.ts";
import { LocalEndpoint } from "../../../model/local-endpoint.ts";
import type { ClusterNode, EndpointSlice, InventoryKind, Pod } from "../../../model/inventory.ts";
import type { Resource } from "../../../model/resource.ts";

export interface WorldSources {
  readonly cluster: string;
  /** Undefined: nobody reads the cluster's API. */
  readonly view: InventoryView | undefined;
  /** LocalEndpoint resources of the cluster's nodes. */
  readonly local: readonly Resource[];
  readonly gapOf: (kind: InventoryKind) => string;
}

const protocolNumbers: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

export function protocolNumber(name: string): number {
  return protocolNumbers[name.toLowerCase()] ?? 0;
}

const podEndpoints = new WeakMap<Pod, WorldEndpoint>();
const nodeEndpoints = new WeakMap<ClusterNode, WorldEndpoint>();
const localEndpoints = new WeakMap<Resource, WorldEndpoint>();

export function worldOf(sources: WorldSources): World {
  const { view, local } = sources;
  const namespaces = new Map<string, Readonly<Record<string, string>>>();
  for (const { name, labels } of view?.all("Namespace") ?? []) {
    namespaces.set(name, { "kubernetes.io/metadata.name": name, ...labels });
  }
  const endpoints: WorldEndpoint[] = [];
  for (const pod of view?.all("Pod") ?? []) if (!hasEnded(pod)) endpoints.push(known(podEndpoints, pod, ofPod));
  for (const node of view?.all("Node") ?? []) endpoints.push(known(nodeEndpoints, node, ofNode));
  const taken = new Set(endpoints.map(({ id }) => id));
  for (const resource of local) {
    const spec = LocalEndpoint.safeParse(resource.spec);
    if (!spec.success) continue;
    const endpoint = known(localEndpoints, resource, () => ofLocal(spec.data, nodeOfScope(resource.scope)));
    if (taken.has(endpoint.id)) continue;
    taken.add(endpoint.id);
    endpoints.push(endpoint);
    const { namespace, namespaceLabels } = spec.data;
    const before = namespaces.get(namespace) ?? { "kubernetes.io/metadata.name": namespace };
    namespaces.set(namespace, { ...before, ...namespaceLabels });
  }
  return {
    namespaces: [...namespaces].map(([name, labels]) => ({ name, labels })),
    serviceAccounts: [],
    endpoints,
    services: servicesOf(view),
    ranges: [...new Set([...(view?.all("Node") ?? [])].flatMap(({ podCidrs }) => podCidrs))].sort(),
    incomplete: incompleteOf(sources),
  };
}

/** Why a verdict about this world may not be told; "" when all of it is known. */
function incompleteOf({ view, local, gapOf }: WorldSources): string {
  // A machine without Kubernetes has the endpoints that were written for it, and no others.
  if (view === undefined) return local.length > 0 ? "" : "no Kubernetes API is read for this cluster";
  const kinds = ["Pod", "Namespace", "Node", "Service", "EndpointSlice"] as const;
  const gaps = kinds.flatMap((kind) => {
    const because = gapOf(kind);
    return because === "" ? [] : [because];
  });
  return [...new Set(gaps)].join("; ");
}

function known<From extends object>(
  memory: WeakMap<From, WorldEndpoint>,
  from: From,
  make: (from: From) => WorldEndpoint,
) {
  const found = memory.get(from);
  if (found !== undefined) return found;
  const made = make(from);
  memory.set(from, made);
  return made;
}

function hasEnded({ phase }: Pod): boolean {
  return phase === "Succeeded" || phase === "Failed";
}

function ofPod(pod: Pod): WorldEndpoint {
  const ports: NamedPort[] = pod.containers.flatMap((container) =>
    container.ports.flatMap(({ name, protocol, port }) =>
      name === "" ? [] : [{ name, protocol: protocolNumber(protocol), port }],
    ),
  );
  return {
    id: `pod/${pod.namespace}/${pod.name}`,
    kind: pod.hostNetwork ? "hostNetwork" : "workload",
    namespace: pod.namespace,
    name: pod.name,
    labels: pod.labels,
    serviceAccount: pod.serviceAccount,
    addresses: pod.addresses,
    ports,
    node: pod.node,
    workload: pod.workload === "" ? "" : `${pod.workloadKind}/${pod.workload}`,
    interfaceName: "",
  };
}

function ofNode(node: ClusterNode): WorldEndpoint {
  return {
    id: `node/${node.name}`,
    kind: "node",
    namespace: "",
    name: node.name,
    labels: node.labels,
    serviceAccount: "",
    addresses: node.addresses.filter((address) => parseAddress(address) !== undefined),
    ports: [],
    node: node.name,
    workload: "",
    interfaceName: "",
  };
}

function ofLocal(spec: LocalEndpoint, node: string): WorldEndpoint {
  return {
    id: `pod/${spec.namespace}/${spec.name}`,
    kind: "workload",
    namespace: spec.namespace,
    name: spec.name,
    labels: spec.labels,
    serviceAccount: spec.serviceAccount,
    addresses: spec.addresses,
    ports: spec.ports.map(({ name, protocol, port }) => ({ name, protocol: protocolNumber(protocol), port })),
    node,
    workload: "",
    interfaceName: "",
  };
}

/** "node/<cluster>/<node>" -> node. */
export function nodeOfScope(scope: string): string {
  return scope.startsWith("node/") ? scope.slice(scope.lastIndexOf("/") + 1) : "";
}

function servicesOf(view: InventoryView | undefined): readonly WorldService[] {
  if (view === undefined) return [];
  const backends = new Map<string, WorldService["backends"][number][]>();
  for (const slice of view.all("EndpointSlice")) {
    const key = `${slice.namespace}/${slice.service}`;
    const list = backends.get(key) ?? [];
    backends.set(key, list);
    for (const backend of backendsOf(slice)) list.push(backend);
  }
  return [...view.all("Service")].map(({ namespace, name, addresses }) => ({
    namespace,
    name,
    addresses,
    backends: backends.get(`${namespace}/${name}`) ?? [],
  }));
}

function* backendsOf({ ports, endpoints }: EndpointSlice): Iterable<WorldService["backends"][number]> {
  for (const { addresses } of endpoints)
    for (const address of addresses)
      for (const { protocol, port } of ports) yield { address, protocol: protocolNumber(protocol), port };
}
