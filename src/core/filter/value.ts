// Reads one value of a clause by its field's type: what it asks of a column, or why it cannot be understood.
import { parseAddress, parsePrefix } from "../../base/ip.ts";
import { nearest } from "../../base/nearest.ts";
import { parseDurationMs } from "../../base/instant.ts";
import type { Field } from "./field.ts";
import { filterLimits, type Test } from "./filter.ts";

export type ValueResult = { readonly test: Test } | { readonly expected: string; readonly hint?: string | undefined };

/** A bare word or quoted words: an address, a pattern, or text anywhere in a name. */
export function readFreeText(text: string, quoted: boolean): ValueResult {
  if (text === "") return { expected: "a word" };
  if (quoted) return { test: { is: "contains", text } };
  const range = parsePrefix(text);
  if (range !== undefined) return { test: { is: "address", range } };
  return text.includes("*") ? readPattern(text) : { test: { is: "contains", text } };
}

/** A value of `field`. Quoted values are literal: `*`, `>` and the like mean themselves. */
export function readValue(field: Field, text: string, quoted: boolean): ValueResult {
  switch (field.type) {
    case "name":
      return readName(text, quoted);
    case "domain":
      return readName(text.toLowerCase().replace(/(?<=.)\.$/, ""), quoted);
    case "target":
      return readTarget(text, quoted);
    case "content":
      return text === "" ? { expected: "a word to look for" } : { test: { is: "contains", text } };
    case "choice":
      return readChoice(field.choices ?? [], text);
    case "flag":
      return readFlag(text);
    case "address":
      return readAddress(text);
    case "number":
      return readNumber(text, "a number, >N, >=N, <N, <=N or N-M", readPlain);
    case "status":
      return readStatus(text);
    case "bytes":
      return readNumber(text, "bytes: 512, >10kb, <=1mib", readBytes);
    case "duration":
      return readNumber(text, "a time: >100ms, <5s", (part) => readSpan(part, field.unitsPerMs ?? 1));
  }
}

function readName(text: string, quoted: boolean): ValueResult {
  return !quoted && text.includes("*") ? readPattern(text) : { test: { is: "equals", text } };
}

function readPattern(text: string): ValueResult {
  if (/^\*+$/.test(text)) return { test: { is: "filled" } };
  const stars = text.split("*").length - 1;
  if (stars > filterLimits.starsMax) return { expected: `at most ${filterLimits.starsMax} '*'` };
  return { test: { is: "like", pattern: text } };
}

function readTarget(text: string, quoted: boolean): ValueResult {
  const range = quoted ? undefined : parsePrefix(text);
  if (range !== undefined) return { test: { is: "address", range } };
  return text === "" ? { expected: "a name or an address" } : readName(text, quoted);
}

function readChoice(choices: readonly string[], text: string): ValueResult {
  const found = choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return { test: { is: "equals", text: found } };
  const near = nearest(text, choices);
  const hint = near === undefined ? undefined : `Did you mean "${near}"?`;
  return { expected: `one of ${choices.join(", ")}`, hint };
}

function readFlag(text: string): ValueResult {
  const word = text.toLowerCase();
  if (word === "yes" || word === "true") return { test: { is: "flag", value: true } };
  if (word === "no" || word === "false") return { test: { is: "flag", value: false } };
  return { expected: "yes or no" };
}

function readAddress(text: string): ValueResult {
  const range = parsePrefix(text);
  if (range !== undefined) return { test: { is: "address", range } };
  const hint =
    parseAddress(text) === undefined && text.includes("*") ? "Write a CIDR block instead of '*'." : undefined;
  return { expected: "an address or a CIDR block such as 10.0.0.0/8", hint };
}

function readStatus(text: string): ValueResult {
  const family = /^([1-9])xx$/i.exec(text);
  if (family === null) return readNumber(text, "a status: 404, 5xx, >=400, 200-299", readPlain);
  const low = Number(family[1]) * 100;
  return { test: { is: "between", low, high: low + 99 } };
}

type ReadPart = (text: string) => number | undefined;

/** `N`, `>N`, `>=N`, `<N`, `<=N`, `N-M`, with N read by `part`; columns are whole numbers, so open ends become closed ones. */
function readNumber(text: string, expected: string, part: ReadPart): ValueResult {
  const comparison = /^(>=|<=|>|<)(.+)$/.exec(text);
  if (comparison !== null) {
    const number = part(comparison[2] ?? "");
    return number === undefined ? { expected } : { test: compare(comparison[1] ?? "", number) };
  }
  const single = part(text);
  if (single !== undefined) return { test: { is: "between", low: Math.ceil(single), high: Math.floor(single) } };
  const dash = text.indexOf("-", 1);
  const low = dash < 0 ? undefined : part(text.slice(0, dash));
  const high = dash < 0 ? undefined : part(text.slice(dash + 1));
  if (low === undefined || high === undefined) return { expected };
  if (low > high) return { expected: `${expected}; the smaller number comes first` };
  return { test: { is: "between", low: Math.ceil(low), high: Math.floor(high) } };
}

function compare(operator: string, number: number): Test {
  if (operator === ">") return { is: "between", low: Math.floor(number) + 1, high: Infinity };
  if (operator === ">=") return { is: "between", low: Math.ceil(number), high: Infinity };
  if (operator === "<") return { is: "between", low: -Infinity, high: Math.ceil(number) - 1 };
  return { is: "between", low: -Infinity, high: Math.floor(number) };
}

function readPlain(text: string): number | undefined {
  return /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

const bytesByUnit: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  kib: 1024,
  mib: 1024 ** 2,
  gib: 1024 ** 3,
};

function readBytes(text: string): number | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)(b|kb|mb|gb|kib|mib|gib|)$/i.exec(text);
  const unit = bytesByUnit[match?.[2]?.toLowerCase() ?? "none"];
  return match === null || unit === undefined ? undefined : Number(match[1]) * unit;
}

function readSpan(text: string, unitsPerMs: number): number | undefined {
  const micro = /^(\d{1,12})us$/.exec(text);
  if (micro !== null) return (Number(micro[1]) / 1000) * unitsPerMs;
  const ms = parseDurationMs(text);
  return ms === undefined ? undefined : ms * unitsPerMs;
}
