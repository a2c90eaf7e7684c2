// hexDecode: each pair of characters to a byte, by the arithmetic of hexadecimal digits even where they are none (as ModSecurity does); one alone at the end is dropped.
import type { Transformation } from "./transformation.ts";

export const hexDecode: Transformation = {
  name: "hexdecode",
  apply: applyHexDecode,
  trigger: undefined,
  growthMax: 1,
};

function applyHexDecode(value: string): string {
  let out = "";
  for (let index = 0; index + 1 < value.length; index += 2) {
    const byte = digit(value.charCodeAt(index)) * 16 + digit(value.charCodeAt(index + 1));
    out += String.fromCharCode(byte & 255);
  }
  return out;
}

function digit(code: number): number {
  return code >= 0x41 ? (code & 0xdf) - 0x41 + 10 : code - 0x30;
}
