// Who was at the ends of a recorded flow, in words that a policy can say: a group of pods, or an address with its names.
// Dialled services are followed to what stands behind them, because policies see packets after that translation.
import { type AddressRange, formatAddress, inRange, parseAddress, parsePrefix } from "../../../base/ip.ts";
import type { FlowEnd, RecordedFlow, World, WorldEndpoint, WorldService } from "../world.ts";
import type { Group, Groups } from "./groups.ts";

/** A peer as a number: below the number of groups it is a group, from there on an address in order of appearance. */
export type PeerId = number;

export interface FarEnd {
  readonly peers: readonly PeerId[];
  /** What packets carry behind a service's translation. */
  readonly port: number;
  /** Set for a node: its name; "" otherwise. */
  readonly node: string;
}

export interface Ends {
  /** The ends, or why they cannot be told. */
  source(flow: RecordedFlow): FarEnd | string;
  destination(flow: RecordedFlow): FarEnd | string;
  groupOf(peer: PeerId): Group | undefined;
  addressOf(peer: PeerId): string;
  /** Names of the nodes that a group's pods run on. */
  nodesOf(group: Group): ReadonlySet<string>;
}

const gone = "an end is gone and its owner is not in the world";
const nobody = "an address of the cluster that nobody in the world has";
const unreadable = "an address that cannot be read";
const noBackends = "a service that nothing stands behind";
const manyPorts = "a service whose backends listen on several ports: which one was dialled is not known";

export function endsOf(world: World, groups: Groups): Ends {
  const endpoints = new Map(world.endpoints.map((endpoint) => [endpoint.id, endpoint]));
  const byAddress = addressesOf(world);
  const services = servicesOf(world);
  const ranges = world.ranges.flatMap((text) => parsePrefix(text) ?? []);
  const book = addressBook(groups.list.length);
  const ofGroup = (group: Group, port: number): FarEnd => ({ peers: [group.index], port, node: "" });
  const ofEndpoint = (endpoint: WorldEndpoint, port: number, address: string): FarEnd | string => {
    const group = groups.byEndpoint.get(endpoint.id);
    if (group !== undefined) return ofGroup(group, port);
    const text = book.normal(address === "" ? (endpoint.addresses[0] ?? "") : address);
    if (text === undefined) return unreadable;
    return { peers: [book.peerOf(text)], port, node: endpoint.kind === "node" ? endpoint.name : "" };
  };
  const ofAddress = (text: string, port: number, owner: string): FarEnd | string => {
    const address = book.normal(text);
    if (address === undefined) return unreadable;
    const endpoint = byAddress.get(address);
    if (endpoint !== undefined) return ofEndpoint(endpoint, port, address);
    const recorded = groups.byOwner.get(owner);
    if (recorded !== undefined) return ofGroup(recorded, port);
    return isInside(address, ranges) ? nobody : { peers: [book.peerOf(address)], port, node: "" };
  };
  const resolve = (end: FlowEnd, port: number, owner: string): FarEnd | string => {
    if (end.endpoint === "") return ofAddress(end.address, port, owner);
    const endpoint = endpoints.get(end.endpoint);
    if (endpoint !== undefined) return ofEndpoint(endpoint, port, end.address);
    const recorded = groups.byOwner.get(owner);
    return recorded === undefined ? gone : ofGroup(recorded, port);
  };
  const nodes = nodesByGroup(world, groups);
  return {
    source: (flow) => resolve(flow.source, 0, flow.sourceWorkload),
    destination: ({ destination, destinationPort, destinationWorkload, protocol }) => {
      const dialled = destination.endpoint === "" ? book.normal(destination.address) : undefined;
      const service = services.get(dialled ?? "");
      if (service !== undefined) return behind(service, protocol, ofAddress);
      return resolve(destination, destinationPort, destinationWorkload);
    },
    groupOf: (peer) => groups.list[peer],
    addressOf: (peer) => book.textOf(peer),
    nodesOf: (group) => nodes.get(group) ?? new Set(),
  };
}

/** Addresses as numbers, in order of appearance after the groups; each text is read once. */
function addressBook(first: number) {
  const interned = new Map<string, PeerId>();
  const texts: string[] = [];
  const known = new Map<string, string | undefined>();
  return {
    peerOf(address: string): PeerId {
      let peer = interned.get(address);
      if (peer === undefined) {
        peer = first + texts.length;
        interned.set(address, peer);
        texts.push(address);
      }
      return peer;
    },
    normal(text: string): string | undefined {
      if (!known.has(text)) known.set(text, plain(text));
      return known.get(text);
    },
    textOf: (peer: PeerId): string => texts[peer - first] ?? "",
  };
}

function servicesOf(world: World): ReadonlyMap<string, WorldService> {
  return new Map(
    world.services.flatMap((service) => service.addresses.map((text) => [plain(text) ?? text, service] as const)),
  );
}

function behind(
  service: WorldService,
  protocol: number,
  ofAddress: (text: string, port: number, owner: string) => FarEnd | string,
): FarEnd | string {
  const backends = service.backends.filter((backend) => backend.protocol === protocol);
  const [port, ...more] = new Set(backends.map((backend) => backend.port));
  if (port === undefined) return noBackends;
  if (more.length > 0) return manyPorts;
  const found = backends.map(({ address }) => ofAddress(address, port, ""));
  const peers = new Set(found.flatMap((end) => (typeof end === "string" ? [] : end.peers)));
  return peers.size === 0 ? nobody : { peers: [...peers], port, node: "" };
}

function plain(text: string): string | undefined {
  const address = parseAddress(text);
  return address === undefined ? undefined : formatAddress(address);
}

/** Workloads win over what shares an address with them (host-network pods have their node's). */
function addressesOf(world: World): ReadonlyMap<string, WorldEndpoint> {
  const rank = { hostNetwork: 0, node: 1, workload: 2 } as const;
  const byAddress = new Map<string, WorldEndpoint>();
  for (const endpoint of [...world.endpoints].sort((left, right) => rank[left.kind] - rank[right.kind])) {
    for (const text of endpoint.addresses) byAddress.set(plain(text) ?? text, endpoint);
  }
  return byAddress;
}

function isInside(text: string, ranges: readonly AddressRange[]): boolean {
  const address = parseAddress(text);
  return address !== undefined && ranges.some((range) => inRange(address, range));
}

function nodesByGroup(world: World, groups: Groups): ReadonlyMap<Group, ReadonlySet<string>> {
  const nodes = new Map<Group, Set<string>>();
  for (const endpoint of world.endpoints) {
    const group = groups.byEndpoint.get(endpoint.id);
    if (group === undefined || endpoint.node === "") continue;
    const seen = nodes.get(group);
    if (seen === undefined) nodes.set(group, new Set([endpoint.node]));
    else seen.add(endpoint.node);
  }
  return nodes;
}
