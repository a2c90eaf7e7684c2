// The tree of a pattern. Case, dot and class escapes are resolved into byte sets already; nothing in a tree depends on flags.
import { emptySet, fullSet, intersects, isEmptySet, minus, type ByteSet } from "./byte-set.ts";

export type Assertion =
  /** `\A`, or `^` without lines. */
  | "textStart"
  /** `\z`. */
  | "textEnd"
  /** `\Z`, or `$` without lines: at the end, or before a newline that is the last byte. */
  | "textEndLoose"
  /** `^` with lines: at the start or after a newline that is not the last byte. */
  | "lineStart"
  /** `$` with lines: at the end or before a newline. */
  | "lineEnd"
  | "wordBoundary"
  | "notWordBoundary";

export type PatternNode =
  | { readonly kind: "empty" }
  | { readonly kind: "set"; readonly set: ByteSet }
  | { readonly kind: "sequence"; readonly nodes: readonly PatternNode[] }
  | { readonly kind: "choice"; readonly nodes: readonly PatternNode[] }
  | {
      readonly kind: "repeat";
      readonly node: PatternNode;
      readonly min: number;
      /** Infinity: without end. */
      readonly max: number;
      readonly isLazy: boolean;
    }
  | { readonly kind: "group"; readonly node: PatternNode; readonly index: number }
  | { readonly kind: "assert"; readonly assertion: Assertion }
  // What no automaton can do; a pattern with one of these is irregular and has a step limit.
  | { readonly kind: "look"; readonly node: PatternNode; readonly isAhead: boolean; readonly isNegated: boolean }
  | { readonly kind: "atomic"; readonly node: PatternNode }
  | { readonly kind: "back"; readonly index: number; readonly isCaseless: boolean };

export interface ParsedPattern {
  readonly root: PatternNode;
  /** Groups that capture, without the whole match. */
  readonly captureCount: number;
  /** The construct that no automaton can do; undefined: none. */
  readonly irregular: "look-around" | "atomic group" | "back-reference" | undefined;
}

export const emptyNode: PatternNode = { kind: "empty" };

export function sequenceOf(nodes: readonly PatternNode[]): PatternNode {
  const flat: PatternNode[] = [];
  for (const node of nodes) {
    if (node.kind === "sequence") flat.push(...node.nodes);
    else if (node.kind !== "empty") flat.push(node);
  }
  const [first] = flat;
  if (first === undefined) return emptyNode;
  return flat.length === 1 ? first : { kind: "sequence", nodes: flat };
}

export function choiceOf(nodes: readonly PatternNode[]): PatternNode {
  const [first] = nodes;
  if (first === undefined) return emptyNode;
  if (nodes.length === 1) return first;
  return { kind: "choice", nodes };
}

/** Whether it can match without a byte, whatever stands around: assertions are not counted as such. */
export function isNullable(node: PatternNode): boolean {
  switch (node.kind) {
    case "empty":
      return true;
    case "set":
    case "assert":
    case "look":
    case "back":
      return false;
    case "sequence":
      return node.nodes.every(isNullable);
    case "choice":
      return node.nodes.some(isNullable);
    case "repeat":
      return node.min === 0 || isNullable(node.node);
    case "group":
    case "atomic":
      return isNullable(node.node);
  }
}

/** Whether it can match without a byte where its assertions hold. */
export function mayBeEmpty(node: PatternNode): boolean {
  switch (node.kind) {
    case "assert":
    case "look":
    case "back":
      return true;
    case "sequence":
      return node.nodes.every(mayBeEmpty);
    case "choice":
      return node.nodes.some(mayBeEmpty);
    case "repeat":
      return node.min === 0 || mayBeEmpty(node.node);
    case "group":
    case "atomic":
      return mayBeEmpty(node.node);
    case "empty":
    case "set":
      return node.kind === "empty";
  }
}

/** The tree without the bytes of `taken`; undefined: nothing is left that could match. */
export function withoutBytes(
  node: PatternNode,
  taken: ByteSet,
  done = new Map<ByteSet, PatternNode | undefined>(),
): PatternNode | undefined {
  switch (node.kind) {
    case "set": {
      if (!intersects(node.set, taken)) return node;
      if (!done.has(node.set)) {
        const set = minus(node.set, taken);
        done.set(node.set, isEmptySet(set) ? undefined : { kind: "set", set });
      }
      return done.get(node.set);
    }
    case "sequence": {
      const nodes: PatternNode[] = [];
      for (const child of node.nodes) {
        const left = withoutBytes(child, taken, done);
        if (left === undefined) return undefined;
        nodes.push(left);
      }
      return sequenceOf(nodes);
    }
    case "choice": {
      const nodes = node.nodes.map((child) => withoutBytes(child, taken, done)).filter((child) => child !== undefined);
      return nodes.length === 0 ? undefined : choiceOf(nodes);
    }
    case "repeat": {
      const left = withoutBytes(node.node, taken, done);
      if (left === undefined) return node.min === 0 ? emptyNode : undefined;
      return { ...node, node: left };
    }
    case "group": {
      const left = withoutBytes(node.node, taken, done);
      return left === undefined ? undefined : { ...node, node: left };
    }
    case "empty":
    case "assert":
    case "look":
    case "atomic":
    case "back":
      return node;
  }
}

/** Adds to `first` the bytes with which a match that takes at least one byte can begin. */
function addFirstBytes(node: PatternNode, first: ByteSet): void {
  switch (node.kind) {
    case "set":
    case "back": {
      const set = node.kind === "set" ? node.set : fullSet;
      for (let at = 0; at < 8; at++) first[at] = (first[at] ?? 0) | (set[at] ?? 0);
      return;
    }
    case "sequence":
      for (const child of node.nodes) {
        addFirstBytes(child, first);
        if (!mayBeEmpty(child)) return;
      }
      return;
    case "choice":
      for (const child of node.nodes) addFirstBytes(child, first);
      return;
    case "repeat":
    case "group":
    case "atomic":
      addFirstBytes(node.node, first);
      return;
    case "empty":
    case "assert":
    case "look":
  }
}

/** Bytes with which a match that takes at least one byte can begin. */
export function firstBytes(node: PatternNode): ByteSet {
  const first = emptySet();
  addFirstBytes(node, first);
  return first;
}

/** How many bytes a match of a tree takes, at least and at most. */
export function widthOf(node: PatternNode): readonly [min: number, max: number] {
  switch (node.kind) {
    case "set":
      return [1, 1];
    case "sequence":
      return node.nodes.map(widthOf).reduce(([min, max], [a, b]) => [min + a, max + b], [0, 0]);
    case "choice":
      return node.nodes
        .map(widthOf)
        .reduce(([min, max], [a, b]) => [Math.min(min, a), Math.max(max, b)], [Number.POSITIVE_INFINITY, 0]);
    case "repeat": {
      const [min, max] = widthOf(node.node);
      return [min * node.min, max === 0 ? 0 : max * node.max];
    }
    case "group":
    case "atomic":
      return widthOf(node.node);
    case "back":
      return [0, Number.POSITIVE_INFINITY];
    case "empty":
    case "assert":
    case "look":
      return [0, 0];
  }
}
