// apk-tools' order (Gentoo's with changes): numbers, one letter, suffixes _alpha.._p with a number, a commit after `~`, revision -r. Numbers after a dot that begin
// with 0 are compared as text, and so is what follows when both leave the grammar at the same place. Undefined for what does not begin with a number.
import { compareDigitSpans, compareText, isDigit, skipDigits } from "./digits.ts";

// In apk's order: when all before is equal, the side whose next token stands earlier here is the greater one, save for pre-release suffixes.
const first = 0;
const number = 1;
const letter = 2;
const suffix = 3;
const suffixNumber = 4;
const commit = 5;
const revision = 6;
const finish = 7;
const invalid = 8;

const suffixes = ["alpha", "beta", "pre", "rc", "", "cvs", "svn", "git", "hg", "p"];
const released = suffixes.indexOf("");

interface Cursor {
  readonly text: string;
  kind: number;
  start: number;
  end: number;
}

function isLower(code: number): boolean {
  return code >= 97 && code <= 122;
}

function set(cursor: Cursor, kind: number, start: number, end: number): void {
  cursor.kind = start === end && kind !== finish ? invalid : kind;
  cursor.start = start;
  cursor.end = end;
}

function skipLower(text: string, from: number): number {
  let at = from;
  while (at < text.length && isLower(text.charCodeAt(at))) at++;
  return at;
}

function skipHex(text: string, from: number): number {
  let at = from;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (!isDigit(code) && !(code >= 97 && code <= 102)) break;
  }
  return at;
}

function begin(text: string): Cursor {
  const cursor = { text, kind: first, start: 0, end: 0 };
  set(cursor, first, 0, skipDigits(text, 0, text.length));
  return cursor;
}

/** The token after this one; `invalid` when the grammar has none there. */
function next(cursor: Cursor): void {
  const { text, kind, end } = cursor;
  if (end >= text.length) return set(cursor, finish, end, end);
  const code = text.charCodeAt(end);
  if (isLower(code) && kind <= number) return set(cursor, letter, end, end + 1);
  if (code === 46 && kind <= number) return set(cursor, number, end + 1, skipDigits(text, end + 1, text.length));
  if (code === 95 && kind <= suffixNumber) {
    set(cursor, suffix, end + 1, skipLower(text, end + 1));
    if (suffixAt(cursor) === -1) cursor.kind = invalid;
    return;
  }
  if (isDigit(code) && kind === suffix) return set(cursor, suffixNumber, end, skipDigits(text, end, text.length));
  if (code === 126 && kind < commit) return set(cursor, commit, end + 1, skipHex(text, end + 1));
  if (code === 45 && text.charCodeAt(end + 1) === 114 && kind < revision)
    return set(cursor, revision, end + 2, skipDigits(text, end + 2, text.length));
  set(cursor, invalid, end, end);
}

function suffixAt(cursor: Cursor): number {
  return cursor.start === cursor.end ? -1 : suffixes.indexOf(cursor.text.slice(cursor.start, cursor.end));
}

function compareTexts(left: Cursor, right: Cursor): number {
  return compareText(left.text.slice(left.start, left.end), right.text.slice(right.start, right.end));
}

function compareTokens(left: Cursor, right: Cursor): number {
  switch (left.kind) {
    case number:
      if (left.text.charCodeAt(left.start) === 48 || right.text.charCodeAt(right.start) === 48)
        return compareTexts(left, right);
      return compareDigitSpans(left, right);
    case suffix:
      return suffixAt(left) - suffixAt(right);
    case letter:
    case commit:
      return compareTexts(left, right);
    default:
      return compareDigitSpans(left, right);
  }
}

function isPrerelease(cursor: Cursor): boolean {
  return cursor.kind === suffix && suffixAt(cursor) < released;
}

export function isApkVersion(text: string): boolean {
  const cursor = begin(text);
  while (cursor.kind < finish) next(cursor);
  return cursor.kind === finish;
}

/** Negative, zero or positive; undefined when one does not begin with a number. */
export function compareApk(leftText: string, rightText: string): number | undefined {
  const left = begin(leftText);
  const right = begin(rightText);
  if (left.kind === invalid || right.kind === invalid) return undefined;
  while (left.kind === right.kind && left.kind < finish) {
    const differs = compareTokens(left, right);
    if (differs !== 0) return differs;
    next(left);
    next(right);
  }
  if (left.kind === invalid && right.kind === invalid)
    return compareText(leftText.slice(left.start), rightText.slice(right.start));
  if (left.kind === right.kind) return 0;
  if (isPrerelease(left)) return -1;
  if (isPrerelease(right)) return 1;
  return right.kind - left.kind;
}

/** Whether `version` is `pattern` or begins with its parts ("1.2" of "1.2.3-r4"): apk's `~` in dependencies and some feeds' bounds. */
export function isFuzzyApk(version: string, pattern: string): boolean {
  if (!isApkVersion(version) || !isApkVersion(pattern)) return false;
  const left = begin(version);
  const right = begin(pattern);
  while (left.kind === right.kind && left.kind < finish) {
    if (compareTokens(left, right) !== 0) return false;
    next(left);
    next(right);
  }
  return right.kind === finish;
}
