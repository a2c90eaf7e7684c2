// Words, flags, pairs, JSON arrays and mounts inside one instruction, as BuildKit splits them. One look at each character.
import { bare, type Flag, type Mount, type Pair, type Word } from "./model.ts";

const space = 32;
const tab = 9;
const doubleQuote = 34;
const singleQuote = 39;

/** Blank, tab, newline, carriage return and the like. */
export function isBlank(code: number): boolean {
  return code === space || (code >= tab && code <= 13);
}

export function skipBlanks(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at++;
  return at;
}

/** Split at blanks only: FROM, COPY, ADD, EXPOSE, VOLUME. */
export function plainWords(text: string, base: number): Word[] {
  const words: Word[] = [];
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    const start = at;
    while (at < text.length && !isBlank(text.charCodeAt(at))) at++;
    words.push({ text: text.slice(start, at), offset: base + start });
    at = skipBlanks(text, at);
  }
  return words;
}

/** The end of a word that begins at `from`: quotes keep blanks, the escape character keeps what follows it. */
export function wordEnd(text: string, from: number, escape: string): number {
  const escapeCode = escape.charCodeAt(0);
  let quote = 0;
  let at = from;
  while (at < text.length) {
    const code = text.charCodeAt(at);
    if (code === escapeCode && quote !== singleQuote) at++;
    else if (quote !== 0) {
      if (code === quote) quote = 0;
    } else if (code === doubleQuote || code === singleQuote) quote = code;
    else if (isBlank(code)) return at;
    at++;
  }
  return Math.min(at, text.length);
}

/** Split at blanks outside quotes: ENV, LABEL, ARG. */
export function quotedWords(text: string, base: number, escape: string): Word[] {
  const words: Word[] = [];
  let at = skipBlanks(text, 0);
  while (at < text.length) {
    const end = wordEnd(text, at, escape);
    words.push({ text: text.slice(at, end), offset: base + at });
    at = skipBlanks(text, end);
  }
  return words;
}

/** Quotes and escapes taken away; variables stay as written. */
export function unquote(raw: string, escape: string): string {
  if (!/["'\\`]/.test(raw)) return raw;
  let result = "";
  let quote = "";
  for (let at = 0; at < raw.length; at++) {
    const character = raw[at] ?? "";
    if (quote === "'") {
      if (character === "'") quote = "";
      else result += character;
    } else if (character === escape && at + 1 < raw.length) {
      const next = raw[++at] ?? "";
      result += quote === '"' && next !== '"' && next !== "$" && next !== escape ? character + next : next;
    } else if (character === quote) quote = "";
    else if (quote === "" && (character === '"' || character === "'")) quote = character;
    else result += character;
  }
  return result;
}

/** The flags in front, and where what follows them begins. */
export function leadingFlags(text: string, from: number, escape: string): { flags: Flag[]; end: number } {
  const flags: Flag[] = [];
  let at = skipBlanks(text, from);
  while (text.startsWith("--", at)) {
    const end = wordEnd(text, at, escape);
    const written = text.slice(at + 2, end);
    if (written === "") {
      at = skipBlanks(text, end);
      break;
    }
    const sign = written.indexOf("=");
    flags.push({
      name: sign < 0 ? written : written.slice(0, sign),
      value: sign < 0 ? undefined : unquote(written.slice(sign + 1), escape),
      offset: at,
    });
    at = skipBlanks(text, end);
  }
  return { flags, end: at };
}

/** A JSON array of strings, or undefined: then it is the shell form, as for BuildKit. */
export function jsonForm(body: string): readonly string[] | undefined {
  if (body.charCodeAt(0) !== 91 || body.charCodeAt(body.length - 1) !== 93) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    // Not JSON: the grammar says that it is a command line then.
    return undefined;
  }
  return Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
}

export interface Pairs {
  readonly pairs: readonly Pair[];
  readonly isLegacy: boolean;
  /** The word without "=", when others have one. */
  readonly wrong: Word | undefined;
}

/** name=value ...; or "name the value" when the first word has no "=". */
export function pairsOf(body: string, base: number, escape: string): Pairs {
  const words = quotedWords(body, base, escape);
  const [first] = words;
  if (first === undefined) return { pairs: [], isLegacy: false, wrong: undefined };
  if (!first.text.includes("=")) {
    const raw = body.slice(first.offset - base + first.text.length).trim();
    const pair = { name: unquote(first.text, escape), value: unquote(raw, escape), raw };
    return {
      pairs: [{ ...pair, hasValue: raw !== "", offset: first.offset }],
      isLegacy: true,
      wrong: raw === "" ? first : undefined,
    };
  }
  const wrong = words.find(({ text }) => !text.includes("="));
  return { pairs: words.filter((word) => word !== wrong).map((word) => pairOf(word, escape)), isLegacy: false, wrong };
}

/** ARG's words: a value is not needed. */
export function argumentPairs(body: string, base: number, escape: string): readonly Pair[] {
  return quotedWords(body, base, escape).map((word) => pairOf(word, escape));
}

function pairOf({ text, offset }: Word, escape: string): Pair {
  const sign = text.indexOf("=");
  const raw = sign < 0 ? "" : text.slice(sign + 1);
  const name = unquote(sign < 0 ? text : text.slice(0, sign), escape);
  return { name, raw, value: unquote(raw, escape), hasValue: sign >= 0, offset };
}

/** "type=cache,target=/cache/npm"; the type is bind when none is written. */
export function mountOf(value: string): Mount {
  const mount = { type: "bind", target: "", from: "", id: "" };
  for (const part of value.split(",")) {
    const sign = part.indexOf("=");
    const name = (sign < 0 ? part : part.slice(0, sign)).trim();
    const text = sign < 0 ? "" : bare(part.slice(sign + 1));
    if (name === "type") mount.type = text;
    else if (name === "target" || name === "dst" || name === "destination") mount.target = text;
    else if (name === "from") mount.from = text;
    else if (name === "id") mount.id = text;
  }
  return mount;
}
