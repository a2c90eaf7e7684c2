// cssDecode: escapes of CSS 2: a backslash and up to six hexadecimal digits, of which the last two count; other escaped characters stand for themselves.
import { byteMask, foldCodeUnit, hexDigitAt, whitespace } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

export const cssDecode: Transformation = {
  name: "cssdecode",
  apply: applyCssDecode,
  trigger: byteMask("\\"),
  growthMax: 1,
};

function applyCssDecode(value: string): string {
  let at = value.indexOf("\\");
  if (at < 0) return value;
  let out = "";
  let from = 0;
  while (at >= 0) {
    out += value.slice(from, at);
    let digits = 0;
    while (digits < 6 && hexDigitAt(value, at + 1 + digits) >= 0) digits += 1;
    if (digits > 0) {
      out += String.fromCharCode(escapedByte(value.slice(at + 1, at + 1 + digits)));
      from = at + 1 + digits;
      if (from < value.length && whitespace.includes(value.charAt(from))) from += 1;
    } else if (value.charCodeAt(at + 1) === 0x0a) {
      from = at + 2;
    } else {
      // The escaped character itself, even a backslash; a backslash at the very end is dropped.
      out += value.charAt(at + 1);
      from = at + 2;
    }
    at = value.indexOf("\\", from);
  }
  return out + value.slice(from);
}

function escapedByte(digits: string): number {
  const code = Number.parseInt(digits, 16);
  return code >= 0xff01 && code <= 0xff5e ? foldCodeUnit(code) : code & 0xff;
}
