// TOML as lock files use it (Cargo.lock, poetry.lock, uv.lock, pdm.lock, pylock.toml, Manifest.toml): tables, arrays of tables, inline tables, all strings.
// Numbers and dates stay text. Linear, bounded in depth; a line it does not understand is a Fault with its number.
import { brokenFile } from "./found.ts";

export type TomlValue = string | boolean | readonly TomlValue[] | TomlTable;
export interface TomlTable {
  readonly [key: string]: TomlValue;
}

const depthMax = 32;
/** Headers of a document: a table of nothing costs thirteen bytes and much more memory. */
const tablesMax = 60_000;

interface Reader {
  readonly text: string;
  at: number;
}

type OpenTable = Record<string, TomlValue>;

function newTable(): OpenTable {
  return Object.create(null) as OpenTable;
}

/** The whole document; tables have no prototype. Throws a Fault "sbom/broken-file". */
export function parseToml(text: string): TomlTable {
  const root = newTable();
  const reader: Reader = { text, at: text.charCodeAt(0) === 0xfeff ? 1 : 0 };
  let table = root;
  let tables = 0;
  for (;;) {
    skipBlank(reader, true);
    if (reader.at >= text.length) return root;
    if (text[reader.at] !== "[") readPair(reader, table, 0);
    else if (++tables > tablesMax) throw broken(reader, `more than ${tablesMax} tables`);
    else table = openHeader(reader, root);
    skipBlank(reader, false);
    if (reader.at < text.length && text[reader.at] !== "\n") throw broken(reader, "more than one thing on a line");
  }
}

function broken(reader: Reader, because: string): Error {
  let line = 1;
  for (let at = reader.text.indexOf("\n"); at >= 0 && at < reader.at; at = reader.text.indexOf("\n", at + 1)) line += 1;
  return brokenFile(`not TOML: ${because}`, `line ${line}`);
}

/** Over blanks and comments, and over line ends when `lines`. */
function skipBlank(reader: Reader, lines: boolean): void {
  const { text } = reader;
  while (reader.at < text.length) {
    const code = text.charCodeAt(reader.at);
    if (code === 32 || code === 9 || code === 13 || (lines && code === 10)) reader.at += 1;
    else if (code === 35) {
      const end = text.indexOf("\n", reader.at);
      reader.at = end < 0 ? text.length : end;
    } else return;
  }
}

function openHeader(reader: Reader, root: OpenTable): OpenTable {
  const isArray = reader.text.startsWith("[[", reader.at);
  reader.at += isArray ? 2 : 1;
  const keys = readKeys(reader);
  if (!reader.text.startsWith(isArray ? "]]" : "]", reader.at)) throw broken(reader, "a header without its end");
  reader.at += isArray ? 2 : 1;
  let table = root;
  for (const key of keys.slice(0, -1)) table = childOf(reader, table, key);
  const last = keys.at(-1) ?? "";
  if (!isArray) return childOf(reader, table, last);
  const list = table[last] ?? (table[last] = []);
  if (!Array.isArray(list)) throw broken(reader, "a table that is no array");
  const opened = newTable();
  (list as TomlValue[]).push(opened);
  return opened;
}

/** The table under `key`, made when absent; of an array of tables the last one. */
function childOf(reader: Reader, table: OpenTable, key: string): OpenTable {
  const known = table[key];
  if (known === undefined) return (table[key] = newTable());
  const child = Array.isArray(known) ? (known as readonly TomlValue[]).at(-1) : known;
  if (typeof child !== "object" || child === null || Array.isArray(child)) throw broken(reader, "a key used twice");
  return child as OpenTable;
}

const bareKey = /[A-Za-z0-9_\-+]+/y;

function readKeys(reader: Reader): string[] {
  const keys: string[] = [];
  do {
    if (keys.length > 0) reader.at += 1;
    skipBlank(reader, false);
    const quote = reader.text[reader.at];
    if (quote === '"' || quote === "'") keys.push(readString(reader, quote));
    else {
      bareKey.lastIndex = reader.at;
      const found = bareKey.exec(reader.text);
      if (found === null) throw broken(reader, "no key");
      reader.at = bareKey.lastIndex;
      keys.push(found[0]);
    }
    skipBlank(reader, false);
    if (keys.length > depthMax) throw broken(reader, "a key that is nested too deep");
  } while (reader.text[reader.at] === ".");
  return keys;
}

function readPair(reader: Reader, table: OpenTable, depth: number): void {
  const keys = readKeys(reader);
  if (reader.text[reader.at] !== "=") throw broken(reader, "a key without a value");
  reader.at += 1;
  skipBlank(reader, false);
  let target = table;
  for (const key of keys.slice(0, -1)) target = childOf(reader, target, key);
  target[keys.at(-1) ?? ""] = readValue(reader, depth);
}

const bareValue = /[^\s,\]}#]+(?: \d\d:\d\d[^\s,\]}#]*)?/y;

function readValue(reader: Reader, depth: number): TomlValue {
  if (depth > depthMax) throw broken(reader, "a value that is nested too deep");
  const start = reader.text[reader.at];
  if (start === '"' || start === "'") return readString(reader, start);
  if (start === "[") return readArray(reader, depth);
  if (start === "{") return readInline(reader, depth);
  bareValue.lastIndex = reader.at;
  const found = bareValue.exec(reader.text);
  if (found === null) throw broken(reader, "no value");
  reader.at = bareValue.lastIndex;
  if (found[0] === "true") return true;
  return found[0] === "false" ? false : found[0];
}

function readArray(reader: Reader, depth: number): readonly TomlValue[] {
  const list: TomlValue[] = [];
  reader.at += 1;
  for (;;) {
    skipBlank(reader, true);
    if (reader.text[reader.at] === "]") break;
    list.push(readValue(reader, depth + 1));
    skipBlank(reader, true);
    const end = reader.text[reader.at];
    if (end === ",") reader.at += 1;
    else if (end !== "]") throw broken(reader, "an array without its end");
  }
  reader.at += 1;
  return list;
}

function readInline(reader: Reader, depth: number): TomlTable {
  const table = newTable();
  reader.at += 1;
  for (;;) {
    skipBlank(reader, true);
    if (reader.text[reader.at] === "}") break;
    readPair(reader, table, depth + 1);
    skipBlank(reader, true);
    const end = reader.text[reader.at];
    if (end === ",") reader.at += 1;
    else if (end !== "}") throw broken(reader, "an inline table without its end");
  }
  reader.at += 1;
  return table;
}

function readString(reader: Reader, quote: string): string {
  const { text } = reader;
  if (text.startsWith(quote.repeat(3), reader.at)) return readLongString(reader, quote);
  const from = reader.at + 1;
  if (quote === "'") {
    const end = text.indexOf("'", from);
    if (end < 0) throw broken(reader, "a string without its end");
    reader.at = end + 1;
    return text.slice(from, end);
  }
  let at = from;
  let isEscaped = false;
  for (; ; at += 1) {
    const code = text.charCodeAt(at);
    if (Number.isNaN(code) || code === 10) throw broken(reader, "a string without its end");
    if (code === 34) break;
    if (code === 92) {
      isEscaped = true;
      at += 1;
    }
  }
  reader.at = at + 1;
  const raw = text.slice(from, at);
  return isEscaped ? unescapeToml(raw) : raw;
}

function readLongString(reader: Reader, quote: string): string {
  const { text } = reader;
  let from = reader.at + 3;
  if (text[from] === "\r") from += 1;
  if (text[from] === "\n") from += 1;
  let end = text.indexOf(quote.repeat(3), from);
  if (quote === '"') while (end > from && isEscapedAt(text, end, from)) end = text.indexOf('"""', end + 1);
  if (end < 0) throw broken(reader, "a string without its end");
  // Up to two quotes may stand right before the end.
  while (text[end + 3] === quote) end += 1;
  reader.at = end + 3;
  const raw = text.slice(from, end);
  return quote === "'" ? raw : unescapeToml(raw.replace(/\\[ \t]*\r?\n\s*/g, ""));
}

function isEscapedAt(text: string, at: number, floor: number): boolean {
  let slashes = 0;
  while (at - 1 - slashes >= floor && text[at - 1 - slashes] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

const escapes: ReadonlyMap<string, string> = new Map([
  ["b", "\b"],
  ["t", "\t"],
  ["n", "\n"],
  ["f", "\f"],
  ["r", "\r"],
  ["e", "\u001b"],
]);

function unescapeToml(raw: string): string {
  return raw.replace(/\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))/g, (_whole, short, long, one: string) => {
    const hex = (short ?? long) as string | undefined;
    if (hex === undefined) return escapes.get(one) ?? one;
    const code = Number.parseInt(hex, 16);
    return code > 0x10ffff ? "\ufffd" : String.fromCodePoint(code);
  });
}

export function tablesOf(value: TomlValue | undefined): readonly TomlTable[] {
  return Array.isArray(value) ? (value as readonly TomlValue[]).filter(isTable) : [];
}

export function tableOf(value: TomlValue | undefined): TomlTable {
  return isTable(value) ? value : newTable();
}

export function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function textOf(value: TomlValue | undefined): string {
  return typeof value === "string" ? value : "";
}

export function textsOf(value: TomlValue | undefined): readonly string[] {
  return Array.isArray(value) ? (value as readonly TomlValue[]).filter((item) => typeof item === "string") : [];
}
