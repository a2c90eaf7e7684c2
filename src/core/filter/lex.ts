// Splits a filter's text into raw clauses: [-][field:]value[,value...], with "quoted values" and their places. One pass, bounded.
import { parsePrefix } from "../../base/ip.ts";
import { filterFault } from "./fault.ts";
import { filterLimits } from "./filter.ts";

export interface RawValue {
  readonly text: string;
  readonly quoted: boolean;
  readonly start: number;
}

export interface RawClause {
  /** As typed, "" for free text. "last", "since" and "until" in lower case. */
  readonly field: string;
  readonly negated: boolean;
  readonly values: readonly RawValue[];
  readonly start: number;
  readonly end: number;
}

/** Throws a Fault "filter/too-long", "filter/bad-syntax" or "filter/too-many-values". */
export function lex(text: string): RawClause[] {
  if (text.length > filterLimits.lengthMax) {
    throw filterFault("too-long", filterLimits.lengthMax, `a filter has at most ${filterLimits.lengthMax} characters`);
  }
  const clauses: RawClause[] = [];
  let at = skipSpace(text, 0);
  while (at < text.length) {
    const clause = lexClause(text, at);
    clauses.push(clause);
    at = skipSpace(text, clause.end);
  }
  return clauses;
}

const space = /\s/;
const fieldAhead = /([A-Za-z][A-Za-z0-9._-]*):/y;

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && space.test(text[at] ?? "")) at += 1;
  return at;
}

function lexClause(text: string, start: number): RawClause {
  const negated = text[start] === "-";
  let at = negated ? start + 1 : start;
  const field = fieldAt(text, at);
  if (field !== "") at += field.length + 1;
  const values: RawValue[] = [];
  for (;;) {
    const { value, end } = lexValue(text, at, field !== "");
    values.push(value);
    at = end;
    if (values.length > filterLimits.valuesPerClauseMax) {
      throw filterFault(
        "too-many-values",
        value.start,
        `more than ${filterLimits.valuesPerClauseMax} values in a list`,
      );
    }
    if (text[at] !== ",") break;
    at += 1;
  }
  if (at < text.length && !space.test(text[at] ?? "")) {
    throw filterFault("bad-syntax", at, `expected a space or "," after the quote, not "${text[at] ?? ""}"`);
  }
  const lower = field.toLowerCase();
  const isWindow = lower === "last" || lower === "since" || lower === "until";
  return { field: isWindow ? lower : field, negated, values, start, end: at };
}

/** The field's name before ":", or "" when the clause is free text (an IPv6 address is no field). */
function fieldAt(text: string, at: number): string {
  fieldAhead.lastIndex = at;
  const name = fieldAhead.exec(text)?.[1];
  if (name === undefined) return "";
  const word = /^[^\s,"]*/.exec(text.slice(at, at + 64))?.[0] ?? "";
  return parsePrefix(word) === undefined ? name : "";
}

function lexValue(text: string, start: number, mayBeMissing: boolean): { value: RawValue; end: number } {
  if (text[start] === '"') return lexQuoted(text, start);
  let end = start;
  while (end < text.length && !/[\s,"]/.test(text[end] ?? "")) end += 1;
  if (text[end] === '"') throw filterFault("bad-syntax", end, "a quote may only begin a value");
  if (end === start) {
    const what = mayBeMissing ? "expected a value" : "expected a word";
    throw filterFault("bad-syntax", start, what, 'Write "" for an empty value.');
  }
  checkLength(end - start, start);
  return { value: { text: text.slice(start, end), quoted: false, start }, end };
}

/** Backslash takes the next character as it is. */
function lexQuoted(text: string, start: number): { value: RawValue; end: number } {
  let value = "";
  let at = start + 1;
  while (at < text.length && text[at] !== '"') {
    if (text[at] === "\\") at += 1;
    value += text[at] ?? "";
    at += 1;
  }
  if (at >= text.length) throw filterFault("bad-syntax", start, "the quote is not closed", 'Add the closing ".');
  checkLength(value.length, start);
  return { value: { text: value, quoted: true, start }, end: at + 1 };
}

function checkLength(length: number, start: number): void {
  if (length <= filterLimits.valueLengthMax) return;
  throw filterFault("too-long", start, `a value has at most ${filterLimits.valueLengthMax} characters`);
}
