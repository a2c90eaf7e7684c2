// jsDecode: escapes of JavaScript: \uHHHH (full-width forms folded, else the low byte), \xHH, octal, and single characters. Unknown ones lose their backslash.
import { byteMask, foldCodeUnit, hexByteAt, hexWordAt, isOctalDigit } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const single: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
]);

export const jsDecode: Transformation = {
  name: "jsdecode",
  apply: applyJsDecode,
  trigger: byteMask("\\"),
  growthMax: 1,
};

function applyJsDecode(value: string): string {
  let at = value.indexOf("\\");
  if (at < 0) return value;
  let out = "";
  let from = 0;
  while (at >= 0) {
    out += value.slice(from, at);
    const next = value.charAt(at + 1);
    const word = next === "u" ? hexWordAt(value, at + 2) : -1;
    const byte = next === "x" ? hexByteAt(value, at + 2) : -1;
    if (word >= 0) {
      out += String.fromCharCode(foldCodeUnit(word));
      from = at + 6;
    } else if (byte >= 0) {
      out += String.fromCharCode(byte);
      from = at + 4;
    } else if (isOctalDigit(value.charCodeAt(at + 1))) {
      from = octalEnd(value, at + 1);
      out += String.fromCharCode(Number.parseInt(value.slice(at + 1, from), 8));
    } else if (next === "") {
      // A backslash that escapes nothing stays.
      out += "\\";
      from = at + 1;
    } else {
      out += single.get(next) ?? next;
      from = at + 2;
    }
    at = value.indexOf("\\", from);
  }
  return out + value.slice(from);
}

/** Up to three digits, two when three would not fit into a byte. */
function octalEnd(value: string, start: number): number {
  const most = value.charCodeAt(start) > 0x33 ? 2 : 3;
  let end = start + 1;
  while (end < start + most && end < value.length && isOctalDigit(value.charCodeAt(end))) end += 1;
  return end;
}
