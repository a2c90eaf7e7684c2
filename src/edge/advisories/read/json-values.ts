// Values of a JSON document of others, taken by hand with bounds: schemas cost too much for a million records. What has another type is as if it were not there.
import { Fault } from "../../../base/fault.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** A record that cannot be taken: skipped, counted, named. */
export function refuse(why: string): Fault {
  return new Fault(why, { code: "advisories/refused-record", kind: "usage" });
}

export function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {};
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

/** "" for anything but text; numbers as they are written. */
export function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  return typeof value === "number" ? String(value) : "";
}

export function textsOf(value: unknown): readonly string[] {
  return listOf(value).filter((one): one is string => typeof one === "string" && one !== "");
}

export function numberOf(value: unknown): number {
  return typeof value === "number" && Number.isFinite(value) ? value : 0;
}

/** Cut to `charsMax`, not within a character. */
export function cutTo(text: string, charsMax: number): string {
  return text.length <= charsMax
    ? text
    : `${text
        .slice(0, charsMax - 1)
        .toWellFormed()
        .replace(/\uFFFD$/, "")}…`;
}

/** An id or a name: not empty, no control characters, no longer than `charsMax`. Throws what `refuse` makes. */
export function nameOf(value: unknown, what: string, charsMax = 512): string {
  const text = textOf(value);
  if (text === "") throw refuse(`it has no ${what}`);
  if (text.length > charsMax) throw refuse(`its ${what} is longer than ${charsMax} characters`);
  // oxlint-disable-next-line no-control-regex -- that is what is looked for
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text)) throw refuse(`its ${what} has control characters`);
  return text;
}

export function unique(values: Iterable<string>): readonly string[] {
  return [...new Set(values)];
}

/** RFC 3339 in UTC to the second; "" for what is no time, and for Go's zero time. A time after `nowMs` is cut to it: feeds claim such. */
export function instantOf(value: unknown, nowMs: number): string {
  const text = textOf(value);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || text.startsWith("0001-")) return "";
  const ms = Date.parse(text);
  if (Number.isNaN(ms)) return "";
  return `${new Date(Math.min(ms, nowMs, Date.UTC(9999, 11, 31))).toISOString().slice(0, 19)}Z`;
}
