// JSON from strangers: bytes, depth, values and doubled names are checked before it is parsed, so that two readers cannot read two things out of one text.
import { Fault } from "../../../base/fault.ts";

export interface JsonLimits {
  readonly bytesMax: number;
  readonly depthMax: number;
  readonly valuesMax: number;
}

export const jsonLimits: JsonLimits = { bytesMax: 8 * 1024 * 1024, depthMax: 64, valuesMax: 500_000 };

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

/** Throws Fault "registry/bad-json", which names `what`, for anything that is not one bounded JSON text in UTF-8 without doubled names. */
export function parseJson(bytes: Uint8Array, what: string, limits: JsonLimits = jsonLimits): unknown {
  if (bytes.length > limits.bytesMax) throw badJson(what, `it is larger than ${limits.bytesMax} bytes`);
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw badJson(what, "it is not UTF-8");
  }
  const problem = shapeProblem(text, limits);
  if (problem !== "") throw badJson(what, problem);
  try {
    return JSON.parse(text);
  } catch {
    throw badJson(what, "it is no JSON");
  }
}

function badJson(what: string, because: string): Fault {
  return new Fault(`${what}: ${because}`, { code: "registry/bad-json", kind: "usage" });
}

/** One pass over the characters outside of strings; "" when depth, count and names are within bounds. Whether it is JSON is said by the parser. */
function shapeProblem(text: string, limits: JsonLimits): string {
  // Names seen in each open object; undefined for an array.
  const open: (Set<string> | undefined)[] = [];
  let values = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (character === quote) {
      const end = stringEnd(text, index);
      if (end < 0) return "it ends inside a string";
      const names = open.at(-1);
      if (names !== undefined && isName(text, end + 1)) {
        const name = nameOf(text.slice(index, end + 1));
        if (names.has(name)) return `the name "${name.slice(0, 64).replaceAll(/[^ -~]/g, "?")}" is there twice`;
        names.add(name);
      }
      index = end;
    } else if (character === brace || character === bracket) {
      if (open.length >= limits.depthMax) return `it is nested deeper than ${limits.depthMax}`;
      open.push(character === brace ? new Set() : undefined);
      values++;
    } else if (character === braceEnd || character === bracketEnd) open.pop();
    else if (character === comma) values++;
    if (values > limits.valuesMax) return `it has more than ${limits.valuesMax} values`;
  }
  return "";
}

const quote = 0x22;
const brace = 0x7b;
const braceEnd = 0x7d;
const bracket = 0x5b;
const bracketEnd = 0x5d;
const comma = 0x2c;
const backslash = 0x5c;
const colon = 0x3a;

function stringEnd(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (character === backslash) index++;
    else if (character === quote) return index;
  }
  return -1;
}

function isName(text: string, after: number): boolean {
  for (let index = after; index < text.length; index++) {
    const character = text.charCodeAt(index);
    if (character === colon) return true;
    if (character !== 0x20 && character !== 0x0a && character !== 0x0d && character !== 0x09) return false;
  }
  return false;
}

function nameOf(quoted: string): string {
  if (!quoted.includes("\\")) return quoted.slice(1, -1);
  try {
    return String(JSON.parse(quoted));
  } catch {
    return quoted;
  }
}
