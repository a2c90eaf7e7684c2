// One value against everything that looks at it: one scan for each distinct outcome of its transformations, then only the patterns that may match. The hot path: it allocates
// next to nothing. The judge's buffers serve one value at a time.
import type { OperatorScope } from "../operators/operator.ts";
import type { Prefilter } from "../scan/prefilter.ts";
import type { Compiled, CompiledPart } from "./compiled.ts";
import { chargeBytes, chargeWork } from "./budget.ts";
import { noHits, type Hits, type Memo, type Plan } from "./plan.ts";
import type { State } from "./state.ts";

export interface JudgeFigures {
  memoHits: number;
  patternsRun: number;
  patternsSkipped: number;
  /** Values remembered. */
  memoEntries: number;
}

export interface Judge {
  /** Charges the transaction before each piece of work; over its budget a long value is left as far as it was judged. */
  judge(state: State, plan: Plan, value: string): Hits;
  /** One entry alone, without negation. */
  test(entry: number, value: string): boolean;
  /** Forgets all that was remembered of values. */
  emptyMemo(): void;
  readonly figures: JudgeFigures;
}

export const judgeLimits = {
  /** Longer values are not remembered, and their budget is looked at between patterns and transformations. */
  memoValueBytesMax: 1024,
  /** Of all remembered values together, with what it takes to keep them. */
  memoBytesMax: 16 * 1024 * 1024,
  /** What an entry takes besides its value. */
  memoEntryBytes: 96,
  /** Marks of values seen once: only what is seen again is worth remembering. A power of two. */
  seenMarks: 16_384,
} as const;

export interface JudgeOptions {
  readonly compiled: Compiled;
  readonly prefilter: Prefilter;
  /** 0: nothing is remembered. */
  readonly memoEntriesMax: number;
  readonly isPrefiltered: boolean;
}

/** Buffers and tables of a judge: they serve one value at a time. */
interface Bench {
  readonly words: number;
  readonly tests: readonly ((value: string) => boolean)[];
  readonly prefilter: Prefilter;
  readonly isPrefiltered: boolean;
  readonly figures: JudgeFigures;
  /** Distinct outcomes of the value's transformations; words and masks of each stand side by side. */
  readonly texts: string[];
  candidates: Uint32Array;
  wanted: Uint32Array;
  masks: Uint32Array;
  slotOfNode: Int32Array;
  found: number[] | undefined;
  /** Whose value it is: it pays. */
  state: State | undefined;
}

export function createJudge(options: JudgeOptions): Judge {
  const { compiled, prefilter, memoEntriesMax, isPrefiltered } = options;
  const words = Math.max(1, (compiled.pureParts.length + 31) >>> 5);
  const figures: JudgeFigures = { memoHits: 0, patternsRun: 0, patternsSkipped: 0, memoEntries: 0 };
  const memory = createMemory(memoEntriesMax, figures);
  const bench: Bench = {
    words,
    tests: compiled.pureParts.map(testOf),
    prefilter,
    isPrefiltered,
    figures,
    texts: [],
    candidates: new Uint32Array(64 * words),
    wanted: new Uint32Array(64 * words),
    masks: new Uint32Array(64 * 8),
    slotOfNode: new Int32Array(64),
    found: undefined,
    state: undefined,
  };
  return {
    judge: (state, plan, value) => {
      const isRemembered = memoEntriesMax > 0 && value.length < judgeLimits.memoValueBytesMax;
      if (isRemembered) {
        const known = memory.get(plan.memo, value);
        if (known !== undefined) {
          figures.memoHits++;
          return known;
        }
      }
      bench.found = undefined;
      bench.state = state;
      const slots = spread(bench, plan, value);
      for (let slot = 0; slot < slots; slot++) ask(bench, plan, slot);
      bench.state = undefined;
      const hits: Hits = bench.found ?? noHits;
      if (isRemembered) memory.set(plan.memo, value, hits);
      return hits;
    },
    test: (entry, value) => bench.tests[entry]!(value),
    emptyMemo: () => memory.empty(),
    figures,
  };
}

function testOf(part: CompiledPart): (value: string) => boolean {
  const { pattern, operator } = part;
  // Check digits decide after the pattern of the verify operators: "not found" is more than "the pattern is not there".
  if (pattern !== undefined && !part.source.operator.name.startsWith("verify")) return (value) => pattern.test(value);
  return (value) => operator.evaluate(value, noScope) !== undefined;
}

/** Fills the buffers with the distinct outcomes; how many there are. */
function spread(bench: Bench, plan: Plan, value: string): number {
  const { words, texts } = bench;
  const nodes = plan.parents.length;
  if (nodes > bench.slotOfNode.length) grow(bench, nodes);
  const { wanted, masks, slotOfNode } = bench;
  wanted.fill(0, 0, words);
  scan(bench, 0, value);
  if (plan.anyTrigger !== undefined && !meets(masks, 0, plan.anyTrigger, 0)) {
    wanted.set(plan.allWanted, 0);
    return 1;
  }
  addWanted(bench, plan, 0, 0);
  slotOfNode[0] = 0;
  let slots = 1;
  for (let node = 1; node < nodes; node++) {
    const from = slotOfNode[plan.parents[node]!]!;
    let slot = from;
    if (meets(masks, from * 8, plan.triggers, node * 8)) {
      const text = texts[from]!;
      if (isSpent(bench, text)) break;
      const made = plan.apply[node]!.apply(text);
      if (made !== text) {
        slot = 0;
        while (slot < slots && texts[slot] !== made) slot++;
        if (slot === slots) {
          wanted.fill(0, slot * words, (slot + 1) * words);
          scan(bench, slot, made);
          slots++;
        }
      }
    }
    slotOfNode[node] = slot;
    addWanted(bench, plan, node, slot);
  }
  return slots;
}

function scan(bench: Bench, slot: number, text: string): void {
  const { words, candidates, masks, prefilter, isPrefiltered } = bench;
  bench.texts[slot] = text;
  chargeBytes(bench.state!, text.length + 16);
  const bits = prefilter.candidates(text);
  for (let word = 0; word < words; word++) candidates[slot * words + word] = isPrefiltered ? bits[word]! : 0xffffffff;
  const mask = prefilter.byteMask;
  for (let word = 0; word < 8; word++) masks[slot * 8 + word] = mask[word]!;
}

/** Only a value that is not remembered may be left half judged. */
function isSpent(bench: Bench, text: string): boolean {
  if (text.length < judgeLimits.memoValueBytesMax || bench.state === undefined) return false;
  chargeWork(bench.state, text.length);
  return bench.state.isOverBudget;
}

function addWanted(bench: Bench, plan: Plan, node: number, slot: number): void {
  const { words, wanted } = bench;
  for (let word = 0; word < words; word++) wanted[slot * words + word]! |= plan.wanted[node * words + word]!;
}

function ask(bench: Bench, plan: Plan, slot: number): void {
  const { words, wanted, candidates, figures, tests } = bench;
  const text = bench.texts[slot]!;
  for (let word = 0; word < words; word++) {
    const want = wanted[slot * words + word]!;
    if (want === 0) continue;
    const may = candidates[slot * words + word]!;
    const negated = plan.negated[word]!;
    let run = want & may;
    figures.patternsSkipped += bitCount(want & ~may);
    // What is negated and cannot match is hit without a question.
    let sure = want & ~may & negated;
    while (sure !== 0) {
      add(bench, (word << 5) + 31 - Math.clz32(sure & -sure));
      sure &= sure - 1;
    }
    while (run !== 0) {
      const bit = run & -run;
      run ^= bit;
      const entry = (word << 5) + 31 - Math.clz32(bit);
      figures.patternsRun++;
      if (isSpent(bench, text)) return;
      if (tests[entry]!(text) !== ((negated & bit) !== 0)) add(bench, entry);
    }
  }
}

function bitCount(bits: number): number {
  let left = bits - ((bits >>> 1) & 0x55555555);
  left = (left & 0x33333333) + ((left >>> 2) & 0x33333333);
  return Math.imul((left + (left >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

function add(bench: Bench, entry: number): void {
  if (bench.found === undefined) bench.found = [entry];
  else if (!bench.found.includes(entry)) bench.found.push(entry);
}

function grow(bench: Bench, nodes: number): void {
  bench.candidates = new Uint32Array(nodes * bench.words);
  bench.wanted = new Uint32Array(nodes * bench.words);
  bench.masks = new Uint32Array(nodes * 8);
  bench.slotOfNode = new Int32Array(nodes);
}

interface Memory {
  get(memo: Memo, value: string): Hits | undefined;
  set(memo: Memo, value: string, hits: Hits): void;
  empty(): void;
}

/** One bound over the memos of all plans: when half of it is full, a new generation begins. */
function createMemory(entriesMax: number, figures: JudgeFigures): Memory {
  let generation = 0;
  let entries = 0;
  let bytes = 0;
  let oldEntries = 0;
  const seen = new Uint8Array(judgeLimits.seenMarks);
  let seenCount = 0;
  const forgetSeen = (): void => {
    seen.fill(0);
    seenCount = 0;
  };
  const turn = (memo: Memo): void => {
    memo.old = memo.generation === generation - 1 ? memo.young : new Map();
    memo.young = new Map();
    memo.generation = generation;
  };
  const add = (memo: Memo, value: string, hits: Hits): void => {
    if (entries >= entriesMax >>> 1 || bytes >= judgeLimits.memoBytesMax >>> 1) {
      generation++;
      oldEntries = entries;
      entries = 0;
      bytes = 0;
      turn(memo);
    }
    memo.young.set(value, hits);
    entries++;
    bytes += value.length + judgeLimits.memoEntryBytes + hits.length * 8;
    figures.memoEntries = entries + oldEntries;
  };
  return {
    get: (memo, value) => {
      if (memo.generation !== generation) turn(memo);
      const found = memo.young.get(value);
      if (found !== undefined || memo.old.size === 0) return found;
      const older = memo.old.get(value);
      if (older !== undefined) add(memo, value, older);
      return older;
    },
    set: (memo, value, hits) => {
      const mark = markOf(value);
      if (seen[mark] === 1) {
        add(memo, ownCopy(value), hits);
        return;
      }
      seen[mark] = 1;
      if (++seenCount > judgeLimits.seenMarks >>> 2) forgetSeen();
    },
    empty: () => {
      forgetSeen();
      generation += 2;
      entries = oldEntries = bytes = 0;
      figures.memoEntries = 0;
    },
  };
}

/** A cheap mark of a value: its length and eight of its characters. Alike ones share it, which costs an entry. */
function markOf(value: string): number {
  const { length } = value;
  let mark = length;
  const step = (length >>> 3) + 1;
  for (let at = 0; at < length; at += step) mark = Math.imul(mark ^ value.charCodeAt(at), 0x01000193);
  return (mark ^ (mark >>> 15)) & (judgeLimits.seenMarks - 1);
}

const noScope: OperatorScope = { expand: (argument) => argument };

/** Whether two sets of bytes have one in common. */
function meets(left: Uint32Array, at: number, right: Uint32Array, from: number): boolean {
  return (
    ((left[at]! & right[from]!) |
      (left[at + 1]! & right[from + 1]!) |
      (left[at + 2]! & right[from + 2]!) |
      (left[at + 3]! & right[from + 3]!) |
      (left[at + 4]! & right[from + 4]!) |
      (left[at + 5]! & right[from + 5]!) |
      (left[at + 6]! & right[from + 6]!) |
      (left[at + 7]! & right[from + 7]!)) !==
    0
  );
}

/** A piece of a long text keeps all of it in memory; what is remembered must not. */
function ownCopy(value: string): string {
  return value.length < 13 ? value : `${value.slice(0, 1)}${value.slice(1)}`;
}
