// Numbers of SQL: decimal, hexadecimal, binary, with exponents and suffixes.
import { setToken, typeOf, type LexedToken } from "./sql-token.ts";

const nameType = typeOf("n");
const numberType = typeOf("1");

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function skipDigits(text: string, from: number): number {
  let index = from;
  while (isDigit(text.charCodeAt(index))) index += 1;
  return index;
}

export function isHexDigit(code: number): boolean {
  return isDigit(code) || ((code | 32) >= 97 && (code | 32) <= 102);
}

export function isBit(code: number): boolean {
  return code === 48 || code === 49;
}

function readRadix(text: string, token: LexedToken, position: number): number {
  const letter = text.charCodeAt(position + 1) | 32;
  const accepts = letter === 120 ? isHexDigit : letter === 98 ? isBit : undefined;
  if (text.charCodeAt(position) !== 48 || accepts === undefined) return -1;
  let end = position + 2;
  while (accepts(text.charCodeAt(end))) end += 1;
  return setToken(token, end === position + 2 ? nameType : numberType, position, end - position);
}

/** A number of any dialect, a dot, or a name that begins like a number. Returns its end. */
export function readNumber(text: string, token: LexedToken, position: number): number {
  const radix = readRadix(text, token, position);
  if (radix >= 0) return radix;
  let end = skipDigits(text, position);
  if (text.charCodeAt(end) === 46) {
    end = skipDigits(text, end + 1);
    if (end - position === 1) return setToken(token, 46, position, 1);
  }
  let isWhole = true;
  if ((text.charCodeAt(end) | 32) === 101) {
    end += 1;
    const sign = text.charCodeAt(end);
    if (sign === 43 || sign === 45) end += 1;
    const exponent = skipDigits(text, end);
    isWhole = exponent > end;
    end = exponent;
  }
  // Oracle's suffix of binary floats, unless a word begins there.
  const suffix = text.charCodeAt(end) | 32;
  if (suffix === 100 || suffix === 102) {
    const next = text.charCodeAt(end + 1);
    if (end + 1 >= text.length || next <= 32 || next === 0xa0 || next === 59 || (next | 32) === 117) end += 1;
  }
  return setToken(token, isWhole ? numberType : nameType, position, end - position);
}
