// The plainest reading of a condition there is: the tree, one check after the other, on values by name. What the engine is compared with.
import type { CheckNode, ConditionNode } from "../falco/ast.ts";

export type PlainValues = Readonly<Record<string, string | number | boolean | undefined>>;

/** Single values, texts and numbers, no arguments and no transformers. */
export function naiveHolds(node: ConditionNode, values: PlainValues): boolean {
  switch (node.kind) {
    case "and":
      return node.children.every((child) => naiveHolds(child, values));
    case "or":
      return node.children.some((child) => naiveHolds(child, values));
    case "not":
      return !naiveHolds(node.child, values);
    case "macro":
      throw new Error("macros are written out before");
    case "check":
      return naiveCheck(node, values[node.left.field]);
  }
}

function naiveCheck({ operator, values }: CheckNode, value: string | number | boolean | undefined): boolean {
  const texts = values.map((one) => (one.kind === "text" ? one.text : ""));
  const [first = ""] = texts;
  if (value === undefined) return false;
  const text = String(value);
  switch (operator) {
    case "exists":
      return true;
    case "=":
    case "==":
      return typeof value === "number" ? value === Number(first) : text === first;
    case "!=":
      return typeof value === "number" ? value !== Number(first) : text !== first;
    case "<":
      return Number(value) < Number(first);
    case "<=":
      return Number(value) <= Number(first);
    case ">":
      return Number(value) > Number(first);
    case ">=":
      return Number(value) >= Number(first);
    case "in":
    case "intersects":
      return texts.some((one) => (typeof value === "number" ? Number(one) === value : one === text));
    case "contains":
      return text.includes(first);
    case "icontains":
      return text.toLowerCase().includes(first.toLowerCase());
    case "startswith":
      return text.startsWith(first);
    case "endswith":
      return text.endsWith(first);
    case "pmatch":
      // A slash at the end says nothing: prefixes are parts between slashes.
      return texts.some((one) => `${text}/`.startsWith(one.endsWith("/") ? one : `${one}/`));
    default:
      throw new Error(`not in the plain reading: ${operator}`);
  }
}
