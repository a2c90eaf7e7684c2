// escapeSeqDecode: escapes of ANSI C. Of an escape that is none only the backslash goes; one at the very end stays.
import { byteMask, hexByteAt, isOctalDigit } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const single: ReadonlyMap<string, string> = new Map([
  ["a", "\x07"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
  ["v", "\v"],
  ["\\", "\\"],
  ["?", "?"],
  ["'", "'"],
  ['"', '"'],
]);

export const escapeSeqDecode: Transformation = {
  name: "escapeseqdecode",
  apply: applyEscapeSeqDecode,
  trigger: byteMask("\\"),
  growthMax: 1,
};

function applyEscapeSeqDecode(value: string): string {
  let at = value.indexOf("\\");
  if (at < 0) return value;
  let out = "";
  let from = 0;
  while (at >= 0 && at + 1 < value.length) {
    const next = value.charAt(at + 1);
    const plain = single.get(next);
    let end = at + 2;
    let text = plain;
    if (plain === undefined && (next === "x" || next === "X")) {
      const byte = hexByteAt(value, at + 2);
      if (byte >= 0) {
        text = String.fromCharCode(byte);
        end = at + 4;
      }
    } else if (plain === undefined && isOctalDigit(value.charCodeAt(at + 1))) {
      while (end < at + 4 && end < value.length && isOctalDigit(value.charCodeAt(end))) end += 1;
      text = String.fromCharCode(Number.parseInt(value.slice(at + 1, end), 8) & 255);
    }
    out += value.slice(from, at) + (text ?? "");
    from = text === undefined ? at + 1 : end;
    // What follows a dropped backslash is plain: it was looked at already.
    at = value.indexOf("\\", Math.max(from, at + 2));
  }
  return from === 0 ? value : out + value.slice(from);
}
