// Addresses outside the cluster: which are public, and "every public address" as prefixes, for ports that the internet reaches.
import {
  type Address,
  type AddressRange,
  compareAddresses,
  formatAddress,
  inRange,
  isIpv4,
  parsePrefix,
} from "../../../base/ip.ts";

/** Not routed on the internet (RFC 1918, 6598, 3927, 1122, 2544, 5771 and 4193, 4291): never part of "public". */
const notPublic = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
] as const;
/** Only global unicast is public in IPv6. */
const public6 = "2000::/3";

/** Prefixes of one family that cover every public address but the given ranges (the cluster's own). */
export function publicPrefixes(ranges: readonly string[], family: 4 | 6): readonly string[] {
  const whole = family === 4 ? "0.0.0.0/0" : public6;
  const cut = [...(family === 4 ? notPublic : []), ...ranges].flatMap((text) => parsePrefix(text) ?? []);
  const start = parsePrefix(whole);
  return start === undefined ? [] : without(start, cut).flatMap(prefixesOf);
}

const notPublicRanges = notPublic.flatMap((text) => parsePrefix(text) ?? []);
const public6Ranges = [parsePrefix(public6)].flatMap((range) => range ?? []);

export function isPublic(address: Address, ranges: readonly AddressRange[]): boolean {
  const isIn = (range: AddressRange): boolean => inRange(address, range);
  const isRouted = isIpv4(address) ? !notPublicRanges.some(isIn) : public6Ranges.some(isIn);
  return isRouted && !ranges.some(isIn);
}

function without(range: AddressRange, cuts: readonly AddressRange[]): readonly AddressRange[] {
  let left: AddressRange[] = [range];
  for (const cut of cuts) {
    left = left.flatMap((one) => {
      if (compareAddresses(cut.high, one.low) < 0 || compareAddresses(cut.low, one.high) > 0) return [one];
      const parts: AddressRange[] = [];
      if (compareAddresses(cut.low, one.low) > 0) parts.push({ low: one.low, high: step(cut.low, -1) });
      if (compareAddresses(cut.high, one.high) < 0) parts.push({ low: step(cut.high, 1), high: one.high });
      return parts;
    });
  }
  return left;
}

function step(address: Address, by: 1 | -1): Address {
  return fromBig(toBig(address) + BigInt(by));
}

/** A range as the fewest prefixes. */
function prefixesOf(range: AddressRange): readonly string[] {
  const found: string[] = [];
  const end = toBig(range.high);
  let at = toBig(range.low);
  while (at <= end) {
    let size = 0n;
    while (size < 128n && at % (1n << (size + 1n)) === 0n && at + (1n << (size + 1n)) - 1n <= end) size += 1n;
    const address = fromBig(at);
    found.push(`${formatAddress(address)}/${128 - Number(size) - (isIpv4(address) ? 96 : 0)}`);
    at += 1n << size;
  }
  return found;
}

function toBig(address: Address): bigint {
  return address.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
}

function fromBig(value: bigint): Address {
  const word = (shift: bigint): number => Number((value >> shift) & 0xffffffffn);
  return [word(96n), word(64n), word(32n), word(0n)];
}
