// From a tree to a Selector: canonical text (the spelling that Calico prints, so ids agree with its own) and id.
import { sha224 } from "./sha224.ts";
import type { Selector, SelectorNode } from "./selector.ts";

const operators = {
  eq: "==",
  ne: "!=",
  contains: "contains",
  "starts-with": "starts with",
  "ends-with": "ends with",
  in: "in",
  "not-in": "not in",
} as const;

/** Ids made lately: the same selectors come back with every parse. Forgotten as a whole when it is full. */
const cachedMax = 20_000;
/** Longer texts, which are machine-made and rare, are not kept. */
const cachedLengthMax = 2048;
const cached = new Map<string, Selector>();

/** The selector of a tree. Equal text gives the same value while it is remembered. */
export function selectorOf(node: SelectorNode): Selector {
  const text = selectorText(node);
  const known = cached.get(text);
  if (known !== undefined) return known;
  const made = { node, text, id: `s:${sha224(`s:${text}`)}` };
  if (text.length > cachedLengthMax) return made;
  if (cached.size >= cachedMax) cached.clear();
  cached.set(text, made);
  return made;
}

export function selectorText(node: SelectorNode): string {
  switch (node.op) {
    case "all":
      return "all()";
    case "has":
      return `has(${node.key})`;
    case "in":
    case "not-in":
      return `${node.key} ${operators[node.op]} {${node.values.map(quoted).join(", ")}}`;
    case "and":
    case "or":
      return `(${node.nodes.map(selectorText).join(node.op === "and" ? " && " : " || ")})`;
    case "not":
      return `!${selectorText(node.node)}`;
    default:
      return `${node.key} ${operators[node.op]} ${quoted(node.value)}`;
  }
}

/** The language has no escapes: a value holds at most one of the two quotes. */
function quoted(value: string): string {
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}
