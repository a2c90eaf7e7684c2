// rpm's order: epoch, version, release, each by rpmvercmp: runs of digits and letters, `~` before the end, `^` after it. Checked against rpm's own.
// A side without a release is compared by epoch and version alone, as rpm does: advisories name "1.2" and mean every release of it.
import { compareDigitSpans, compareText, isDigit, isLetter, skipDigits } from "./digits.ts";

const tilde = 126;
const caret = 94;

function skipSeparators(text: string, from: number, end: number): number {
  let at = from;
  for (; at < end; at++) {
    const code = text.charCodeAt(at);
    if (isDigit(code) || isLetter(code) || code === tilde || code === caret) return at;
  }
  return at;
}

function skipLetters(text: string, from: number, end: number): number {
  let at = from;
  while (at < end && isLetter(text.charCodeAt(at))) at++;
  return at;
}

/** `~` and `^` at both cursors: the verdict, "next" when both have the same sign, "none" when neither has one. */
function compareSigns(leftCode: number, rightCode: number): number | "next" | "none" {
  if (leftCode === tilde || rightCode === tilde) {
    if (leftCode !== tilde) return 1;
    if (rightCode !== tilde) return -1;
    return "next";
  }
  if (leftCode === caret || rightCode === caret) {
    if (leftCode === -1) return -1;
    if (rightCode === -1) return 1;
    if (leftCode !== caret) return 1;
    if (rightCode !== caret) return -1;
    return "next";
  }
  return "none";
}

/** rpmvercmp: one part against another. */
export function comparePart(left: string, right: string): number {
  if (left === right) return 0;
  const leftEnd = left.length;
  const rightEnd = right.length;
  let leftAt = 0;
  let rightAt = 0;
  while (leftAt < leftEnd || rightAt < rightEnd) {
    leftAt = skipSeparators(left, leftAt, leftEnd);
    rightAt = skipSeparators(right, rightAt, rightEnd);
    const leftCode = leftAt < leftEnd ? left.charCodeAt(leftAt) : -1;
    const rightCode = rightAt < rightEnd ? right.charCodeAt(rightAt) : -1;
    const sign = compareSigns(leftCode, rightCode);
    if (sign === "next") {
      leftAt++;
      rightAt++;
      continue;
    }
    if (sign !== "none") return sign;
    if (leftCode === -1 || rightCode === -1) break;
    const isNumber = isDigit(leftCode);
    const leftStop = isNumber ? skipDigits(left, leftAt, leftEnd) : skipLetters(left, leftAt, leftEnd);
    const rightStop = isNumber ? skipDigits(right, rightAt, rightEnd) : skipLetters(right, rightAt, rightEnd);
    // Numbers are newer than letters.
    if (rightStop === rightAt) return isNumber ? 1 : -1;
    const differs = isNumber
      ? compareDigitSpans({ text: left, start: leftAt, end: leftStop }, { text: right, start: rightAt, end: rightStop })
      : compareText(left.slice(leftAt, leftStop), right.slice(rightAt, rightStop));
    if (differs !== 0) return differs;
    leftAt = leftStop;
    rightAt = rightStop;
  }
  if (leftAt >= leftEnd && rightAt >= rightEnd) return 0;
  return leftAt < leftEnd ? 1 : -1;
}

interface RpmVersion {
  readonly epoch: string;
  readonly version: string;
  readonly release: string | undefined;
}

let lastText = "";
let lastParsed: RpmVersion = { epoch: "", version: "", release: undefined };

/** The installed version is held against many records in a row: parsed once. */
function parseLeft(text: string): RpmVersion {
  if (text === lastText) return lastParsed;
  lastParsed = parse(text.trim());
  lastText = text;
  return lastParsed;
}

function parse(text: string): RpmVersion {
  let digits = skipDigits(text, 0, text.length);
  const hasEpoch = text.charCodeAt(digits) === 58;
  const epoch = hasEpoch ? text.slice(0, digits) : "";
  const from = hasEpoch ? ++digits : 0;
  const hyphen = text.lastIndexOf("-");
  if (hyphen < from) return { epoch, version: text.slice(from), release: undefined };
  return { epoch, version: text.slice(from, hyphen), release: text.slice(hyphen + 1) };
}

/** Negative, zero or positive; undefined when one is empty. */
export function compareRpm(leftText: string, rightText: string): number | undefined {
  const left = parseLeft(leftText);
  const right = parse(rightText.trim());
  if (left.version === "" || right.version === "") return undefined;
  const epoch = comparePart(left.epoch === "" ? "0" : left.epoch, right.epoch === "" ? "0" : right.epoch);
  if (epoch !== 0) return epoch;
  const version = comparePart(left.version, right.version);
  if (version !== 0) return version;
  // A bare "1-" is more than "1": it names a release, an empty one.
  if (left.release === "" && right.release === undefined) return 1;
  if (right.release === "" && left.release === undefined) return -1;
  if (left.release === undefined || right.release === undefined) return 0;
  return comparePart(left.release, right.release);
}
