// The node's own sets: which interface and address leads to which class chain, who may send from where, who asks the DNS proxy.
import type { Direction } from "../model.ts";
import { type KnownAddress, knownAddress, mergedRanges, rangeElement } from "./addresses.ts";
import { placeNames } from "./base-chains.ts";
import { families } from "./expressions.ts";
import { keyText } from "./element-text.ts";
import { changedSet, replacedSet } from "./member-set.ts";
import type { Members } from "./members.ts";
import type { Family } from "./names.ts";
import type { KeyType, NftElement, NftSet, NftVerdict } from "./nft/ruleset.ts";
import type { CompileSettings, LocalPlace } from "./settings.ts";
import { addressKey } from "./static-sets.ts";

/** Elements by set name and key text. Two endpoints with one key: the first that came has it. */
export interface PlaceSets {
  readonly ensure: (name: string) => void;
  readonly put: (name: string, element: NftElement) => void;
  readonly has: (name: string) => boolean;
  readonly finish: (before: ReadonlyMap<string, NftSet>) => readonly NftSet[];
  /** The sets after endpoints' elements changed; undefined when that cannot be told apart from what other endpoints have. */
  readonly move: (change: PlaceChange, before: ReadonlyMap<string, NftSet>) => readonly NftSet[] | undefined;
}

export type PlaceElement = readonly [name: string, element: NftElement];

export interface PlaceChange {
  readonly deleted: readonly PlaceElement[];
  readonly added: readonly PlaceElement[];
}

interface Shape {
  readonly key: readonly KeyType[];
  readonly isMap: boolean;
  readonly interval: boolean;
}

const shapes = new Map<string, Shape>([
  [placeNames.fromInterface, { key: ["ifname"], isMap: true, interval: false }],
  [placeNames.interfaces, { key: ["ifname"], isMap: false, interval: false }],
  [placeNames.linkLocal, { key: ["ipv6_addr"], isMap: false, interval: true }],
  ...families.flatMap((family): [string, Shape][] => {
    const address = addressKey(family);
    return [
      [placeNames.from(family), { key: [address], isMap: true, interval: false }],
      [placeNames.to(family), { key: [address], isMap: true, interval: false }],
      [placeNames.sources(family), { key: ["ifname", address], isMap: false, interval: false }],
      [placeNames.loose(family), { key: [address], isMap: false, interval: false }],
      [placeNames.pods(family), { key: [address], isMap: false, interval: false }],
      [placeNames.dnsClients(family), { key: [address], isMap: false, interval: false }],
      [placeNames.dnsServers(family), { key: [address, "inet_service"], isMap: false, interval: false }],
    ];
  }),
]);

export function createPlaceSets(): PlaceSets {
  const byName = new Map<string, Map<string, NftElement>>();
  /** Keys that more than one endpoint has. */
  const shared = new Set<string>();
  const elementsOf = (name: string) => {
    const elements = byName.get(name) ?? new Map<string, NftElement>();
    byName.set(name, elements);
    return elements;
  };
  return {
    ensure: (name) => void elementsOf(name),
    put(name, element) {
      const elements = elementsOf(name);
      const key = keyText(element.key);
      if (elements.has(key)) shared.add(`${name}|${key}`);
      else elements.set(key, element);
    },
    has: (name) => byName.has(name),
    finish: (before) =>
      [...byName].map(([name, elements]) => {
        const shape = shapes.get(name) ?? { key: [], isMap: false, interval: false };
        return replacedSet(before.get(name), { name, ...shape }, [...elements.values()]);
      }),
    move(change, before) {
      const touched = new Map<string, { added: NftElement[]; deleted: NftElement[] }>();
      const touch = (name: string) => {
        const known = touched.get(name) ?? { added: [], deleted: [] };
        touched.set(name, known);
        return known;
      };
      for (const [name, element] of change.deleted) {
        const key = keyText(element.key);
        const known = byName.get(name)?.get(key);
        if (known === undefined || shared.has(`${name}|${key}`)) return undefined;
        byName.get(name)?.delete(key);
        touch(name).deleted.push(known);
      }
      for (const [name, element] of change.added) {
        const elements = byName.get(name);
        const key = keyText(element.key);
        if (elements === undefined || elements.has(key)) return undefined;
        elements.set(key, element);
        touch(name).added.push(element);
      }
      const sets: NftSet[] = [];
      for (const [name, { added, deleted }] of touched) {
        const set = before.get(name);
        if (set === undefined || byName.get(name)?.size === 0) return undefined;
        sets.push(changedSet(set, added, deleted));
      }
      return sets;
    },
  };
}

/** The class chains of an endpoint; "" when its packets go on unasked. */
export type ChainNames = Readonly<Record<Direction, string>>;

/** Elements of one endpoint, by set name. `hasHosts`: host endpoints let the node reach its pods, so those are listed. */
export function* placeElements(
  place: LocalPlace,
  addresses: readonly KnownAddress[],
  { chains, hasHosts }: { readonly chains: ChainNames; readonly hasHosts: boolean },
): Iterable<PlaceElement> {
  const { interfaceName } = place;
  const egress = verdictTo(chains.egress);
  const ingress = verdictTo(chains.ingress);
  if (interfaceName !== "") {
    yield [placeNames.interfaces, { key: [interfaceName] }];
    yield [placeNames.fromInterface, { key: [interfaceName], data: egress }];
  }
  for (const { family, single } of addresses) {
    if (single === "") continue;
    yield [placeNames.to(family), { key: [single], data: ingress }];
    if (hasHosts) yield [placeNames.pods(family), { key: [single] }];
    if (interfaceName !== "") yield [placeNames.sources(family), { key: [interfaceName, single] }];
    else {
      yield [placeNames.loose(family), { key: [single] }];
      yield [placeNames.from(family), { key: [single], data: egress }];
    }
  }
}

function verdictTo(chain: string): NftVerdict {
  return chain === "" ? { verdict: "accept" } : { verdict: "goto", chain };
}

/** fe80::/10 and "no address yet". */
const linkLocal: readonly NftElement[] = mergedRanges(
  ["fe80::/10", "::"].map((text) => knownAddress(text)?.range).filter((range) => range !== undefined),
  6,
).map(rangeElement);

/** Sets that the base chains name wherever there are interfaces: empty ones, too. */
export function ensureFrame(sets: PlaceSets): void {
  if (!sets.has(placeNames.interfaces)) return;
  for (const family of families) sets.ensure(placeNames.sources(family));
  for (const element of linkLocal) sets.put(placeNames.linkLocal, element);
}

export interface DnsPlaces {
  readonly members: Members;
  readonly settings: CompileSettings;
  /** Endpoints with rules on names. */
  readonly clients: readonly string[];
}

export function putDns(sets: PlaceSets, { members, settings, clients }: DnsPlaces): void {
  if (settings.dns === undefined || clients.length === 0) return;
  for (const client of clients)
    for (const { family, single } of members.addressesOf(client))
      if (single !== "") sets.put(placeNames.dnsClients(family), { key: [single] });
  for (const text of settings.dns.upstreams) {
    const server = serverOf(text);
    if (server !== undefined) sets.put(placeNames.dnsServers(server.family), { key: [server.address, server.port] });
  }
}

/** "10.96.0.10", "10.96.0.10:5353", "fd00::53" or "[fd00::53]:5353". */
function serverOf(text: string): { family: Family; address: string; port: number } | undefined {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text) ?? /^([\d.]+):(\d{1,5})$/.exec(text);
  const known = knownAddress(bracketed?.[1] ?? text);
  if (known === undefined || known.single === "") return undefined;
  const port = Number(bracketed?.[2] ?? "53");
  return port < 1 || port > 65_535 ? undefined : { family: known.family, address: known.single, port };
}
