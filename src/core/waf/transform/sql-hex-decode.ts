// sqlHexDecode: 0x and pairs of hexadecimal digits become the bytes they say; a digit alone at the end stays.
import { byteMask, hexByteAt } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

export const sqlHexDecode: Transformation = {
  name: "sqlhexdecode",
  apply: applySqlHexDecode,
  trigger: byteMask("xX"),
  growthMax: 1,
};

const literal = /0[xX](?:[0-9a-fA-F]{2})+/;
const eachLiteral = /0[xX](?:[0-9a-fA-F]{2})+/g;

function applySqlHexDecode(value: string): string {
  return literal.test(value) ? value.replace(eachLiteral, decodeLiteral) : value;
}

function decodeLiteral(text: string): string {
  let out = "";
  for (let index = 2; index < text.length; index += 2) out += String.fromCharCode(hexByteAt(text, index));
  return out;
}
