// The alphabet of one program: bytes that no set of it tells apart are one symbol; the newline that ends a subject and the end itself are symbols of their own.
import { hasByte, setOf, wordSet, type ByteSet } from "./byte-set.ts";
import { assertionList, opAssert, type Program } from "./program.ts";

/** What stands to the left of a place: nothing, a newline that ends the subject, any newline, a word byte, another. The same numbers tell what stands to the right; 0: the end. */
export const sideEdge = 0;
export const sideFinalNewline = 1;
export const sideNewline = 2;
export const sideWord = 3;
export const sideOther = 4;
export const sideCount = 5;

export interface Symbols {
  readonly symbolOf: Uint8Array;
  /** Bytes, then the final newline, then the end. */
  readonly count: number;
  readonly finalNewline: number;
  readonly end: number;
  /** Side of each symbol. */
  readonly sides: Uint8Array;
  /** set * count + symbol: 1 when the set has it. */
  readonly members: Uint8Array;
  readonly hasAssertions: boolean;
}

export function assertionHolds(assertion: number, left: number, right: number): boolean {
  switch (assertionList[assertion]) {
    case "textStart":
      return left === sideEdge;
    case "textEnd":
      return right === sideEdge;
    case "textEndLoose":
      return right <= sideFinalNewline;
    case "lineStart":
      return left === sideEdge || left === sideNewline;
    case "lineEnd":
      return right <= sideNewline;
    case "wordBoundary":
      return (left === sideWord) !== (right === sideWord);
    case "notWordBoundary":
      return (left === sideWord) === (right === sideWord);
    default:
      return false;
  }
}

function sideOfByte(byte: number): number {
  if (byte === 10) return sideNewline;
  return hasByte(wordSet, byte) ? sideWord : sideOther;
}

export function createSymbols(program: Program): Symbols {
  const hasAssertions = program.op.includes(opAssert);
  const deciding: ByteSet[] = [...program.sets];
  if (hasAssertions) deciding.push(wordSet, setOf([10, 10]));
  const symbolOf = new Uint8Array(256);
  const representatives: number[] = [];
  // Splits classes set by set; the class of a byte is the number of its signature.
  const signatures = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    let signature = "";
    for (const set of deciding) signature += hasByte(set, byte) ? "1" : "0";
    let symbol = signatures.get(signature);
    if (symbol === undefined) {
      symbol = representatives.push(byte) - 1;
      signatures.set(signature, symbol);
    }
    symbolOf[byte] = symbol;
  }
  const finalNewline = representatives.length;
  const end = finalNewline + 1;
  const count = end + 1;
  const sides = Uint8Array.from([...representatives.map(sideOfByte), sideFinalNewline, sideEdge]);
  const members = new Uint8Array(program.sets.length * count);
  for (const [number, set] of program.sets.entries()) {
    for (const [symbol, byte] of [...representatives, 10].entries())
      if (hasByte(set, byte)) members[number * count + symbol] = 1;
  }
  return { symbolOf, count, finalNewline, end, sides, members, hasAssertions };
}
