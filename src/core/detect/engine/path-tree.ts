// One tree over all texts that rules compare a file's path with: a single walk along the path answers every startswith, =, in and pmatch on fd.name.
import type { Predicate } from "../event.ts";
import type { Check } from "./resolve.ts";

export const pathTreeLimits = {
  /** What comes after is judged check by check. */
  nodesMax: 65_000,
} as const;

const firstCode = 32;
const width = 95;

/** How a text ends: anything may follow, nothing, or nothing and a slash. */
type Ending = "prefix" | "whole" | "directory";

export interface PathTree {
  /** A closure that reads the last walk's answer; undefined: this check is not in the tree. */
  closureOf(check: Check): Predicate | undefined;
  /** Answers all checks of the tree for a path, until the next walk. False: none of them holds. */
  walk(path: string): boolean;
  readonly nodes: number;
}

interface Build {
  next: Int32Array;
  nodes: number;
  readonly endings: Readonly<Record<Ending, (number[] | undefined)[]>>;
}

/** Checks that are not about fd.name as it is are left out. */
export function buildPathTree(checks: Iterable<Check>): PathTree {
  const build: Build = {
    next: new Int32Array(width * 256),
    nodes: 1,
    endings: { prefix: [], whole: [], directory: [] },
  };
  const bits = new Map<Check, number>();
  for (const check of checks) {
    const texts = textsOf(check);
    if (bits.has(check) || texts === undefined || !texts.every(({ text }) => isPlain(text))) continue;
    const cost = texts.reduce((sum, { text }) => sum + text.length, 0);
    if (build.nodes + cost > pathTreeLimits.nodesMax) continue;
    const bit = bits.size;
    bits.set(check, bit);
    for (const { text, ending } of texts) insert(build, text, { ending, bit });
  }
  const answers = new Uint8Array(bits.size);
  const set = new Int32Array(bits.size);
  let setCount = 0;
  function hit(bit: number): void {
    if (answers[bit] === 1) return;
    answers[bit] = 1;
    set[setCount] = bit;
    setCount += 1;
  }
  return {
    nodes: build.nodes,
    closureOf(check) {
      const bit = bits.get(check);
      return bit === undefined ? undefined : () => answers[bit] === 1;
    },
    walk(path) {
      for (let at = 0; at < setCount; at += 1) answers[set[at] as number] = 0;
      setCount = 0;
      walk(build, path, hit);
      return setCount !== 0;
    },
  };
}

function textsOf({
  left,
  operator,
  right,
}: Check): readonly { readonly text: string; readonly ending: Ending }[] | undefined {
  if (left.name !== "fd.name" || right.some(({ kind }) => kind !== "text")) return undefined;
  const texts = right.flatMap((one) => (one.kind === "text" ? [one.text] : []));
  switch (operator) {
    case "startswith":
      return texts.map((text) => ({ text, ending: "prefix" }));
    case "=":
    case "==":
    case "in":
      return texts.map((text) => ({ text, ending: "whole" }));
    case "pmatch":
      if (texts.some((text) => /[*?[]/.test(text))) return undefined;
      return texts.map((text) =>
        text === "/" ? { text, ending: "prefix" } : { text: text.replace(/(?<=.)\/$/, ""), ending: "directory" },
      );
    default:
      return undefined;
  }
}

function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at) - firstCode;
    if (code < 0 || code >= width) return false;
  }
  return true;
}

function insert(build: Build, text: string, { ending, bit }: { readonly ending: Ending; readonly bit: number }): void {
  let node = 0;
  for (let at = 0; at < text.length; at += 1) {
    const slot = node * width + text.charCodeAt(at) - firstCode;
    let next = build.next[slot] as number;
    if (next === 0) {
      next = build.nodes;
      build.nodes += 1;
      if (build.nodes * width > build.next.length) {
        const larger = new Int32Array(build.next.length * 2);
        larger.set(build.next);
        build.next = larger;
      }
      build.next[slot] = next;
    }
    node = next;
  }
  (build.endings[ending][node] ??= []).push(bit);
}

function walk({ next, endings }: Build, path: string, hit: (bit: number) => void): void {
  let node = 0;
  for (let at = 0; ; at += 1) {
    const isEnd = at === path.length;
    const code = isEnd ? 0 : path.charCodeAt(at);
    const prefixes = endings.prefix[node];
    if (prefixes !== undefined) for (const bit of prefixes) hit(bit);
    const directories = isEnd || code === 47 ? endings.directory[node] : undefined;
    if (directories !== undefined) for (const bit of directories) hit(bit);
    if (isEnd) {
      const whole = endings.whole[node];
      if (whole !== undefined) for (const bit of whole) hit(bit);
      return;
    }
    const slot = code - firstCode;
    if (slot < 0 || slot >= width) return;
    node = next[node * width + slot] as number;
    if (node === 0) return;
  }
}
