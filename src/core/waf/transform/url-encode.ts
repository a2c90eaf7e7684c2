// urlEncode: letters, digits and * stay, a space is +, all else %hh in lower case.
import { byteMask, hexOf } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

const foreign = /[^0-9A-Za-z*]/;
const eachForeign = /[^0-9A-Za-z*]/g;

export const urlEncode: Transformation = {
  name: "urlencode",
  apply: (value) => (foreign.test(value) ? value.replace(eachForeign, encode) : value),
  trigger: byteMask("", [
    [0, 0x29],
    [0x2b, 0x2f],
    [0x3a, 0x40],
    [0x5b, 0x60],
    [0x7b, 0xff],
  ]),
  growthMax: 3,
};

function encode(byte: string): string {
  return byte === " " ? "+" : `%${hexOf(byte.charCodeAt(0) & 255)}`;
}
