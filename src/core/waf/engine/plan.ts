// How one value is judged: chains of transformations as a tree, each node with the entries that want its outcome. Flat arrays, read by judge.ts.
import type { Transformation } from "../transform/transformation.ts";
import type { Compiled } from "./compiled.ts";

export interface Plan {
  /** Node 0 is the value as it is. Parents stand before their children. */
  readonly parents: Int32Array;
  readonly apply: readonly (Transformation | undefined)[];
  /** Eight words per node; all ones: may change any value. */
  readonly triggers: Uint32Array;
  /** `words` words per node: entries that are asked about this node's outcome. */
  readonly wanted: Uint32Array;
  /** Union over nodes. */
  readonly allWanted: Uint32Array;
  /** A value without these bytes is left as it is by every node; undefined where some node may change anything. */
  readonly anyTrigger: Uint32Array | undefined;
  /** Entries whose part is negated. */
  readonly negated: Uint32Array;
  readonly hasNegated: boolean;
  readonly memo: Memo;
}

/** What a value was found to hit: entries in no order. Shared when empty. */
export type Hits = readonly number[];
export const noHits: Hits = [];

/** Two generations: what was not asked for while the younger filled up is forgotten. Which generation it is, the judge says, for all plans together. */
export interface Memo {
  young: Map<string, Hits>;
  old: Map<string, Hits>;
  generation: number;
}

export function createPlan(compiled: Compiled, entries: readonly number[]): Plan {
  const words = Math.max(1, (compiled.pureParts.length + 31) >>> 5);
  const nodes: {
    parent: number;
    transformation: Transformation | undefined;
    entries: Set<number>;
    children: Map<Transformation, number>;
  }[] = [{ parent: -1, transformation: undefined, entries: new Set(), children: new Map() }];
  for (const entry of entries) {
    const part = compiled.pureParts[entry]!;
    let node = 0;
    for (const transformation of part.transformations) {
      if (part.isMultiMatch) nodes[node]!.entries.add(entry);
      let child = nodes[node]!.children.get(transformation);
      if (child === undefined) {
        child = nodes.length;
        nodes.push({ parent: node, transformation, entries: new Set(), children: new Map() });
        nodes[node]!.children.set(transformation, child);
      }
      node = child;
    }
    nodes[node]!.entries.add(entry);
  }
  const triggers = new Uint32Array(nodes.length * 8);
  const wanted = new Uint32Array(nodes.length * words);
  const allWanted = new Uint32Array(words);
  const negated = new Uint32Array(words);
  for (const [index, node] of nodes.entries()) {
    for (let word = 0; word < 8; word++) {
      triggers[index * 8 + word] =
        node.transformation?.trigger === undefined ? 0xffffffff : node.transformation.trigger[word]!;
    }
    for (const entry of node.entries) {
      wanted[index * words + (entry >>> 5)]! |= 1 << (entry & 31);
      allWanted[entry >>> 5]! |= 1 << (entry & 31);
      if (compiled.pureParts[entry]!.isNegated) negated[entry >>> 5]! |= 1 << (entry & 31);
    }
  }
  return {
    parents: Int32Array.from(nodes, (node) => node.parent),
    apply: nodes.map((node) => node.transformation),
    triggers,
    wanted,
    allWanted,
    anyTrigger: unionOf(nodes.slice(1).map((node) => node.transformation!)),
    negated,
    hasNegated: negated.some((word) => word !== 0),
    memo: { young: new Map(), old: new Map(), generation: 0 },
  };
}

function unionOf(transformations: readonly Transformation[]): Uint32Array | undefined {
  const union = new Uint32Array(8);
  for (const { trigger } of transformations) {
    if (trigger === undefined) return undefined;
    for (let word = 0; word < 8; word++) union[word]! |= trigger[word]!;
  }
  return union;
}
