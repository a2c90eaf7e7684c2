// The leftmost match with its captures, as a backtracking engine finds it. For regular patterns every (choice, place) is tried once, so time is linear in the
// subject; patterns with look-around, atomic groups or back-references have a step limit besides.
import { foldByte, hasByte, wordSet } from "./byte-set.ts";
import {
  opAssert,
  opAtomic,
  opBack,
  opCheck,
  opMark,
  opMatch,
  opSave,
  opSet,
  opSplit,
  type Look,
  type Program,
} from "./program.ts";
import { assertionHolds, sideEdge, sideFinalNewline, sideNewline, sideOther, sideWord } from "./symbols.ts";
import { steps } from "./steps.ts";

/** Steps of one run of an irregular pattern: so many per byte, and so many in any case. */
export const irregularStepsPerByteMax = 100;
export const irregularStepsBase = 20_000;
/** Bits that remember tried (choice, place) pairs: 16 MiB. Larger subjects forget the oldest part. */
export const triedBitsMax = 2 ** 27;
/** Looks inside looks. */
const lookDepthMax = 20;

export interface Backtracker {
  /** Slots of the leftmost match that begins at `from` or later: start and end of group n at 2n and 2n + 1, -1 for none. The array is reused. */
  find(subject: string, from: number): Int32Array | undefined;
}

interface Run {
  readonly subject: string;
  left: number;
  /** Undefined: has a back-reference, nothing is remembered. */
  readonly tried: Tried | undefined;
}

interface Tried {
  /** True when it had been tried before; notes it. */
  again(choice: number, place: number): boolean;
}

const placesPerPage = 256;

function createTried(choices: number): Tried {
  const wordsPerPage = (choices * placesPerPage + 31) >>> 5;
  const pagesMax = Math.max(4, Math.floor(triedBitsMax / (choices * placesPerPage + 1)));
  const pages = new Map<number, Int32Array>();
  let lastNumber = -1;
  let last: Int32Array = new Int32Array(0);
  function page(number: number): Int32Array {
    let found = pages.get(number);
    if (found === undefined) {
      if (pages.size >= pagesMax)
        for (const oldest of [...pages.keys()].slice(0, pages.size >> 1)) pages.delete(oldest);
      found = new Int32Array(wordsPerPage);
      pages.set(number, found);
    }
    lastNumber = number;
    last = found;
    return found;
  }
  return {
    again: (choice, place) => {
      const number = Math.floor(place / placesPerPage);
      const bits = number === lastNumber ? last : page(number);
      const bit = choice * placesPerPage + (place & (placesPerPage - 1));
      const word = bits[bit >>> 5] as number;
      const one = 1 << (bit & 31);
      if ((word & one) !== 0) return true;
      bits[bit >>> 5] = word | one;
      return false;
    },
  };
}

function sideAt(subject: string, place: number): number {
  if (place < 0 || place >= subject.length) return sideEdge;
  const byte = subject.charCodeAt(place) & 255;
  if (byte === 10) return place === subject.length - 1 ? sideFinalNewline : sideNewline;
  return hasByte(wordSet, byte) ? sideWord : sideOther;
}

/** Whether the captured text stands at `place`; its end, or -1. A group that took no part fails. */
function endOfReference(subject: string, slots: Int32Array, group: number, place: number, isCaseless: boolean): number {
  const from = slots[group * 2] ?? -1;
  const to = slots[group * 2 + 1] ?? -1;
  if (from < 0 || to < 0 || place + to - from > subject.length) return -1;
  for (let at = 0; at < to - from; at++) {
    const wanted = subject.charCodeAt(from + at) & 255;
    const found = subject.charCodeAt(place + at) & 255;
    if (wanted !== found && !(isCaseless && foldByte(wanted) === foldByte(found))) return -1;
  }
  return place + to - from;
}

/** First bytes that can begin a match; undefined: all, or a match may be empty. */
function firstBytesOf(program: Program): Uint8Array | undefined {
  const first = new Uint8Array(256);
  const seen = new Set<number>();
  const stack = [program.start];
  while (stack.length > 0) {
    const at = stack.pop() as number;
    if (seen.has(at)) continue;
    seen.add(at);
    const code = program.op[at];
    if (code === opSet) {
      for (let byte = 0; byte < 256; byte++)
        if (hasByte(program.sets[program.x[at] as number] as Uint32Array, byte)) first[byte] = 1;
    } else if (code === opSplit) stack.push(program.x[at] as number, program.y[at] as number);
    else if (code === opAssert || code === opSave || code === opMark) stack.push(program.y[at] as number);
    else if (code === opCheck) stack.push(program.y[at] as number, program.z[at] as number);
    else return undefined;
  }
  return first;
}

/** Choices get small numbers for the memory of what was tried. */
function numberChoices(program: Program): { numbers: Int32Array; count: number } {
  const numbers = new Int32Array(program.op.length);
  let count = 0;
  for (let at = 0; at < program.op.length; at++) if (program.op[at] === opSplit) numbers[at] = count++;
  return { numbers, count };
}

export function createBacktracker(program: Program, isRegular: boolean): Backtracker {
  const { op, x, y, z, sets, looks } = program;
  const { numbers, count: choices } = numberChoices(program);
  const first = firstBytesOf(program);
  // What a back-reference takes depends on how the search came there.
  const canRemember = !op.includes(opBack);
  const slots = new Int32Array(program.slots);
  /** Two numbers per entry: instruction and place to go on from, or ~slot and its old value. */
  let stack = new Int32Array(1024);
  let top = 0;

  function push(what: number, value: number): void {
    if (top + 2 > stack.length) {
      const larger = new Int32Array(stack.length * 2);
      larger.set(stack);
      stack = larger;
    }
    stack[top++] = what;
    stack[top++] = value;
  }

  function save(slot: number, place: number): void {
    push(~slot, slots[slot] as number);
    slots[slot] = place;
  }

  function runLook(run: Run, look: Look, place: number, depth: number): number {
    if (depth >= lookDepthMax) return -1;
    if (look.isAhead) return runFrom(run, look.start, place, depth + 1, -1);
    const [min, max] = look.width;
    for (let from = place - min; from >= 0 && from >= place - max && run.left > 0; from--)
      if (runFrom(run, look.start, from, depth + 1, place) >= 0) return place;
    return -1;
  }

  /** A look or atomic group; the place after it, or -1. What it captured stays, and is undone when the search comes back. */
  function runInner(run: Run, pc: number, place: number, depth: number): number {
    const kept = slots.slice();
    const floor = top;
    const look = looks[x[pc] as number] as Look;
    const end = runLook(run, look, place, depth);
    top = floor;
    if (end >= 0 && !look.isNegated) {
      for (let slot = 0; slot < slots.length; slot++) if (kept[slot] !== slots[slot]) push(~slot, kept[slot] as number);
      return op[pc] === opAtomic ? end : place;
    }
    slots.set(kept);
    return look.isNegated && end < 0 ? place : -1;
  }

  /** Goes back to the last choice; its instruction, or -1 when none is left above the floor. */
  function back(floor: number): number {
    while (top > floor) {
      const value = stack[--top] as number;
      const what = stack[--top] as number;
      if (what >= 0) {
        backPlace = value;
        return what;
      }
      slots[~what] = value;
    }
    return -1;
  }
  let backPlace = 0;

  /** One instruction that is no choice: the place after it, or -1. */
  function runOne(run: Run, pc: number, place: number, depth: number): number {
    const { subject } = run;
    switch (op[pc]) {
      case opSet:
        if (place >= subject.length) return -1;
        return hasByte(sets[x[pc] as number] as Uint32Array, subject.charCodeAt(place) & 255) ? place + 1 : -1;
      case opAssert:
        return assertionHolds(x[pc] as number, sideAt(subject, place - 1), sideAt(subject, place)) ? place : -1;
      case opSave:
      case opMark:
        save(x[pc] as number, place);
        return place;
      case opBack:
        return endOfReference(subject, slots, x[pc] as number, place, z[pc] === 1);
      default:
        return runInner(run, pc, place, depth);
    }
  }

  /** Runs from an instruction; the end of the match, or -1. Slots hold the captures of a match. `mustEndAt`: -1, or where a look-behind ends. */
  function runFrom(run: Run, start: number, begin: number, depth: number, mustEndAt: number): number {
    // What failed inside a look may succeed in another one that ends elsewhere: only the pattern's own choices are remembered.
    const tried = depth === 0 ? run.tried : undefined;
    const floor = top;
    let pc = start;
    let place = begin;
    for (;;) {
      run.left -= 1;
      if (run.left <= 0) return -1;
      const code = op[pc];
      let next = -1;
      if (code === opSplit) {
        if (tried === undefined || !tried.again(numbers[pc] as number, place)) {
          push(y[pc] as number, place);
          pc = x[pc] as number;
          continue;
        }
      } else if (code === opMatch) {
        if (mustEndAt < 0 || mustEndAt === place) return place;
      } else if (code === opCheck) {
        pc = (slots[x[pc] as number] === place ? z[pc] : y[pc]) as number;
        continue;
      } else next = runOne(run, pc, place, depth);
      if (next >= 0) {
        place = next;
        pc = y[pc] as number;
        continue;
      }
      pc = back(floor);
      if (pc < 0) return -1;
      place = backPlace;
    }
  }

  function limitOf(subject: string): number {
    return isRegular ? Number.MAX_SAFE_INTEGER : irregularStepsBase + irregularStepsPerByteMax * subject.length;
  }

  return {
    find: (subject, from) => {
      const limit = limitOf(subject);
      const run: Run = { subject, left: limit, tried: canRemember ? createTried(choices) : undefined };
      slots.fill(-1);
      let end = -1;
      for (let start = from; start <= subject.length && run.left > 0; start++) {
        if (first !== undefined && (start === subject.length || first[subject.charCodeAt(start) & 255] === 0)) continue;
        top = 0;
        end = runFrom(run, program.start, start, 0, -1);
        if (end < 0) continue;
        slots[0] = start;
        slots[1] = end;
        break;
      }
      steps.visits += limit - run.left;
      if (run.left <= 0 && end < 0) steps.limited += 1;
      return end < 0 ? undefined : slots;
    },
  };
}
