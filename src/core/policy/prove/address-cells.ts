// The whole address space of IPv4 and IPv6, cut where any policy, set, endpoint or invariant mentions a boundary. Between two cuts all addresses
// are alike to every policy, so one stands for all: what makes a proof complete.
import {
  type Address,
  type AddressRange,
  compareAddresses,
  formatAddress,
  isIpv4,
  parseAddress,
  parsePrefix,
} from "../../../base/ip.ts";

export interface AddressCell {
  /** Which of the mentioned ranges hold it, sorted; cells with the same are alike. */
  readonly signature: string;
  /** One address of it. */
  readonly address: string;
  readonly family: 4 | 6;
}

/** Range of addresses that are alike, by binary search over the cuts. */
export interface AddressCells {
  /** One for each signature and family. */
  readonly cells: readonly AddressCell[];
  signatureOf(address: string): string;
  /** Whether the range, one of those given, holds the cell. */
  holds(signature: string, range: number): boolean;
}

/** What people take for "some address" (RFC 5737, 3849): shown where it is as good as any other of its cell. */
const examples = ["2001:db8::1", "198.51.100.1", "203.0.113.1"] as const;
const ipv4 = parsePrefix("0.0.0.0/0") as AddressRange;

/** `ranges` may overlap and repeat; a range's number is its index. */
export function addressCells(ranges: readonly AddressRange[]): AddressCells {
  const starts = cutsOf([...ranges, ipv4]);
  const sorted = ranges
    .map((range, index) => ({ range, index }))
    .sort((one, other) => compareAddresses(one.range.low, other.range.low));
  const cells = new Map<string, AddressCell>();
  const signatures: string[] = [];
  const open = new Map<number, AddressRange>();
  let next = 0;
  for (const [at, start] of starts.entries()) {
    for (const [index, range] of open) if (compareAddresses(range.high, start) < 0) open.delete(index);
    for (let one = sorted[next]; one !== undefined && compareAddresses(one.range.low, start) <= 0; one = sorted[next]) {
      if (compareAddresses(one.range.high, start) >= 0) open.set(one.index, one.range);
      next += 1;
    }
    const family = isIpv4(start) ? 4 : 6;
    const signature = `${family}:${[...open.keys()].sort((one, other) => one - other).join(",")}`;
    signatures[at] = signature;
    const end = starts[at + 1];
    if (!cells.has(signature)) cells.set(signature, { signature, family, address: likely(start, end) });
  }
  const signatureOf = (text: string): string => {
    const address = parseAddress(text);
    return address === undefined ? "" : (signatures[lastAtMost(starts, address)] ?? "");
  };
  for (const address of examples) {
    const cell = cells.get(signatureOf(address));
    if (cell !== undefined) cells.set(cell.signature, { ...cell, address });
  }
  return {
    cells: [...cells.values()],
    signatureOf,
    holds: (signature, range) => signature.slice(2).split(",").includes(String(range)),
  };
}

function cutsOf(ranges: readonly AddressRange[]): readonly Address[] {
  const zero: Address = [0, 0, 0, 0];
  const cuts = [zero, ...ranges.flatMap(({ low, high }) => [low, ...after(high)])].sort(compareAddresses);
  return cuts.filter((cut, index) => {
    const before = cuts[index - 1];
    return before === undefined || compareAddresses(before, cut) !== 0;
  });
}

/** The address behind; nothing behind the last one. */
function after(address: Address): readonly Address[] {
  const words = [...address];
  for (let index = 3; index >= 0; index -= 1) {
    if (words[index] === 0xffffffff) words[index] = 0;
    else {
      words[index] = (words[index] ?? 0) + 1;
      return [words as unknown as Address];
    }
  }
  return [];
}

/** A prefix's first address reads like the prefix: the one behind it makes a better example where there is one. */
function likely(start: Address, end: Address | undefined): string {
  const [second] = after(start);
  const isInside = second !== undefined && (end === undefined || compareAddresses(second, end) < 0);
  return formatAddress(isInside ? second : start);
}

function lastAtMost(starts: readonly Address[], address: Address): number {
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const start = starts[middle];
    if (start !== undefined && compareAddresses(start, address) <= 0) low = middle;
    else high = middle - 1;
  }
  return low;
}
