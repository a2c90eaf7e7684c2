// utf8toUnicode: each character of two to four UTF-8 bytes becomes %uHHHH (lower case, at least four digits). Overlong forms and surrogates too, followed by their
// first byte; bytes that are no UTF-8 stay.
import { byteMask, hexOf } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const high = /[\x80-\xff]/;

export const utf8ToUnicode: Transformation = {
  name: "utf8tounicode",
  apply: applyUtf8ToUnicode,
  trigger: byteMask("", [[0x80, 0xff]]),
  growthMax: 4,
};

const smallestOfLength = [0, 0, 0x80, 0x800, 0x10000] as const;

function applyUtf8ToUnicode(value: string): string {
  if (!high.test(value)) return value;
  let out = "";
  let from = 0;
  let index = 0;
  while (index < value.length) {
    const length = sequenceLength(value, index);
    if (length < 2) {
      index += 1;
      continue;
    }
    const code = codePointAt(value, index, length);
    const isMalformed = code < (smallestOfLength[length] ?? 0) || (code >= 0xd800 && code <= 0xdfff);
    out += `${value.slice(from, index)}%u${hexText(code)}${isMalformed ? value.charAt(index) : ""}`;
    index += length;
    from = index;
  }
  return from === 0 ? value : out + value.slice(from);
}

/** 2 to 4 when a lead byte and its continuation bytes stand here (overlong or not), else 1. */
function sequenceLength(value: string, index: number): number {
  const lead = value.charCodeAt(index);
  if (lead < 0xc0 || lead > 0xf4) return 1;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  for (let next = 1; next < length; next += 1) if ((value.charCodeAt(index + next) & 0xc0) !== 0x80) return 1;
  return length;
}

function codePointAt(value: string, index: number, length: number): number {
  let code = value.charCodeAt(index) & (0x7f >> length);
  for (let next = 1; next < length; next += 1) code = code * 64 + (value.charCodeAt(index + next) & 0x3f);
  return code;
}

function hexText(code: number): string {
  const text = hexOf(code >>> 8) + hexOf(code & 255);
  return code < 0x10000 ? text : code.toString(16);
}
