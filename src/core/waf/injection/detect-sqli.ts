// SQL injection in a value: reads it in each quoting context, folds the tokens, judges the folded classes. Never throws; linear time.
import { emptyFold, foldSql, type SqlContext } from "./sql-fold.ts";
import { classesOf } from "./sql-shape.ts";
import { judgeFold } from "./sql-verdict.ts";
import type { SqliVerdict } from "./verdict.ts";

const clean: SqliVerdict = { isSqli: false, fingerprint: "" };

/** One fold for all calls: the detector is never entered twice at a time, and a call leaves nothing behind that the next reads. */
const scratch = emptyFold();

const contexts: readonly (readonly [string, SqlContext, SqlContext | undefined])[] = [
  ["", { quote: 0, isMysql: false }, { quote: 0, isMysql: true }],
  ["'", { quote: 39, isMysql: false }, { quote: 39, isMysql: true }],
  // Double quotes delimit strings in MySQL only.
  ['"', { quote: 34, isMysql: true }, undefined],
];

/** One word of letters, digits and "_" is never more than a name or a number. */
function isOneWord(value: string): boolean {
  for (let index = 0; index < value.length; index++) {
    const code = value.charCodeAt(index) | 32;
    const isPart = (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || value.charCodeAt(index) === 95;
    if (!isPart) return false;
  }
  return true;
}

/** A verdict over one value (latin1 string: one character, one byte). The fingerprint is of the context that decided. */
export function detectSqli(value: string): SqliVerdict {
  if (isOneWord(value)) return clean;
  for (const [quote, first, second] of contexts) {
    if (quote !== "" && !value.includes(quote)) continue;
    if (judgeIn(value, first)) return verdict();
    if (second !== undefined && scratch.reader.ambiguousComments > 0 && judgeIn(value, second)) return verdict();
  }
  return clean;
}

function judgeIn(value: string, context: SqlContext): boolean {
  foldSql(scratch, value, context);
  return judgeFold(scratch, context.quote !== 0);
}

function verdict(): SqliVerdict {
  const classes = classesOf(scratch);
  return { isSqli: true, fingerprint: classes.includes("X") ? "X" : classes };
}
