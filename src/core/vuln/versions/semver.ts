// Semantic versions (2.0.0) with integers of any length, and the forms that registries hold anyway: a leading "v" or "=", missing or more parts, leading zeros, a
// pre-release glued to its number ("1.0.0rc1"). Build metadata does not count. Undefined for what does not begin with a number.
import { compareDigits, compareDigitSpans, compareText, isDigit, isDigits, skipDigits } from "./digits.ts";

export interface SemanticVersion {
  readonly text: string;
  /** Where the numbers begin, behind "v". */
  readonly start: number;
  /** Where the numbers end. */
  readonly end: number;
  /** Without the hyphen; "" of a release. */
  readonly prerelease: string;
}

const partsMax = 64;

export function parseSemver(given: string): SemanticVersion | undefined {
  const text = given.trim();
  let start = 0;
  while (
    start < text.length &&
    (text[start] === "=" || text[start] === "v" || text[start] === "V" || text[start] === " ")
  )
    start++;
  let end = skipDigits(text, start, text.length);
  if (end === start) return undefined;
  for (let parts = 1; parts < partsMax && text.charCodeAt(end) === 46 && isDigit(text.charCodeAt(end + 1)); parts++)
    end = skipDigits(text, end + 1, text.length);
  let rest = text.slice(end);
  const plus = rest.indexOf("+");
  if (plus !== -1) rest = rest.slice(0, plus);
  if (rest.startsWith("-") || rest.startsWith(".") || rest.startsWith("_")) rest = rest.slice(1);
  return { text, start, end, prerelease: rest };
}

function compareNumbers(left: SemanticVersion, right: SemanticVersion): number {
  let leftAt = left.start;
  let rightAt = right.start;
  while (leftAt < left.end || rightAt < right.end) {
    const leftEnd = skipDigits(left.text, leftAt, left.end);
    const rightEnd = skipDigits(right.text, rightAt, right.end);
    // A missing part is an empty run: zero.
    const differs = compareDigitSpans(
      { text: left.text, start: leftAt, end: leftEnd },
      { text: right.text, start: rightAt, end: rightEnd },
    );
    if (differs !== 0) return differs;
    leftAt = Math.min(leftEnd + 1, left.end);
    rightAt = Math.min(rightEnd + 1, right.end);
  }
  return 0;
}

/** Identifier by identifier: numbers by value and before words, words by ASCII, the shorter list first. */
export function comparePrerelease(left: string, right: string): number {
  if (left === right) return 0;
  if (left === "") return 1;
  if (right === "") return -1;
  const leftParts = left.split(".");
  const rightParts = right.split(".");
  const shared = Math.min(leftParts.length, rightParts.length);
  for (let index = 0; index < shared; index++) {
    const differs = compareIdentifier(leftParts[index] as string, rightParts[index] as string);
    if (differs !== 0) return differs;
  }
  return leftParts.length - rightParts.length;
}

function compareIdentifier(left: string, right: string): number {
  const isLeftNumber = isDigits(left);
  const isRightNumber = isDigits(right);
  if (isLeftNumber && isRightNumber) return compareDigits(left, right);
  if (isLeftNumber !== isRightNumber) return isLeftNumber ? -1 : 1;
  return compareText(left, right);
}

/** Negative, zero or positive; undefined when one does not begin with a number. */
export function compareSemver(leftText: string, rightText: string): number | undefined {
  const left = parseSemver(leftText);
  const right = parseSemver(rightText);
  if (left === undefined || right === undefined) return undefined;
  const numbers = compareNumbers(left, right);
  return numbers === 0 ? comparePrerelease(left.prerelease, right.prerelease) : numbers;
}

/** NuGet's order: as above with up to four numbers, words whatever their case. */
export function compareNuget(left: string, right: string): number | undefined {
  return compareSemver(left.toLowerCase(), right.toLowerCase());
}
