// Aho-Corasick over the first bytes of all words: a dense table small enough for the processor's cache. What follows the first bytes is in a sparse tree.
import { foldByte } from "../regex/byte-set.ts";
import { createLabelLists, createTrieBuilder, type LabelLists, type WordTrie } from "./word-trie.ts";

/** Bytes of a word that the dense table knows; the rest is compared where they stand. */
export const prefixBytes = 4;
/** The table has 16-bit states; with more than these the prefixes are made shorter. */
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
  /** Root in `rest` for words that go on after state s - reportsFrom; 0: none. */
  readonly restOf: Int32Array;
  /** Which bytes (their low five bits, folded) go on after the prefix: most prefixes end here. */
  readonly restBytes: Int32Array;
  readonly rest: WordTrie;
}

type LabelledWord = readonly [word: string, label: number];

/** Bytes of ordinary values first: their columns lie together, in the same lines of the processor's cache. */
const usualBytes = "etaoinsrhldcumfpgwybvkxjqz 0123456789-._/=,:;";

function columnsOf(words: readonly LabelledWord[], prefix: number): { columnOf: Uint8Array; count: number } {
  const used = new Uint8Array(256);
  for (const [word] of words)
    for (let at = 0; at < word.length && at < prefix; at++) used[word.charCodeAt(at) & 255] = 1;
  const columnOf = new Uint8Array(256);
  let count = 1;
  for (let at = 0; at < usualBytes.length; at++) {
    const byte = usualBytes.charCodeAt(at);
    if (used[byte] === 1) columnOf[byte] = count++;
  }
  for (let byte = 0; byte < 256; byte++) if (used[byte] === 1 && columnOf[byte] === 0) columnOf[byte] = count++;
  for (let byte = 65; byte <= 90; byte++) columnOf[byte] = columnOf[foldByte(byte)] ?? 0;
  return { columnOf, count };
}

/** The tree of prefixes as rows of the table to be; 0 means no edge, and is the root. */
interface Prefixes {
  readonly rows: Int32Array;
  readonly count: number;
  readonly labels: LabelLists;
  /** Root in the sparse tree per state; 0: none. */
  readonly rests: Int32Array;
  readonly rest: WordTrie;
}

function buildPrefixes(
  words: readonly LabelledWord[],
  prefix: number,
  { columnOf, shift }: { readonly columnOf: Uint8Array; readonly shift: number },
): Prefixes {
  // One state a word is a good guess; memory that is never touched costs nothing.
  const guess = Math.max(1024, Math.min(words.length, automatonStatesMax + 1));
  let rows = new Int32Array(guess << shift);
  let rests = new Int32Array(guess);
  let count = 1;
  const labels = createLabelLists();
  const builder = createTrieBuilder();
  for (const [word, label] of words) {
    let at = 0;
    for (let place = 0; place < word.length && place < prefix; place++) {
      const edge = (at << shift) + (columnOf[word.charCodeAt(place) & 255] as number);
      if (rows[edge] === 0) {
        if (count === rests.length) {
          const [larger, more] = [new Int32Array(rows.length * 2), new Int32Array(rests.length * 2)];
          larger.set(rows);
          more.set(rests);
          [rows, rests] = [larger, more];
        }
        rows[edge] = count++;
      }
      at = rows[edge] as number;
    }
    if (word.length <= prefix) {
      labels.add(at, label);
      continue;
    }
    if (rests[at] === 0) rests[at] = builder.root();
    builder.add(rests[at] as number, word, prefix, label);
  }
  return { rows, count, labels, rests, rest: builder.finish() };
}

/** Breadth first: missing edges lead where the longest shorter suffix leads, and words that end there end here too. States in that order. */
function complete({ rows, count, labels }: Prefixes, shift: number): Int32Array {
  const failures = new Int32Array(count);
  const order = new Int32Array(count);
  let known = 1;
  for (let head = 0; head < known; head++) {
    const at = order[head] as number;
    const fail = failures[at] as number;
    for (let column = 0; column < 1 << shift; column++) {
      const edge = (at << shift) + column;
      const child = rows[edge] as number;
      const elsewhere = at === 0 ? 0 : (rows[(fail << shift) + column] as number);
      if (child === 0) {
        rows[edge] = elsewhere;
        continue;
      }
      failures[child] = elsewhere;
      for (let link = labels.head(elsewhere); link !== 0; link = labels.next(link))
        labels.add(child, labels.labelAt(link));
      order[known++] = child;
    }
  }
  return order;
}

/** Words are folded and longer than one byte; a label may stand for many words. */
export function buildAutomaton(words: readonly LabelledWord[], prefix = prefixBytes): Automaton {
  const { columnOf, count: columns } = columnsOf(words, prefix);
  const shift = Math.max(1, Math.ceil(Math.log2(columns)));
  const prefixes = buildPrefixes(words, prefix, { columnOf, shift });
  const { rows, count, labels: lists, rests, rest } = prefixes;
  if (count > automatonStatesMax && prefix > 1) return buildAutomaton(words, prefix - 1);
  const order = complete(prefixes, shift);
  // Quiet states first, so that one comparison tells; the root is state 0.
  const isLoud = (at: number): boolean => lists.head(at) !== 0 || rests[at] !== 0;
  const quiet = order.filter((at) => !isLoud(at));
  const loud = order.filter(isLoud);
  const numberOf = new Int32Array(count);
  for (const [number, at] of quiet.entries()) numberOf[at] = number;
  for (const [number, at] of loud.entries()) numberOf[at] = quiet.length + number;
  const next = new Uint16Array(count << shift);
  for (let at = 0; at < count; at++) {
    const row = (numberOf[at] as number) << shift;
    for (let column = 0; column < 1 << shift; column++)
      next[row + column] = numberOf[rows[(at << shift) + column] as number] as number;
  }
  const labelAt = new Int32Array(loud.length + 1);
  const labels: number[] = [];
  const restOf = new Int32Array(loud.length);
  const restBytes = new Int32Array(loud.length);
  for (const [place, at] of loud.entries()) {
    for (let link = lists.head(at); link !== 0; link = lists.next(link)) labels.push(lists.labelAt(link));
    labelAt[place + 1] = labels.length;
    const root = rests[at] as number;
    restOf[place] = root;
    if (root === 0) continue;
    for (let edge = rest.edgeAt[root] as number; edge < (rest.edgeAt[root + 1] as number); edge++)
      restBytes[place] = (restBytes[place] as number) | (1 << ((rest.edgeByte[edge] as number) & 31));
  }
  return {
    columnOf,
    shift,
    next,
    reportsFrom: quiet.length,
    labelAt,
    labels: Int32Array.from(labels),
    restOf,
    restBytes,
    rest,
  };
}
