// Which prefixes hold an address: one look-up per length of prefix for network sets, sorted ranges for the nets of rules.
// IPv4 and IPv6 never meet here: ::/0 holds no IPv4 address.
import {
  compareAddresses,
  formatAddress,
  inRange,
  isIpv4,
  parseAddress,
  type Address,
  type AddressRange,
} from "../../../base/ip.ts";

/** The text that all keys have; undefined for what is no address. What is canonical stays the same value, which compares at once. */
export function canonicalAddress(text: string): string | undefined {
  const parsed = parseAddress(text);
  if (parsed === undefined) return undefined;
  const formatted = formatAddress(parsed);
  return formatted === text ? text : formatted;
}

export function familyOf(address: Address): 4 | 6 {
  return isIpv4(address) ? 4 : 6;
}

/** A range is of the family of its first address; ::/0 begins before the IPv4 addresses and is IPv6. */
export function rangeFamily(range: AddressRange): 4 | 6 {
  return isIpv4(range.low) && isIpv4(range.high) ? 4 : 6;
}

export interface RangeSet {
  has(address: Address): boolean;
}

/** Overlapping ranges are joined; a question costs a binary search. */
export function createRangeSet(ranges: readonly AddressRange[]): RangeSet {
  const four = joined(ranges.filter((range) => rangeFamily(range) === 4));
  const six = joined(ranges.filter((range) => rangeFamily(range) === 6));
  return { has: (address) => holds(isIpv4(address) ? four : six, address) };
}

function joined(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const sorted = ranges.toSorted((a, b) => compareAddresses(a.low, b.low) || compareAddresses(b.high, a.high));
  const list: AddressRange[] = [];
  for (const range of sorted) {
    const last = list.at(-1);
    if (last === undefined || compareAddresses(range.low, last.high) > 0) list.push(range);
    else if (compareAddresses(range.high, last.high) > 0) list[list.length - 1] = { low: last.low, high: range.high };
  }
  return list;
}

function holds(ranges: readonly AddressRange[], address: Address): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle] as AddressRange;
    if (compareAddresses(address, range.low) < 0) high = middle - 1;
    else if (compareAddresses(address, range.high) > 0) low = middle + 1;
    else return true;
  }
  return false;
}

/** Values by prefix. At most 33 + 129 look-ups find all prefixes that hold an address, however many there are. */
export interface PrefixTable<Value> {
  add(range: AddressRange, value: Value): void;
  /** Each value once. */
  find(address: Address): Value[];
}

export function createPrefixTable<Value>(): PrefixTable<Value> {
  const tables = new Map<number, Map<string | number, Value[]>>();
  /** What is left of a wide IPv6 prefix without the IPv4 addresses in it is no prefix; there are few different ones. */
  const odd = new Map<string, { readonly range: AddressRange; readonly values: Value[] }>();
  return {
    add(range, value) {
      const length = lengthOf(range);
      if (!isPrefix(range, length)) {
        const key = `${range.low.join(":")}-${range.high.join(":")}`;
        const known = odd.get(key) ?? { range, values: [] };
        known.values.push(value);
        odd.set(key, known);
        return;
      }
      let table = tables.get(length);
      if (table === undefined) tables.set(length, (table = new Map()));
      const key = keyOf(range.low, length);
      const list = table.get(key);
      if (list === undefined) table.set(key, [value]);
      else list.push(value);
    },
    find(address) {
      const found = new Set<Value>();
      const isFour = isIpv4(address);
      for (const [length, table] of tables) {
        if (length >= fourStart !== isFour) continue;
        for (const value of table.get(keyOf(address, length)) ?? []) found.add(value);
      }
      if (isFour) return [...found];
      for (const { range, values } of odd.values()) {
        if (inRange(address, range)) for (const value of values) found.add(value);
      }
      return [...found];
    },
  };
}

/** Lengths of IPv4 prefixes are kept apart: 200 + length. */
const fourStart = 200;

function lengthOf(range: AddressRange): number {
  let length = 0;
  for (const [index, low] of range.low.entries()) {
    const differing = (low ^ (range.high[index] ?? 0)) >>> 0;
    if (differing !== 0) {
      length += Math.clz32(differing);
      break;
    }
    length += 32;
  }
  return rangeFamily(range) === 4 ? fourStart + length - 96 : length;
}

function isPrefix({ low, high }: AddressRange, length: number): boolean {
  const bits = length >= fourStart ? length - fourStart + 96 : length;
  return low.every((word, index) => {
    const kept = Math.min(32, Math.max(0, bits - index * 32));
    const mask = kept === 0 ? 0 : (0xffffffff << (32 - kept)) >>> 0;
    return (word & mask) >>> 0 === word && (word | ~mask) >>> 0 === high[index];
  });
}

function keyOf(address: Address, length: number): string | number {
  if (length >= fourStart) {
    const kept = length - fourStart;
    return kept === 0 ? 0 : (address[3] & (0xffffffff << (32 - kept))) >>> 0;
  }
  return address
    .map((word, index) => {
      const kept = Math.min(32, Math.max(0, length - index * 32));
      return kept === 0 ? 0 : (word & (0xffffffff << (32 - kept))) >>> 0;
    })
    .join(":");
}
