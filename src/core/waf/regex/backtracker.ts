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

class MemoizingBacktracker implements Backtracker {
  private readonly op: Uint8Array;
  private readonly x: Int32Array;
  private readonly y: Int32Array;
  private readonly z: Int32Array;
  private readonly sets: Program["sets"];
  private readonly looks: Program["looks"];
  private readonly start: number;
  private readonly numbers: Int32Array;
  private readonly choices: number;
  private readonly first: Uint8Array | undefined;
  private readonly canRemember: boolean;
  private readonly isRegular: boolean;
  private readonly slots: Int32Array;
  /** Two numbers per entry: instruction and place to go on from, or ~slot and its old value. */
  private stack = new Int32Array(1024);
  private top = 0;
  private backPlace = 0;

  constructor(program: Program, isRegular: boolean) {
    const { op, x, y, z, sets, looks, start } = program;
    this.op = op;
    this.x = x;
    this.y = y;
    this.z = z;
    this.sets = sets;
    this.looks = looks;
    this.start = start;
    const { numbers, count } = numberChoices(program);
    this.numbers = numbers;
    this.choices = count;
    this.first = firstBytesOf(program);
    // What a back-reference takes depends on how the search came there.
    this.canRemember = !op.includes(opBack);
    this.isRegular = isRegular;
    this.slots = new Int32Array(program.slots);
  }

  find(subject: string, from: number): Int32Array | undefined {
    const { first, slots } = this;
    const limit = this.isRegular
      ? Number.MAX_SAFE_INTEGER
      : irregularStepsBase + irregularStepsPerByteMax * subject.length;
    const run: Run = { subject, left: limit, tried: this.canRemember ? createTried(this.choices) : undefined };
    slots.fill(-1);
    let end = -1;
    for (let start = from; start <= subject.length && run.left > 0; start++) {
      if (first !== undefined && (start === subject.length || first[subject.charCodeAt(start) & 255] === 0)) continue;
      this.top = 0;
      end = this.runFrom(run, this.start, start, 0, -1);
      if (end < 0) continue;
      slots[0] = start;
      slots[1] = end;
      break;
    }
    steps.visits += limit - run.left;
    if (run.left <= 0 && end < 0) steps.limited += 1;
    return end < 0 ? undefined : slots;
  }

  private push(what: number, value: number): void {
    if (this.top + 2 > this.stack.length) {
      const larger = new Int32Array(this.stack.length * 2);
      larger.set(this.stack);
      this.stack = larger;
    }
    this.stack[this.top++] = what;
    this.stack[this.top++] = value;
  }

  private save(slot: number, place: number): void {
    this.push(~slot, this.slots[slot] as number);
    this.slots[slot] = place;
  }

  private runLook(run: Run, look: Look, place: number, depth: number): number {
    if (depth >= lookDepthMax) return -1;
    if (look.isAhead) return this.runFrom(run, look.start, place, depth + 1, -1);
    const [min, max] = look.width;
    for (let from = place - min; from >= 0 && from >= place - max && run.left > 0; from--)
      if (this.runFrom(run, look.start, from, depth + 1, place) >= 0) return place;
    return -1;
  }

  /** A look or atomic group; the place after it, or -1. What it captured stays, and is undone when the search comes back. */
  private runInner(run: Run, pc: number, place: number, depth: number): number {
    const kept = this.slots.slice();
    const floor = this.top;
    const look = this.looks[this.x[pc] as number] as Look;
    const end = this.runLook(run, look, place, depth);
    this.top = floor;
    if (end >= 0 && !look.isNegated) {
      for (let slot = 0; slot < this.slots.length; slot++)
        if (kept[slot] !== this.slots[slot]) this.push(~slot, kept[slot] as number);
      return this.op[pc] === opAtomic ? end : place;
    }
    this.slots.set(kept);
    return look.isNegated && end < 0 ? place : -1;
  }

  /** Goes back to the last choice; its instruction, or -1 when none is left above the floor. */
  private back(floor: number): number {
    while (this.top > floor) {
      const value = this.stack[--this.top] as number;
      const what = this.stack[--this.top] as number;
      if (what >= 0) {
        this.backPlace = value;
        return what;
      }
      this.slots[~what] = value;
    }
    return -1;
  }

  /** One instruction that is no choice: the place after it, or -1. */
  private runOne(run: Run, pc: number, place: number, depth: number): number {
    const { subject } = run;
    switch (this.op[pc]) {
      case opSet:
        if (place >= subject.length) return -1;
        return hasByte(this.sets[this.x[pc] as number] as Uint32Array, subject.charCodeAt(place) & 255)
          ? place + 1
          : -1;
      case opAssert:
        return assertionHolds(this.x[pc] as number, sideAt(subject, place - 1), sideAt(subject, place)) ? place : -1;
      case opSave:
      case opMark:
        this.save(this.x[pc] as number, place);
        return place;
      case opBack:
        return endOfReference(subject, this.slots, this.x[pc] as number, place, this.z[pc] === 1);
      default:
        return this.runInner(run, pc, place, depth);
    }
  }

  /** Runs from an instruction; the end of the match, or -1. Slots hold the captures of a match. `mustEndAt`: -1, or where a look-behind ends. */
  private runFrom(run: Run, start: number, begin: number, depth: number, mustEndAt: number): number {
    // What failed inside a look may succeed in another one that ends elsewhere: only the pattern's own choices are remembered.
    const tried = depth === 0 ? run.tried : undefined;
    const floor = this.top;
    let pc = start;
    let place = begin;
    for (;;) {
      run.left -= 1;
      if (run.left <= 0) return -1;
      const code = this.op[pc];
      let next = -1;
      if (code === opSplit) {
        if (tried === undefined || !tried.again(this.numbers[pc] as number, place)) {
          this.push(this.y[pc] as number, place);
          pc = this.x[pc] as number;
          continue;
        }
      } else if (code === opMatch) {
        if (mustEndAt < 0 || mustEndAt === place) return place;
      } else if (code === opCheck) {
        pc = (this.slots[this.x[pc] as number] === place ? this.z[pc] : this.y[pc]) as number;
        continue;
      } else next = this.runOne(run, pc, place, depth);
      if (next >= 0) {
        place = next;
        pc = this.y[pc] as number;
        continue;
      }
      pc = this.back(floor);
      if (pc < 0) return -1;
      place = this.backPlace;
    }
  }
}

export function createBacktracker(program: Program, isRegular: boolean): Backtracker {
  return new MemoizingBacktracker(program, isRegular);
}
