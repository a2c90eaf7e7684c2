// A pattern as a graph of places that take a byte: what a backtracking run can go through. Assertions are taken as if they always held, and large counted repeats as
// endless, so that the graph has every path of the real one and more.
import { opSet, opSplit, type Program } from "./program.ts";
import type { PatternNode } from "./syntax.ts";

/** Counted repeats whose maximum exceeds the minimum by more than this are endless for the proof. */
const countedSlackMax = 4;

export interface PositionGraph {
  readonly size: number;
  /** Set of each position, as its number. */
  readonly setOf: Int32Array;
  readonly follow: readonly (readonly number[])[];
  /** Where a run begins. */
  readonly first: readonly number[];
  /** Positions that reach a next one in two ways without a byte between. */
  readonly isForked: Uint8Array;
  /** Strongly connected component of each position; loops are components of `isLoop`. */
  readonly componentOf: Int32Array;
  readonly loops: readonly (readonly number[])[];
}

/** The tree whose large counts are endless. */
export function endlessTree(node: PatternNode): PatternNode {
  switch (node.kind) {
    case "repeat": {
      const isLarge = node.max !== Number.POSITIVE_INFINITY && node.max - node.min > countedSlackMax;
      return { ...node, node: endlessTree(node.node), max: isLarge ? Number.POSITIVE_INFINITY : node.max };
    }
    case "sequence":
    case "choice":
      return { ...node, nodes: node.nodes.map(endlessTree) };
    case "group":
    case "look":
    case "atomic":
      return { ...node, node: endlessTree(node.node) };
    case "empty":
    case "set":
    case "assert":
    case "back":
      return node;
  }
}

interface Reached {
  readonly positions: readonly number[];
  readonly isForked: boolean;
}

/** Positions reached from an instruction without a byte. */
function reach(program: Program, from: number, positionOf: Int32Array): Reached {
  const seen = new Set<number>();
  const positions: number[] = [];
  const stack = [from];
  let isForked = false;
  while (stack.length > 0) {
    const at = stack.pop() as number;
    if (seen.has(at)) {
      // The end of the pattern may be reached twice: a run stops there.
      if (program.op[at] !== 0) isForked = true;
      continue;
    }
    seen.add(at);
    const code = program.op[at];
    if (code === opSet) positions.push(positionOf[at] as number);
    else if (code === opSplit) stack.push(program.y[at] as number, program.x[at] as number);
    else if (code !== 0) stack.push(program.y[at] as number);
  }
  return { positions, isForked };
}

interface Components {
  readonly componentOf: Int32Array;
  readonly loops: readonly (readonly number[])[];
}

/** Tarjan's components with an explicit stack; only those with a cycle are listed. */
function components(follow: readonly (readonly number[])[]): Components {
  const size = follow.length;
  const order = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const componentOf = new Int32Array(size).fill(-1);
  const loops: number[][] = [];
  const open: number[] = [];
  let counter = 0;
  let count = 0;

  function close(at: number): void {
    const members: number[] = [];
    for (;;) {
      const member = open.pop() as number;
      componentOf[member] = count;
      members.push(member);
      if (member === at) break;
    }
    count += 1;
    if (members.length > 1 || (follow[at] ?? []).includes(at)) loops.push(members);
  }

  for (let root = 0; root < size; root++) {
    if (order[root] !== -1) continue;
    const path: [number, number][] = [[root, 0]];
    while (path.length > 0) {
      const frame = path.at(-1) as [number, number];
      const [at, edge] = frame;
      if (edge === 0) {
        order[at] = low[at] = counter++;
        open.push(at);
      }
      const next = follow[at]?.[edge];
      frame[1] += 1;
      if (next === undefined) {
        if (low[at] === order[at]) close(at);
        path.pop();
        const parent = path.at(-1)?.[0];
        if (parent !== undefined) low[parent] = Math.min(low[parent] as number, low[at] as number);
      } else if (order[next] === -1) path.push([next, 0]);
      else if (componentOf[next] === -1) low[at] = Math.min(low[at] as number, order[next] as number);
    }
  }
  return { componentOf, loops };
}

export function buildPositionGraph(program: Program): PositionGraph {
  const positionOf = new Int32Array(program.op.length).fill(-1);
  const instructions: number[] = [];
  for (let at = 0; at < program.op.length; at++)
    if (program.op[at] === opSet) positionOf[at] = instructions.push(at) - 1;
  const isForked = new Uint8Array(instructions.length);
  const follow = instructions.map((at, position) => {
    const reached = reach(program, program.y[at] as number, positionOf);
    if (reached.isForked) isForked[position] = 1;
    return reached.positions;
  });
  return {
    size: instructions.length,
    setOf: Int32Array.from(instructions, (at) => program.x[at] as number),
    follow,
    first: reach(program, program.start, positionOf).positions,
    isForked,
    ...components(follow),
  };
}
