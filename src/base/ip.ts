// Addresses and prefixes as values: IPv4 and IPv6 in one space of 128 bits (IPv4 as ::ffff:a.b.c.d), as the store keeps them.

/** 128 bits, most significant first, as four unsigned 32-bit numbers: compares and masks without allocation. */
export type Address = readonly [number, number, number, number];

/** All addresses between `low` and `high`, both included. */
export interface AddressRange {
  readonly low: Address;
  readonly high: Address;
}

/** "10.0.0.1", "fe80::1", "::ffff:10.0.0.1" or "fe80::1%eth0" (zone dropped) -> Address; anything else -> undefined. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > 64) return undefined;
  if (!text.includes(":")) {
    const bits = parseIpv4(text);
    return bits === undefined ? undefined : [0, 0, 0xffff, bits];
  }
  const zone = text.indexOf("%");
  return parseIpv6(zone < 0 ? text : text.slice(0, zone));
}

function parseIpv4(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let bits = 0;
  for (const part of parts) {
    if (!/^(0|[1-9]\d{0,2})$/.test(part)) return undefined;
    const value = Number(part);
    if (value > 255) return undefined;
    bits = bits * 256 + value;
  }
  return bits;
}

function parseIpv6(text: string): Address | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = groupsOf(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? groupsOf(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...Array.from({ length: missing }, () => 0), ...tail];
  const word = (index: number) => (groups[index] ?? 0) * 65_536 + (groups[index + 1] ?? 0);
  return [word(0), word(2), word(4), word(6)];
}

/** Groups of 16 bits between colons; the last may be a dotted IPv4 address where `dotted` allows it. */
function groupsOf(text: string, dotted: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (dotted && index === parts.length - 1 && part.includes(".")) {
      const bits = parseIpv4(part);
      if (bits === undefined) return undefined;
      groups.push(Math.floor(bits / 65_536), bits % 65_536);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups.push(Number.parseInt(part, 16));
    else return undefined;
  }
  return groups;
}

export function isIpv4(address: Address): boolean {
  return address[0] === 0 && address[1] === 0 && address[2] === 0xffff;
}

/** Canonical text (RFC 5952); an IPv4 address in dotted form without its ::ffff: prefix. */
export function formatAddress(address: Address): string {
  if (isIpv4(address)) {
    const bits = address[3];
    return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join(".");
  }
  const groups = address.flatMap((word) => [word >>> 16, word & 0xffff]);
  const run = longestZeroRun(groups);
  const hex = (list: readonly number[]) => list.map((group) => group.toString(16)).join(":");
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > best.length) best = { start, length: index + 1 - start };
  }
  return best;
}

/** "10.0.0.0/8", "fd00::/8", or one address (a range of one) -> what it covers; host bits are ignored. Else undefined. */
export function parsePrefix(text: string): AddressRange | undefined {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  if (slash < 0) return { low: address, high: address };
  const lengthText = text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(lengthText)) return undefined;
  const given = Number(lengthText);
  const dotted = !text.includes(":");
  if (given > (dotted ? 32 : 128)) return undefined;
  return rangeOf(address, dotted ? given + 96 : given);
}

function rangeOf(address: Address, length: number): AddressRange {
  const low: number[] = [];
  const high: number[] = [];
  for (const [index, word] of address.entries()) {
    const kept = Math.min(32, Math.max(0, length - index * 32));
    const mask = kept === 0 ? 0 : (0xffffffff << (32 - kept)) >>> 0;
    low.push((word & mask) >>> 0);
    high.push((word | ~mask) >>> 0);
  }
  return { low: low as unknown as Address, high: high as unknown as Address };
}

/** Negative, 0 or positive, in the order of the 128-bit numbers. */
export function compareAddresses(a: Address, b: Address): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3];
}

export function inRange(address: Address, range: AddressRange): boolean {
  return compareAddresses(address, range.low) >= 0 && compareAddresses(address, range.high) <= 0;
}
