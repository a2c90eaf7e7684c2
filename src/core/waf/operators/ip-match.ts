// ipMatch, ipMatchFromFile: the value is an address inside one of the prefixes. IPv4 and its form in IPv6 (::ffff:a.b.c.d) are the same.
import { compareAddresses, parseAddress, parsePrefix, type Address, type AddressRange } from "../../../base/ip.ts";
import type { RuleOperator } from "../seclang/rule-set.ts";
import { badArgument, hitOf, pure } from "./argument.ts";
import type { OperatorMaker } from "./operator.ts";

export const ipMatch: OperatorMaker = (operator) => matching(operator, operator.argument.split(","));

export const ipMatchFromFile: OperatorMaker = (operator) => matching(operator, operator.words);

function matching(operator: RuleOperator, texts: readonly string[]) {
  const ranges = merged(
    texts
      .map((text) => text.trim())
      .filter((text) => text !== "")
      .map((text) => rangeOf(operator, text)),
  );
  return pure((value) => {
    const address = parseAddress(value);
    return address !== undefined && isInside(ranges, address) ? hitOf(value) : undefined;
  });
}

function rangeOf(operator: RuleOperator, text: string): AddressRange {
  const range = parsePrefix(text);
  if (range === undefined) throw badArgument(operator, `"${text}" is no address or prefix`);
  return range;
}

/** Sorted, none inside another: prefixes nest or are apart. */
function merged(ranges: readonly AddressRange[]): readonly AddressRange[] {
  const sorted = ranges.toSorted((a, b) => compareAddresses(a.low, b.low) || compareAddresses(b.high, a.high));
  const kept: AddressRange[] = [];
  for (const range of sorted) {
    const last = kept.at(-1);
    if (last === undefined || compareAddresses(range.high, last.high) > 0) kept.push(range);
  }
  return kept;
}

function isInside(ranges: readonly AddressRange[], address: Address): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range === undefined) return false;
    if (compareAddresses(address, range.low) < 0) high = middle - 1;
    else if (compareAddresses(address, range.high) > 0) low = middle + 1;
    else return true;
  }
  return false;
}
