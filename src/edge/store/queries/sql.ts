// Condition -> SQL over one table, values only as bound parameters: nothing a user typed is ever spliced into the text.
import { unreachable } from "../../../base/assert.ts";
import { formatAddress } from "../../../base/ip.ts";
import type { Condition } from "../../../core/filter/condition.ts";
import type { Test } from "../../../core/filter/filter.ts";

/** Collects `{name:Type}` parameters of one statement. */
export interface Bindings {
  /** Returns the placeholder to put into the SQL. */
  bind(value: string | number | readonly string[] | readonly number[], type: string): string;
  readonly values: Readonly<Record<string, unknown>>;
}

export function createBindings(): Bindings {
  const values: Record<string, unknown> = {};
  let count = 0;
  return {
    values,
    bind: (value, type) => {
      const name = `p${count}`;
      count += 1;
      values[name] = value;
      return `{${name}:${type}}`;
    },
  };
}

/** A point in time as a DateTime64(3, 'UTC') expression over a bound number. */
export function instant(bindings: Bindings, epochMs: number): string {
  return `fromUnixTimestamp64Milli(${bindings.bind(epochMs, "Int64")}, 'UTC')`;
}

/** `time` within [sinceMs, untilMs), for rollups: their sort key begins with `time`. */
export function within(bindings: Bindings, sinceMs: number, untilMs: number): string {
  return `time >= ${instant(bindings, sinceMs)} AND time < ${instant(bindings, untilMs)}`;
}

/**
 * The same for raw tables. Their sort key begins with the five minutes and ends with `time`: the engine matches a condition on `time` with
 * the key's end, which skips nothing, so the beginning is asked as well.
 */
export function withinRaw(bindings: Bindings, sinceMs: number, untilMs: number): string {
  const exact = within(bindings, sinceMs, untilMs);
  const bucketSeconds = 300;
  const bucketOf = (ms: number) => {
    const seconds = Math.floor(ms / 1000 / bucketSeconds) * bucketSeconds;
    return bindings.bind(Math.min(2 ** 32 - 1, Math.max(0, seconds)), "UInt32");
  };
  const firstBucket = bucketOf(sinceMs);
  const lastBucket = bucketOf(untilMs);
  const buckets = `toStartOfFiveMinutes(time) >= toDateTime(${firstBucket}, 'UTC') AND toStartOfFiveMinutes(time) <= toDateTime(${lastBucket}, 'UTC')`;
  return `${exact} AND ${buckets}`;
}

/** A WHERE expression in parentheses; "1" and "0" for constants. Column names come from the field list, never from input. */
export function whereOf(condition: Condition, bindings: Bindings): string {
  switch (condition.is) {
    case "constant":
      return condition.value ? "1" : "0";
    case "all":
      return `(${condition.of.map((item) => whereOf(item, bindings)).join(" AND ")})`;
    case "any":
      return `(${condition.of.map((item) => whereOf(item, bindings)).join(" OR ")})`;
    case "not":
      return `(NOT ${whereOf(condition.of, bindings)})`;
    case "column":
      return columnSql(condition, bindings);
  }
}

function columnSql({ columns, kind, test }: Condition & { is: "column" }, bindings: Bindings): string {
  const column = columns[0] ?? "";
  switch (kind) {
    case "text":
      return textSql(column, test, bindings);
    case "texts":
      return `arrayExists(item -> ${textSql("item", test, bindings)}, ${column})`;
    case "number":
      return numberSql(columns.length > 1 ? `(${columns.join(" + ")})` : column, test, bindings);
    case "numbers":
      return `arrayExists(item -> ${numberSql("item", test, bindings)}, ${column})`;
    case "address":
      return addressSql(column, test, bindings);
    case "flag":
      return test.is === "flag" ? `(${column} = ${test.value})` : "0";
    case "other":
      return "0";
    default:
      return unreachable(kind);
  }
}

function textSql(column: string, test: Test, bindings: Bindings): string {
  switch (test.is) {
    case "equals":
      return `(${column} = ${bindings.bind(test.text, "String")})`;
    case "like":
      return `(${column} LIKE ${bindings.bind(likePattern(test.pattern), "String")})`;
    case "contains":
      return `(positionCaseInsensitive(${column}, ${bindings.bind(test.text, "String")}) > 0)`;
    case "filled":
      return `(${column} != '')`;
    case "between":
    case "address":
    case "flag":
      return "0";
  }
}

/** Our `*` as LIKE's `%`; LIKE's own signs taken literally. */
function likePattern(pattern: string): string {
  return pattern.replaceAll(/[\\%_]/g, "\\$&").replaceAll("*", "%");
}

function numberSql(expression: string, test: Test, bindings: Bindings): string {
  if (test.is !== "between" || test.low > test.high || test.low > Number.MAX_SAFE_INTEGER) return "0";
  const parts: string[] = [];
  if (test.low > Number.MIN_SAFE_INTEGER) parts.push(`${expression} >= ${bindings.bind(test.low, "Int64")}`);
  if (test.high < Number.MAX_SAFE_INTEGER) parts.push(`${expression} <= ${bindings.bind(test.high, "Int64")}`);
  return parts.length === 0 ? "1" : `(${parts.join(" AND ")})`;
}

function addressSql(column: string, test: Test, bindings: Bindings): string {
  if (test.is !== "address") return "0";
  const bound = (text: string) => `toIPv6(${bindings.bind(text, "String")})`;
  const low = formatAddress(test.range.low);
  const high = formatAddress(test.range.high);
  if (low === high) return `(${column} = ${bound(low)})`;
  return `(${column} >= ${bound(low)} AND ${column} <= ${bound(high)})`;
}
