// The world as this node knows it: identities that the server tells and namespaces of its own, kept so that engines hear only of what changed.
import { parseAddress } from "../../../base/ip.ts";
import type { World, WorldEndpoint, WorldService } from "../../../core/policy/world.ts";
import type { IdentityEntry } from "../../../model/identity-entry.ts";
import type { LocalEndpoint } from "../../../model/local-endpoint.ts";

/** A namespace of this machine with what was found in it. */
export interface LocalFound {
  readonly endpoint: string;
  readonly spec: LocalEndpoint;
  readonly addresses: readonly string[];
}

export interface WorldSources {
  readonly entries: Iterable<IdentityEntry>;
  readonly locals: readonly LocalFound[];
  /** Of the node's namespace: which link leads to exactly this address. */
  readonly interfaces: ReadonlyMap<string, string>;
  /** Why the identities are not whole; "" when they are. */
  readonly incomplete: string;
}

export interface WorldChange {
  readonly put: readonly WorldEndpoint[];
  readonly remove: readonly string[];
  /** Namespaces, services, ranges or completeness, where they changed. */
  readonly rest: Partial<World>;
  /** Addresses that these endpoints have, or had before. */
  readonly addresses: readonly string[];
  readonly isNothing: boolean;
}

export interface WorldBook {
  readonly world: World;
  /** Endpoints whose packets this node forwards, with the link that leads to each ("" when not known or shared). */
  readonly local: readonly { readonly endpoint: string; readonly interfaceName: string }[];
  update(sources: WorldSources): WorldChange;
  /** The endpoint that has an address now. */
  at(address: string): WorldEndpoint | undefined;
}

const protocols: Readonly<Record<string, number>> = { tcp: 6, udp: 17, sctp: 132 };

export function protocolNumber(name: string): number {
  return protocols[name.toLowerCase()] ?? 0;
}

export function createWorldBook(node: string): WorldBook {
  let world: World = { namespaces: [], serviceAccounts: [], endpoints: [], services: [], ranges: [], incomplete: "" };
  let known = new Map<string, WorldEndpoint>();
  let byAddress = new Map<string, WorldEndpoint>();
  let local: { readonly endpoint: string; readonly interfaceName: string }[] = [];
  const made = new WeakMap<object, WorldEndpoint>();

  /** The same object again while nothing about it changed. */
  function endpointOf(source: object, interfaceName: string, make: () => WorldEndpoint): WorldEndpoint {
    const before = made.get(source);
    if (before !== undefined && before.interfaceName === interfaceName) return before;
    const endpoint = { ...make(), interfaceName };
    made.set(source, endpoint);
    return endpoint;
  }

  return {
    get world() {
      return world;
    },
    get local() {
      return local;
    },
    at: (address) => byAddress.get(address),
    update(sources) {
      const entries = [...sources.entries];
      const now = new Map<string, WorldEndpoint>();
      const shared = sharedLinks(sources.interfaces);
      const linkTo = (addresses: readonly string[]): string => {
        const links = new Set(addresses.flatMap((address) => sources.interfaces.get(address) ?? []));
        const [link = ""] = links;
        return links.size === 1 && !shared(link, addresses) ? link : "";
      };
      for (const found of sources.locals) {
        now.set(
          found.endpoint,
          endpointOf(found, linkTo(found.addresses), () => ofLocal(found, node)),
        );
      }
      for (const entry of entries) {
        const id = idOf(entry);
        if (id === undefined || now.has(id)) continue;
        const isHere = entry.kind === "pod" && entry.node === node && !entry.hostNetwork;
        now.set(
          id,
          endpointOf(entry, isHere ? linkTo(entry.addresses) : "", () => ofEntry(entry, id)),
        );
      }
      const put = [...now.values()].filter((endpoint) => known.get(endpoint.id) !== endpoint);
      const remove = [...known.keys()].filter((id) => !now.has(id));
      const rest = changedRest(world, restOf(entries, sources));
      const addresses = [
        ...put,
        ...[...put.map(({ id }) => id), ...remove].flatMap((id) => known.get(id) ?? []),
      ].flatMap((endpoint) => endpoint.addresses);
      if (put.length + remove.length > 0) {
        known = now;
        byAddress = addressesOf(now.values());
        local = [...now.values()].filter((one) => one.kind === "workload" && one.node === node).map(placeOf);
      }
      const isNothing = put.length + remove.length === 0 && Object.keys(rest).length === 0;
      if (!isNothing) world = { ...world, ...rest, endpoints: [...known.values()] };
      return { put, remove, rest, addresses, isNothing };
    },
  };
}

function placeOf({ id, interfaceName }: WorldEndpoint) {
  return { endpoint: id, interfaceName };
}

/** Whether a link also leads to addresses of somebody else. */
function sharedLinks(interfaces: ReadonlyMap<string, string>) {
  const counts = new Map<string, number>();
  for (const link of interfaces.values()) counts.set(link, (counts.get(link) ?? 0) + 1);
  return (link: string, addresses: readonly string[]): boolean => {
    const own = addresses.filter((address) => interfaces.get(address) === link).length;
    return (counts.get(link) ?? 0) > own;
  };
}

function addressesOf(endpoints: Iterable<WorldEndpoint>): Map<string, WorldEndpoint> {
  const found = new Map<string, WorldEndpoint>();
  for (const endpoint of endpoints) {
    // A pod in its node's network has the node's address: the address names the node.
    if (endpoint.kind === "hostNetwork") continue;
    for (const address of endpoint.addresses) if (!found.has(address)) found.set(address, endpoint);
  }
  return found;
}

function idOf(entry: IdentityEntry): string | undefined {
  if (entry.kind === "pod") return `pod/${entry.namespace}/${entry.pod}`;
  return entry.kind === "node" ? `node/${entry.node}` : undefined;
}

function ofEntry(entry: IdentityEntry, id: string): WorldEndpoint {
  const isNode = entry.kind === "node";
  return {
    id,
    kind: isNode ? "node" : entry.hostNetwork ? "hostNetwork" : "workload",
    namespace: entry.namespace,
    name: isNode ? entry.node : entry.pod,
    labels: entry.labels ?? {},
    serviceAccount: entry.serviceAccount ?? "",
    addresses: entry.addresses.filter((address) => parseAddress(address) !== undefined),
    ports: (entry.namedPorts ?? []).map(({ name, protocol, port }) => ({
      name,
      protocol: protocolNumber(protocol),
      port,
    })),
    node: entry.node,
    workload: isNode || entry.workload === "" ? "" : `${entry.workloadKind}/${entry.workload}`,
    interfaceName: "",
  };
}

function ofLocal({ spec, addresses, endpoint }: LocalFound, node: string): WorldEndpoint {
  return {
    id: endpoint,
    kind: "workload",
    namespace: spec.namespace,
    name: spec.name,
    labels: spec.labels,
    serviceAccount: spec.serviceAccount,
    addresses,
    ports: spec.ports.map(({ name, protocol, port }) => ({ name, protocol: protocolNumber(protocol), port })),
    node,
    workload: "",
    interfaceName: "",
  };
}

type Rest = Omit<World, "endpoints" | "serviceAccounts">;

function restOf(entries: readonly IdentityEntry[], { locals, incomplete }: WorldSources): Rest {
  const namespaces = new Map<string, Readonly<Record<string, string>>>();
  for (const { kind, namespace, labels = {} } of entries)
    if (kind === "namespace") namespaces.set(namespace, { "kubernetes.io/metadata.name": namespace, ...labels });
  for (const { spec } of locals) {
    const before = namespaces.get(spec.namespace) ?? { "kubernetes.io/metadata.name": spec.namespace };
    namespaces.set(spec.namespace, { ...before, ...spec.namespaceLabels });
  }
  const ranges = new Set(entries.flatMap((entry) => entry.ranges ?? []));
  return {
    namespaces: [...namespaces].map(([name, labels]) => ({ name, labels })).sort(byName),
    services: servicesOf(entries),
    ranges: [...ranges].sort(),
    incomplete,
  };
}

function byName(left: { readonly name: string }, right: { readonly name: string }): number {
  return left.name < right.name ? -1 : 1;
}

/** Pods say behind which services they stand; endpoints that are no pods stand in the service's entry. */
function servicesOf(entries: readonly IdentityEntry[]): readonly WorldService[] {
  const podsBehind = new Map<string, IdentityEntry[]>();
  for (const entry of entries) {
    if (entry.kind !== "pod") continue;
    for (const name of entry.services) {
      const key = `${entry.namespace}/${name}`;
      const list = podsBehind.get(key);
      if (list === undefined) podsBehind.set(key, [entry]);
      else list.push(entry);
    }
  }
  const services = entries.filter(({ kind }) => kind === "service");
  return services
    .map((entry) => {
      const name = entry.services[0] ?? "";
      const pods = podsBehind.get(`${entry.namespace}/${name}`) ?? [];
      const outside = (entry.backends ?? []).map(({ address, protocol, port }) => ({
        address,
        protocol: protocolNumber(protocol),
        port,
      }));
      const backends = [...pods.flatMap((pod) => backendsOf(entry, pod)), ...outside];
      return { namespace: entry.namespace, name, addresses: entry.addresses, backends };
    })
    .sort((left, right) =>
      byName({ name: `${left.namespace}/${left.name}` }, { name: `${right.namespace}/${right.name}` }),
    );
}

function backendsOf(service: IdentityEntry, pod: IdentityEntry): WorldService["backends"] {
  return service.ports.flatMap(({ protocol, targetPort, targetName }) => {
    const named = pod.namedPorts?.find((one) => one.name === targetName && one.protocol.toLowerCase() === protocol);
    const port = targetPort === 0 ? (named?.port ?? 0) : targetPort;
    return port === 0 ? [] : pod.addresses.map((address) => ({ address, protocol: protocolNumber(protocol), port }));
  });
}

/** What differs; compared as text because lists are made anew each time. */
function changedRest(world: World, rest: Rest): Partial<World> {
  const changed: { -readonly [Key in keyof Rest]?: Rest[Key] } = {};
  const differs = (left: unknown, right: unknown) => JSON.stringify(left) !== JSON.stringify(right);
  if (differs(world.namespaces, rest.namespaces)) changed.namespaces = rest.namespaces;
  if (differs(world.services, rest.services)) changed.services = rest.services;
  if (differs(world.ranges, rest.ranges)) changed.ranges = rest.ranges;
  if (world.incomplete !== rest.incomplete) changed.incomplete = rest.incomplete;
  return changed;
}
