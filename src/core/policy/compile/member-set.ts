// A pair of kernel sets (IPv4, IPv6) that follows what things there are: counts who brings each element, so that one change costs one element.
import type { AddressRange } from "../../../base/ip.ts";
import { mergedRanges, rangeElement } from "./addresses.ts";
import type { Family } from "./names.ts";
import { elementText } from "./element-text.ts";
import { type Sum, knowSum } from "./digest.ts";
import type { KeyType, NftElement, NftSet } from "./nft/ruleset.ts";

/** What one thing brings to a set: single elements by their text, or a prefix (then the set becomes one of ranges). */
export interface Contribution {
  readonly family: Family;
  /** Equal text, equal element. */
  readonly text: string;
  readonly element: NftElement;
  /** What an address or prefix covers; absent for keys of several fields. */
  readonly range?: AddressRange;
  readonly isPrefix: boolean;
  /** Of the element; see digest.ts. */
  readonly sum: Sum;
}

interface Half {
  readonly members: Map<string, Contribution>;
  /** How many more things bring a member, where more than one does. */
  readonly extra: Map<string, number>;
  prefixes: number;
  /** See digest.ts; two numbers, so that counting along allocates nothing. */
  sumLow: number;
  sumHigh: number;
  /** Since `set` was made. */
  added: Map<string, NftElement>;
  deleted: Map<string, NftElement>;
  set: NftSet | undefined;
}

export interface MemberSetShape {
  /** "gr_s": the family and the hash follow. */
  readonly prefix: string;
  readonly hash: string;
  readonly key: (family: Family) => readonly KeyType[];
}

export interface MemberSet {
  readonly shape: MemberSetShape;
  add(contribution: Contribution): void;
  remove(contribution: Contribution): void;
  nameOf(family: Family): string;
  /** The set now; the same object while nothing changed. */
  setOf(family: Family): NftSet;
  clear(): void;
}

export function createMemberSet(shape: MemberSetShape): MemberSet {
  const halves: Record<Family, Half> = { 4: emptyHalf(), 6: emptyHalf() };
  const nameOf = (family: Family) => nameOfHalf(shape, family, halves[family]);
  return {
    shape,
    nameOf,
    add: (contribution) => addTo(halves[contribution.family], contribution),
    remove: (contribution) => removeFrom(halves[contribution.family], contribution),
    setOf(family) {
      const half = halves[family];
      if (half.set !== undefined && half.added.size === 0 && half.deleted.size === 0) return half.set;
      half.set = nextSet(half, { name: nameOf(family), key: shape.key(family), interval: half.prefixes > 0 });
      return half.set;
    },
    clear() {
      for (const half of Object.values(halves)) {
        for (const contribution of half.members.values()) drop(half, contribution);
        half.extra.clear();
      }
    },
  };
}

function emptyHalf(): Half {
  return {
    members: new Map(),
    extra: new Map(),
    prefixes: 0,
    sumLow: 0,
    sumHigh: 0,
    added: new Map(),
    deleted: new Map(),
    set: undefined,
  };
}

/** A set of ranges has another name than one of single addresses: the kernel cannot turn one into the other. */
function nameOfHalf(shape: MemberSetShape, family: Family, half: Half): string {
  return `${shape.prefix}${half.prefixes > 0 ? "r" : ""}${String(family)}_${shape.hash}`;
}

function addTo(half: Half, contribution: Contribution): void {
  const { text } = contribution;
  if (half.members.has(text)) {
    half.extra.set(text, (half.extra.get(text) ?? 0) + 1);
    return;
  }
  const element = half.deleted.get(text) ?? contribution.element;
  half.members.set(text, element === contribution.element ? contribution : { ...contribution, element });
  half.sumLow = (half.sumLow + contribution.sum[0]) >>> 0;
  half.sumHigh = (half.sumHigh + contribution.sum[1]) >>> 0;
  if (contribution.isPrefix) half.prefixes += 1;
  // Nobody has the set yet: there is no difference to keep.
  if (half.set !== undefined) mark(half.added, half.deleted, text, element);
}

function removeFrom(half: Half, contribution: Contribution): void {
  const known = half.members.get(contribution.text);
  if (known === undefined) return;
  const extra = half.extra.get(contribution.text) ?? 0;
  if (extra === 0) drop(half, known);
  else if (extra === 1) half.extra.delete(contribution.text);
  else half.extra.set(contribution.text, extra - 1);
}

function drop(half: Half, known: Contribution): void {
  half.members.delete(known.text);
  half.sumLow = (half.sumLow - known.sum[0]) >>> 0;
  half.sumHigh = (half.sumHigh - known.sum[1]) >>> 0;
  if (known.isPrefix) half.prefixes -= 1;
  if (half.set !== undefined) mark(half.deleted, half.added, known.text, known.element);
}

/** What is added after it was deleted, or the other way round, is no change. */
function mark(to: Map<string, NftElement>, from: Map<string, NftElement>, text: string, element: NftElement): void {
  if (!from.delete(text)) to.set(text, element);
}

type Frame = Pick<NftSet, "name" | "key" | "interval">;

function nextSet(half: Half, frame: Frame): NftSet {
  const before = half.set;
  const { added, deleted } = half;
  half.added = new Map();
  half.deleted = new Map();
  const isSame = before?.name === frame.name;
  if (frame.interval) return replacedSet(isSame ? before : undefined, frame, rangesOf(half));
  const set = isSame
    ? changedSet(before, [...added.values()], [...deleted.values()])
    : replacedSet(
        undefined,
        frame,
        [...half.members.values()].map(({ element }) => element),
      );
  knowSum(set, [half.sumLow, half.sumHigh]);
  return set;
}

function rangesOf(half: Half): readonly NftElement[] {
  const family = half.members.values().next().value?.family ?? 4;
  const ranges = [...half.members.values()].flatMap(({ range }) => range ?? []);
  return mergedRanges(ranges, family).map(rangeElement);
}

/** A set whose elements are given anew: tells the difference to the one before. The same object when there is none. */
export function replacedSet(
  before: NftSet | undefined,
  frame: Frame & { readonly isMap?: boolean },
  elements: readonly NftElement[],
): NftSet {
  const full = { timeout: false, isMap: false, ...frame, elements };
  if (before === undefined || before.name !== frame.name || before.interval !== frame.interval)
    return { ...full, version: 1 };
  if (elements.length === before.elements.length && elements.every((element, at) => element === before.elements[at]))
    return before;
  const old = new Map(before.elements.map((element) => [elementText(element), element]));
  const added = elements.filter((element) => !old.delete(elementText(element)));
  if (added.length === 0 && old.size === 0) return before;
  return {
    ...full,
    version: before.version + 1,
    change: { fromVersion: before.version, added, deleted: [...old.values()] },
  };
}

/** The next version by its difference. */
export function changedSet(before: NftSet, added: readonly NftElement[], deleted: readonly NftElement[]): NftSet {
  const kept = without(before.elements, deleted);
  return {
    ...before,
    elements: added.length === 0 ? kept : [...kept, ...added],
    version: before.version + 1,
    change: { fromVersion: before.version, added, deleted },
  };
}

/** Mostly they are the same objects; where a set was kept from before its elements were made anew, their texts tell. */
function without(elements: readonly NftElement[], deleted: readonly NftElement[]): readonly NftElement[] {
  if (deleted.length === 0) return elements;
  const gone = new Set(deleted);
  const kept = elements.filter((element) => !gone.has(element));
  if (kept.length === elements.length - deleted.length) return kept;
  const texts = new Set(deleted.map(elementText));
  return elements.filter((element) => !texts.has(elementText(element)));
}
