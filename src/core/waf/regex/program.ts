// A tree as instructions of a non-deterministic automaton, read by the lazy automaton and by the backtracker.
import { Fault } from "../../../base/fault.ts";
import type { ByteSet } from "./byte-set.ts";
import { mayBeEmpty, widthOf, type Assertion, type PatternNode } from "./syntax.ts";

/** Most instructions of one pattern; bounded repeats are written out. */
export const instructionsMax = 60_000;

export const opMatch = 0;
/** One byte of set x, then y. */
export const opSet = 1;
/** x first, else y. */
export const opSplit = 2;
/** Assertion x holds, then y. */
export const opAssert = 3;
/** The place goes into slot x, then y. */
export const opSave = 4;
/** A round of a loop began (slot x), then y. */
export const opMark = 5;
/** The round since mark slot x took no byte: on to z; else y. */
export const opCheck = 6;
/** A look of `looks` x holds, then y. */
export const opLook = 7;
/** `looks` x matches here without coming back to it, then y. */
export const opAtomic = 8;
/** What group x captured stands here, then y; z is 1 when case is ignored. */
export const opBack = 9;

export interface Look {
  readonly start: number;
  readonly isAhead: boolean;
  readonly isNegated: boolean;
  /** Bytes that it takes, at least and at most: how far back a look-behind begins. */
  readonly width: readonly [min: number, max: number];
}

export const assertionList: readonly Assertion[] = [
  "textStart",
  "textEnd",
  "textEndLoose",
  "lineStart",
  "lineEnd",
  "wordBoundary",
  "notWordBoundary",
];

export interface Program {
  readonly op: Uint8Array;
  readonly x: Int32Array;
  readonly y: Int32Array;
  readonly z: Int32Array;
  readonly sets: readonly ByteSet[];
  readonly looks: readonly Look[];
  readonly start: number;
  /** 2 per group, whole match first; marks of loops behind them. */
  readonly slots: number;
}

interface Building {
  readonly ops: number[];
  readonly xs: number[];
  readonly ys: number[];
  readonly zs: number[];
  readonly sets: ByteSet[];
  readonly setNumbers: Map<string, number>;
  readonly setObjects: Map<ByteSet, number>;
  readonly looks: Look[];
  slots: number;
  /** Groups and marks matter only where captures are wanted. */
  readonly withCaptures: boolean;
}

function emit(building: Building, op: number, x: number, y: number, z = 0): number {
  if (building.ops.length >= instructionsMax)
    throw new Fault("regular expression: too large when its repeats are written out", {
      code: "waf/bad-pattern",
      kind: "too-large",
      hint: `Use smaller counts: ${instructionsMax} instructions are the limit.`,
    });
  building.xs.push(x);
  building.ys.push(y);
  building.zs.push(z);
  return building.ops.push(op) - 1;
}

function setNumber(building: Building, set: ByteSet): number {
  let number = building.setObjects.get(set);
  if (number !== undefined) return number;
  const key = set.join(",");
  number = building.setNumbers.get(key) ?? building.sets.push(set) - 1;
  building.setNumbers.set(key, number);
  building.setObjects.set(set, number);
  return number;
}

function buildSplit(building: Building, first: number, second: number, isLazy: boolean): number {
  return isLazy ? emit(building, opSplit, second, first) : emit(building, opSplit, first, second);
}

/** A loop without end, entered at its split; `next` is where it leads out. */
function buildLoop(building: Building, node: Extract<PatternNode, { kind: "repeat" }>, next: number): number {
  const split = emit(building, opSplit, 0, 0);
  const canBeEmpty = building.withCaptures && mayBeEmpty(node.node);
  let body: number;
  if (canBeEmpty) {
    const slot = building.slots++;
    const check = emit(building, opCheck, slot, split, next);
    body = emit(building, opMark, slot, build(building, node.node, check));
  } else body = build(building, node.node, split);
  building.xs[split] = node.isLazy ? next : body;
  building.ys[split] = node.isLazy ? body : next;
  return split;
}

function buildRepeat(building: Building, node: Extract<PatternNode, { kind: "repeat" }>, next: number): number {
  let entry = next;
  let copies = node.min;
  if (node.max === Number.POSITIVE_INFINITY) {
    const split = buildLoop(building, node, next);
    entry = split;
    if (copies === 1 && !mayBeEmpty(node.node)) {
      // The first round is the loop's own body.
      return node.isLazy ? (building.ys[split] as number) : (building.xs[split] as number);
    }
  } else {
    for (let round = node.min; round < node.max; round++)
      entry = buildSplit(building, build(building, node.node, entry), next, node.isLazy);
  }
  for (; copies > 0; copies--) entry = build(building, node.node, entry);
  return entry;
}

function buildSub(building: Building, node: PatternNode, isAhead: boolean, isNegated: boolean): number {
  const start = build(building, node, emit(building, opMatch, 0, 0));
  return building.looks.push({ start, isAhead, isNegated, width: widthOf(node) }) - 1;
}

function buildAll(building: Building, nodes: readonly PatternNode[], next: number): number {
  return nodes.reduceRight((after, child) => build(building, child, after), next);
}

/** Builds backwards: every part knows what follows it. */
function build(building: Building, node: PatternNode, next: number): number {
  switch (node.kind) {
    case "empty":
      return next;
    case "set":
      return emit(building, opSet, setNumber(building, node.set), next);
    case "sequence":
      return buildAll(building, node.nodes, next);
    case "choice": {
      let entry = build(building, node.nodes.at(-1) as PatternNode, next);
      for (let at = node.nodes.length - 2; at >= 0; at--)
        entry = emit(building, opSplit, build(building, node.nodes[at] as PatternNode, next), entry);
      return entry;
    }
    case "repeat":
      return buildRepeat(building, node, next);
    case "group": {
      if (!building.withCaptures) return build(building, node.node, next);
      const close = emit(building, opSave, node.index * 2 + 1, next);
      return emit(building, opSave, node.index * 2, build(building, node.node, close));
    }
    case "assert":
      return emit(building, opAssert, assertionList.indexOf(node.assertion), next);
    case "look":
      return emit(building, opLook, buildSub(building, node.node, node.isAhead, node.isNegated), next);
    case "atomic":
      return emit(building, opAtomic, buildSub(building, node.node, true, false), next);
    case "back":
      return emit(building, opBack, node.index, next, node.isCaseless ? 1 : 0);
  }
}

/** Instructions of a tree. Throws Fault "waf/bad-pattern" when it is too large. */
export function buildProgram(root: PatternNode, captureCount: number, withCaptures: boolean): Program {
  const building: Building = {
    ops: [],
    xs: [],
    ys: [],
    zs: [],
    sets: [],
    setNumbers: new Map(),
    setObjects: new Map(),
    looks: [],
    slots: (captureCount + 1) * 2,
    withCaptures,
  };
  const match = emit(building, opMatch, 0, 0);
  const start = build(building, root, match);
  return {
    op: Uint8Array.from(building.ops),
    x: Int32Array.from(building.xs),
    y: Int32Array.from(building.ys),
    z: Int32Array.from(building.zs),
    sets: building.sets,
    looks: building.looks,
    start,
    slots: building.slots,
  };
}
