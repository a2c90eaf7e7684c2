// What an index needs to know of a selector: a quick test over a map of labels, the keys it reads, and the values without which it is false.
import type { SelectorNode } from "../selector/selector.ts";
import { valueMatches } from "../selector/matches.ts";
import type { LabelMap } from "./labels.ts";

export type LabelTest = (labels: LabelMap) => boolean;

export function matcherOf(node: SelectorNode): LabelTest {
  switch (node.op) {
    case "all":
      return () => true;
    case "and": {
      const tests = node.nodes.map(matcherOf);
      return (labels) => {
        for (const test of tests) if (!test(labels)) return false;
        return true;
      };
    }
    case "or": {
      const tests = node.nodes.map(matcherOf);
      return (labels) => {
        for (const test of tests) if (test(labels)) return true;
        return false;
      };
    }
    case "not": {
      const test = matcherOf(node.node);
      return (labels) => !test(labels);
    }
    case "eq": {
      const { key, value } = node;
      return (labels) => labels.get(key) === value;
    }
    default: {
      const { key } = node;
      return (labels) => valueMatches(node, labels.get(key));
    }
  }
}

/** Every key that it mentions; may repeat. */
export function keysOf(node: SelectorNode): readonly string[] {
  switch (node.op) {
    case "all":
      return [];
    case "and":
    case "or":
      return node.nodes.flatMap(keysOf);
    case "not":
      return keysOf(node.node);
    default:
      return [node.key];
  }
}

/** Keys with the only values (exactly) with which the selector can be true. Of the parts of an `and`, and of itself. */
export function requiredValues(node: SelectorNode): ReadonlyMap<string, readonly string[]> {
  const required = new Map<string, readonly string[]>();
  for (const part of node.op === "and" ? node.nodes : [node]) {
    const values = part.op === "eq" ? [part.value] : part.op === "in" ? part.values : undefined;
    if (values === undefined || (part.op !== "eq" && part.op !== "in")) continue;
    const known = required.get(part.key);
    if (known === undefined || values.length < known.length) required.set(part.key, values);
  }
  return required;
}
