// Does the pattern match anywhere? A deterministic automaton whose states are made when they are first met, in bounded memory: when it is full it is emptied, and
// when emptying does not pay the rest of the subject is read without it. Time: one look-up per byte, at worst instructions times bytes.
import type { Program } from "./program.ts";
import { createStepper } from "./stepper.ts";
import { createSymbols, sideCount, sideEdge } from "./symbols.ts";
import { steps } from "./steps.ts";

/** Transitions kept per pattern (two bytes each), and instructions in the lists of its states. */
export const transitionsMax = 65_535;
export const listedMax = 65_536;
/** Bytes that a full cache must have served per state, or the subject is read on without it. */
const bytesPerStateMin = 6;

const unknown = 0;
const matched = 1;
const dead = 2;

export interface LazyAutomaton {
  test(subject: string): boolean;
}

interface StateStore {
  readonly lists: Int32Array[];
  readonly lefts: number[];
  readonly byHash: Map<number, number[]>;
  listed: number;
}

function hashOf(list: Int32Array, count: number, left: number): number {
  // Order does not count: sums of mixed numbers.
  let hash = left;
  for (let at = 0; at < count; at++) {
    const mixed = Math.imul((list[at] as number) + 1, 0x9e3779b1);
    hash = (hash + (mixed ^ (mixed >>> 15))) | 0;
  }
  return hash;
}

export function createLazyAutomaton(program: Program): LazyAutomaton {
  const symbols = createSymbols(program);
  const { symbolOf, count: stride, end, finalNewline, sides, hasAssertions } = symbols;
  const stepper = createStepper(program, symbols);
  const marks = new Int32Array(program.op.length);
  let mark = 0;
  // Rows 0 are the special answers; a state's number is the place of its row.
  const firstRow = Math.ceil(3 / stride) * stride;
  let table = new Uint16Array(firstRow + stride * 16);
  let nextRow = firstRow;
  let store: StateStore = { lists: [], lefts: [], byHash: new Map(), listed: 0 };
  const none = new Int32Array(0);

  function isSame(list: Int32Array, count: number): boolean {
    if (list.length !== count) return false;
    for (let at = 0; at < count; at++) if (marks[list[at] as number] !== mark) return false;
    return true;
  }

  /** The row of a set, made when it is new; -1: no room. */
  function rowOf(list: Int32Array, count: number, left: number): number {
    mark += 1;
    for (let at = 0; at < count; at++) marks[list[at] as number] = mark;
    const hash = hashOf(list, count, left);
    const bucket = store.byHash.get(hash);
    for (const row of bucket ?? []) {
      const index = (row - firstRow) / stride;
      if (store.lefts[index] === left && isSame(store.lists[index] as Int32Array, count)) return row;
    }
    if (nextRow + stride > transitionsMax || store.listed + count > listedMax) return -1;
    if (nextRow + stride > table.length) {
      const larger = new Uint16Array(Math.min(transitionsMax, table.length * 2));
      larger.set(table);
      table = larger;
    }
    const row = nextRow;
    nextRow += stride;
    store.lists.push(list.slice(0, count));
    store.lefts.push(left);
    store.listed += count;
    if (bucket === undefined) store.byHash.set(hash, [row]);
    else bucket.push(row);
    steps.statesMade += 1;
    return row;
  }

  function empty(): void {
    steps.cacheFlushes += 1;
    table.fill(0);
    nextRow = firstRow;
    store = { lists: [], lefts: [], byHash: new Map(), listed: 0 };
  }

  let startRow = rowOf(none, 0, sideEdge);
  /** Bytes read before the subject at hand, and up to the last emptying. */
  let bytesBefore = 0;
  let servedBefore = 0;

  /** Reads on without the cache. */
  function readUncached(subject: string, from: number, list: Int32Array, left: number): boolean {
    let current = list.slice();
    let count = current.length;
    if (current.length < program.op.length) {
      current = new Int32Array(program.op.length);
      current.set(list);
    }
    let side = left;
    const last = subject.length - 1;
    for (let at = from; at <= last + 1; at++) {
      const symbol = at > last ? end : symbolAt(subject, at, last);
      count = stepper.step(current, count, side, symbol);
      if (count < 0) return true;
      if (count === 0 && !stepper.canBeginLater) return false;
      current.set(stepper.waiting.subarray(0, count));
      side = hasAssertions ? (sides[symbol] as number) : sideCount;
    }
    return false;
  }

  function symbolAt(subject: string, at: number, last: number): number {
    const byte = subject.charCodeAt(at) & 255;
    return at === last && byte === 10 && hasAssertions ? finalNewline : (symbolOf[byte] as number);
  }

  /** Works out a missing transition: a row, `matched`, `dead`; -1: the cache was full and is empty now, and the row is not known. */
  function make(row: number, symbol: number): number {
    const index = (row - firstRow) / stride;
    const list = store.lists[index] as Int32Array;
    const left = store.lefts[index] as number;
    const count = stepper.step(list, list.length, left, symbol);
    let to: number;
    if (count < 0) to = matched;
    else if (symbol === end || (count === 0 && !stepper.canBeginLater)) to = dead;
    else to = rowOf(stepper.waiting, count, hasAssertions ? (sides[symbol] as number) : sideCount);
    if (to >= 0) table[row + symbol] = to;
    return to;
  }

  /** The slow half of the loop, from the first byte whose transition is missing. */
  function go(subject: string, from: number, row: number): boolean {
    const last = subject.length - 1;
    let state = row;
    for (let at = from; at <= last + 1; at++) {
      const symbol = at > last ? end : symbolAt(subject, at, last);
      let to = table[state + symbol] as number;
      if (to === unknown) to = make(state, symbol);
      if (to === matched) return true;
      if (to === dead) return false;
      if (to > dead) {
        state = to;
        continue;
      }
      // No room: what waits is in the stepper still.
      const count = stepper.step(
        store.lists[(state - firstRow) / stride] as Int32Array,
        (store.lists[(state - firstRow) / stride] as Int32Array).length,
        store.lefts[(state - firstRow) / stride] as number,
        symbol,
      );
      const list = stepper.waiting.slice(0, count);
      const left = hasAssertions ? (sides[symbol] as number) : sideCount;
      const states = store.lists.length;
      const served = bytesBefore + at - servedBefore;
      empty();
      startRow = rowOf(none, 0, sideEdge);
      servedBefore = bytesBefore + at;
      if (served < states * bytesPerStateMin || rowOf(list, list.length, left) < 0)
        return readUncached(subject, at + 1, list, left);
      state = rowOf(list, list.length, left);
    }
    return false;
  }

  return {
    test: (subject) => {
      const length = subject.length;
      let state = startRow;
      // The last byte is left to the slow half when it may be a final newline.
      const fast = hasAssertions && length > 0 && subject.charCodeAt(length - 1) === 10 ? length - 1 : length;
      const symbolTable = symbolOf;
      const rows = table;
      let at = 0;
      for (; at < fast; at++) {
        const to = rows[state + (symbolTable[subject.charCodeAt(at) & 255] as number)] as number;
        if (to <= dead) break;
        state = to;
      }
      const isMatch =
        at === fast || rows[state + (symbolTable[subject.charCodeAt(at) & 255] as number)] === unknown
          ? go(subject, at, state)
          : rows[state + (symbolTable[subject.charCodeAt(at) & 255] as number)] === matched;
      steps.bytes += length;
      bytesBefore += length;
      return isMatch;
    },
  };
}
