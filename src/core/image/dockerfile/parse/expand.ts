// Variables in a Dockerfile's words: which ones are referred to, and what a word becomes when they are known. Forms as BuildKit has them:
// $x ${x} ${x:-y} ${x-y} ${x:+y} ${x+y} ${x:?y} ${x#p} ${x##p} ${x%p} ${x%%p} ${x/p/r} ${x//p/r}. Promise: linear but for patterns, which have a limit.

export const expandLimits = { depthMax: 8, charactersMax: 16_384, patternMax: 256 } as const;

const nameStart = /[A-Za-z_]/;
const namePattern = /[A-Za-z0-9_]*/y;

export interface Expanded {
  readonly text: string;
  /** Names without a value and without a default: the text is not what the build will see. */
  readonly missing: readonly string[];
}

export type Lookup = (name: string) => string | undefined;

/** Names of the variables in a word as written; those in single quotes or behind the escape character are no variables. */
export function referencesOf(raw: string, escape: string): readonly string[] {
  if (!raw.includes("$")) return [];
  const names = new Set<string>();
  walk(raw, { escape, depth: 0, onVariable: (name) => (names.add(name), ""), missing: [] });
  return [...names];
}

/** The word with quotes and escapes taken away and variables put in. */
export function expandWord(raw: string, escape: string, lookup: Lookup): Expanded {
  const missing: string[] = [];
  const text = walk(raw.slice(0, expandLimits.charactersMax), { escape, depth: 0, onVariable: lookup, missing });
  return { text, missing };
}

interface Walk {
  readonly escape: string;
  readonly depth: number;
  readonly onVariable: Lookup;
  readonly missing: string[];
}

function walk(raw: string, state: Walk): string {
  let result = "";
  let quote = "";
  let at = 0;
  while (at < raw.length) {
    const character = raw[at] ?? "";
    if (quote === "'") {
      if (character === "'") quote = "";
      else result += character;
      at++;
    } else if (character === state.escape && at + 1 < raw.length) {
      result += raw[at + 1] ?? "";
      at += 2;
    } else if (character === "$") {
      const variable = variableAt(raw, at, state);
      result += variable.text;
      at = variable.end;
    } else {
      if (character === quote) quote = "";
      else if (quote === "" && (character === '"' || character === "'")) quote = character;
      else result += character;
      at++;
    }
  }
  return result;
}

/** What "$..." at `at` becomes, and where it ends. */
function variableAt(raw: string, at: number, state: Walk): { text: string; end: number } {
  const next = raw[at + 1] ?? "";
  if (next === "{") return bracedAt(raw, at + 2, state);
  if (!nameStart.test(next)) return { text: "$", end: at + 1 };
  namePattern.lastIndex = at + 1;
  const name = namePattern.exec(raw)?.[0] ?? "";
  return { text: valueOf(name, state), end: at + 1 + name.length };
}

function valueOf(name: string, state: Walk): string {
  const value = state.onVariable(name);
  if (value === undefined) state.missing.push(name);
  return value ?? "";
}

function bracedAt(raw: string, from: number, state: Walk): { text: string; end: number } {
  namePattern.lastIndex = from;
  const name = namePattern.exec(raw)?.[0] ?? "";
  const close = closingBrace(raw, from + name.length);
  if (name === "" || close < 0) return { text: raw.slice(from - 2), end: raw.length };
  const modifier = raw.slice(from + name.length, close);
  return { text: modifier === "" ? valueOf(name, state) : modified(name, modifier, state), end: close + 1 };
}

function closingBrace(raw: string, from: number): number {
  let depth = 1;
  for (let at = from; at < raw.length; at++) {
    const code = raw.charCodeAt(at);
    if (code === 92) at++;
    else if (code === 123) depth++;
    else if (code === 125 && --depth === 0) return at;
  }
  return -1;
}

function modified(name: string, modifier: string, state: Walk): string {
  const hasColon = modifier.startsWith(":");
  const sign = modifier[hasColon ? 1 : 0] ?? "";
  const word = modifier.slice(hasColon ? 2 : 1);
  const value = state.onVariable(name);
  const isSet = value !== undefined && !(hasColon && value === "");
  if (sign === "-") return isSet ? value : inner(word, state);
  if (sign === "+") return isSet ? inner(word, state) : "";
  if (sign === "?") return isSet ? value : valueOf(name, state);
  if (value === undefined) return valueOf(name, state);
  if (hasColon) return value;
  if (sign === "#" || sign === "%") return trimmed(value, sign, word);
  return sign === "/" ? replaced(value, word) : value;
}

function inner(word: string, state: Walk): string {
  if (state.depth >= expandLimits.depthMax) return word;
  return walk(word, { ...state, depth: state.depth + 1 });
}

/** ${x#p}, ${x##p}, ${x%p}, ${x%%p}. */
function trimmed(value: string, sign: string, word: string): string {
  const isLongest = word.startsWith(sign);
  const pattern = isLongest ? word.slice(1) : word;
  const source = globSource(pattern, isLongest);
  if (source === undefined) return value;
  if (sign === "#") return value.replace(new RegExp(`^${source}`, "s"), "");
  // The shortest end is the last place where the rest matches, the longest the first.
  const whole = new RegExp(`^${source}$`, "s");
  for (let step = 0; step <= value.length; step++) {
    const from = isLongest ? step : value.length - step;
    if (whole.test(value.slice(from))) return value.slice(0, from);
  }
  return value;
}

function replaced(value: string, word: string): string {
  const isAll = word.startsWith("/");
  const text = isAll ? word.slice(1) : word;
  const slash = text.indexOf("/");
  const source = globSource(slash < 0 ? text : text.slice(0, slash), true);
  if (source === undefined || source === "") return value;
  const by = slash < 0 ? "" : text.slice(slash + 1);
  return value.replace(new RegExp(source, isAll ? "gs" : "s"), () => by);
}

/** A shell pattern as a regular expression's source; undefined over the limits (two stars at most keep it from running away). */
function globSource(pattern: string, isGreedy: boolean): string | undefined {
  const stars = pattern.split("*").length - 1;
  if (pattern.length > expandLimits.patternMax || stars > 2) return undefined;
  return pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("?", ".")
    .replaceAll("*", isGreedy ? ".*" : ".*?");
}
