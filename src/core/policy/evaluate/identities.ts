// What policies can tell apart: two ends with one identity meet the same verdicts with every peer, port and protocol. Exact, not a hash:
// a class of things is split by each selector, named port and prefix that a rule looks at.
import { compareAddresses, isIpv4, parseAddress, type Address, type AddressRange } from "../../../base/ip.ts";
import type { EntityMatch, PolicySet } from "../model.ts";
import type { WorldService } from "../world.ts";
import { rangeFamily, canonicalAddress } from "./addresses.ts";
import { eachBit } from "./bits.ts";
import type { End } from "./question.ts";
import type { RowTable } from "./rows.ts";
import type { SelectorIndex } from "./selector-index.ts";

export interface IdentityFacts {
  readonly rows: RowTable;
  readonly index: SelectorIndex;
  readonly set: PolicySet;
  readonly service: (namespace: string, name: string) => WorldService | undefined;
}

export interface Identities {
  /** 0: this end is judged by itself (nobody knows who it is, or it lives in a node's network). */
  of(end: End): number;
}

/** For the rows, policies and services as they are now. */
export function createIdentities(facts: IdentityFacts): Identities {
  const classes = classesOf(facts);
  const bounds = boundsOf(facts);
  const numbers = new Map<string, number>();
  const made = (end: End): number => {
    if (end.unknown !== "" || end.node !== "" || end.subjects.length > 1 || (end.isInside && end.sole === undefined))
      return 0;
    const slots = end.slot < 0 ? [] : [end.slot, ...(end.moreSlots ?? [])];
    const atom = end.address === undefined ? "-" : `${end.family}:${atomOf(bounds, end.address)}`;
    const key = `${end.isInside ? "in" : "out"} ${atom} ${slots.map((slot) => classes[slot]).join(" ")}`;
    const number = numbers.get(key) ?? numbers.size + 1;
    numbers.set(key, number);
    return number;
  };
  const identities: Identities = {
    of(end) {
      if (end.identityBy === identities) return end.identity;
      end.identity = made(end);
      end.identityBy = identities;
      return end.identity;
    },
  };
  return identities;
}

/** A number per slot: equal where all selectors, ports and profiles are. */
function classesOf({ rows, index }: IdentityFacts): Int32Array {
  const classes = new Int32Array(rows.capacity);
  const first = new Map<string, number>();
  let last = 0;
  for (const row of rows.all()) {
    const ports = row.ports.map(({ name, protocol, port }) => `${name}/${protocol}/${port}`).sort();
    const key = `${row.kind} ${row.profiles} ${ports.join(" ")} ${row.set?.domains.join(" ") ?? ""}`;
    const number = first.get(key) ?? (last += 1);
    first.set(key, number);
    classes[row.slot] = number;
  }
  for (const { bits } of index.all()) {
    const split = new Map<number, number>();
    eachBit(bits, (slot) => {
      const before = classes[slot] as number;
      let after = split.get(before);
      if (after === undefined) split.set(before, (after = last += 1));
      classes[slot] = after;
    });
  }
  return classes;
}

/** First addresses of the intervals between all borders of prefixes and backends in rules, ascending. */
function boundsOf({ set, service }: IdentityFacts): readonly Address[] {
  const bounds: Address[] = [];
  const add = ({ low, high }: AddressRange) => {
    bounds.push(low);
    const next = after(high);
    if (next !== undefined) bounds.push(next);
  };
  const addEntity = ({ nets = [], notNets = [], service: named }: EntityMatch) => {
    for (const { range } of [...nets, ...notNets]) {
      add(range);
      // ::/0 holds the numbers of IPv4 addresses, but not those addresses.
      if (rangeFamily(range) === 6) bounds.push([0, 0, 0xffff, 0], [0, 0, 0x10000, 0]);
    }
    const backends = named === undefined ? [] : (service(named.namespace, named.name)?.backends ?? []);
    for (const backend of backends) {
      const address = parseAddress(canonicalAddress(backend.address) ?? "");
      if (address !== undefined) add({ low: address, high: address });
    }
  };
  for (const holder of [...set.policies, ...set.profiles]) {
    for (const { source, destination } of [...holder.ingress, ...holder.egress]) {
      addEntity(source);
      addEntity(destination);
    }
  }
  return bounds
    .sort(compareAddresses)
    .filter((bound, at) => at === 0 || compareAddresses(bound, bounds[at - 1] as Address) !== 0);
}

function after([a, b, c, d]: Address): Address | undefined {
  if (d < 0xffffffff) return [a, b, c, d + 1];
  if (c < 0xffffffff) return [a, b, c + 1, 0];
  if (b < 0xffffffff) return [a, b + 1, 0, 0];
  return a < 0xffffffff ? [a + 1, 0, 0, 0] : undefined;
}

/** How many bounds are at or before the address. */
function atomOf(bounds: readonly Address[], address: Address): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareAddresses(bounds[middle] as Address, address) <= 0) low = middle + 1;
    else high = middle;
  }
  return isIpv4(address) ? low : -low;
}
