// Possessive repeats and atomic groups that change nothing become plain ones, so that an automaton can run them: `\s*+;` cannot give a space back to `;` anyway.
import { intersects } from "./byte-set.ts";
import { firstBytes, mayBeEmpty, type ParsedPattern, type PatternNode } from "./syntax.ts";

/** A greedy repeat of one set gives back only bytes of that set: of no use to what must begin with another byte. */
function isPlainBefore(node: PatternNode, next: PatternNode | undefined): boolean {
  if (node.kind !== "atomic") return false;
  const inner = node.node;
  if (inner.kind === "set") return true;
  if (inner.kind !== "repeat" || inner.isLazy || inner.node.kind !== "set" || next === undefined) return false;
  return !mayBeEmpty(next) && !intersects(firstBytes(next), inner.node.set);
}

function relax(node: PatternNode): PatternNode {
  switch (node.kind) {
    case "sequence":
      return {
        kind: "sequence",
        nodes: node.nodes.map((child, at) =>
          child.kind === "atomic" && isPlainBefore(child, node.nodes[at + 1]) ? relax(child.node) : relax(child),
        ),
      };
    case "choice":
      return { kind: "choice", nodes: node.nodes.map(relax) };
    case "repeat":
    case "group":
    case "look":
    case "atomic":
      return { ...node, node: relax(node.node) };
    case "empty":
    case "set":
    case "assert":
    case "back":
      return node;
  }
}

function irregularOf(node: PatternNode): ParsedPattern["irregular"] {
  switch (node.kind) {
    case "look":
      return "look-around";
    case "atomic":
      return "atomic group";
    case "back":
      return "back-reference";
    case "sequence":
    case "choice":
      return node.nodes.map(irregularOf).find((found) => found !== undefined);
    case "repeat":
    case "group":
      return irregularOf(node.node);
    case "empty":
    case "set":
    case "assert":
      return undefined;
  }
}

/** The same language and captures with fewer atomic groups; regular when none is left. */
export function relaxAtomic(parsed: ParsedPattern): ParsedPattern {
  if (parsed.irregular === undefined) return parsed;
  const root = relax(parsed.root);
  return { ...parsed, root, irregular: irregularOf(root) };
}
