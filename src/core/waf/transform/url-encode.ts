// urlEncode: letters, digits and * stay, a space is +, all else %hh in lower case.
import { byteMask, hexOf } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const foreign = /[^0-9A-Za-z*]/;
const encoded: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  const sign = String.fromCharCode(byte);
  if (sign === " ") return "+";
  return foreign.test(sign) ? `%${hexOf(byte)}` : sign;
});

export const urlEncode: Transformation = {
  name: "urlencode",
  apply: (value) => (foreign.test(value) ? encode(value) : value),
  trigger: byteMask("", [
    [0, 0x29],
    [0x2b, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0xff],
  ]),
  growthMax: 3,
};

function encode(value: string): string {
  let out = "";
  for (let index = 0; index < value.length; index += 1) out += encoded[value.charCodeAt(index) & 255] ?? "";
  return out;
}
