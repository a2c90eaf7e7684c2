// The digest of a ruleset: equal content, equal digest, whatever the order. Sums of hashes, so that one changed element costs one hash. Not for secrets.
import { hashText, hexOf } from "../evaluate/hash.ts";
import { elementText } from "./element-text.ts";
import type { NftChain, NftSet } from "./nft/ruleset.ts";

/** Two sums of 32 bits. */
export type Sum = readonly [number, number];

export const noSum: Sum = [0, 0];

const seeds: Sum = [0x811c9dc5, 0x2545f491];

export function sumOf(text: string): Sum {
  return [hashText(text, seeds[0]), hashText(text, seeds[1])];
}

export function plus(a: Sum, b: Sum): Sum {
  return [(a[0] + b[0]) >>> 0, (a[1] + b[1]) >>> 0];
}

export function minus(a: Sum, b: Sum): Sum {
  return [(a[0] - b[0]) >>> 0, (a[1] - b[1]) >>> 0];
}

const elementsOf = new WeakMap<NftSet, Sum>();
const wholes = new WeakMap<object, Sum>();

/** For whoever counts along: the sum of a set's elements, each by `sumOf(elementText(...))`. */
export function knowSum(set: NftSet, sum: Sum): void {
  elementsOf.set(set, sum);
}

function elementsSum(set: NftSet, before: NftSet | undefined): Sum {
  const known = elementsOf.get(set);
  if (known !== undefined) return known;
  const old = before === undefined ? undefined : elementsOf.get(before);
  let sum: Sum = [0, 0];
  if (old !== undefined && set.change !== undefined && before?.version === set.change.fromVersion) {
    sum = old;
    for (const element of set.change.added) sum = plus(sum, sumOf(elementText(element)));
    for (const element of set.change.deleted) sum = minus(sum, sumOf(elementText(element)));
  } else for (const element of set.elements) sum = plus(sum, sumOf(elementText(element)));
  elementsOf.set(set, sum);
  return sum;
}

function setSum(set: NftSet, before: NftSet | undefined): Sum {
  const known = wholes.get(set);
  if (known !== undefined) return known;
  const elements = elementsSum(set, before);
  const sum = sumOf(JSON.stringify([set.name, set.key, set.interval, set.timeout, set.isMap, set.isDynamic, elements]));
  wholes.set(set, sum);
  return sum;
}

function chainSum(chain: NftChain): Sum {
  const known = wholes.get(chain);
  if (known !== undefined) return known;
  const sum = sumOf(JSON.stringify(chain));
  wholes.set(chain, sum);
  return sum;
}

/** Of all of a ruleset. `before`: the sets of the ruleset before, by name; makes changed sets cheap. */
export function rulesetSum(
  sets: readonly NftSet[],
  chains: readonly NftChain[],
  before: ReadonlyMap<string, NftSet>,
): Sum {
  let sum = noSum;
  for (const set of sets) sum = plus(sum, setSum(set, before.get(set.name)));
  for (const chain of chains) sum = plus(sum, chainSum(chain));
  return sum;
}

/** The sum after some sets were replaced. */
export function replacedSum(sum: Sum, replaced: readonly (readonly [before: NftSet, after: NftSet])[]): Sum {
  return replaced.reduce(
    (rest, [before, after]) => plus(minus(rest, setSum(before, undefined)), setSum(after, before)),
    sum,
  );
}

/** 16 hexadecimal digits. */
export function digestText(sum: Sum): string {
  return `${hexOf(sum[0])}${hexOf(sum[1])}`;
}
