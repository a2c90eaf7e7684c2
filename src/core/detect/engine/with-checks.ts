// The one walk over a condition that puts something else in the place of its checks.
import { join, negate, type Check, type Interner, type Node } from "./resolve.ts";

/** The node with every check replaced by what `replace` says. `isNegated`: it stands below an odd number of negations. */
export function withChecks(
  interner: Interner,
  node: Node,
  replace: (check: Check, isNegated: boolean) => Node,
  isNegated = false,
): Node {
  switch (node.kind) {
    case "constant":
      return node;
    case "and":
    case "or":
      return join(
        interner,
        node.kind,
        node.children.map((child) => withChecks(interner, child, replace, isNegated)),
      );
    case "not":
      return negate(interner, withChecks(interner, node.child, replace, !isNegated));
    case "check":
      return replace(node, isNegated);
  }
}
