// The smallest tree with the same answer to "does it match anywhere": what may be left out at the edges is, and groups are no longer groups.
import { emptyNode, isNullable, sequenceOf, choiceOf, type ParsedPattern, type PatternNode } from "./syntax.ts";

type Edge = "leading" | "trailing";

function trimSequence(nodes: readonly PatternNode[], edge: Edge): PatternNode {
  const kept = [...nodes];
  while (kept.length > 0) {
    const place = edge === "leading" ? 0 : kept.length - 1;
    const trimmed = trim(kept[place] as PatternNode, edge);
    if (trimmed.kind !== "empty") {
      kept[place] = trimmed;
      break;
    }
    kept.splice(place, 1);
  }
  return sequenceOf(kept);
}

/** An unanchored search does not care how much a part at the edge takes, only whether it can. */
function trim(node: PatternNode, edge: Edge): PatternNode {
  if (isNullable(node)) return emptyNode;
  switch (node.kind) {
    case "sequence":
      return trimSequence(node.nodes, edge);
    case "choice":
      return choiceOf(node.nodes.map((child) => trim(child, edge)));
    case "repeat": {
      // Of min rounds the outermost may be trimmed; the others have neighbours.
      const outer = trim(node.node, edge);
      const inner: PatternNode = node.min === 1 ? emptyNode : { ...node, min: node.min - 1, max: node.min - 1 };
      return sequenceOf(edge === "leading" ? [outer, inner] : [inner, outer]);
    }
    case "group":
    case "empty":
    case "set":
    case "assert":
    case "look":
    case "atomic":
    case "back":
      return node;
  }
}

function withoutGroups(node: PatternNode): PatternNode {
  switch (node.kind) {
    case "group":
      return withoutGroups(node.node);
    case "sequence":
      return sequenceOf(node.nodes.map(withoutGroups));
    case "choice":
      return choiceOf(node.nodes.map(withoutGroups));
    case "repeat":
      return { ...node, node: withoutGroups(node.node) };
    case "empty":
    case "set":
    case "assert":
    case "look":
    case "atomic":
    case "back":
      return node;
  }
}

/** For regular patterns only. */
export function testTree({ root, captureCount }: ParsedPattern): PatternNode {
  return trim(trim(captureCount === 0 ? root : withoutGroups(root), "leading"), "trailing");
}
