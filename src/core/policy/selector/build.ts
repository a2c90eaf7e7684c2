// Builders for machine-made selectors: flat, without needless parts, and canonical, so that what means the same is often the same text.
import { selectorOf } from "./canonical.ts";
import type { Selector, SelectorNode } from "./selector.ts";

export const allNode: SelectorNode = { op: "all" };
/** Selects nothing. */
export const noneNode: SelectorNode = { op: "not", node: allNode };

export const allSelector: Selector = selectorOf(allNode);

export function has(key: string): SelectorNode {
  return { op: "has", key };
}

export function eq(key: string, value: string): SelectorNode {
  return { op: "eq", key, value };
}

/** One value becomes `==`, none selects nothing. */
export function isIn(key: string, values: readonly string[]): SelectorNode {
  const sorted = sortedValues(values);
  const [only] = sorted;
  if (only === undefined) return noneNode;
  return sorted.length === 1 ? eq(key, only) : { op: "in", key, values: sorted };
}

/** True where the label is missing. */
export function isNotIn(key: string, values: readonly string[]): SelectorNode {
  const sorted = sortedValues(values);
  const [only] = sorted;
  if (only === undefined) return allNode;
  return sorted.length === 1 ? { op: "ne", key, value: only } : { op: "not-in", key, values: sorted };
}

export function not(node: SelectorNode): SelectorNode {
  return node.op === "not" ? node.node : { op: "not", node };
}

/** Inner ands are opened, all() is left out, parts are sorted by text; nothing left is all(). */
export function and(...nodes: readonly SelectorNode[]): SelectorNode {
  return joinedNodes("and", nodes);
}

/** Inner ors are opened, what selects nothing is left out; nothing left selects nothing. */
export function or(...nodes: readonly SelectorNode[]): SelectorNode {
  return joinedNodes("or", nodes);
}

function joinedNodes(op: "and" | "or", nodes: readonly SelectorNode[]): SelectorNode {
  const neutral = op === "and" ? allNode : noneNode;
  const absorbing = op === "and" ? noneNode : allNode;
  const byText = new Map<string, SelectorNode>();
  for (const node of nodes.flatMap((each) => (each.op === op ? each.nodes : [each]))) {
    if (isSame(node, absorbing)) return absorbing;
    if (!isSame(node, neutral)) byText.set(selectorOf(node).text, node);
  }
  const parts = [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, node]) => node);
  const [only] = parts;
  if (only === undefined) return neutral;
  return parts.length === 1 ? only : { op, nodes: parts };
}

function isSame(node: SelectorNode, known: SelectorNode): boolean {
  if (known.op === "all") return node.op === "all";
  return node.op === "not" && node.node.op === "all";
}

/** Sorted by code unit, without duplicates. */
export function sortedValues(values: readonly string[]): readonly string[] {
  return [...new Set(values)].sort();
}
