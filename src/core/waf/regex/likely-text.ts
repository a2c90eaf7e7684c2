// How likely bytes and words are in the values of ordinary requests: rough shares, only for choosing between clauses, never for a verdict.

import { setOf, type ByteSet } from "./byte-set.ts";

const shares = new Float64Array(256).fill(0.004);

function put(text: string, share: number): void {
  for (let at = 0; at < text.length; at++) shares[text.charCodeAt(at)] = share;
}

put("abcdefghijklmnopqrstuvwxyz", 0.25);
put("etaoinsrl", 0.6);
put("jqxz", 0.06);
put("0123456789", 0.25);
put(" ", 0.25);
put("-./_", 0.2);
put("=,:;", 0.12);
put("&?()+%", 0.06);
put("\"'", 0.05);
put("\n\r", 0.02);

/** Share of values in which a byte (folded) stands. */
export function probabilityOfByte(byte: number): number {
  return shares[byte] ?? 0;
}

/** Share of values in which a text (folded) stands. */
export function probabilityOfWord(word: string): number {
  let share = 1;
  for (let at = 0; at < word.length; at++) {
    const byte = probabilityOfByte(word.charCodeAt(at));
    share *= at === 0 ? byte : byte * 0.3;
  }
  return share;
}

/** Bytes that most values have: letters, digits, space and the punctuation of names. */
export const usualSet: ByteSet = setOf([32, 32], [45, 57], [65, 90], [95, 95], [97, 122]);
