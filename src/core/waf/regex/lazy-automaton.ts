// Does the pattern match anywhere? A deterministic automaton whose states are made when they are first met, in bounded memory: when it is full it is emptied, and
// when emptying does not pay the rest of the subject is read without it. Time: one look-up per byte, at worst instructions times bytes.
import type { Program } from "./program.ts";
import { createStepper, type Stepper } from "./stepper.ts";
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

const none = new Int32Array(0);

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

class BoundedAutomaton implements LazyAutomaton {
  private readonly symbolOf: Uint8Array;
  private readonly stride: number;
  private readonly end: number;
  private readonly finalNewline: number;
  private readonly sides: Uint8Array;
  private readonly hasAssertions: boolean;
  private readonly stepper: Stepper;
  private readonly size: number;
  private readonly marks: Int32Array;
  private mark = 0;
  /** Rows before it stand for the special answers; a state's number is the place of its row. */
  private readonly firstRow: number;
  private table: Uint16Array;
  private nextRow: number;
  private store: StateStore = { lists: [], lefts: [], byHash: new Map(), listed: 0 };
  private startRow: number;
  /** Bytes read before the subject at hand, and up to the last emptying. */
  private bytesBefore = 0;
  private servedBefore = 0;

  constructor(program: Program) {
    const symbols = createSymbols(program);
    this.symbolOf = symbols.symbolOf;
    this.stride = symbols.count;
    this.end = symbols.end;
    this.finalNewline = symbols.finalNewline;
    this.sides = symbols.sides;
    this.hasAssertions = symbols.hasAssertions;
    this.stepper = createStepper(program, symbols);
    this.size = program.op.length;
    this.marks = new Int32Array(this.size);
    this.firstRow = Math.ceil(3 / this.stride) * this.stride;
    this.table = new Uint16Array(this.firstRow + this.stride * 16);
    this.nextRow = this.firstRow;
    this.startRow = this.rowOf(none, 0, sideEdge);
  }

  private isSame(list: Int32Array, count: number): boolean {
    if (list.length !== count) return false;
    for (let at = 0; at < count; at++) if (this.marks[list[at] as number] !== this.mark) return false;
    return true;
  }

  /** The row of a set, made when it is new; -1: no room. */
  private rowOf(list: Int32Array, count: number, left: number): number {
    this.mark += 1;
    for (let at = 0; at < count; at++) this.marks[list[at] as number] = this.mark;
    const hash = hashOf(list, count, left);
    const bucket = this.store.byHash.get(hash);
    for (const row of bucket ?? []) {
      const index = (row - this.firstRow) / this.stride;
      if (this.store.lefts[index] === left && this.isSame(this.store.lists[index] as Int32Array, count)) return row;
    }
    if (this.nextRow + this.stride > transitionsMax || this.store.listed + count > listedMax) return -1;
    if (this.nextRow + this.stride > this.table.length) {
      const larger = new Uint16Array(Math.min(transitionsMax, this.table.length * 2));
      larger.set(this.table);
      this.table = larger;
    }
    const row = this.nextRow;
    this.nextRow += this.stride;
    this.store.lists.push(list.slice(0, count));
    this.store.lefts.push(left);
    this.store.listed += count;
    if (bucket === undefined) this.store.byHash.set(hash, [row]);
    else bucket.push(row);
    steps.statesMade += 1;
    return row;
  }

  private empty(): void {
    steps.cacheFlushes += 1;
    this.table.fill(0);
    this.nextRow = this.firstRow;
    this.store = { lists: [], lefts: [], byHash: new Map(), listed: 0 };
  }

  /** Reads on without the cache. */
  private readUncached(subject: string, from: number, list: Int32Array, left: number): boolean {
    let current = list.slice();
    let count = current.length;
    if (current.length < this.size) {
      current = new Int32Array(this.size);
      current.set(list);
    }
    let side = left;
    const last = subject.length - 1;
    for (let at = from; at <= last + 1; at++) {
      const symbol = at > last ? this.end : this.symbolAt(subject, at, last);
      count = this.stepper.step(current, count, side, symbol);
      if (count < 0) return true;
      if (count === 0 && !this.stepper.canBeginLater) return false;
      current.set(this.stepper.waiting.subarray(0, count));
      side = this.hasAssertions ? (this.sides[symbol] as number) : sideCount;
    }
    return false;
  }

  private symbolAt(subject: string, at: number, last: number): number {
    const byte = subject.charCodeAt(at) & 255;
    return at === last && byte === 10 && this.hasAssertions ? this.finalNewline : (this.symbolOf[byte] as number);
  }

  /** Works out a missing transition: a row, `matched`, `dead`; -1: the cache was full and is empty now, and the row is not known. */
  private make(row: number, symbol: number): number {
    const index = (row - this.firstRow) / this.stride;
    const list = this.store.lists[index] as Int32Array;
    const left = this.store.lefts[index] as number;
    const count = this.stepper.step(list, list.length, left, symbol);
    let to: number;
    if (count < 0) to = matched;
    else if (symbol === this.end || (count === 0 && !this.stepper.canBeginLater)) to = dead;
    else to = this.rowOf(this.stepper.waiting, count, this.hasAssertions ? (this.sides[symbol] as number) : sideCount);
    if (to >= 0) this.table[row + symbol] = to;
    return to;
  }

  /** The slow half of the loop, from the first byte whose transition is missing. */
  private go(subject: string, from: number, row: number): boolean {
    const last = subject.length - 1;
    let state = row;
    for (let at = from; at <= last + 1; at++) {
      const symbol = at > last ? this.end : this.symbolAt(subject, at, last);
      let to = this.table[state + symbol] as number;
      if (to === unknown) to = this.make(state, symbol);
      if (to === matched) return true;
      if (to === dead) return false;
      if (to > dead) {
        state = to;
        continue;
      }
      // No room: what waits is in the stepper still.
      const count = this.stepper.step(
        this.store.lists[(state - this.firstRow) / this.stride] as Int32Array,
        (this.store.lists[(state - this.firstRow) / this.stride] as Int32Array).length,
        this.store.lefts[(state - this.firstRow) / this.stride] as number,
        symbol,
      );
      const list = this.stepper.waiting.slice(0, count);
      const left = this.hasAssertions ? (this.sides[symbol] as number) : sideCount;
      const states = this.store.lists.length;
      const served = this.bytesBefore + at - this.servedBefore;
      this.empty();
      this.startRow = this.rowOf(none, 0, sideEdge);
      this.servedBefore = this.bytesBefore + at;
      if (served < states * bytesPerStateMin || this.rowOf(list, list.length, left) < 0)
        return this.readUncached(subject, at + 1, list, left);
      state = this.rowOf(list, list.length, left);
    }
    return false;
  }

  test(subject: string): boolean {
    const length = subject.length;
    let state = this.startRow;
    // The last byte is left to the slow half when it may be a final newline.
    const fast = this.hasAssertions && length > 0 && subject.charCodeAt(length - 1) === 10 ? length - 1 : length;
    const symbolTable = this.symbolOf;
    const rows = this.table;
    let at = 0;
    for (; at < fast; at++) {
      const to = rows[state + (symbolTable[subject.charCodeAt(at) & 255] as number)] as number;
      if (to <= dead) break;
      state = to;
    }
    const isMatch =
      at === fast || rows[state + (symbolTable[subject.charCodeAt(at) & 255] as number)] === unknown
        ? this.go(subject, at, state)
        : rows[state + (symbolTable[subject.charCodeAt(at) & 255] as number)] === matched;
    steps.bytes += length;
    this.bytesBefore += length;
    return isMatch;
  }
}

export function createLazyAutomaton(program: Program): LazyAutomaton {
  return new BoundedAutomaton(program);
}
