// What every match of a pattern must hold: "one of these texts" and "one of these bytes", with ASCII case folded. Soundness is the contract: a subject
// without one of them cannot match. A clause may be weak; it is never wrong.
import {
  addAll,
  addByte,
  bytesOf,
  countBytes,
  emptySet,
  foldByte,
  intersects,
  withBothCases,
  type ByteSet,
} from "./byte-set.ts";
import { probabilityOfByte, probabilityOfWord, usualSet } from "./likely-text.ts";
import type { Clause } from "./pattern.ts";
import { firstBytes, isNullable, mayBeEmpty, withoutBytes, type PatternNode } from "./syntax.ts";

/** Clauses kept per pattern, the most telling first. */
export const clausesMax = 4;
/** Most texts in one clause. */
const wordsMax = 4096;
/** Most texts that come from putting parts together. */
const productMax = 192;
/** Letters of one place that are spelled out; more are a byte clause. */
const spelledMax = 8;
const wordBytesMax = 24;
/** A clause that holds in this share of values or more says too little. */
const uselessShare = 0.9;

/** A pattern with a clause that so few values hold is not looked at without its noise. */
const tellingShare = 0.02;

interface Need {
  readonly words: readonly string[];
  readonly mask: ByteSet;
  /** Estimated share of values that hold one. */
  readonly share: number;
}

interface Facts {
  /** All texts that the part can match, folded; undefined: too many to say. */
  readonly exact: readonly string[] | undefined;
  /** Every match begins with one of these; equal to `exact` where there is one. */
  readonly starts: readonly string[];
  readonly needs: readonly Need[];
}

/** Never added to. */
const noBytes = emptySet();

/** `texts` are all different. */
function needOf(texts: readonly string[], bytes: ByteSet = noBytes): Need | undefined {
  let words = texts;
  let mask = bytes;
  for (let at = 0; at < texts.length; at++) {
    const text = texts[at] as string;
    if (text === "") return undefined;
    if (text.length > 1) {
      if (words !== texts) (words as string[]).push(text);
      continue;
    }
    if (words === texts) words = texts.slice(0, at);
    if (mask === bytes) mask = bytes.slice();
    addByte(mask, text.charCodeAt(0));
  }
  if (words.length > wordsMax) return undefined;
  if (mask === noBytes) return { words, mask, share: Math.min(1, shareOf(words)) };
  const both = withBothCases(mask);
  let share = 0;
  for (const byte of bytesOf(both)) if (foldByte(byte) === byte) share += probabilityOfByte(byte);
  return { words, mask: both, share: Math.min(1, share + shareOf(words)) };
}

function shareOf(words: readonly string[]): number {
  let share = 0;
  for (let at = 0; at < words.length; at++) share += probabilityOfWord(words[at] as string);
  return share;
}

/** A word that begins with another one of the set says nothing more. */
function dropLonger(words: Set<string>): void {
  let last: string | undefined;
  for (const word of [...words].sort()) {
    if (last !== undefined && word.startsWith(last)) words.delete(word);
    else last = word;
  }
}

function joined(needs: readonly Need[]): Need | undefined {
  const [only] = needs;
  if (only !== undefined && needs.length === 1) return only;
  const words = new Set<string>();
  const mask = emptySet();
  for (const need of needs) {
    for (const word of need.words) words.add(word);
    if (need.mask !== noBytes) addAll(mask, need.mask);
    if (words.size > wordsMax) return undefined;
  }
  return needOf([...words], mask);
}

function bestOf(needs: readonly Need[], countMax: number): readonly Need[] {
  const sorted = needs.filter((need) => need.share < uselessShare).toSorted((a, b) => a.share - b.share);
  const kept: Need[] = [];
  for (const need of sorted) {
    if (kept.length >= countMax) break;
    // What half of all values hold is not worth asking beside something telling.
    if (need.share > 0.5 && kept.length > 0) break;
    if (!kept.some((other) => implies(other, need))) kept.push(need);
  }
  return kept;
}

/** Whether the first says all that the second says: each of its texts holds one of the second's. Only the cheap case is looked at. */
function implies(a: Need, b: Need): boolean {
  if (a.words.length > b.words.length) return false;
  if (!a.mask.every((mask, at) => (mask & ~(b.mask[at] ?? 0)) === 0)) return false;
  const others = new Set(b.words);
  return a.words.every((word) => others.has(word));
}

const nothing: readonly string[] = [""];

const factsBySet = new WeakMap<ByteSet, Facts>();

function factsOfSet(set: ByteSet): Facts {
  const known = factsBySet.get(set);
  if (known !== undefined) return known;
  const facts = makeFactsOfSet(set);
  factsBySet.set(set, facts);
  return facts;
}

function makeFactsOfSet(set: ByteSet): Facts {
  const folded = new Set(bytesOf(set).map(foldByte));
  if (folded.size <= spelledMax) {
    const exact = Array.from(folded, (byte) => String.fromCharCode(byte));
    return { exact, starts: exact, needs: [] };
  }
  const need = countBytes(set) > 128 ? undefined : needOf([], set);
  return { exact: undefined, starts: nothing, needs: need === undefined ? [] : [need] };
}

/** Every text of the first followed by every one of the second; undefined: too many or too long. */
function product(first: readonly string[], second: readonly string[]): readonly string[] | undefined {
  const size = first.length * second.length;
  const isCheap = first.length === 1 || second.length === 1;
  if (size > (isCheap ? wordsMax : productMax)) return undefined;
  if (first.length === 1 && first[0] === "") return longestOf(second) > wordBytesMax ? undefined : second;
  const longest = longestOf(first);
  if (longest + longestOf(second) > wordBytesMax) return undefined;
  if (second.length === 1 && second[0] === "") return first;
  const texts: string[] = [];
  for (const text of first) for (const next of second) texts.push(text + next);
  // Where all first halves have one length, or there is one of a half, no two wholes are equal.
  return isCheap || first.every((text) => text.length === longest) ? texts : [...new Set(texts)];
}

function longestOf(texts: readonly string[]): number {
  let longest = 0;
  for (const text of texts) if (text.length > longest) longest = text.length;
  return longest;
}

/** Parts one after the other: texts grow while they are few, and become a need when they cannot. */
interface Joining {
  readonly needs: Need[];
  /** What stands just before here, cut at the front once it was a need. */
  texts: readonly string[];
  /** Set once the texts no longer begin where the sequence does. */
  starts: readonly string[] | undefined;
}

function flush(joining: Joining, next: readonly string[] = nothing): void {
  const need = needOf(joining.texts);
  if (need !== undefined) joining.needs.push(need);
  joining.starts ??= joining.texts;
  joining.texts = next;
}

function join(joining: Joining, facts: Facts): void {
  joining.needs.push(...facts.needs);
  const longer = product(joining.texts, facts.starts);
  if (longer !== undefined) joining.texts = longer;
  else flush(joining, facts.starts);
  if (facts.exact === undefined) flush(joining);
}

function factsOfSequence(nodes: readonly PatternNode[]): Facts {
  const joining: Joining = { needs: [], texts: nothing, starts: undefined };
  for (const node of nodes) {
    if (node.kind === "repeat") joinRepeat(joining, node);
    else join(joining, factsOf(node));
  }
  if (joining.starts === undefined) return { exact: joining.texts, starts: joining.texts, needs: joining.needs };
  flush(joining);
  return { exact: undefined, starts: joining.starts, needs: joining.needs };
}

function withEmpty(texts: readonly string[]): readonly string[] {
  return texts.includes("") ? texts : [...texts, ""];
}

function joinRepeat(joining: Joining, node: Extract<PatternNode, { kind: "repeat" }>): void {
  const inner = factsOf(node.node);
  if (node.min === 0) {
    const isOnce = node.max === 1 && inner.exact !== undefined && inner.exact.length <= spelledMax;
    const exact = isOnce ? withEmpty(inner.exact ?? []) : undefined;
    join(joining, { exact, starts: exact ?? nothing, needs: [] });
    return;
  }
  for (let round = 0; round < Math.min(node.min, 4); round++) join(joining, inner);
  if (node.min === node.max && node.min <= 4) return;
  // More of them may stand between: what comes after follows the last one.
  flush(joining, inner.exact);
}

function factsOfChoice(nodes: readonly PatternNode[]): Facts {
  const all = nodes.map(factsOf);
  const distinct = new Set<string>();
  for (const facts of all) for (const text of facts.starts) distinct.add(text);
  const isSmall = distinct.size <= wordsMax;
  const starts = isSmall ? [...distinct] : nothing;
  if (isSmall && all.every((facts) => facts.exact !== undefined)) return { exact: starts, starts, needs: [] };
  const result = { exact: undefined, starts };
  const ranked: (readonly Need[])[] = [];
  for (const facts of all) {
    const own = facts.exact === undefined ? undefined : needOf(facts.exact);
    const needs = own === undefined ? facts.needs : [own, ...facts.needs];
    if (needs.length === 0) return { ...result, needs: [] };
    ranked.push(needs.toSorted((a, b) => a.share - b.share));
  }
  const needs: Need[] = [];
  for (let rank = 0; rank < clausesMax; rank++) {
    if (rank > 0 && ranked.every((list) => list.length <= rank)) break;
    const need = joined(ranked.map((list) => list[rank] ?? (list[0] as Need)));
    if (need !== undefined) needs.push(need);
  }
  return { ...result, needs };
}

function factsOf(node: PatternNode): Facts {
  switch (node.kind) {
    case "empty":
    case "assert":
    case "look":
      return { exact: nothing, starts: nothing, needs: [] };
    case "back":
      return { exact: undefined, starts: nothing, needs: [] };
    case "set":
      return factsOfSet(node.set);
    case "sequence":
      return factsOfSequence(node.nodes);
    case "choice":
      return factsOfChoice(node.nodes);
    case "repeat":
      return factsOfSequence([node]);
    case "group":
    case "atomic":
      return factsOf(node.node);
  }
}

/**
 * Adds first bytes of parts that may be left out, where all of them are unusual in ordinary text: without them these parts vanish and words come together.
 */
function addNoise(node: PatternNode, noise: ByteSet): void {
  switch (node.kind) {
    case "repeat": {
      if (node.min === 0 && !mayBeEmpty(node.node)) {
        const first = firstBytes(node.node);
        if (!intersects(first, usualSet)) {
          addAll(noise, first);
          return;
        }
      }
      addNoise(node.node, noise);
      return;
    }
    case "sequence":
    case "choice":
      for (const child of node.nodes) addNoise(child, noise);
      return;
    case "group":
    case "atomic":
      addNoise(node.node, noise);
      return;
    case "empty":
    case "set":
    case "assert":
    case "look":
    case "back":
  }
}

function needsOf(root: PatternNode): readonly Need[] {
  const facts = factsOf(root);
  const own = facts.exact === undefined ? undefined : needOf(facts.exact);
  return own === undefined ? facts.needs : [own, ...facts.needs];
}

/** Either a noise byte stands there, or the pattern without noise holds: its words are whole then. */
function needsWithoutNoise(root: PatternNode): readonly Need[] {
  const noise = emptySet();
  addNoise(root, noise);
  if (countBytes(noise) === 0) return [];
  const quiet = withoutBytes(root, noise);
  const noiseNeed = needOf([], noise);
  if (noiseNeed === undefined) return [];
  if (quiet === undefined) return [noiseNeed];
  return bestOf(needsOf(quiet), clausesMax)
    .map((need) => joined([noiseNeed, need]))
    .filter((need) => need !== undefined);
}

/** The clauses of a tree, the most telling first; none for a pattern that says nothing about its subject. */
export function clausesOf(root: PatternNode): readonly Clause[] {
  if (isNullable(root)) return [];
  const plain = bestOf(needsOf(root), clausesMax);
  const isTelling = (plain[0]?.share ?? 1) < tellingShare;
  return bestOf(isTelling ? plain : [...plain, ...needsWithoutNoise(root)], clausesMax).map((need): Clause => {
    if (need.words.length === 0) return { kind: "bytes", mask: need.mask };
    const words = new Set(need.words);
    dropLonger(words);
    const single = bytesOf(need.mask)
      .filter((byte) => foldByte(byte) === byte)
      .map((byte) => String.fromCharCode(byte));
    return { kind: "literals", literals: [...single, ...words], isCaseless: true };
  });
}
