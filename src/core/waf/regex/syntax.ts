// The tree of a pattern. Case, dot and class escapes are resolved into byte sets already; nothing in a tree depends on flags.
import { emptySet, fullSet, isEmptySet, isSubset, minus, union, type ByteSet } from "./byte-set.ts";

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
  const flat = nodes.flatMap((node) => (node.kind === "sequence" ? node.nodes : node.kind === "empty" ? [] : [node]));
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
export function withoutBytes(node: PatternNode, taken: ByteSet): PatternNode | undefined {
  switch (node.kind) {
    case "set": {
      const set = minus(node.set, taken);
      return isEmptySet(set) ? undefined : { kind: "set", set };
    }
    case "sequence": {
      const nodes: PatternNode[] = [];
      for (const child of node.nodes) {
        const left = withoutBytes(child, taken);
        if (left === undefined) return undefined;
        nodes.push(left);
      }
      return sequenceOf(nodes);
    }
    case "choice": {
      const nodes = node.nodes.map((child) => withoutBytes(child, taken)).filter((child) => child !== undefined);
      return nodes.length === 0 ? undefined : choiceOf(nodes);
    }
    case "repeat": {
      const left = withoutBytes(node.node, taken);
      if (left === undefined) return node.min === 0 ? emptyNode : undefined;
      return { ...node, node: left };
    }
    case "group": {
      const left = withoutBytes(node.node, taken);
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

/** Every byte that some set of the tree holds. */
export function alphabetOf(node: PatternNode): ByteSet {
  switch (node.kind) {
    case "set":
      return node.set;
    case "sequence":
    case "choice":
      return node.nodes.reduce<ByteSet>((all, child) => {
        const set = alphabetOf(child);
        return isSubset(set, all) ? all : union(all, set);
      }, emptySet());
    case "repeat":
    case "group":
    case "atomic":
    case "look":
      return alphabetOf(node.node);
    case "empty":
    case "assert":
    case "back":
      return emptySet();
  }
}

/** Bytes with which a match that takes at least one byte can begin. */
export function firstBytes(node: PatternNode): ByteSet {
  switch (node.kind) {
    case "set":
      return node.set;
    case "sequence": {
      let first = emptySet();
      for (const child of node.nodes) {
        first = union(first, firstBytes(child));
        if (!mayBeEmpty(child)) break;
      }
      return first;
    }
    case "choice":
      return node.nodes.reduce((all, child) => union(all, firstBytes(child)), emptySet());
    case "repeat":
    case "group":
    case "atomic":
      return firstBytes(node.node);
    case "back":
      return fullSet;
    case "empty":
    case "assert":
    case "look":
      return emptySet();
  }
}
