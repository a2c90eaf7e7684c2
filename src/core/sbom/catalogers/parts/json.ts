// JSON of files that nobody vouches for: a Fault when it is none, and readers that take a value only when it has the wanted shape.
import { brokenFile } from "./found.ts";

export type JsonRecord = Readonly<Record<string, unknown>>;

const empty: JsonRecord = Object.freeze(Object.create(null) as Record<string, unknown>);

/** The text's value; a byte order mark is passed over. Throws a Fault "sbom/broken-file". */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
  } catch (error) {
    // The engine's sentence quotes the text: only the fact is told.
    throw brokenFile(error instanceof SyntaxError ? "not JSON" : "JSON that cannot be read");
  }
}

/** The object at the top, or a Fault. */
export function parseJsonRecord(text: string): JsonRecord {
  const value = parseJson(text);
  if (!isRecord(value)) throw brokenFile("JSON, but no object");
  return value;
}

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The object, or an empty one. */
export function recordOf(value: unknown): JsonRecord {
  return isRecord(value) ? value : empty;
}

export function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function stringOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** An own field of an object whose keys come from outside ("__proto__", "constructor"). */
export function fieldOf(record: JsonRecord, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

export function stringsOf(value: unknown): string[] {
  return arrayOf(value).filter((item) => typeof item === "string");
}

/** JSON with comments and trailing commas (bun.lock, *.jsonc) as JSON. Linear; strings are left as they are. */
export function stripJsonComments(text: string): string {
  let result = "";
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      at = stringEnd(text, at);
    } else if (code === 47 && (text[at + 1] === "/" || text[at + 1] === "*")) {
      const end = text[at + 1] === "/" ? text.indexOf("\n", at) : text.indexOf("*/", at + 2);
      result += text.slice(from, at);
      from = end < 0 ? text.length : end + (text[at + 1] === "/" ? 0 : 2);
      at = from - 1;
    } else if (code === 44 && closesNext(text, at + 1)) {
      result += text.slice(from, at);
      from = at + 1;
    }
  }
  return result + text.slice(from);
}

function stringEnd(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 92) at += 1;
    else if (code === 34) return at;
  }
  return text.length;
}

function closesNext(text: string, from: number): boolean {
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === 32 || code === 9 || code === 10 || code === 13) continue;
    return code === 93 || code === 125;
  }
  return false;
}
