// What a rule is not to look at in this transaction: taken away by ctl while rules ran, or by the policy for this path and method.
import type { Exclusion } from "./engine.ts";
import { hasDotSegments } from "../http/normal-path.ts";
import type { Compiled } from "./compiled.ts";
import { selectorOf, targetOf, type Selector } from "./selectors.ts";

export interface TargetExclusion {
  readonly rules: Uint32Array;
  readonly target: Selector;
}

export interface RunningExclusions {
  readonly targets: TargetExclusion[];
}

export interface PolicyExclusion {
  readonly rules: Uint32Array;
  /** Undefined: the whole rule. */
  readonly target: Selector | undefined;
  readonly path: ((path: string) => boolean) | undefined;
  readonly methods: readonly string[];
  /** It takes away what rules ask about bodies that cannot be read. */
  readonly isOfBodyAsk: boolean;
}

/** Rules in ids or in tags; both empty: none. Tags are compared whole. */
export function compileExclusion(exclusion: Exclusion, compiled: Compiled): PolicyExclusion {
  const rules = new Uint32Array(compiled.ruleWords);
  for (const { from, to } of exclusion.ruleIds) addBits(rules, compiled.rulesByRange(from, to));
  for (const tag of exclusion.tags) {
    for (const { rule, index } of compiled.rules) if (rule.tags.includes(tag)) rules[index >>> 5]! |= 1 << (index & 31);
  }
  const target = exclusion.target === "" ? undefined : selectorOf(targetOf(exclusion.target));
  const { asks } = compiled;
  const isOfBodyAsk = haveCommon(rules, asks.bodyError) || haveCommon(rules, asks.multipartError);
  return {
    rules,
    target,
    isOfBodyAsk: isOfBodyAsk && (target === undefined || target.sources === undefined),
    path: exclusion.path === "" ? undefined : placeTest(exclusion.path),
    methods: exclusion.methods.map((method) => method.toUpperCase()),
  };
}

export function addBits(into: Uint32Array, from: Uint32Array): void {
  for (let word = 0; word < into.length; word++) into[word]! |= from[word]!;
}

export function haveCommon(left: Uint32Array, right: Uint32Array): boolean {
  for (let word = 0; word < left.length; word++) if ((left[word]! & right[word]!) !== 0) return true;
  return false;
}

export function hasBit(bits: Uint32Array, index: number): boolean {
  return (bits[index >>> 5]! & (1 << (index & 31))) !== 0;
}

/** Whether a rule is kept from a member of a variable. */
export function isTargetExcluded(
  running: RunningExclusions | undefined,
  ruleIndex: number,
  variable: string,
  key: string,
): boolean {
  if (running === undefined) return false;
  for (const { rules, target } of running.targets) {
    if (hasBit(rules, ruleIndex) && target.name === variable && target.hasKey(key)) return true;
  }
  return false;
}

/** A place that an exclusion names. What stands for more than one path does not mean `/upload/../admin`, which only begins like one of them. */
export function placeTest(glob: string): (path: string) => boolean {
  const isMeant = pathTest(glob);
  return glob.includes("*") ? (path) => isMeant(path) && !hasDotSegments(path) : isMeant;
}

/** Glob over a path: `*` within a segment, `**` over segments. Time: length of the path times length of the glob. */
export function pathTest(glob: string): (path: string) => boolean {
  const pieces = glob.split(/(\*\*|\*)/).filter((piece) => piece !== "");
  return (path) => {
    // Bit per place in the path: what stands before it can be read by the pieces so far.
    let reached = new Uint8Array(path.length + 1);
    reached[0] = 1;
    for (const piece of pieces) reached = step(reached, piece, path);
    return reached[path.length] === 1;
  };
}

function step(reached: Uint8Array, piece: string, path: string): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(reached.length);
  let isOpen = false;
  for (let at = 0; at < reached.length; at++) {
    if (piece === "*" || piece === "**") {
      if (reached[at] === 1) isOpen = true;
      if (isOpen) next[at] = 1;
      if (piece === "*" && path[at] === "/") isOpen = false;
    } else if (reached[at] === 1 && path.startsWith(piece, at)) next[at + piece.length] = 1;
  }
  return next;
}
