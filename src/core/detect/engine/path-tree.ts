// Three trees over all texts that rules compare a file's path with: one walk along the path answers every startswith, =, in and pmatch on fd.name and every = and in on
// fd.directory, one from its end back every endswith on fd.name and every = and in on fd.filename. The third, made an Aho-Corasick automaton, answers every contains on fd.name.
import type { Predicate } from "../event.ts";
import type { Check } from "./resolve.ts";

export const pathTreeLimits = {
  /** Of each tree. What comes after is judged check by check. */
  nodesMax: 65_000,
} as const;

/** ASCII: a state has a row of so many successors. */
const codes = 128;
const rowBits = 7;
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
  const anywhere = automatonOf(inside);
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
      if (inside.nodes > 1) walkAnywhere(anywhere, path, hit);
      return count;
    },
  };
}

function newBuild(): Build {
  return {
    next: new Uint16Array(codes * codes),
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
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) >= codes) return false;
  return true;
}

function insert(
  build: Build,
  text: string,
  { ending, number }: { readonly ending: Ending; readonly number: number },
): void {
  let node = 0;
  for (let at = 0; at < text.length; at += 1) {
    const slot = (node << rowBits) | text.charCodeAt(at);
    let next = build.next[slot] as number;
    if (next === 0) {
      next = build.nodes;
      build.nodes += 1;
      if (build.nodes << rowBits > build.next.length) {
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
  let node = 0;
  for (let at = 0; ; at += 1) {
    const isEnd = at === path.length;
    const code = isEnd ? 0 : path.charCodeAt(at);
    hitAll(endings.prefix[node], hit);
    if (isEnd || code === slash) hitAll(endings.directory[node], hit);
    const parent = code === slash ? endings.parent[node] : undefined;
    if (parent !== undefined && !path.includes("/", at + 1)) hitAll(parent, hit);
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

/** For every state and character the state that follows, and the checks whose texts end in a state. */
interface Automaton {
  readonly next: Uint16Array;
  readonly ended: readonly (readonly number[] | undefined)[];
  /** 1: some text ends in this state. */
  readonly isEnd: Uint8Array;
}

/** Aho and Corasick's: where no text goes on, it is as if the longest ending of what was read that begins a text had been read alone. Breadth first: that one is shorter. */
function automatonOf({ next, nodes, endings: { inside } }: Build): Automaton {
  const made = next.slice(0, nodes << rowBits);
  const ended: (readonly number[] | undefined)[] = Array.from({ length: nodes }, (_, node) => inside[node]);
  const shorter = new Uint16Array(nodes);
  const open = [0];
  for (let node = open.shift(); node !== undefined; node = open.shift()) {
    const other = shorter[node] as number;
    for (let code = 0; code < codes; code += 1) {
      const slot = (node << rowBits) | code;
      const child = next[slot] as number;
      const otherChild = node === 0 ? 0 : (made[(other << rowBits) | code] as number);
      if (child === 0) {
        made[slot] = otherChild;
        continue;
      }
      shorter[child] = otherChild;
      if (ended[otherChild] !== undefined) ended[child] = [...(ended[child] ?? []), ...ended[otherChild]];
      open.push(child);
    }
  }
  return { next: made, ended, isEnd: Uint8Array.from(ended, (numbers) => (numbers === undefined ? 0 : 1)) };
}

function walkAnywhere({ next, ended, isEnd }: Automaton, path: string, hit: (number: number) => void): void {
  let state = 0;
  for (let at = 0; at < path.length; at += 1) {
    state = nextOf(next, state, path.charCodeAt(at));
    if (isEnd[state] === 1) hitAll(ended[state], hit);
  }
}

/** 0: no text goes on so. */
function nextOf(next: Uint16Array, node: number, code: number): number {
  return code < codes ? (next[(node << rowBits) | code] as number) : 0;
}

function hitAll(numbers: readonly number[] | undefined, hit: (number: number) => void): void {
  if (numbers !== undefined) for (const number of numbers) hit(number);
}
