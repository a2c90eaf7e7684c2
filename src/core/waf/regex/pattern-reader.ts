// A cursor over a pattern's text with the faults that name a place in it. Promises: never reads past the end.
import { Fault } from "../../../base/fault.ts";

/** Longest pattern text that is read; CRS's longest has 12 KB. */
export const patternBytesMax = 65_536;
/** Deepest nesting of groups. */
export const patternDepthMax = 200;
/** Largest count in {n,m}, as PCRE has it. */
export const repeatCountMax = 65_535;

export interface PatternReader {
  readonly source: string;
  at: number;
}

export function badPattern(reader: PatternReader, message: string, at = reader.at): Fault {
  return new Fault(`regular expression: ${message}`, {
    code: "waf/bad-pattern",
    kind: "usage",
    where: `byte ${at + 1}`,
    hint: "Write it in the syntax that PCRE and RE2 share.",
  });
}

export function peek(reader: PatternReader, ahead = 0): string {
  return reader.source[reader.at + ahead] ?? "";
}

export function takeIf(reader: PatternReader, text: string): boolean {
  if (!reader.source.startsWith(text, reader.at)) return false;
  reader.at += text.length;
  return true;
}

/** The text up to `end`, which is taken too. */
export function takeUntil(reader: PatternReader, end: string, what: string): string {
  const to = reader.source.indexOf(end, reader.at);
  if (to < 0) throw badPattern(reader, `${what} has no end`);
  const text = reader.source.slice(reader.at, to);
  reader.at = to + end.length;
  return text;
}

/** What `pattern` (sticky) matches here, taken; "" when it does not. */
export function takeMatch(reader: PatternReader, pattern: RegExp): string {
  pattern.lastIndex = reader.at;
  const found = pattern.exec(reader.source)?.[0] ?? "";
  reader.at += found.length;
  return found;
}
