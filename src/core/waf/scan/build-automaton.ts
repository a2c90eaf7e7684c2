// Aho-Corasick over the first bytes of all words: a dense table small enough for the processor's cache. What follows the first bytes is in a sparse tree.
import { foldByte } from "../regex/byte-set.ts";
import { createTrieBuilder, type WordTrie } from "./word-trie.ts";

/** Bytes of a word that the dense table knows; the rest is compared where they stand. */
export const prefixBytes = 4;
/** The table has 16-bit states. */
export const automatonStatesMax = 65_535;

export interface Automaton {
  /** Byte (not folded) to column. */
  readonly columnOf: Uint8Array;
  /** Columns per row as a shift. */
  readonly shift: number;
  readonly next: Uint16Array;
  /** States from here on have something to report. */
  readonly reportsFrom: number;
  /** Labels of state s: from labelAt[s - reportsFrom] on. */
  readonly labelAt: Int32Array;
  readonly labels: Int32Array;
  /** Root in `rest` for words that go on after state s - reportsFrom; -1: none. */
  readonly restOf: Int32Array;
  /** Which bytes (their low five bits, folded) go on after the prefix: most prefixes end here. */
  readonly restBytes: Int32Array;
  readonly rest: WordTrie;
}

interface State {
  readonly children: Map<number, number>;
  readonly labels: Set<number>;
  rest: number;
  fail: number;
}

/** Bytes of ordinary values first: their columns lie together, in the same lines of the processor's cache. */
const usualBytes = "etaoinsrhldcumfpgwybvkxjqz 0123456789-._/=,:;";

function columnsOf(words: readonly (readonly [string, number])[]): { columnOf: Uint8Array; count: number } {
  const used = new Set<number>();
  for (const [word] of words)
    for (let at = 0; at < Math.min(word.length, prefixBytes); at++) used.add(word.charCodeAt(at) & 255);
  const usual = Array.from(usualBytes, (char) => char.charCodeAt(0)).filter((byte) => used.has(byte));
  const columnOf = new Uint8Array(256);
  let count = 1;
  for (const byte of new Set([...usual, ...used])) columnOf[byte] = count++;
  for (let byte = 65; byte <= 90; byte++) columnOf[byte] = columnOf[byte + 32] ?? 0;
  return { columnOf, count };
}

function buildTree(words: readonly (readonly [string, number])[]): { states: State[]; rest: WordTrie } {
  const states: State[] = [{ children: new Map(), labels: new Set(), rest: -1, fail: 0 }];
  const builder = createTrieBuilder();
  for (const [word, label] of words) {
    let at = 0;
    const length = Math.min(word.length, prefixBytes);
    for (let place = 0; place < length; place++) {
      const byte = word.charCodeAt(place);
      const here = states[at] as State;
      let next = here.children.get(byte);
      if (next === undefined) {
        next = states.push({ children: new Map(), labels: new Set(), rest: -1, fail: 0 }) - 1;
        here.children.set(byte, next);
      }
      at = next;
    }
    const state = states[at] as State;
    if (word.length <= prefixBytes) {
      state.labels.add(label);
      continue;
    }
    if (state.rest < 0) state.rest = builder.root();
    builder.add(state.rest, word, prefixBytes, label);
  }
  return { states, rest: builder.finish() };
}

function failureOf(states: readonly State[], from: number, byte: number): number {
  for (let at = from; ; at = states[at]?.fail ?? 0) {
    const child = states[at]?.children.get(byte);
    if (child !== undefined) return child;
    if (at === 0) return 0;
  }
}

/** Breadth first: where to go on when no longer word fits; shorter words that end here are this state's too. */
function linkFailures(states: readonly State[]): readonly number[] {
  const order: number[] = [0];
  for (let head = 0; head < order.length; head++) {
    const at = order[head] as number;
    const state = states[at] as State;
    for (const [byte, child] of state.children) {
      const fail = at === 0 ? 0 : failureOf(states, state.fail, byte);
      const next = states[child] as State;
      next.fail = fail;
      for (const label of states[fail]?.labels ?? []) next.labels.add(label);
      order.push(child);
    }
  }
  return order;
}

/** Words are folded and longer than one byte; a label may stand for many words. */
export function buildAutomaton(words: readonly (readonly [string, number])[]): Automaton {
  const { columnOf, count } = columnsOf(words);
  const shift = Math.max(1, Math.ceil(Math.log2(count)));
  const { states, rest } = buildTree(words);
  if (states.length > automatonStatesMax)
    return buildAutomaton(words.map(([word, label]) => [word.slice(0, 2), label]));
  const order = linkFailures(states);
  // Quiet states first, so that one comparison tells; the root is state 0.
  const isLoud = (at: number): boolean => (states[at]?.labels.size ?? 0) > 0 || (states[at]?.rest ?? -1) >= 0;
  const numbered = [...order.filter((at) => !isLoud(at)), ...order.filter(isLoud)];
  const numberOf = new Int32Array(states.length);
  for (const [number, at] of numbered.entries()) numberOf[at] = number;
  const reportsFrom = order.filter((at) => !isLoud(at)).length;
  const next = new Uint16Array(states.length << shift);
  for (const at of order) {
    const state = states[at] as State;
    const row = (numberOf[at] ?? 0) << shift;
    // The failure's row is complete already: it is nearer to the root.
    if (at !== 0)
      next.copyWithin(row, (numberOf[state.fail] ?? 0) << shift, ((numberOf[state.fail] ?? 0) + 1) << shift);
    for (const [byte, child] of state.children) next[row + (columnOf[foldByte(byte)] ?? 0)] = numberOf[child] ?? 0;
  }
  const labelAt = new Int32Array(states.length - reportsFrom + 1);
  const labels: number[] = [];
  const restOf = new Int32Array(states.length - reportsFrom).fill(-1);
  const restBytes = new Int32Array(states.length - reportsFrom);
  for (const [place, at] of numbered.slice(reportsFrom).entries()) {
    labels.push(...(states[at]?.labels ?? []));
    labelAt[place + 1] = labels.length;
    const root = states[at]?.rest ?? -1;
    restOf[place] = root;
    if (root < 0) continue;
    for (let edge = rest.edgeAt[root] ?? 0; edge < (rest.edgeAt[root + 1] ?? 0); edge++)
      restBytes[place] = (restBytes[place] ?? 0) | (1 << ((rest.edgeByte[edge] ?? 0) & 31));
  }
  return { columnOf, shift, next, reportsFrom, labelAt, labels: Int32Array.from(labels), restOf, restBytes, rest };
}
