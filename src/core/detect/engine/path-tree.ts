// Three trees over all texts that rules compare a file's path with: one walk along the path answers every startswith, =, in and pmatch on fd.name and every = and in on
// fd.directory, one from its end back every endswith on fd.name and every = and in on fd.filename, short ones from each of its characters every contains on fd.name.
import type { Predicate } from "../event.ts";
import type { Check } from "./resolve.ts";

export const pathTreeLimits = {
  /** Of each tree. What comes after is judged check by check. */
  nodesMax: 65_000,
} as const;

const firstCode = 32;
const width = 95;
const slash = 47;

/** How a text ends: anything may follow, nothing, nothing or a slash, the last slash of the path. From the end back: anything may stand before it, or a slash or nothing. From anywhere: anything may follow. */
type Ending = "prefix" | "whole" | "directory" | "parent" | "suffix" | "last" | "inside";

export interface PathTree {
  /** The check's number in `fitting`; undefined: it is not in the trees. */
  numberOf(check: Check): number | undefined;
  /** A closure that reads the last walk's answer; undefined: this check is not in the trees. */
  closureOf(check: Check): Predicate | undefined;
  /** Answers all checks of the trees for a path, until the next walk: how many of them hold. */
  walk(path: string): number;
  /** The numbers of those that hold come first. */
  readonly fitting: Int32Array;
  readonly nodes: number;
}

interface Build {
  next: Uint16Array;
  nodes: number;
  readonly endings: Readonly<Record<Ending, (number[] | undefined)[]>>;
}

interface Text {
  readonly text: string;
  readonly ending: Ending;
}

/** Checks that are not about these fields as they are, are left out. */
export function buildPathTree(checks: Iterable<Check>): PathTree {
  const along = newBuild();
  const back = newBuild();
  const inside = newBuild();
  const numbers = new Map<Check, number>();
  for (const check of checks) {
    const texts = textsOf(check);
    if (numbers.has(check) || texts === undefined || !texts.every(({ text }) => isPlain(text))) continue;
    const isBack = texts.some(({ ending }) => ending === "suffix" || ending === "last");
    const build = isBack ? back : texts.some(({ ending }) => ending === "inside") ? inside : along;
    const cost = texts.reduce((sum, { text }) => sum + text.length, 0);
    if (build.nodes + cost > pathTreeLimits.nodesMax) continue;
    const number = numbers.size;
    numbers.set(check, number);
    for (const { text, ending } of texts)
      insert(build, isBack ? text.split("").toReversed().join("") : text, { ending, number });
  }
  const answers = new Uint8Array(numbers.size);
  const fitting = new Int32Array(numbers.size);
  let count = 0;
  function hit(number: number): void {
    if (answers[number] === 1) return;
    answers[number] = 1;
    fitting[count] = number;
    count += 1;
  }
  return {
    nodes: along.nodes + back.nodes + inside.nodes,
    fitting,
    numberOf: (check) => numbers.get(check),
    closureOf(check) {
      const number = numbers.get(check);
      return number === undefined ? undefined : () => answers[number] === 1;
    },
    walk(path) {
      for (let at = 0; at < count; at += 1) answers[fitting[at] as number] = 0;
      count = 0;
      walkAlong(along, path, hit);
      walkBack(back, path, hit);
      if (inside.nodes > 1) walkInside(inside, path, hit);
      return count;
    },
  };
}

function newBuild(): Build {
  return {
    next: new Uint16Array(width * 128),
    nodes: 1,
    endings: { prefix: [], whole: [], directory: [], parent: [], suffix: [], last: [], inside: [] },
  };
}

function textsOf({ left, operator, right }: Check): readonly Text[] | undefined {
  if (right.some(({ kind }) => kind !== "text")) return undefined;
  const texts = right.flatMap((one) => (one.kind === "text" ? [one.text] : []));
  const all = (ending: Ending): readonly Text[] => texts.map((text) => ({ text, ending }));
  const isEqual = operator === "=" || operator === "==" || operator === "in";
  switch (left.name) {
    case "fd.name":
      return isEqual ? all("whole") : textsOfName(operator, all);
    case "fd.directory":
      // Of files of the root it ends with a slash, and is never nothing.
      return isEqual && !texts.includes("/") && !texts.includes("") ? all("parent") : undefined;
    case "fd.filename":
      return isEqual && !texts.some((text) => text.includes("/")) ? all("last") : undefined;
    default:
      return undefined;
  }
}

function textsOfName(
  operator: Check["operator"],
  all: (ending: Ending) => readonly Text[],
): readonly Text[] | undefined {
  switch (operator) {
    case "startswith":
      return all("prefix");
    case "endswith":
      return all("suffix");
    case "contains":
      return all("inside").every(({ text }) => text !== "") ? all("inside") : undefined;
    case "pmatch": {
      const texts = all("directory").map(({ text, ending }) => ({ text: text.replace(/(?<=.)\/$/, ""), ending }));
      if (texts.some(({ text }) => text === "" || /[*?[]/.test(text))) return undefined;
      return texts.map(({ text, ending }) => ({ text, ending: text === "/" ? "prefix" : ending }));
    }
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

function insert(
  build: Build,
  text: string,
  { ending, number }: { readonly ending: Ending; readonly number: number },
): void {
  let node = 0;
  for (let at = 0; at < text.length; at += 1) {
    const slot = node * width + text.charCodeAt(at) - firstCode;
    let next = build.next[slot] as number;
    if (next === 0) {
      next = build.nodes;
      build.nodes += 1;
      if (build.nodes * width > build.next.length) {
        const larger = new Uint16Array(build.next.length * 2);
        larger.set(build.next);
        build.next = larger;
      }
      build.next[slot] = next;
    }
    node = next;
  }
  (build.endings[ending][node] ??= []).push(number);
}

function walkAlong({ next, endings }: Build, path: string, hit: (number: number) => void): void {
  const lastSlash = path.lastIndexOf("/");
  let node = 0;
  for (let at = 0; ; at += 1) {
    const isEnd = at === path.length;
    const code = isEnd ? 0 : path.charCodeAt(at);
    hitAll(endings.prefix[node], hit);
    if (isEnd || code === slash) hitAll(endings.directory[node], hit);
    if (at === lastSlash) hitAll(endings.parent[node], hit);
    if (isEnd) return hitAll(endings.whole[node], hit);
    node = nextOf(next, node, code);
    if (node === 0) return;
  }
}

function walkBack({ next, endings }: Build, path: string, hit: (number: number) => void): void {
  let node = 0;
  for (let at = path.length - 1; ; at -= 1) {
    const code = at < 0 ? slash : path.charCodeAt(at);
    hitAll(endings.suffix[node], hit);
    if (code === slash) hitAll(endings.last[node], hit);
    if (at < 0) return;
    node = nextOf(next, node, code);
    if (node === 0) return;
  }
}

/** Few characters begin a text: mostly the first look ends it. */
function walkInside({ next, endings: { inside } }: Build, path: string, hit: (number: number) => void): void {
  for (let from = 0; from < path.length; from += 1) {
    let node = nextOf(next, 0, path.charCodeAt(from));
    for (let at = from + 1; node !== 0; at += 1) {
      hitAll(inside[node], hit);
      if (at === path.length) break;
      node = nextOf(next, node, path.charCodeAt(at));
    }
  }
}

/** 0: no text goes on so. */
function nextOf(next: Uint16Array, node: number, code: number): number {
  const slot = code - firstCode;
  return slot < 0 || slot >= width ? 0 : (next[node * width + slot] as number);
}

function hitAll(numbers: readonly number[] | undefined, hit: (number: number) => void): void {
  if (numbers !== undefined) for (const number of numbers) hit(number);
}
