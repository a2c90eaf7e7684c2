// Addresses as kernels want them: one family at a time, canonical text, ranges that neither overlap nor touch.
import {
  type Address,
  type AddressRange,
  compareAddresses,
  formatAddress,
  isIpv4,
  parseAddress,
  parsePrefix,
} from "../../../base/ip.ts";
import type { Family } from "./names.ts";
import type { NftElement } from "./nft/ruleset.ts";

const mapped: AddressRange = {
  low: [0, 0, 0xffff, 0],
  high: [0, 0, 0xffff, 0xffffffff],
};
const below: AddressRange = { low: [0, 0, 0, 0], high: [0, 0, 0xfffe, 0xffffffff] };
const above: AddressRange = { low: [0, 0, 0x1_0000, 0], high: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff] };

/** The parts of ranges that belong to a family: merged, sorted. Prefixes of IPv6 never cover IPv4 (its space inside ours is cut out). */
export function mergedRanges(ranges: readonly AddressRange[], family: Family): readonly AddressRange[] {
  const parts = ranges
    .flatMap((range) => (family === 4 ? [cut(range, mapped)] : [cut(range, below), cut(range, above)]))
    .filter((range) => range !== undefined)
    .sort((a, b) => compareAddresses(a.low, b.low));
  const merged: AddressRange[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (last === undefined || compareAddresses(part.low, next(last.high)) > 0) merged.push(part);
    else if (compareAddresses(part.high, last.high) > 0) merged[merged.length - 1] = { low: last.low, high: part.high };
  }
  return family === 6 ? withoutHole(merged) : merged;
}

/** Two parts that meet around the mapped space are one to the kernel, which never sees a mapped address as IPv6. */
function withoutHole(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const left = ranges.findIndex((range) => compareAddresses(range.high, below.high) === 0);
  const first = ranges[left];
  const second = ranges[left + 1];
  if (first === undefined || second === undefined || compareAddresses(second.low, above.low) !== 0) return ranges;
  return [...ranges.slice(0, left), { low: first.low, high: second.high }, ...ranges.slice(left + 2)];
}

function cut(range: AddressRange, to: AddressRange): AddressRange | undefined {
  const low = compareAddresses(range.low, to.low) > 0 ? range.low : to.low;
  const high = compareAddresses(range.high, to.high) < 0 ? range.high : to.high;
  return compareAddresses(low, high) > 0 ? undefined : { low, high };
}

function next(address: Address): Address {
  const words = [...address] as [number, number, number, number];
  for (let index = 3; index >= 0; index -= 1) {
    if ((words[index] ?? 0) < 0xffffffff) {
      words[index] = (words[index] ?? 0) + 1;
      return words;
    }
    words[index] = 0;
  }
  return [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff];
}

/** Whether merged ranges are the family's whole space. */
export function isEverything(ranges: readonly AddressRange[], family: Family): boolean {
  const [only] = ranges;
  if (only === undefined || ranges.length !== 1) return false;
  const whole = family === 4 ? mapped : { low: below.low, high: above.high };
  return compareAddresses(only.low, whole.low) === 0 && compareAddresses(only.high, whole.high) === 0;
}

export function rangeElement(range: AddressRange): NftElement {
  const low = formatAddress(range.low);
  return { key: [compareAddresses(range.low, range.high) === 0 ? low : { low, high: formatAddress(range.high) }] };
}

/** An address or prefix as text: its family, canonical text when it is one address, and what it covers. Undefined: it is neither. */
export interface KnownAddress {
  readonly family: Family;
  /** "" for a prefix of more than one address. */
  readonly single: string;
  readonly range: AddressRange;
}

export function knownAddress(text: string): KnownAddress | undefined {
  const address = parseAddress(text);
  if (address !== undefined)
    return { family: isIpv4(address) ? 4 : 6, single: formatAddress(address), range: { low: address, high: address } };
  const range = parsePrefix(text);
  if (range === undefined) return undefined;
  const isSingle = compareAddresses(range.low, range.high) === 0;
  return { family: isIpv4(range.low) ? 4 : 6, single: isSingle ? formatAddress(range.low) : "", range };
}
