// JSON to plain values with line numbers: what `kubectl get -o json` prints of a whole cluster is far too large for a YAML parser.
// Exactly RFC 8259 and no key twice; for any other text the answer is undefined, and the YAML reader says what is wrong.
import type { Path, ReadDocument } from "../../core/policy/parse/manifest.ts";

export const jsonLimits = {
  textBytesMax: 256 * 1024 * 1024,
  depthMax: 100,
} as const;

interface Reading {
  readonly text: string;
  at: number;
  depth: number;
  /** Where lists and mappings begin. */
  readonly offsets: WeakMap<object, number>;
}

/** What ends the reading: thrown inside this file only. */
class NotJson extends Error {}

/** One document, or undefined when the text is not JSON or over a limit. Never throws. */
export function readJson(text: string): ReadDocument | undefined {
  if (text.length > jsonLimits.textBytesMax || !/^\s*[[{]/.test(text)) return undefined;
  const reading: Reading = { text, at: 0, depth: 0, offsets: new WeakMap() };
  try {
    skipBlanks(reading);
    const line = lineAt(text, reading.at);
    const value = readValue(reading);
    skipBlanks(reading);
    if (reading.at < text.length) return undefined;
    const lines = newlinesOf(text);
    return { value, line, errors: [], lineOf: (path) => lineIn(lines, offsetOf(reading, value, path)) };
  } catch (thrown) {
    if (thrown instanceof NotJson) return undefined;
    throw thrown;
  }
}

const blank = /[ \t\r\n]*/y;
const number = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;

function skipBlanks(reading: Reading): void {
  blank.lastIndex = reading.at;
  reading.at += blank.exec(reading.text)?.[0].length ?? 0;
}

function readValue(reading: Reading): unknown {
  const { text, at } = reading;
  switch (text[at]) {
    case "{":
      return readObject(reading);
    case "[":
      return readList(reading);
    case '"':
      return readText(reading);
    case "t":
      return readWord(reading, "true", true);
    case "f":
      return readWord(reading, "false", false);
    case "n":
      return readWord(reading, "null", null);
    default: {
      number.lastIndex = at;
      const found = number.exec(text)?.[0] ?? "";
      if (found === "") throw new NotJson();
      reading.at += found.length;
      return Number(found);
    }
  }
}

function readWord<T>(reading: Reading, word: string, value: T): T {
  if (!reading.text.startsWith(word, reading.at)) throw new NotJson();
  reading.at += word.length;
  return value;
}

function readText(reading: Reading): string {
  const { text, at } = reading;
  let end = text.indexOf('"', at + 1);
  while (end > 0 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  if (end < 0) throw new NotJson();
  reading.at = end + 1;
  const inner = text.slice(at + 1, end);
  if (!/[\\\p{Cc}]/u.test(inner)) return inner;
  try {
    return JSON.parse(text.slice(at, end + 1)) as string;
  } catch {
    throw new NotJson();
  }
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text[at - 1 - slashes] === "\\") slashes += 1;
  return slashes % 2 === 1;
}

function readList(reading: Reading): readonly unknown[] {
  const list: unknown[] = [];
  enter(reading, list);
  if (!take(reading, "]")) {
    do list.push(readItem(reading));
    while (take(reading, ","));
    if (!take(reading, "]")) throw new NotJson();
  }
  reading.depth -= 1;
  return list;
}

function readItem(reading: Reading): unknown {
  skipBlanks(reading);
  return readValue(reading);
}

function readObject(reading: Reading): object {
  const object: Record<string, unknown> = {};
  enter(reading, object);
  if (!take(reading, "}")) {
    do readMember(reading, object);
    while (take(reading, ","));
    if (!take(reading, "}")) throw new NotJson();
  }
  reading.depth -= 1;
  return object;
}

function readMember(reading: Reading, object: Record<string, unknown>): void {
  const key = readKey(reading);
  if (Object.hasOwn(object, key)) throw new NotJson();
  const value = readItem(reading);
  if (key !== "__proto__") object[key] = value;
  else Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

function readKey(reading: Reading): string {
  skipBlanks(reading);
  if (reading.text[reading.at] !== '"') throw new NotJson();
  const key = readText(reading);
  if (!take(reading, ":")) throw new NotJson();
  return key;
}

function enter(reading: Reading, holder: object): void {
  reading.offsets.set(holder, reading.at);
  reading.at += 1;
  reading.depth += 1;
  if (reading.depth > jsonLimits.depthMax) throw new NotJson();
}

function take(reading: Reading, letter: string): boolean {
  skipBlanks(reading);
  if (reading.text[reading.at] !== letter) return false;
  reading.at += 1;
  return true;
}

/** Of what is at the path, or of the closest thing around it. Only problems ask, so scalars are looked up by reading their holder again. */
function offsetOf({ text, offsets }: Reading, value: unknown, path: Path): number {
  let here = value;
  let offset = 0;
  for (const step of path) {
    if (typeof here !== "object" || here === null) return offset;
    offset = offsets.get(here) ?? offset;
    if (!Object.hasOwn(here, step)) return offset;
    const inner = (here as Record<string | number, unknown>)[step];
    if (typeof inner !== "object" || inner === null) return scalarOffset(text, offset, step);
    here = inner;
  }
  return typeof here === "object" && here !== null ? (offsets.get(here) ?? offset) : offset;
}

function scalarOffset(text: string, holder: number, step: string | number): number {
  const reading: Reading = { text, at: holder + 1, depth: 0, offsets: new WeakMap() };
  for (let index = 0; ; index += 1) {
    skipBlanks(reading);
    const at = reading.at;
    if ((typeof step === "number" ? index : readKey(reading)) === step) return at;
    readItem(reading);
    if (!take(reading, ",")) return holder;
  }
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
}

/** Offsets of all line ends, looked for when the first line is asked. */
function newlinesOf(text: string): () => Uint32Array {
  let known: Uint32Array | undefined;
  return () => {
    if (known !== undefined) return known;
    const found: number[] = [];
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) found.push(at);
    return (known = Uint32Array.from(found));
  };
}

function lineIn(newlines: () => Uint32Array, offset: number): number {
  const list = newlines();
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((list[middle] ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return low + 1;
}
