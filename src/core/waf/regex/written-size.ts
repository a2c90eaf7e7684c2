// How large a pattern's program becomes when its repeats are written out, told before it is built: what is too large is refused at load, never while a request waits.
import { Fault } from "../../../base/fault.ts";
import { instructionsMax } from "./program.ts";
import type { PatternNode } from "./syntax.ts";

/** Throws Fault "waf/bad-pattern" for a tree whose program, with captures, may pass `instructionsMax`. */
export function refuseTooLarge(root: PatternNode): void {
  // One more for the end of the match.
  if (writtenSize(root) + 1 <= instructionsMax) return;
  throw new Fault("regular expression: too large when its repeats are written out", {
    code: "waf/bad-pattern",
    kind: "too-large",
    hint: `Use smaller counts: ${instructionsMax} instructions are the limit.`,
  });
}

/** Instructions at most. */
function writtenSize(node: PatternNode): number {
  switch (node.kind) {
    case "empty":
      return 0;
    case "set":
    case "assert":
    case "back":
      return 1;
    case "sequence":
      return sumOf(node.nodes);
    case "choice":
      return sumOf(node.nodes) + node.nodes.length - 1;
    case "group":
    case "look":
    case "atomic":
      return writtenSize(node.node) + 2;
    case "repeat": {
      const size = writtenSize(node.node);
      const { min, max } = node;
      // A loop is its body, its split, and the marks of one that may be empty.
      return max === Number.POSITIVE_INFINITY ? min * size + size + 3 : min * size + (max - min) * (size + 1);
    }
  }
}

function sumOf(nodes: readonly PatternNode[]): number {
  let sum = 0;
  for (const node of nodes) sum += writtenSize(node);
  return sum;
}
