// The node's own sets: which interface and address leads to which class chain, who may send from where, who asks the DNS proxy.
import { compareAddresses } from "../../../base/ip.ts";
import type { Direction } from "../model.ts";
import { type KnownAddress, knownAddress, mergedRanges, rangeElement } from "./addresses.ts";
import { placeNames } from "./base-chains.ts";
import { families } from "./expressions.ts";
import { elementText, keyText } from "./element-text.ts";
import { changedSet, replacedSet } from "./member-set.ts";
import type { Members } from "./members.ts";
import type { Family } from "./names.ts";
import type { KeyType, NftElement, NftSet, NftVerdict } from "./nft/ruleset.ts";
import type { CompileSettings, LocalPlace } from "./settings.ts";
import { addressKey } from "./static-sets.ts";

/** Elements by set name and key text. What several endpoints claim differently is judged by the stricter: see `strictest`. */
export interface PlaceSets {
  readonly ensure: (name: string) => void;
  readonly put: (name: string, element: NftElement) => void;
  readonly has: (name: string) => boolean;
  /** Keys that endpoints claim for different chains, so that nothing passes: "gr_to4|10.1.0.2". */
  readonly conflicts: ReadonlySet<string>;
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

interface Claims {
  readonly byName: ReadonlyMap<string, ReadonlyMap<string, NftElement>>;
  readonly conflicts: ReadonlySet<string>;
  readonly ensure: (name: string) => void;
  readonly put: (name: string, element: NftElement) => void;
  readonly drop: (name: string, element: NftElement) => boolean;
}

/** What stands at each key, of all that was claimed for it. */
function createClaims(): Claims {
  const byName = new Map<string, Map<string, NftElement>>();
  /** All claims of a key that more than one endpoint has. */
  const claims = new Map<string, NftElement[]>();
  const conflicts = new Set<string>();
  const elementsOf = (name: string) => {
    const elements = byName.get(name) ?? new Map<string, NftElement>();
    byName.set(name, elements);
    return elements;
  };
  function settle(name: string, key: string, list: NftElement[]): void {
    const id = `${name}|${key}`;
    const element = strictest(list);
    if (list.length > 1) claims.set(id, list);
    else claims.delete(id);
    if (element === undefined || list.includes(element)) conflicts.delete(id);
    else conflicts.add(id);
    if (element === undefined) byName.get(name)?.delete(key);
    else elementsOf(name).set(key, element);
  }
  function claimsOf(name: string, key: string): NftElement[] {
    const known = byName.get(name)?.get(key);
    return claims.get(`${name}|${key}`) ?? (known === undefined ? [] : [known]);
  }
  function put(name: string, element: NftElement): void {
    const key = keyText(element.key);
    const elements = elementsOf(name);
    if (elements.has(key)) settle(name, key, [...claimsOf(name, key), element]);
    else elements.set(key, element);
  }
  /** False when nobody claimed that. */
  function drop(name: string, element: NftElement): boolean {
    const key = keyText(element.key);
    const list = claimsOf(name, key);
    const text = elementText(element);
    const at = list.findIndex((claim) => elementText(claim) === text);
    if (at >= 0) settle(name, key, list.toSpliced(at, 1));
    return at >= 0;
  }
  return { byName, conflicts, ensure: (name) => void elementsOf(name), put, drop };
}

export function createPlaceSets(): PlaceSets {
  const { byName, conflicts, ensure, put, drop } = createClaims();
  return {
    ensure,
    put,
    has: (name) => byName.has(name),
    conflicts,
    finish: (before) =>
      [...byName].map(([name, elements]) => {
        const shape = shapes.get(name) ?? { key: [], isMap: false, interval: false };
        return replacedSet(before.get(name), { name, ...shape }, [...elements.values()]);
      }),
    move(change, before) {
      /** What stood at each touched key. */
      const touched = new Map<string, Map<string, NftElement | undefined>>();
      const touch = (name: string, element: NftElement): void => {
        const key = keyText(element.key);
        const known = touched.get(name) ?? new Map<string, NftElement | undefined>();
        touched.set(name, known);
        if (!known.has(key)) known.set(key, byName.get(name)?.get(key));
      };
      for (const [name, element] of change.deleted) {
        touch(name, element);
        if (!drop(name, element)) return undefined;
      }
      for (const [name, element] of change.added) {
        if (!byName.has(name)) return undefined;
        touch(name, element);
        put(name, element);
      }
      const sets: NftSet[] = [];
      for (const [name, keys] of touched) {
        const set = before.get(name);
        if (set === undefined || byName.get(name)?.size === 0) return undefined;
        const { added, deleted } = netOf(keys, byName.get(name));
        if (added.length + deleted.length > 0) sets.push(changedSet(set, added, deleted));
      }
      return sets;
    },
  };
}

function netOf(
  before: ReadonlyMap<string, NftElement | undefined>,
  now: ReadonlyMap<string, NftElement> | undefined,
): { readonly added: readonly NftElement[]; readonly deleted: readonly NftElement[] } {
  const added: NftElement[] = [];
  const deleted: NftElement[] = [];
  for (const [key, old] of before) {
    const element = now?.get(key);
    if (old !== undefined && element !== undefined && elementText(old) === elementText(element)) continue;
    if (old !== undefined) deleted.push(old);
    if (element !== undefined) added.push(element);
  }
  return { added, deleted };
}

/** One endpoint without policies takes nothing away from another's; of two with different ones both would have to pass a packet, so nothing does. */
function strictest(list: readonly NftElement[]): NftElement | undefined {
  const [first] = list;
  if (first === undefined) return undefined;
  const strict = list.filter(({ data }) => data !== undefined && data.verdict !== "accept");
  const [only = first] = strict;
  const text = elementText(only);
  return strict.every((element) => elementText(element) === text) ? only : { key: only.key, data: { verdict: "drop" } };
}

/** The class chains of an endpoint; "" when its packets go on unasked. */
export type ChainNames = Readonly<Record<Direction, string>>;

export interface PlaceFrame {
  readonly chains: ChainNames;
  /** Host endpoints let the node reach its pods, so those are listed. */
  readonly hasHosts: boolean;
  readonly sharedLinks: CompileSettings["sharedLinks"];
}

/** Elements of one endpoint, by set name. */
export function* placeElements(
  place: LocalPlace,
  addresses: readonly KnownAddress[],
  { chains, hasHosts, sharedLinks }: PlaceFrame,
): Iterable<PlaceElement> {
  const { interfaceName } = place;
  const egress = verdictTo(chains.egress);
  const ingress = verdictTo(chains.ingress);
  if (interfaceName !== "") {
    yield [placeNames.interfaces, { key: [interfaceName] }];
    yield [placeNames.fromInterface, { key: [interfaceName], data: egress }];
  }
  for (const address of addresses) {
    const { family, single } = address;
    if (single === "") continue;
    yield [placeNames.to(family), { key: [single], data: ingress }];
    if (hasHosts) yield [placeNames.pods(family), { key: [single] }];
    if (interfaceName !== "") {
      yield [placeNames.sources(family), { key: [interfaceName, single] }];
      continue;
    }
    yield [placeNames.loose(family), { key: [single] }];
    yield [placeNames.from(family), { key: [single], data: egress }];
    const link = sharedLinkOf(address, sharedLinks ?? []);
    if (link === "") continue;
    // Whoever sends by this link must have an address that somebody there is known by: an unused one would pass under all policies.
    yield [placeNames.sources(family), { key: [link, single] }];
    if (chains.egress !== "") yield [placeNames.interfaces, { key: [link] }];
  }
}

function sharedLinkOf({ range }: KnownAddress, links: NonNullable<CompileSettings["sharedLinks"]>): string {
  const isIn = (prefix: string): boolean => {
    const known = knownAddress(prefix)?.range;
    if (known === undefined) return false;
    return compareAddresses(known.low, range.low) <= 0 && compareAddresses(range.high, known.high) <= 0;
  };
  return links.find(({ prefixes }) => prefixes.some(isIn))?.name ?? "";
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
