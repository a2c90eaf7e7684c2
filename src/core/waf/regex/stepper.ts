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

export function createStepper(program: Program, symbols: Symbols): Stepper {
  const { op, x, y } = program;
  const { members, count: symbolCount, sides, hasAssertions, end } = symbols;
  const size = op.length;
  const waiting = new Int32Array(size);
  let waitingCount = 0;
  let isMatch = false;
  let stamp = 0;
  const seen = new Int32Array(size);
  const seenNow = new Int32Array(size);
  const stack = new Int32Array(size + 1);
  const resolved = new Int32Array(size);
  let resolvedCount = 0;
  const isBeginning = new Uint8Array(size);
  const beginnings: (Beginning | undefined)[] = [];

  /** What waits once `pc` is reached: sets and assertions, not yet decided. */
  function pend(pc: number): void {
    let top = 0;
    stack[top++] = pc;
    while (top > 0) {
      const at = stack[--top] as number;
      if (seen[at] === stamp) continue;
      seen[at] = stamp;
      steps.visits += 1;
      const code = op[at];
      if (code === opSplit) {
        stack[top++] = y[at] as number;
        stack[top++] = x[at] as number;
      } else if (code === opSave) stack[top++] = y[at] as number;
      else if (code === opMatch) isMatch = true;
      else if (isBeginning[at] === 0 && !(code === opAssert && x[at] === textStart)) waiting[waitingCount++] = at;
    }
  }

  /** Decides the assertions before a symbol: only sets are left, in `resolved`. */
  function resolve(pc: number, left: number, right: number): void {
    let top = 0;
    stack[top++] = pc;
    while (top > 0) {
      const at = stack[--top] as number;
      if (seenNow[at] === stamp) continue;
      seenNow[at] = stamp;
      steps.visits += 1;
      const code = op[at];
      if (code === opSplit) {
        stack[top++] = y[at] as number;
        stack[top++] = x[at] as number;
      } else if (code === opSave) stack[top++] = y[at] as number;
      else if (code === opMatch) isMatch = true;
      else if (code === opSet) resolved[resolvedCount++] = at;
      else if (code === opAssert && assertionHolds(x[at] as number, left, right)) stack[top++] = y[at] as number;
    }
  }

  function advance(from: Int32Array, count: number, symbol: number): void {
    for (let at = 0; at < count; at++) {
      const pc = from[at] as number;
      if (op[pc] === opSet && members[(x[pc] as number) * symbolCount + symbol] === 1) pend(y[pc] as number);
    }
  }

  function begin(left: number, symbol: number): Beginning {
    const key = left * symbolCount + symbol;
    const known = beginnings[key];
    if (known !== undefined) return known;
    const keptMatch = isMatch;
    const keptCount = resolvedCount;
    isMatch = false;
    stamp += 1;
    resolvedCount = 0;
    waitingCount = 0;
    resolve(program.start, left, sides[symbol] as number);
    if (symbol !== end) advance(resolved, resolvedCount, symbol);
    const made = { isMatch, waiting: waiting.slice(0, waitingCount) };
    beginnings[key] = made;
    isMatch = keptMatch;
    resolvedCount = keptCount;
    waitingCount = 0;
    return made;
  }

  // The instructions that wait before anything was read are the same behind every byte, but for the start of the text.
  stamp += 1;
  pend(program.start);
  const canBeginLater = isMatch || waitingCount > 0;
  for (const pc of waiting.subarray(0, waitingCount)) isBeginning[pc] = 1;
  isMatch = false;

  return {
    waiting,
    canBeginLater,
    step: (from, fromCount, left, symbol) => {
      const beginning = left === sideEdge || canBeginLater ? begin(left, symbol) : undefined;
      if (beginning?.isMatch === true) return -1;
      stamp += 1;
      isMatch = false;
      waitingCount = 0;
      if (hasAssertions) {
        resolvedCount = 0;
        for (let at = 0; at < fromCount; at++) resolve(from[at] as number, left, sides[symbol] as number);
        if (isMatch) return -1;
        if (symbol === end) return 0;
        advance(resolved, resolvedCount, symbol);
      } else {
        if (symbol === end) return 0;
        steps.visits += fromCount;
        advance(from, fromCount, symbol);
      }
      if (isMatch) return -1;
      if (beginning !== undefined) {
        for (const pc of beginning.waiting) {
          if (seen[pc] === stamp) continue;
          seen[pc] = stamp;
          waiting[waitingCount++] = pc;
        }
      }
      return waitingCount;
    },
  };
}

/** Keys of beginnings: sides times symbols. */
export const beginningsMax = sideCount * 258;
