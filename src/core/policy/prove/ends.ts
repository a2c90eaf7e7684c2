// Everything that can stand at an end of a flow, grouped so that all of a group are alike to every policy and every invariant:
// endpoints by what selects them, their ports, services and addresses; addresses that nobody has by the ranges that hold them.
import { parseAddress, isIpv4, parsePrefix, type AddressRange } from "../../../base/ip.ts";
import type { Lane, PolicyEngine, Thing } from "../evaluate/engine.ts";
import type { EntityMatch, PolicySet, Prefix, Rule } from "../model.ts";
import type { Selector } from "../selector/selector.ts";
import type { World, WorldEndpoint } from "../world.ts";
import { addressCells, type AddressCells } from "./address-cells.ts";

export interface EndMember {
  /** Id of an endpoint; "" for an address that no endpoint has. */
  readonly endpoint: string;
  readonly address: string;
  readonly family: 4 | 6 | 0;
  readonly node: string;
}

export interface EndClass {
  readonly index: number;
  /** workload and hostEndpoint have policies of their own; the others are judged as addresses. */
  readonly kind: "workload" | "hostEndpoint" | "node" | "hostNetwork" | "address";
  readonly members: readonly EndMember[];
  /** Of the first member, for whoever asks what is in it. */
  readonly thing: Thing | undefined;
  readonly world: WorldEndpoint | undefined;
  readonly cell: string;
  /** Names of the host endpoints that stand at its node's door; "" for workloads and addresses, or when there are none. */
  readonly hosts: string;
}

export interface Ends {
  readonly classes: readonly EndClass[];
  readonly cells: AddressCells;
  /** Numbers of the invariants' own ranges, by text. */
  readonly rangeOf: ReadonlyMap<string, number>;
  /** Numbers of the cluster's own ranges. */
  readonly clusterRanges: readonly number[];
}

export interface EndsInput {
  readonly engine: PolicyEngine;
  readonly world: World;
  readonly lane: Lane;
  /** Prefixes that invariants mention. */
  readonly nets: readonly string[];
  /** What invariants say about an endpoint, as text that is equal for those they treat alike. */
  readonly marksOf: (thing: Thing, endpoint: WorldEndpoint | undefined) => string;
}

/** All classes, in a fixed order: endpoints by id of the first member, then addresses. */
export function endsOf(input: EndsInput): Ends {
  const { engine, world, nets } = input;
  const { ranges, rangeOf, clusterRanges } = rangesOf(engine.set, world, nets);
  const cells = addressCells(ranges);
  const selections = selectionsOf(engine);
  const services = servicesOf(engine);
  const groups = new Map<string, { first: EndClass; members: EndMember[] }>();
  const put = (key: string, end: Omit<EndClass, "index" | "members">, member: EndMember): void => {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: { ...end, index: 0, members: [] }, members: [member] });
    else group.members.push(member);
  };
  const owned = new Set<string>();
  const things = [...engine.things()]
    .filter(({ kind }) => kind !== "networkSet")
    .sort((one, other) => (one.id < other.id ? -1 : 1));
  for (const thing of things) {
    const endpoint = engine.endpoint(thing.id);
    const kind = thing.kind as Exclude<EndClass["kind"], "address">;
    const addresses = thing.addresses.length === 0 ? [""] : thing.addresses;
    for (const address of addresses) {
      const cell = cells.signatureOf(address);
      owned.add(cell);
      const family = familyOf(address);
      const behind = services.get(address) ?? "";
      const node = endpoint?.node ?? nodeOf(thing);
      const hosts =
        kind === "node" || kind === "hostNetwork"
          ? hostsAt(endpoint?.kind === "node" ? endpoint.name : node, engine.set)
          : "";
      const key = [
        kind,
        classIds(thing.id, input),
        selections.get(thing.id) ?? "",
        // An endpoint's own address is a range of one: only what others say about it counts.
        withoutOwn(cell, address, rangeOf),
        JSON.stringify(endpoint?.ports ?? []),
        behind,
        hosts,
        input.marksOf(thing, endpoint),
      ].join("\u0001");
      put(
        key,
        { kind, thing, world: endpoint, cell, hosts },
        { endpoint: thing.id, address, family, node: endpoint?.node ?? nodeOf(thing) },
      );
    }
  }
  for (const { signature, address, family } of cells.cells) {
    if (owned.has(signature) || clusterRanges.some((range) => cells.holds(signature, range))) continue;
    const end = { kind: "address", thing: undefined, world: undefined, cell: signature, hosts: "" } as const;
    put(`address ${signature}`, end, { endpoint: "", address, family, node: "" });
  }
  const classes = [...groups.values()].map(({ first, members }, index) => ({ ...first, index, members }));
  return { classes, cells, rangeOf, clusterRanges };
}

function hostsAt(node: string, { hostEndpoints }: PolicySet): string {
  return hostEndpoints
    .filter((host) => host.node === node)
    .map(({ name }) => name)
    .sort()
    .join(",");
}

function nodeOf({ id, kind }: Thing): string {
  return kind === "node" ? id.slice("node/".length) : "";
}

export function familyOf(text: string): 4 | 6 | 0 {
  const address = parseAddress(text);
  return address === undefined ? 0 : isIpv4(address) ? 4 : 6;
}

function classIds(id: string, { engine, lane }: EndsInput): string {
  return (["ingress", "egress"] as const).map((direction) => engine.classOf(id, direction, lane)?.id ?? "-").join(" ");
}

function withoutOwn(cell: string, address: string, rangeOf: ReadonlyMap<string, number>): string {
  const own = rangeOf.get(`own ${address}`);
  if (own === undefined) return cell;
  const [family = "", list = ""] = cell.split(":");
  return `${family}:${list
    .split(",")
    .filter((range) => range !== String(own))
    .join(",")}`;
}

/** Which rule and policy selectors select a thing, as a text. */
function selectionsOf(engine: PolicyEngine): ReadonlyMap<string, string> {
  const found = new Map<string, number[]>();
  const asked = new Map<string, { selector: Selector; kinds: EntityMatch["kinds"] }>();
  for (const { source, destination } of rulesOf(engine.set)) {
    for (const { selector, notSelector, kinds } of [source, destination]) {
      for (const one of [selector, notSelector]) {
        if (one !== undefined) asked.set(`${one.id} ${kinds?.join(",") ?? ""}`, { selector: one, kinds });
      }
    }
  }
  for (const [index, { selector, kinds }] of [...asked.values()].entries()) {
    for (const { id } of engine.selected(selector, kinds ?? ["workload", "hostEndpoint", "networkSet"])) {
      const list = found.get(id);
      if (list === undefined) found.set(id, [index]);
      else list.push(index);
    }
  }
  return new Map([...found].map(([id, list]) => [id, list.join(",")]));
}

/** What services that rules name say about an address: "shop/db 6 5432". */
function servicesOf(engine: PolicyEngine): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const named = new Map(
    rulesOf(engine.set).flatMap(({ source, destination }) =>
      [source.service, destination.service].flatMap((one) =>
        one === undefined ? [] : [[`${one.namespace}/${one.name}`, one] as const],
      ),
    ),
  );
  for (const [key, { namespace, name }] of named) {
    for (const { address, protocol, port } of engine.service(namespace, name)?.backends ?? []) {
      found.set(address, `${found.get(address) ?? ""} ${key} ${protocol} ${port};`);
    }
  }
  return found;
}

function rulesOf({ policies, profiles }: PolicySet): readonly Rule[] {
  return [...policies, ...profiles].flatMap(({ ingress, egress }) => [...ingress, ...egress]);
}

function rangesOf(set: PolicySet, world: World, nets: readonly string[]) {
  const ranges: AddressRange[] = [];
  const rangeOf = new Map<string, number>();
  const clusterRanges: number[] = [];
  const add = (key: string, range: AddressRange | undefined): void => {
    if (range === undefined || rangeOf.has(key)) return;
    rangeOf.set(key, ranges.length);
    ranges.push(range);
  };
  const mentioned = (list: readonly Prefix[] | undefined): void => {
    // One text may be several ranges: IPv6 prefixes around the IPv4 ones.
    for (const { text, range } of list ?? []) add(`rule ${text} ${range.low.join(".")}`, range);
  };
  for (const { source, destination } of rulesOf(set)) {
    for (const { nets: own, notNets } of [source, destination]) {
      mentioned(own);
      mentioned(notNets);
    }
  }
  for (const { nets: own } of set.networkSets) mentioned(own);
  for (const text of nets) add(`net ${text}`, parsePrefix(text));
  const backends = world.services.flatMap((service) => service.backends.map(({ address }) => address));
  for (const text of [...world.endpoints.flatMap(({ addresses }) => addresses), ...backends])
    add(`own ${text}`, parsePrefix(text));
  for (const text of set.hostEndpoints.flatMap(({ expectedAddresses }) => expectedAddresses))
    add(`own ${text}`, parsePrefix(text));
  // A service's own address is translated before policies see the packet: it is no end of a flow.
  const cluster = [...world.ranges, ...world.services.flatMap(({ addresses }) => addresses)];
  for (const text of cluster) {
    const range = parsePrefix(text);
    if (range === undefined) continue;
    add(`cluster ${text}`, range);
    clusterRanges.push(rangeOf.get(`cluster ${text}`) ?? -1);
  }
  return { ranges, rangeOf, clusterRanges };
}
