// hexEncode: two lower-case hexadecimal digits a byte.
import { hexOf } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const pairs: readonly string[] = Array.from({ length: 256 }, (_, byte) => hexOf(byte));

export const hexEncode: Transformation = {
  name: "hexencode",
  apply: applyHexEncode,
  trigger: undefined,
  growthMax: 2,
};

function applyHexEncode(value: string): string {
  let out = "";
  for (let index = 0; index < value.length; index += 1) out += pairs[value.charCodeAt(index) & 255] ?? "";
  return out;
}
