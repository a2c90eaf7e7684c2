// The part of YAML that lock files are written in (pnpm, Yarn 2, pub, CocoaPods, Stack): block maps and lists, flow values, quoted, plain and block scalars.
// Every scalar stays text. No anchors, aliases, tags or several documents: those are a Fault. Linear, bounded in depth.
import { brokenFile } from "./found.ts";

export type YamlValue = string | readonly YamlValue[] | YamlMap;
export type YamlMap = ReadonlyMap<string, YamlValue>;

const depthMax = 64;

interface Line {
  readonly indent: number;
  readonly text: string;
  readonly number: number;
}

interface Reader {
  readonly lines: readonly Line[];
  at: number;
}

/** The document's value; an empty one is an empty map. Throws a Fault "sbom/broken-file". */
export function parseYaml(text: string): YamlValue {
  const lines: Line[] = [];
  for (const [index, whole] of text.split("\n").entries()) {
    const trimmed = whole.trim();
    if (trimmed === "" || trimmed.startsWith("#") || trimmed === "---" || trimmed === "...") continue;
    if (trimmed.startsWith("%YAML")) continue;
    const indent = whole.length - whole.trimStart().length;
    lines.push({ indent, text: trimmed, number: index + 1 });
  }
  const reader: Reader = { lines, at: 0 };
  const first = lines[0];
  if (first === undefined) return new Map<string, YamlValue>();
  const value = readBlock(reader, first.indent, 0);
  const rest = lines[reader.at];
  if (rest !== undefined) throw broken(rest, "a line that belongs nowhere");
  return value;
}

function broken(line: Line | undefined, because: string): Error {
  return brokenFile(`not YAML as lock files use it: ${because}`, `line ${line?.number ?? 0}`);
}

function readBlock(reader: Reader, indent: number, depth: number): YamlValue {
  const line = reader.lines[reader.at];
  if (depth > depthMax) throw broken(line, "nested too deep");
  if (line === undefined) return "";
  if (line.text === "-" || line.text.startsWith("- ")) return readList(reader, indent, depth);
  const split = splitKey(line);
  if (split !== undefined) return readMap(reader, indent, depth);
  reader.at += 1;
  return readInlineValue(reader, line, line.text, depth);
}

function readMap(reader: Reader, indent: number, depth: number): YamlMap {
  const map = new Map<string, YamlValue>();
  for (;;) {
    const line = reader.lines[reader.at];
    if (line === undefined || line.indent < indent) return map;
    if (line.indent > indent) throw broken(line, "indented too far");
    if (line.text.startsWith("- ")) return map;
    const split = splitKey(line);
    if (split === undefined) throw broken(line, "no key");
    reader.at += 1;
    // Yarn 2 writes keys over 1,024 characters as "? key" and ":" below it.
    if (line.text.startsWith("? ") && reader.lines[reader.at]?.text === ":") reader.at += 1;
    map.set(split.key, readAfterKey(reader, line, split.rest, depth));
  }
}

function readAfterKey(reader: Reader, line: Line, rest: string, depth: number): YamlValue {
  if (rest !== "") return readInlineValue(reader, line, rest, depth);
  const next = reader.lines[reader.at];
  if (next === undefined) return "";
  // A list may stand at its key's own column.
  const isList = next.indent === line.indent && (next.text === "-" || next.text.startsWith("- "));
  return next.indent > line.indent || isList ? readBlock(reader, next.indent, depth + 1) : "";
}

function readList(reader: Reader, indent: number, depth: number): readonly YamlValue[] {
  const list: YamlValue[] = [];
  for (;;) {
    const line = reader.lines[reader.at];
    if (line === undefined || line.indent !== indent || !(line.text === "-" || line.text.startsWith("- "))) return list;
    const rest = line.text.slice(1).trimStart();
    if (rest === "") {
      reader.at += 1;
      const next = reader.lines[reader.at];
      list.push(next !== undefined && next.indent > indent ? readBlock(reader, next.indent, depth + 1) : "");
      continue;
    }
    // What follows the dash is a block of its own, at the column where it begins.
    const column = indent + line.text.length - rest.length;
    (reader.lines as Line[])[reader.at] = { indent: column, text: rest, number: line.number };
    list.push(readBlock(reader, column, depth + 1));
  }
}

interface SplitLine {
  readonly key: string;
  readonly rest: string;
}

/** "key: rest", "key:", "'quoted key': rest"; undefined when the line is no pair. */
function splitKey(line: Line): SplitLine | undefined {
  const { text } = line;
  const quote = text[0];
  if (quote === '"' || quote === "'") {
    const end = closingQuote(text, 0);
    if (end < 0) return undefined;
    const after = text.slice(end + 1).trimStart();
    if (!(after === ":" || after.startsWith(": "))) return undefined;
    return { key: unquote(text.slice(0, end + 1)), rest: withoutComment(after.slice(1).trim()) };
  }
  if (quote === "{" || quote === "[") return undefined;
  if (text.startsWith("? ")) return { key: unquote(text.slice(2).trim()), rest: "" };
  const colon = text.endsWith(":") && !text.includes(": ") ? text.length - 1 : text.indexOf(": ");
  if (colon < 0) return undefined;
  return { key: text.slice(0, colon).trim(), rest: withoutComment(text.slice(colon + 1).trim()) };
}

function withoutComment(text: string): string {
  if (text.startsWith("#")) return "";
  if (!text.includes(" #")) return text;
  if (text[0] === '"' || text[0] === "'") {
    const end = closingQuote(text, 0);
    return end < 0 ? text : text.slice(0, end + 1);
  }
  return text.slice(0, text.indexOf(" #")).trimEnd();
}

/** Index of the quote that closes the one at `from`, -1 when none does. */
function closingQuote(text: string, from: number): number {
  const quote = text[from];
  for (let at = from + 1; at < text.length; at += 1) {
    if (quote === '"' && text[at] === "\\") at += 1;
    else if (text[at] === quote) {
      if (quote === "'" && text[at + 1] === "'") at += 1;
      else return at;
    }
  }
  return -1;
}

function readInlineValue(reader: Reader, line: Line, text: string, depth: number): YamlValue {
  const first = text[0];
  if (first === "|" || first === ">") return readBlockScalar(reader, line, text);
  if (first === "&" || first === "*" || first === "!") throw broken(line, "anchors, aliases and tags are not read");
  if (first === "{" || first === "[") return readFlow(reader, line, text, depth);
  if ((first === '"' || first === "'") && closingQuote(text, 0) < 0) return readLongQuoted(reader, line, text);
  // A plain or quoted scalar may go on in lines that are indented deeper.
  let whole = text;
  for (;;) {
    const next = reader.lines[reader.at];
    if (next === undefined || next.indent <= line.indent) return unquote(whole);
    if (splitKey(next) !== undefined) throw broken(next, "indented too far");
    whole += ` ${next.text}`;
    reader.at += 1;
  }
}

function readLongQuoted(reader: Reader, line: Line, text: string): string {
  let whole = text;
  while (closingQuote(whole, 0) < 0) {
    const next = reader.lines[reader.at];
    if (next === undefined) throw broken(line, "a string without its end");
    // A backslash at a line's end joins without a blank.
    whole = whole.endsWith("\\") ? whole.slice(0, -1) + next.text : `${whole} ${next.text}`;
    reader.at += 1;
  }
  return unquote(whole.slice(0, closingQuote(whole, 0) + 1));
}

function readBlockScalar(reader: Reader, line: Line, header: string): string {
  const parts: string[] = [];
  for (;;) {
    const next = reader.lines[reader.at];
    if (next === undefined || next.indent <= line.indent) break;
    parts.push(next.text);
    reader.at += 1;
  }
  return parts.join(header.startsWith("|") ? "\n" : " ");
}

function readFlow(reader: Reader, line: Line, text: string, depth: number): YamlValue {
  let whole = text;
  let cursor = flowValue(whole, 0, depth);
  // Flow collections over several lines: joined until they close.
  while (cursor === undefined) {
    const next = reader.lines[reader.at];
    if (next === undefined || next.indent < line.indent) throw broken(line, "a flow value without its end");
    const joined: string[] = [whole];
    let open = bracketsOpen(whole);
    while (open > 0) {
      const more = reader.lines[reader.at];
      if (more === undefined) throw broken(line, "a flow value without its end");
      joined.push(more.text);
      open += bracketsOpen(more.text);
      reader.at += 1;
    }
    if (joined.length === 1) throw broken(line, "a flow value that is not understood");
    whole = joined.join(" ");
    cursor = flowValue(whole, 0, depth);
    if (cursor === undefined) throw broken(line, "a flow value that is not understood");
  }
  return cursor.value;
}

function bracketsOpen(text: string): number {
  let open = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"' || character === "'") {
      const end = closingQuote(text, at);
      if (end < 0) return open;
      at = end;
    } else if (character === "{" || character === "[") open += 1;
    else if (character === "}" || character === "]") open -= 1;
  }
  return open;
}

interface Flow {
  readonly value: YamlValue;
  readonly end: number;
}

function flowValue(text: string, from: number, depth: number): Flow | undefined {
  if (depth > depthMax) throw brokenFile("YAML that is nested too deep");
  const start = skipBlanks(text, from);
  const first = text[start];
  if (first === "{") return flowMap(text, start + 1, depth);
  if (first === "[") return flowList(text, start + 1, depth);
  return flowScalar(text, start, /[,\]}]/g);
}

function skipBlanks(text: string, from: number): number {
  let at = from;
  while (text[at] === " " || text[at] === "\t") at += 1;
  return at;
}

function flowScalar(text: string, from: number, ends: RegExp): Flow | undefined {
  if (text[from] === '"' || text[from] === "'") {
    const close = closingQuote(text, from);
    return close < 0 ? undefined : { value: unquote(text.slice(from, close + 1)), end: close + 1 };
  }
  ends.lastIndex = from;
  const found = ends.exec(text);
  return found === null ? undefined : { value: text.slice(from, found.index).trim(), end: found.index };
}

function flowMap(text: string, from: number, depth: number): Flow | undefined {
  const map = new Map<string, YamlValue>();
  let at = skipBlanks(text, from);
  while (text[at] !== "}") {
    const key = flowScalar(text, at, /:(?=\s)|:$|[,}]/g);
    if (key === undefined || typeof key.value !== "string") return undefined;
    at = skipBlanks(text, key.end);
    let value: YamlValue = "";
    if (text[at] === ":") {
      const read = flowValue(text, at + 1, depth + 1);
      if (read === undefined) return undefined;
      value = read.value;
      at = skipBlanks(text, read.end);
    }
    map.set(key.value, value);
    if (text[at] === ",") at = skipBlanks(text, at + 1);
    else if (text[at] !== "}") return undefined;
  }
  return { value: map, end: at + 1 };
}

function flowList(text: string, from: number, depth: number): Flow | undefined {
  const list: YamlValue[] = [];
  let at = skipBlanks(text, from);
  while (text[at] !== "]") {
    const read = flowValue(text, at, depth + 1);
    if (read === undefined) return undefined;
    list.push(read.value);
    at = skipBlanks(text, read.end);
    if (text[at] === ",") at = skipBlanks(text, at + 1);
    else if (text[at] !== "]") return undefined;
  }
  return { value: list, end: at + 1 };
}

function unquote(text: string): string {
  const quote = text[0];
  if (quote === "'" && text.endsWith("'") && text.length > 1) return text.slice(1, -1).replaceAll("''", "'");
  if (quote !== '"' || !text.endsWith('"') || text.length < 2) return text;
  const raw = text.slice(1, -1);
  if (!raw.includes("\\")) return raw;
  return raw.replace(/\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|(.))/g, (_whole, four, two, one: string) => {
    const hex = (four ?? two) as string | undefined;
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return one === "n" ? "\n" : one === "t" ? "\t" : one;
  });
}

export function mapOf(value: YamlValue | undefined): YamlMap {
  return value instanceof Map ? value : new Map();
}

export function listOf(value: YamlValue | undefined): readonly YamlValue[] {
  return Array.isArray(value) ? value : [];
}

export function scalarOf(value: YamlValue | undefined): string {
  return typeof value === "string" ? value : "";
}
