// Does a selector select these labels? The one place that says what operators mean; indexes and compilers are tested against it.
import { unreachable } from "../../../base/assert.ts";
import type { Selector, SelectorNode } from "./selector.ts";

export type Labels = Readonly<Record<string, string>>;

/** `labels`: effective labels. A missing label satisfies `!=`, `not in` and nothing else. */
export function matches(selector: Selector, labels: Labels): boolean {
  return nodeMatches(selector.node, labels);
}

export function nodeMatches(node: SelectorNode, labels: Labels): boolean {
  switch (node.op) {
    case "all":
      return true;
    case "and":
      return node.nodes.every((each) => nodeMatches(each, labels));
    case "or":
      return node.nodes.some((each) => nodeMatches(each, labels));
    case "not":
      return !nodeMatches(node.node, labels);
    default:
      return valueMatches(node, Object.hasOwn(labels, node.key) ? labels[node.key] : undefined);
  }
}

export type LabelNode = Exclude<SelectorNode, { op: "all" | "and" | "or" | "not" }>;

/** For one label's value; undefined: the label is missing. */
export function valueMatches(node: LabelNode, value: string | undefined): boolean {
  switch (node.op) {
    case "has":
      return value !== undefined;
    case "eq":
      return value === node.value;
    case "ne":
      return value !== node.value;
    case "in":
      return value !== undefined && node.values.includes(value);
    case "not-in":
      return value === undefined || !node.values.includes(value);
    case "contains":
      return value?.includes(node.value) ?? false;
    case "starts-with":
      return value?.startsWith(node.value) ?? false;
    case "ends-with":
      return value?.endsWith(node.value) ?? false;
    default:
      return unreachable(node);
  }
}
