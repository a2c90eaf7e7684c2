// Which subjects of a pattern V8 may have: all where it is proven linear, short ones where its growth is a known power, none else.
// And none where our own automaton is the faster of the two whatever the length: patterns with very many ways to begin.
import { bytesOf } from "./byte-set.ts";
import { probabilityOfByte } from "./likely-text.ts";
import type { Growth } from "./linear-proof.ts";
import { firstBytes, type PatternNode } from "./syntax.ts";

/** Steps that V8 may take at worst for a subject that is not proven linear. */
export const v8StepsMax = 20_000;
/** Longest subject that V8 gets without a proof that it is linear. */
export const v8UnprovenBytesMax = 128;
/** Places of a pattern that take a byte; larger ones cost V8 much to compile, and the automaton is as fast. */
const placesMax = 600;
/** Expected work per place at which the automaton is the better choice. */
const workMax = 10;

/** Expected steps of a backtracking engine at one place of an ordinary value: alternatives it enters, and how far it comes. */
export function workOf(node: PatternNode): number {
  switch (node.kind) {
    case "set":
      return 1;
    case "choice":
      return node.nodes.reduce((sum, child) => sum + 0.25 + chanceOf(child) * workOf(child), 0);
    case "sequence": {
      let work = 0;
      let chance = 1;
      for (const child of node.nodes) {
        work += chance * workOf(child);
        chance *= child.kind === "assert" || child.kind === "repeat" ? 0.9 : chanceOf(child);
        if (chance < 0.01) break;
      }
      return work;
    }
    case "repeat": {
      const rounds = Math.min(node.max, node.min + 6);
      const chance = chanceOf(node.node);
      return workOf(node.node) * Math.max(1, Math.min(rounds, 1 / Math.max(0.1, 1 - chance)));
    }
    case "group":
    case "look":
    case "atomic":
      return workOf(node.node);
    case "empty":
    case "assert":
    case "back":
      return 0.2;
  }
}

/** Chance that a byte of an ordinary value is one that the part begins with. */
function chanceOf(node: PatternNode): number {
  let share = 0;
  for (const byte of bytesOf(firstBytes(node))) share += byteChance(byte);
  return Math.min(1, share);
}

function byteChance(byte: number): number {
  const isLetter = byte >= 97 && byte <= 122;
  return probabilityOfByte(byte) * (isLetter ? 0.08 : 0.06);
}

function placesOf(node: PatternNode): number {
  switch (node.kind) {
    case "set":
      return 1;
    case "sequence":
    case "choice":
      return node.nodes.reduce((sum, child) => sum + placesOf(child), 0);
    case "repeat":
      return placesOf(node.node) * (node.max === Number.POSITIVE_INFINITY ? Math.max(1, node.min) : node.max);
    case "group":
    case "look":
    case "atomic":
      return placesOf(node.node);
    case "empty":
    case "assert":
    case "back":
      return 0;
  }
}

function bytesForDegree(degree: number): number {
  if (degree === Number.POSITIVE_INFINITY) return 0;
  let bytes = 1;
  for (; bytes <= v8UnprovenBytesMax; bytes++) {
    // Runs of d loops that pile up: n over (d + 1).
    let steps = 1;
    for (let factor = 0; factor <= degree; factor++) steps *= (bytes + factor) / (factor + 1);
    if (steps > v8StepsMax) break;
  }
  return bytes - 1;
}

/** The length up to which V8 may run a tree, with the reason. The proof is only made where V8 is wanted. */
export function v8BytesFor(
  tree: PatternNode,
  growthOf: (tree: PatternNode) => Growth,
): { readonly bytesMax: number; readonly because: string } {
  if (placesOf(tree) > placesMax) return { bytesMax: 0, because: "large: the automaton is as fast" };
  if (workOf(tree) > workMax) return { bytesMax: 0, because: "begins in very many ways: the automaton is faster" };
  const growth = growthOf(tree);
  if (growth.degree === 0) return { bytesMax: Number.POSITIVE_INFINITY, because: "linear" };
  return { bytesMax: bytesForDegree(growth.degree), because: growth.because };
}
