// cmdLine: what shells make of a line: escapes and quotes gone, separators one space, no space before / and (, letters small.
import { byteMask } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const dropped = byteMask("\\\"'^");
const spaced = byteMask(" ,;\t\r\n");

export const cmdLine: Transformation = {
  name: "cmdline",
  apply: applyCmdLine,
  trigger: byteMask("\\\"'^ ,;\t\r\n", [[0x41, 0x5a]]),
  growthMax: 1,
};

function applyCmdLine(value: string): string {
  let out = "";
  let from = 0;
  let isSpacePending = false;
  const length = value.length;
  for (let index = 0; index < length; index += 1) {
    const code = value.charCodeAt(index);
    const bit = 1 << (code & 31);
    const isDropped = ((dropped[code >>> 5] ?? 0) & bit) !== 0;
    const isSpace = ((spaced[code >>> 5] ?? 0) & bit) !== 0;
    const isCapital = code >= 0x41 && code <= 0x5a;
    if (!isDropped && !isSpace && !isCapital && !isSpacePending) continue;
    if (isDropped || isSpace) {
      out += value.slice(from, index);
      from = index + 1;
      if (isSpace) isSpacePending = true;
      continue;
    }
    if (isSpacePending) {
      if (code !== 0x2f && code !== 0x28) out += " ";
      isSpacePending = false;
    }
    if (isCapital) {
      out += value.slice(from, index) + String.fromCharCode(code + 32);
      from = index + 1;
    }
  }
  if (from === 0) return value;
  return out + value.slice(from) + (isSpacePending ? " " : "");
}
