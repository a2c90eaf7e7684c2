// The sets whose members are things of the world: what a selector selects, who has a named port, who is inside the cluster.
// Holds what it last saw of each thing, so that a change of one thing costs one look per set.
import type { PolicyEngine, Thing } from "../evaluate/engine.ts";
import { type EndpointKind, type NamedPort, endpointKinds } from "../model.ts";
import { matches } from "../selector/matches.ts";
import type { Selector } from "../selector/selector.ts";
import { type KnownAddress, knownAddress } from "./addresses.ts";
import { sumOf } from "./digest.ts";
import { type Contribution, type MemberSet, createMemberSet } from "./member-set.ts";
import { type Family, selectorKey, shortHash } from "./names.ts";
import type { KeyType } from "./nft/ruleset.ts";

interface View {
  readonly thing: Thing;
  readonly addresses: readonly KnownAddress[];
  readonly ports: readonly NamedPort[];
  /** What its addresses bring to sets. */
  readonly contributions: readonly Contribution[];
}

interface Entry {
  readonly set: MemberSet;
  readonly holds: (view: View) => boolean;
  readonly bring: (view: View) => readonly Contribution[];
  /** Which things hold, when the engine can say it faster than looking at each. */
  readonly found?: (engine: PolicyEngine) => readonly string[];
}

export interface Members {
  /** Looks at all things anew: after a change that nobody described. */
  reset(engine: PolicyEngine): void;
  /** Looks at these things anew. True when a set took another shape, so that rules must name it anew. */
  update(engine: PolicyEngine, ids: readonly string[]): boolean;
  /** Ids of things of policies (network sets, host endpoints) that differ from what was last seen. */
  changedObjects(engine: PolicyEngine): readonly string[];
  selected(selector: Selector, kinds: readonly EndpointKind[]): MemberSet;
  namedPorts(names: readonly string[]): MemberSet;
  /** Everything with an address of its own in the cluster. */
  inside(): MemberSet;
  /** Whether anything has an IPv6 address. */
  hasIpv6(): boolean;
  addressesOf(id: string): readonly KnownAddress[];
  /** Drops all other sets. */
  sweep(used: ReadonlySet<MemberSet>): void;
}

const insideKinds: readonly EndpointKind[] = ["workload", "hostNetwork", "hostEndpoint", "node"];

interface Store {
  readonly entries: Map<string, Entry>;
  readonly views: Map<string, View>;
  readonly objects: Map<string, string>;
  ipv6Addresses: number;
  engine: PolicyEngine | undefined;
}

export function createMembers(): Members {
  const store: Store = {
    entries: new Map(),
    views: new Map(),
    objects: new Map(),
    ipv6Addresses: 0,
    engine: undefined,
  };
  const { entries, views, objects } = store;
  return {
    reset: (engine) => resetStore(store, engine),
    update(engine, ids) {
      store.engine = engine;
      const names = () => [...entries.values()].flatMap(({ set }) => [set.nameOf(4), set.nameOf(6)]);
      const hadIpv6 = store.ipv6Addresses > 0;
      const mayReshape = ids.some((id) => id.startsWith("networkSet/"));
      const before = mayReshape ? names().join() : "";
      for (const id of ids) put(store, engine, id);
      return hadIpv6 !== store.ipv6Addresses > 0 || (mayReshape && names().join() !== before);
    },
    changedObjects(engine) {
      const old = new Map(objects);
      rememberObjects(engine, objects);
      const ids = new Set([...old.keys(), ...objects.keys()]);
      return [...ids].filter((id) => old.get(id) !== objects.get(id));
    },
    selected(selector, kinds) {
      const key = selectorKey(selector, kinds.join());
      return entryOf(store, `s${key}`, () => selectorEntry(selector, kinds, key));
    },
    namedPorts(names) {
      const hash = shortHash([...new Set(names)].sort().join("\n"));
      return entryOf(store, `p${hash}`, () => ({
        set: createMemberSet({ prefix: "gr_np", hash, key: (family) => portKey(family) }),
        holds: ({ ports }) => ports.some((port) => names.includes(port.name)),
        bring: (view) => bringPorts(view, names),
      }));
    },
    inside: () =>
      entryOf(store, "inside", () => ({
        set: addressSet("gr_inside", "all"),
        holds: ({ thing }) => insideKinds.includes(thing.kind),
        bring: bringAddresses,
      })),
    hasIpv6: () => store.ipv6Addresses > 0,
    addressesOf: (id) => views.get(id)?.addresses ?? [],
    sweep(used) {
      for (const [key, entry] of entries) if (!used.has(entry.set)) entries.delete(key);
    },
  };
}

function selectorEntry(selector: Selector, kinds: readonly EndpointKind[], key: string): Entry {
  return {
    set: addressSet("gr_s", key),
    holds: ({ thing }) => kinds.includes(thing.kind) && matches(selector, thing.labels),
    bring: bringAddresses,
    found: (engine) => engine.idsSelected(selector, kinds),
  };
}

function entryOf({ entries, views, engine }: Store, key: string, make: () => Entry): MemberSet {
  const known = entries.get(key);
  if (known !== undefined) return known.set;
  const entry = make();
  fill(entry, views, engine);
  entries.set(key, entry);
  return entry.set;
}

function fill(entry: Entry, views: ReadonlyMap<string, View>, engine: PolicyEngine | undefined): void {
  if (entry.found === undefined || engine === undefined) {
    for (const view of views.values()) bringTo(entry, view);
    return;
  }
  for (const id of entry.found(engine)) {
    const view = views.get(id);
    if (view !== undefined) for (const contribution of entry.bring(view)) entry.set.add(contribution);
  }
}

function resetStore(store: Store, engine: PolicyEngine): void {
  const { entries, views, objects } = store;
  store.engine = engine;
  store.ipv6Addresses = 0;
  views.clear();
  for (const thing of engine.things()) {
    const view = viewOf(engine, thing);
    views.set(thing.id, view);
    store.ipv6Addresses += countIpv6(view);
  }
  for (const entry of entries.values()) {
    entry.set.clear();
    fill(entry, views, engine);
  }
  rememberObjects(engine, objects);
}

function put(store: Store, engine: PolicyEngine, id: string): void {
  const before = store.views.get(id);
  const thing = engine.thing(id);
  const after = thing === undefined ? undefined : viewOf(engine, thing);
  if (before !== undefined) store.ipv6Addresses -= countIpv6(before);
  if (after !== undefined) store.ipv6Addresses += countIpv6(after);
  for (const entry of store.entries.values()) moveIn(entry, before, after);
  if (after === undefined) store.views.delete(id);
  else store.views.set(id, after);
}

export function portKey(family: Family): readonly KeyType[] {
  return [family === 4 ? "ipv4_addr" : "ipv6_addr", "inet_proto", "inet_service"];
}

function addressSet(prefix: string, hash: string): MemberSet {
  return createMemberSet({ prefix, hash, key: (family) => [family === 4 ? "ipv4_addr" : "ipv6_addr"] });
}

function viewOf(engine: PolicyEngine, thing: Thing): View {
  const addresses = thing.addresses.map(knownAddress).filter((address) => address !== undefined);
  return { thing, addresses, ports: portsOf(engine, thing), contributions: addresses.map(contributionOf) };
}

function portsOf(engine: PolicyEngine, thing: Thing): readonly NamedPort[] {
  if (thing.kind === "networkSet") return [];
  if (thing.kind !== "hostEndpoint") return engine.endpoint(thing.id)?.ports ?? [];
  return engine.set.hostEndpoints.find((each) => `hostEndpoint/${each.name}` === thing.id)?.ports ?? [];
}

/** Only network sets and host endpoints: few, and not described by changes of the world. */
function rememberObjects(engine: PolicyEngine, objects: Map<string, string>): void {
  objects.clear();
  const ids = [
    ...engine.set.networkSets.map((set) => `networkSet/${set.namespace === "" ? "-" : set.namespace}/${set.name}`),
    ...engine.set.hostEndpoints.map((endpoint) => `hostEndpoint/${endpoint.name}`),
  ];
  for (const id of ids) {
    const thing = engine.thing(id);
    if (thing !== undefined) objects.set(id, JSON.stringify([thing.labels, thing.addresses, portsOf(engine, thing)]));
  }
}

function countIpv6(view: View): number {
  return view.addresses.reduce((sum, address) => sum + (address.family === 6 ? 1 : 0), 0);
}

function bringTo(entry: Entry, view: View): void {
  if (!entry.holds(view)) return;
  for (const contribution of entry.bring(view)) entry.set.add(contribution);
}

function moveIn(entry: Entry, before: View | undefined, after: View | undefined): void {
  const was = before !== undefined && entry.holds(before);
  const is = after !== undefined && entry.holds(after);
  if (was) for (const contribution of entry.bring(before)) entry.set.remove(contribution);
  if (is) for (const contribution of entry.bring(after)) entry.set.add(contribution);
}

function bringAddresses(view: View): readonly Contribution[] {
  return view.contributions;
}

function contributionOf(address: KnownAddress): Contribution {
  const { family, single, range } = address;
  const text = single === "" ? JSON.stringify(range) : single;
  return { family, text, element: { key: [single] }, range, isPrefix: single === "", sum: sumOf(single) };
}

function bringPorts(view: View, names: readonly string[]): readonly Contribution[] {
  return view.ports
    .filter((port) => names.includes(port.name))
    .flatMap(({ protocol, port }) =>
      view.addresses
        .filter(({ single }) => single !== "")
        .map(({ family, single }) => ({
          family,
          text: `${single}|${String(protocol)}|${String(port)}`,
          element: { key: [single, protocol, port] },
          isPrefix: false,
          sum: sumOf(`${single}|${String(protocol)}|${String(port)}`),
        })),
    );
}

/** In the model's order, without duplicates: equal lists, equal text. */
export function sortedKinds(kinds: readonly EndpointKind[]): readonly EndpointKind[] {
  return endpointKinds.filter((kind) => kinds.includes(kind));
}
