// Composer's order: numbers, then stability (dev, alpha, beta, RC, release, patch). Branches ("dev-main") have no order: undefined, save for the same one.
import { compareDigits, compareText, isDigits } from "./digits.ts";

const lengthMax = 256;

// PHP's version_compare: words it does not know come before all it knows; a number stands where "" is.
const stability = new Map<string, number>([
  ["dev", 1],
  ["alpha", 2],
  ["a", 2],
  ["beta", 3],
  ["b", 3],
  ["rc", 4],
  ["c", 4],
  ["", 5],
  ["stable", 5],
  ["patch", 6],
  ["pl", 6],
  ["p", 6],
]);

interface ComposerVersion {
  readonly numbers: readonly string[];
  readonly rest: readonly string[];
}

const shape = /^([0-9]+(?:\.(?:[0-9]+|[xX*]))*)(.*)$/s;
const piecePattern = /[0-9]+|[a-z]+/g;

function isBranch(text: string): boolean {
  return /^dev-/i.test(text);
}

function parse(given: string): ComposerVersion | undefined {
  const text = given.trim().replace(/^[vV]/, "");
  if (text.length > lengthMax) return undefined;
  const plus = text.indexOf("+");
  const found = shape.exec(plus === -1 ? text : text.slice(0, plus));
  if (found === null) return undefined;
  const rest =
    (found[2] ?? "")
      .replace(/^[._-]/, "")
      .replace(/@(?:stable|rc|beta|alpha|dev)$/i, "")
      .toLowerCase()
      .match(piecePattern) ?? [];
  const numbers = (found[1] as string).split(".");
  const isOpen = numbers.some((part) => !isDigits(part));
  if (!isOpen) return { numbers, rest: rest.filter((piece) => piece !== "stable") };
  // "1.x-dev": the newest of its line.
  const known = numbers.filter((part) => isDigits(part));
  return {
    numbers: [...known, ...Array.from<string>({ length: Math.max(0, 4 - known.length) }).fill("9999999")],
    rest,
  };
}

function comparePiece(left: string, right: string): number {
  const isLeftNumber = isDigits(left);
  const isRightNumber = isDigits(right);
  if (isLeftNumber && isRightNumber) return compareDigits(left, right);
  const leftRank = isLeftNumber ? 5 : (stability.get(left) ?? 0);
  const rightRank = isRightNumber ? 5 : (stability.get(right) ?? 0);
  if (leftRank !== rightRank) return leftRank - rightRank;
  return leftRank === 0 ? compareText(left, right) : 0;
}

/** Negative, zero or positive; undefined when one is a branch or no version. */
export function compareComposer(leftText: string, rightText: string): number | undefined {
  if (isBranch(leftText) || isBranch(rightText)) return leftText === rightText ? 0 : undefined;
  const left = parse(leftText);
  const right = parse(rightText);
  if (left === undefined || right === undefined) return undefined;
  const count = Math.max(left.numbers.length, right.numbers.length);
  for (let index = 0; index < count; index++) {
    const differs = compareDigits(left.numbers[index] ?? "0", right.numbers[index] ?? "0");
    if (differs !== 0) return differs;
  }
  return compareRest(left.rest, right.rest);
}

function compareRest(left: readonly string[], right: readonly string[]): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const differs = comparePiece(left[index] as string, right[index] as string);
    if (differs !== 0) return differs;
  }
  // What one has more: a number is more, a word is weighed against nothing, the release.
  if (left.length > shared) return isDigits(left[shared] as string) ? 1 : comparePiece(left[shared] as string, "");
  if (right.length > shared) return isDigits(right[shared] as string) ? -1 : comparePiece("", right[shared] as string);
  return 0;
}
