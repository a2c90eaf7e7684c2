// How much a backtracking engine may do over a subject of n bytes: linear, a power of n, or more. Counted are all partial runs of the pattern from every place
// (every node of the search tree), so the answer holds whatever the engine gives up late. By the criteria for ambiguity of Weber and Seidl, applied to prefixes.
import type { ByteSet } from "./byte-set.ts";
import { buildPositionGraph, endlessTree, type PositionGraph } from "./position-graph.ts";
import { assertionList, buildProgram, opAssert, opSave, opSplit, type Program } from "./program.ts";
import { mayBeEmpty, type PatternNode } from "./syntax.ts";

/** Steps of the search for a proof, per pattern; beyond: not proven. */
export const proofStepsMax = 40_000;

/** Loops of one pattern that are looked at; patterns with more are not given to V8. */
export const proofLoopsMax = 24;

export interface Growth {
  /** 0: linear; d: at most n to the power d + 1; Infinity: may be exponential, or is not known. */
  readonly degree: number;
  readonly because: string;
}

/** Where every search begins anew: the loop before the pattern. */
const outside = -1;

interface Proof {
  readonly graph: PositionGraph;
  readonly sets: readonly ByteSet[];
  readonly isAnchored: boolean;
  left: number;
}

/** Whether some byte is in the sets of all three places; the place outside takes every byte. */
function meets(proof: Proof, a: number, b: number, c: number): boolean {
  const { sets, graph } = proof;
  const setA = a === outside ? undefined : sets[graph.setOf[a] as number];
  const setB = b === outside ? undefined : sets[graph.setOf[b] as number];
  const setC = c === outside ? undefined : sets[graph.setOf[c] as number];
  for (let word = 0; word < 8; word++) {
    let common = -1;
    if (setA !== undefined) common &= setA[word] as number;
    if (setB !== undefined) common &= setB[word] as number;
    if (setC !== undefined) common &= setC[word] as number;
    if (common !== 0) return true;
  }
  return false;
}

function nextOf(proof: Proof, position: number): readonly number[] {
  return position === outside ? [outside, ...proof.graph.first] : (proof.graph.follow[position] as readonly number[]);
}

/** Two different ways round a loop on the same bytes. */
function isExponential(proof: Proof, loop: readonly number[]): boolean {
  const { graph } = proof;
  if (loop.some((position) => graph.isForked[position] === 1)) return true;
  const inLoop = new Set(loop);
  const key = (a: number, b: number): number => a * graph.size + b;
  for (const start of loop) {
    // Pairs reached from (start, start), with who reached them.
    const before = new Map<number, number[]>();
    const first = key(start, start);
    const queue: [number, number][] = [[start, start]];
    const known = new Set([first]);
    for (let head = 0; head < queue.length; head++) {
      const [a, b] = queue[head] as [number, number];
      for (const nextA of nextOf(proof, a)) {
        if (!inLoop.has(nextA)) continue;
        for (const nextB of nextOf(proof, b)) {
          if (!inLoop.has(nextB)) continue;
          if (--proof.left < 0) return true;
          if (!meets(proof, nextA, nextB, outside)) continue;
          const to = key(nextA, nextB);
          const list = before.get(to);
          if (list === undefined) before.set(to, [key(a, b)]);
          else list.push(key(a, b));
          if (known.has(to)) continue;
          known.add(to);
          queue.push([nextA, nextB]);
        }
      }
    }
    const back = [first];
    const seen = new Set(back);
    while (back.length > 0) {
      const at = back.pop() as number;
      if (Math.floor(at / graph.size) !== at % graph.size) return true;
      for (const from of before.get(at) ?? []) {
        if (seen.has(from)) continue;
        seen.add(from);
        back.push(from);
      }
    }
  }
  return false;
}

/** Whether the bytes of some round of `from`'s loop also lead from it to `to` and round `to`'s loop: then runs pile up. */
function pilesUp(proof: Proof, from: number, to: number, reaches: ReadonlySet<number>): boolean {
  const { graph } = proof;
  const componentFrom = from === outside ? -2 : graph.componentOf[from];
  const componentTo = graph.componentOf[to];
  const width = graph.size + 1;
  const key = (a: number, b: number, c: number): number => ((a + 1) * width + b + 1) * width + c + 1;
  const goal = key(from, to, to);
  const queue: [number, number, number][] = [[from, from, to]];
  const known = new Set([key(from, from, to)]);
  for (let head = 0; head < queue.length; head++) {
    const [a, b, c] = queue[head] as [number, number, number];
    const nextAs = nextOf(proof, a).filter((at) =>
      at === outside ? from === outside : graph.componentOf[at] === componentFrom,
    );
    const nextCs = nextOf(proof, c).filter((at) => graph.componentOf[at] === componentTo);
    for (const nextB of nextOf(proof, b)) {
      if (!reaches.has(nextB)) continue;
      for (const nextC of nextCs) {
        if (!meets(proof, outside, nextB, nextC)) {
          proof.left -= 1;
          continue;
        }
        for (const nextA of nextAs) {
          if (--proof.left < 0) return true;
          if (!meets(proof, nextA, nextB, nextC)) continue;
          const next = key(nextA, nextB, nextC);
          if (next === goal) return true;
          if (known.has(next)) continue;
          known.add(next);
          queue.push([nextA, nextB, nextC]);
        }
      }
    }
  }
  return false;
}

/** Positions from which each loop can be reached, with the place outside. */
function reachersOf(graph: PositionGraph): readonly ReadonlySet<number>[] {
  const before: number[][] = graph.follow.map(() => []);
  for (const [from, list] of graph.follow.entries()) for (const to of list) before[to]?.push(from);
  return graph.loops.map((loop) => {
    const reaches = new Set<number>([outside, ...loop]);
    const stack = [...loop];
    while (stack.length > 0) {
      for (const from of before[stack.pop() as number] ?? []) {
        if (reaches.has(from)) continue;
        reaches.add(from);
        stack.push(from);
      }
    }
    return reaches;
  });
}

/** Longest chain of loops that pile up on each other; the place outside is the first loop of an unanchored pattern. */
function degreeOf(proof: Proof): number {
  const { loops } = proof.graph;
  const reachers = reachersOf(proof.graph);
  // A loop that can be reached from another one stands before it in the list.
  const chains: number[] = [];
  let longest = 0;
  for (const [number, loop] of loops.entries()) {
    let chain = 0;
    for (let other = 0; other <= number && proof.left >= 0; other++) {
      const into = reachers[other] as ReadonlySet<number>;
      if (!loop.some((position) => into.has(position))) continue;
      const piles = loop.some((from) =>
        (loops[other] as readonly number[]).some((to) => from !== to && pilesUp(proof, from, to, into)),
      );
      chain = Math.max(chain, (chains[other] ?? 0) + (piles ? 1 : 0));
    }
    chains.push(chain);
    const isBegun =
      !proof.isAnchored && loop.some((to) => pilesUp(proof, outside, to, reachers[number] as ReadonlySet<number>));
    longest = Math.max(longest, chain + (isBegun ? 1 : 0));
  }
  return longest;
}

const textStart = assertionList.indexOf("textStart");

/** Whether every match begins at the start of the text. */
function isAnchored(program: Program): boolean {
  const stack = [program.start];
  const seen = new Set<number>();
  while (stack.length > 0) {
    const at = stack.pop() as number;
    if (seen.has(at)) continue;
    seen.add(at);
    const code = program.op[at];
    if (code === opSplit) stack.push(program.x[at] as number, program.y[at] as number);
    else if (code === opSave || (code === opAssert && program.x[at] !== textStart)) stack.push(program.y[at] as number);
    else if (code !== opAssert) return false;
  }
  return true;
}

function hasEmptyLoop(node: PatternNode): boolean {
  switch (node.kind) {
    case "repeat":
      return (node.max > 1 && mayBeEmpty(node.node)) || hasEmptyLoop(node.node);
    case "sequence":
    case "choice":
      return node.nodes.some(hasEmptyLoop);
    case "group":
    case "look":
    case "atomic":
      return hasEmptyLoop(node.node);
    case "empty":
    case "set":
    case "assert":
    case "back":
      return false;
  }
}

/** Growth of a backtracking search for a regular tree. Conservative: what it calls linear is. */
export function growthOf(tree: PatternNode): Growth {
  if (hasEmptyLoop(tree)) return { degree: Number.POSITIVE_INFINITY, because: "repeats what may be empty" };
  const program = buildProgram(endlessTree(tree), 0, false);
  const graph = buildPositionGraph(program);
  const proof: Proof = { graph, sets: program.sets, isAnchored: isAnchored(program), left: proofStepsMax };
  if (graph.loops.length > proofLoopsMax)
    return { degree: Number.POSITIVE_INFINITY, because: "has too many loops to be proven" };
  for (const loop of graph.loops)
    if (isExponential(proof, loop))
      return {
        degree: Number.POSITIVE_INFINITY,
        because: proof.left < 0 ? "too large to be proven" : "a loop can go two ways over the same bytes",
      };
  const degree = degreeOf(proof);
  if (proof.left < 0) return { degree: graph.loops.length + 1, because: "too large to be proven linear" };
  if (degree === 0) return { degree, because: "linear" };
  return {
    degree,
    because: proof.isAnchored ? "loops that follow each other share bytes" : "a loop can take what begins the pattern",
  };
}
