// One step of the automaton without its memory: from a set of waiting instructions over one symbol to the next set. What a search begins anew at every byte
// is worked out once per symbol and never stored in sets.
import { assertionList, opAssert, opMatch, opSave, opSet, opSplit, type Program } from "./program.ts";
import { assertionHolds, sideCount, sideEdge, type Symbols } from "./symbols.ts";
import { steps } from "./steps.ts";

export interface Stepper {
  /** The set that the last step left: `waiting.subarray(0, count)`; instructions that every search begins with are left out. */
  readonly waiting: Int32Array;
  /** Steps from `from` with `left` to its left over `symbol`: how many wait then; -1: a match. */
  step(from: Int32Array, fromCount: number, left: number, symbol: number): number;
  /** Whether a search can still begin behind the first byte. */
  readonly canBeginLater: boolean;
}

/** What beginning before `symbol` adds. */
interface Beginning {
  readonly isMatch: boolean;
  readonly waiting: Int32Array;
}

const textStart = assertionList.indexOf("textStart");

class ProgramStepper implements Stepper {
  readonly waiting: Int32Array;
  readonly canBeginLater: boolean;
  private readonly op: Uint8Array;
  private readonly x: Int32Array;
  private readonly y: Int32Array;
  private readonly start: number;
  private readonly members: Uint8Array;
  private readonly sides: Uint8Array;
  private readonly symbolCount: number;
  private readonly end: number;
  private readonly hasAssertions: boolean;
  private waitingCount = 0;
  private isMatch = false;
  private stamp = 0;
  private readonly seen: Int32Array;
  private readonly seenNow: Int32Array;
  private readonly stack: Int32Array;
  private readonly resolved: Int32Array;
  private resolvedCount = 0;
  private readonly isBeginning: Uint8Array;
  private readonly beginnings: (Beginning | undefined)[] = [];

  constructor(program: Program, symbols: Symbols) {
    const size = program.op.length;
    this.op = program.op;
    this.x = program.x;
    this.y = program.y;
    this.start = program.start;
    this.members = symbols.members;
    this.sides = symbols.sides;
    this.symbolCount = symbols.count;
    this.end = symbols.end;
    this.hasAssertions = symbols.hasAssertions;
    this.waiting = new Int32Array(size);
    this.seen = new Int32Array(size);
    this.seenNow = new Int32Array(size);
    this.stack = new Int32Array(size * 2 + 2);
    this.resolved = new Int32Array(size);
    this.isBeginning = new Uint8Array(size);
    // The instructions that wait before anything was read are the same behind every byte, but for the start of the text.
    this.stamp += 1;
    this.pend(this.start);
    this.canBeginLater = this.isMatch || this.waitingCount > 0;
    for (const pc of this.waiting.subarray(0, this.waitingCount)) this.isBeginning[pc] = 1;
    this.isMatch = false;
  }

  /** What waits once `pc` is reached: sets and assertions, not yet decided. */
  private pend(pc: number): void {
    let top = 0;
    this.stack[top++] = pc;
    while (top > 0) {
      const at = this.stack[--top] as number;
      if (this.seen[at] === this.stamp) continue;
      this.seen[at] = this.stamp;
      steps.visits += 1;
      const code = this.op[at];
      if (code === opSplit) {
        this.stack[top++] = this.y[at] as number;
        this.stack[top++] = this.x[at] as number;
      } else if (code === opSave) this.stack[top++] = this.y[at] as number;
      else if (code === opMatch) this.isMatch = true;
      else if (this.isBeginning[at] === 0 && !(code === opAssert && this.x[at] === textStart))
        this.waiting[this.waitingCount++] = at;
    }
  }

  /** Decides the assertions before a symbol: only sets are left, in `resolved`. */
  private resolve(pc: number, left: number, right: number): void {
    let top = 0;
    this.stack[top++] = pc;
    while (top > 0) {
      const at = this.stack[--top] as number;
      if (this.seenNow[at] === this.stamp) continue;
      this.seenNow[at] = this.stamp;
      steps.visits += 1;
      const code = this.op[at];
      if (code === opSplit) {
        this.stack[top++] = this.y[at] as number;
        this.stack[top++] = this.x[at] as number;
      } else if (code === opSave) this.stack[top++] = this.y[at] as number;
      else if (code === opMatch) this.isMatch = true;
      else if (code === opSet) this.resolved[this.resolvedCount++] = at;
      else if (code === opAssert && assertionHolds(this.x[at] as number, left, right))
        this.stack[top++] = this.y[at] as number;
    }
  }

  private advance(from: Int32Array, count: number, symbol: number): void {
    for (let at = 0; at < count; at++) {
      const pc = from[at] as number;
      if (this.op[pc] === opSet && this.members[(this.x[pc] as number) * this.symbolCount + symbol] === 1)
        this.pend(this.y[pc] as number);
    }
  }

  private begin(left: number, symbol: number): Beginning {
    const key = left * this.symbolCount + symbol;
    const known = this.beginnings[key];
    if (known !== undefined) return known;
    const keptMatch = this.isMatch;
    const keptCount = this.resolvedCount;
    this.isMatch = false;
    this.stamp += 1;
    this.resolvedCount = 0;
    this.waitingCount = 0;
    this.resolve(this.start, left, this.sides[symbol] as number);
    if (symbol !== this.end) this.advance(this.resolved, this.resolvedCount, symbol);
    const made = { isMatch: this.isMatch, waiting: this.waiting.slice(0, this.waitingCount) };
    this.beginnings[key] = made;
    this.isMatch = keptMatch;
    this.resolvedCount = keptCount;
    this.waitingCount = 0;
    return made;
  }

  step(from: Int32Array, fromCount: number, left: number, symbol: number): number {
    const beginning = left === sideEdge || this.canBeginLater ? this.begin(left, symbol) : undefined;
    if (beginning?.isMatch === true) return -1;
    this.stamp += 1;
    this.isMatch = false;
    this.waitingCount = 0;
    if (this.hasAssertions) {
      this.resolvedCount = 0;
      for (let at = 0; at < fromCount; at++) this.resolve(from[at] as number, left, this.sides[symbol] as number);
      if (this.isMatch) return -1;
      if (symbol === this.end) return 0;
      this.advance(this.resolved, this.resolvedCount, symbol);
    } else {
      if (symbol === this.end) return 0;
      steps.visits += fromCount;
      this.advance(from, fromCount, symbol);
    }
    if (this.isMatch) return -1;
    if (beginning !== undefined) {
      for (const pc of beginning.waiting) {
        if (this.seen[pc] === this.stamp) continue;
        this.seen[pc] = this.stamp;
        this.waiting[this.waitingCount++] = pc;
      }
    }
    return this.waitingCount;
  }
}

export function createStepper(program: Program, symbols: Symbols): Stepper {
  return new ProgramStepper(program, symbols);
}

/** Keys of beginnings: sides times symbols. */
export const beginningsMax = sideCount * 258;
