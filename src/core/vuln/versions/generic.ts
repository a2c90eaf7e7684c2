// The order of programs that belong to no registry (classified binaries, CPE bounds): dotted numbers, a letter or word behind them, well-known words for "before the
// release". Undefined where nobody could say: hashes, names, other words.
import { compareDigits, compareText, isDigit, isDigits } from "./digits.ts";

const lengthMax = 256;

const before = new Map([
  ["dev", -6],
  ["snapshot", -5],
  ["alpha", -4],
  ["a", -4],
  ["beta", -3],
  ["b", -3],
  ["pre", -2],
  ["preview", -2],
  ["m", -2],
  ["milestone", -2],
  ["rc", -1],
  ["cr", -1],
]);
const after = new Map([
  ["p", 2],
  ["pl", 2],
  ["patch", 2],
  ["sp", 2],
  ["post", 2],
  ["update", 2],
  ["u", 2],
  ["r", 2],
  ["release", 0],
  ["final", 0],
  ["ga", 0],
]);

const piecePattern = /[0-9]+|[a-z]+/g;

interface GenericVersion {
  readonly numbers: readonly string[];
  /** A letter or two right behind the last number: "1.1.1k", "1.0.2zg". */
  readonly letters: string;
  readonly rest: readonly string[];
}

function parse(given: string): GenericVersion | undefined {
  const text = given
    .trim()
    .toLowerCase()
    .replace(/^v(?=[0-9])/, "");
  if (text.length > lengthMax || !isDigit(text.charCodeAt(0))) return undefined;
  const found = /^[0-9]+(?:[._][0-9]+)*/.exec(text);
  if (found === null) return undefined;
  const numbers = found[0].split(/[._]/);
  let rest = text.slice(found[0].length).replace(/\+.*$/s, "");
  const letters = /^[a-z]{1,2}(?![a-z0-9])/.exec(rest)?.[0] ?? "";
  const isWord = before.has(letters) && rest.length > letters.length;
  if (letters !== "" && !isWord) rest = rest.slice(letters.length);
  const pieces = rest.match(piecePattern) ?? [];
  const isKnown = pieces.every((piece) => isDigits(piece) || before.has(piece) || after.has(piece));
  return isKnown ? { numbers, letters: isWord ? "" : letters, rest: pieces } : undefined;
}

function rankOf(piece: string | undefined): number {
  if (piece === undefined) return 0;
  if (isDigits(piece)) return 1;
  return before.get(piece) ?? after.get(piece) ?? 0;
}

function compareRest(left: readonly string[], right: readonly string[]): number {
  const count = Math.max(left.length, right.length);
  for (let index = 0; index < count; index++) {
    const one = left[index];
    const other = right[index];
    const differs = rankOf(one) - rankOf(other);
    if (differs !== 0) return differs;
    if (one !== undefined && other !== undefined && isDigits(one) && isDigits(other)) {
      const numbers = compareDigits(one, other);
      if (numbers !== 0) return numbers;
    }
  }
  return 0;
}

/** Negative, zero or positive; undefined when one has no order that everybody would agree on. */
export function compareGeneric(leftText: string, rightText: string): number | undefined {
  if (leftText === rightText) return 0;
  const left = parse(leftText);
  const right = parse(rightText);
  if (left === undefined || right === undefined) return undefined;
  const count = Math.max(left.numbers.length, right.numbers.length);
  for (let index = 0; index < count; index++) {
    const differs = compareDigits(left.numbers[index] ?? "0", right.numbers[index] ?? "0");
    if (differs !== 0) return differs;
  }
  if (left.letters !== right.letters)
    return left.letters.length - right.letters.length || compareText(left.letters, right.letters);
  return compareRest(left.rest, right.rest);
}
