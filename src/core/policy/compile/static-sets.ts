// Sets that only policies and services decide: prefixes, ports, protocols, backends, and the empty ones that DNS fills.
// Named by content: equal lists are one set, however many rules read it.
import type { AddressRange } from "../../../base/ip.ts";
import { type PortMatch } from "../model.ts";
import type { WorldService } from "../world.ts";
import { knownAddress, rangeElement } from "./addresses.ts";
import { replacedSet } from "./member-set.ts";
import { portKey } from "./members.ts";
import { type Family, shortHash } from "./names.ts";
import type { KeyType, NftElement, NftSet } from "./nft/ruleset.ts";

export type PortRange = Extract<PortMatch, { from: number }>;

export interface StaticSets {
  /** Merged ranges of one family. */
  nets(ranges: readonly AddressRange[], family: Family): string;
  /** Merged, at least two. */
  ports(ranges: readonly PortRange[]): string;
  protocols(numbers: readonly number[]): string;
  /** (address, protocol, port) of backends, or their addresses alone. */
  service(of: { readonly namespace: string; readonly name: string }, with_: ServiceView): string;
  /** Filled at run time. Names sorted. */
  domains(names: readonly string[], family: Family): string;
  /** A set made by the caller, under its name. */
  put(set: NftSet): string;
  get(name: string): NftSet | undefined;
  /** Drops all others. */
  sweep(used: ReadonlySet<string>): void;
}

export interface ServiceView {
  readonly service: WorldService | undefined;
  readonly family: Family;
  readonly withPorts: boolean;
}

export function createStaticSets(): StaticSets {
  const sets = new Map<string, NftSet>();
  const keep = (name: string, make: () => NftSet): string => {
    if (!sets.has(name)) sets.set(name, make());
    return name;
  };
  return {
    nets(ranges, family) {
      const elements = ranges.map(rangeElement);
      const interval = elements.some((element) => typeof element.key[0] === "object");
      const name = `gr_n${String(family)}_${shortHash(JSON.stringify(elements))}`;
      return keep(name, () => setOf({ name, key: [addressKey(family)], interval, elements }));
    },
    ports(ranges) {
      const elements = ranges.map(({ from, to }) => ({ key: [from === to ? from : { low: from, high: to }] }));
      const interval = ranges.some(({ from, to }) => from !== to);
      const name = `gr_ports_${shortHash(JSON.stringify(elements))}`;
      return keep(name, () => setOf({ name, key: ["inet_service"], interval, elements }));
    },
    protocols(numbers) {
      const name = `gr_protos_${numbers.join("_")}`.slice(0, 31);
      const elements = numbers.map((number) => ({ key: [number] }));
      return keep(name, () => setOf({ name, key: ["inet_proto"], interval: false, elements }));
    },
    service({ namespace, name: serviceName }, { service, family, withPorts }) {
      const name = `gr_v${withPorts ? "p" : "a"}${String(family)}_${shortHash(`${namespace}/${serviceName}`)}`;
      const key: readonly KeyType[] = withPorts ? portKey(family) : [addressKey(family)];
      const elements = service === undefined ? [] : backendElements(service, family, withPorts);
      sets.set(name, replacedSet(sets.get(name), { name, key, interval: false }, elements));
      return name;
    },
    domains(names, family) {
      const name = domainSetName(names, family);
      const key: readonly KeyType[] = [addressKey(family), addressKey(family)];
      return keep(name, () => ({
        ...setOf({ name, key, interval: false, elements: [] }),
        timeout: true,
        isDynamic: true,
      }));
    },
    put(set) {
      sets.set(set.name, set);
      return set.name;
    },
    get: (name) => sets.get(name),
    sweep(used) {
      for (const name of sets.keys()) if (!used.has(name)) sets.delete(name);
    },
  };
}

export function domainSetName(names: readonly string[], family: Family): string {
  return `gr_dom${String(family)}_${shortHash(names.join("\n"))}`;
}

export function addressKey(family: Family): KeyType {
  return family === 4 ? "ipv4_addr" : "ipv6_addr";
}

function setOf(parts: Pick<NftSet, "name" | "key" | "interval" | "elements">): NftSet {
  return { ...parts, timeout: false, isMap: false, version: 1 };
}

function backendElements(service: WorldService, family: Family, withPorts: boolean): readonly NftElement[] {
  const byText = new Map<string, NftElement>();
  for (const { address, protocol, port } of service.backends) {
    const known = knownAddress(address);
    if (known === undefined || known.family !== family || known.single === "") continue;
    const key = withPorts ? [known.single, protocol, port] : [known.single];
    byText.set(key.join("|"), { key });
  }
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, element]) => element);
}

/** Sorted, without overlaps; neighbours become one. */
export function mergedPorts(ranges: readonly PortRange[]): readonly PortRange[] {
  const merged: PortRange[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1) merged.push(range);
    else if (range.to > last.to) merged[merged.length - 1] = { from: last.from, to: range.to };
  }
  return merged;
}
