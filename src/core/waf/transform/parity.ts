// parityEven7bit, parityOdd7bit, parityZero7bit: the eighth bit set so that the number of bits is even or odd, or cleared.
// All eight bits that came are counted, as ModSecurity does; for bytes of seven bits that is the parity bit.
import { byteMask } from "./bytes.ts";
import type { Transformation } from "./transformation.ts";

function bitCountIsOdd(byte: number): boolean {
  let odd = 0;
  for (let rest = byte; rest > 0; rest >>>= 1) odd ^= rest & 1;
  return odd === 1;
}

const even: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  String.fromCharCode(bitCountIsOdd(byte) ? byte | 128 : byte & 127),
);
const odd: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  String.fromCharCode(bitCountIsOdd(byte) ? byte & 127 : byte | 128),
);

function byTable(value: string, table: readonly string[]): string {
  let out = "";
  for (let index = 0; index < value.length; index += 1) out += table[value.charCodeAt(index) & 255] ?? "";
  return out;
}

export const parityEven7bit: Transformation = {
  name: "parityeven7bit",
  apply: (value) => byTable(value, even),
  trigger: undefined,
  growthMax: 1,
};

export const parityOdd7bit: Transformation = {
  name: "parityodd7bit",
  apply: (value) => byTable(value, odd),
  trigger: undefined,
  growthMax: 1,
};

const highBytes = /[\x80-\xff]/;
const eachHighByte = /[\x80-\xff]/g;

export const parityZero7bit: Transformation = {
  name: "parityzero7bit",
  apply: (value) =>
    highBytes.test(value)
      ? value.replace(eachHighByte, (byte) => String.fromCharCode(byte.charCodeAt(0) & 127))
      : value,
  trigger: byteMask("", [[0x80, 0xff]]),
  growthMax: 1,
};
