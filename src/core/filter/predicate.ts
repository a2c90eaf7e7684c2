// Filter -> function over one row, for rows that are not in the store: a saved file, a live stream. Same meaning as the SQL.
import { inRange, parseAddress } from "../../base/ip.ts";
import { unreachable } from "../../base/assert.ts";
import { type Condition, conditionOf } from "./condition.ts";
import type { FilterTable } from "./field.ts";
import type { Filter, Test } from "./filter.ts";

/** A row of any table as the API shows it (or as an agent makes it); columns that are missing count as empty, 0 or false. */
export type AnyRow = Readonly<Record<string, unknown>>;

/** True for rows of `table` that hold every clause. The filter's window is not looked at (see window.ts). */
export function predicateOf(filter: Filter, table: FilterTable): (row: AnyRow) => boolean {
  const condition = conditionOf(filter, table);
  return (row) => holds(condition, row);
}

function holds(condition: Condition, row: AnyRow): boolean {
  switch (condition.is) {
    case "constant":
      return condition.value;
    case "all":
      return condition.of.every((item) => holds(item, row));
    case "any":
      return condition.of.some((item) => holds(item, row));
    case "not":
      return !holds(condition.of, row);
    case "column":
      return columnHolds(condition, row);
  }
}

function columnHolds({ columns, kind, test }: Condition & { is: "column" }, row: AnyRow): boolean {
  const value = row[columns[0] ?? ""];
  switch (kind) {
    case "text":
      return textHolds(test, typeof value === "string" ? value : "");
    case "texts":
      return Array.isArray(value) && value.some((item) => typeof item === "string" && textHolds(test, item));
    case "number":
      return numberHolds(
        test,
        columns.reduce((sum, column) => sum + numberOf(row[column]), 0),
      );
    case "numbers":
      return Array.isArray(value) && value.some((item) => numberHolds(test, numberOf(item)));
    case "address":
      return addressHolds(test, typeof value === "string" ? value : "::");
    case "flag":
      return test.is === "flag" && (value === true) === test.value;
    case "other":
      return false;
    default:
      return unreachable(kind);
  }
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}

function textHolds(test: Test, text: string): boolean {
  switch (test.is) {
    case "equals":
      return text === test.text;
    case "like":
      return matchesPattern(text, test.pattern);
    case "contains":
      return foldAscii(text).includes(foldAscii(test.text));
    case "filled":
      return text !== "";
    case "between":
    case "address":
    case "flag":
      return false;
  }
}

function numberHolds(test: Test, number: number): boolean {
  return test.is === "between" && number >= test.low && number <= test.high;
}

function addressHolds(test: Test, text: string): boolean {
  const address = parseAddress(text);
  return test.is === "address" && address !== undefined && inRange(address, test.range);
}

/** A-Z to a-z and nothing else, as the store's case-insensitive search does. */
function foldAscii(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (run) => run.toLowerCase());
}

/** `*` = any run of characters. Greedy with one point of return: at most text x pattern steps, no recursion. */
export function matchesPattern(text: string, pattern: string): boolean {
  let at = 0;
  let next = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    if (pattern[next] === "*") {
      star = next;
      starAt = at;
      next += 1;
    } else if (next < pattern.length && pattern[next] === text[at]) {
      at += 1;
      next += 1;
    } else if (star >= 0) {
      starAt += 1;
      at = starAt;
      next = star + 1;
    } else return false;
  }
  while (pattern[next] === "*") next += 1;
  return next === pattern.length;
}
