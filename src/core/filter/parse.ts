// Text -> Filter: `ns:shop to:db verdict:deny port:5432 -process:curl,"my job" last:1h`. Clauses in any order, all must hold.
// What cannot be understood is refused with its place, what was expected there, and the nearest known word.
import { nearest } from "../../base/nearest.ts";
import { parseDurationMs, parseInstantMs } from "../../base/instant.ts";
import type { Field } from "./field.ts";
import { fieldByName, fields } from "./fields.ts";
import {
  type Clause,
  type Filter,
  filterLimits,
  type FilterWindow,
  type Side,
  type TimePoint,
  type Value,
} from "./filter.ts";
import { filterFault } from "./fault.ts";
import { lex, type RawClause, type RawValue } from "./lex.ts";
import { readFreeText, readValue, type ValueResult } from "./value.ts";

/** Reads a filter. Throws a Fault "filter/..." (kind usage) whose `where` is "q:<offset>". */
export function parseFilter(text: string): Filter {
  const clauses: Clause[] = [];
  let window: FilterWindow = {};
  for (const raw of lex(text)) {
    if (windowWords.has(raw.field)) window = readWindow(window, raw);
    else clauses.push(readClause(raw));
    if (clauses.length > filterLimits.clausesMax) {
      throw filterFault("too-many-clauses", raw.start, `more than ${filterLimits.clausesMax} clauses`);
    }
  }
  return { clauses, window };
}

const sideByPrefix: ReadonlyMap<string, Side> = new Map([
  ["from", "from"],
  ["src", "from"],
  ["source", "from"],
  ["to", "to"],
  ["dst", "to"],
  ["destination", "to"],
] as const);

function readClause(raw: RawClause): Clause {
  const { negated, start, end } = raw;
  if (raw.field === "") {
    const values = raw.values.map((value) => valueOf(raw, value, readFreeText(value.text, value.quoted)));
    return { field: "", side: "any", negated, values, start, end };
  }
  const { field, side } = fieldOf(raw);
  const values = raw.values.map((value) => valueOf(raw, value, readValue(field, value.text, value.quoted)));
  return { field: field.name, side, negated, values, start, end };
}

/** "to.ns" -> ns of the destination; "to" and "from" alone are fields of their own; "http.status" is an alias. */
function fieldOf(raw: RawClause): { field: Field; side: Side } {
  const name = raw.field.toLowerCase();
  const whole = fieldByName.get(name);
  if (whole !== undefined) return { field: whole, side: "any" };
  const dot = name.indexOf(".");
  const side = dot < 0 ? undefined : sideByPrefix.get(name.slice(0, dot));
  const alone = sideByPrefix.get(name);
  if (alone !== undefined) return fieldOf({ ...raw, field: alone });
  const field = side === undefined ? undefined : fieldByName.get(name.slice(dot + 1));
  if (side !== undefined && field !== undefined && field[side as "from" | "to"] !== undefined) return { field, side };
  const where = raw.start + (raw.negated ? 1 : 0);
  if (side !== undefined && field !== undefined) {
    throw filterFault("unknown-field", where, `"${field.name}" has no ${side} side`, `Write ${field.name}: instead.`);
  }
  const near = nearest(name, knownNames) ?? prefixed(name);
  const hint = near === undefined ? undefined : `Did you mean "${near}:"? Quote it if it is text to look for.`;
  throw filterFault("unknown-field", where, `unknown field "${raw.field}"`, hint);
}

const knownNames: readonly string[] = [
  ...fieldByName.keys(),
  ...fields.flatMap((field) => [
    ...(field.from === undefined ? [] : [`from.${field.name}`]),
    ...(field.to === undefined ? [] : [`to.${field.name}`]),
  ]),
  "last",
  "since",
  "until",
];

/** A known name that begins with what was typed, for short words that have no near neighbour. */
function prefixed(name: string): string | undefined {
  return name === "" ? undefined : knownNames.find((known) => known.startsWith(name));
}

function valueOf(raw: RawClause, value: RawValue, result: ValueResult): Value {
  if ("test" in result) return { text: value.text, quoted: value.quoted, test: result.test };
  const of = raw.field === "" ? "" : ` for ${raw.field}`;
  throw filterFault("bad-value", value.start, `"${value.text}": expected${of} ${result.expected}`, result.hint);
}

const windowWords: ReadonlySet<string> = new Set(["last", "since", "until"]);

function readWindow(window: FilterWindow, raw: RawClause): FilterWindow {
  const word = raw.field as "last" | "since" | "until";
  const value = raw.values[0];
  if (raw.negated) throw filterFault("bad-window", raw.start, `"${word}" cannot be negated`);
  if (value === undefined || raw.values.length > 1)
    throw filterFault("bad-window", raw.start, `"${word}" takes one value`);
  if (window[word] !== undefined) throw filterFault("bad-window", raw.start, `"${word}" is given twice`);
  if (word === "last" ? window.since !== undefined : word === "since" && window.last !== undefined) {
    throw filterFault("bad-window", raw.start, '"last" and "since" are both given', "Keep one of the two.");
  }
  if (word !== "last") return { ...window, [word]: timePointAt(value.text, value.start) };
  const ms = parseDurationMs(value.text);
  if (ms === undefined || ms === 0) {
    throw filterFault("bad-value", value.start, `"${value.text}": expected for last a time such as 15m, 1h or 7d`);
  }
  return { ...window, last: { text: value.text, ms } };
}

function timePointAt(text: string, offset: number): TimePoint {
  const point = parseTimePoint(text);
  if (point !== undefined) return point;
  throw filterFault("bad-value", offset, `"${text}": expected a time such as 15m (ago), now or 2026-11-23T07:00:00Z`);
}

/** "15m" (ago), "now", or RFC 3339; anything else -> undefined. */
export function parseTimePoint(text: string): TimePoint | undefined {
  const agoMs = text === "now" ? 0 : parseDurationMs(text);
  if (agoMs !== undefined) return { text, agoMs };
  const epochMs = parseInstantMs(text);
  return epochMs === undefined ? undefined : { text, epochMs };
}
