// What transformations share: sets of bytes as masks of 256 bits, values of hexadecimal digits, the white space of C.

/** The set of these bytes: bit b of word b >>> 5. `bytes` is a latin1 text, `ranges` are pairs of first and last byte. */
export function byteMask(bytes: string, ranges: readonly (readonly [number, number])[] = []): Uint32Array {
  const mask = new Uint32Array(8);
  const add = (byte: number) => {
    mask[byte >>> 5] = (mask[byte >>> 5] ?? 0) | (1 << (byte & 31));
  };
  for (let index = 0; index < bytes.length; index += 1) add(bytes.charCodeAt(index) & 255);
  for (const [first, last] of ranges) for (let byte = first; byte <= last; byte += 1) add(byte);
  return mask;
}

export function maskHas(mask: Uint32Array, byte: number): boolean {
  return ((mask[(byte >>> 5) & 7] ?? 0) & (1 << (byte & 31))) !== 0;
}

/** isspace of the C locale: tab, line feed, vertical tab, form feed, carriage return, space. */
export const whitespace = "\t\n\v\f\r ";

const digitValues = new Int8Array(256).fill(-1);
for (const [index, digit] of "0123456789abcdef".split("").entries()) {
  digitValues[digit.charCodeAt(0)] = index;
  digitValues[digit.toUpperCase().charCodeAt(0)] = index;
}

/** 0 to 15 for a hexadecimal digit at this place; -1: no digit, or beyond the end. */
export function hexDigitAt(value: string, index: number): number {
  return index < value.length ? (digitValues[value.charCodeAt(index)] ?? -1) : -1;
}

/** The byte that two hexadecimal digits at this place say; -1: they are not there. */
export function hexByteAt(value: string, index: number): number {
  const high = hexDigitAt(value, index);
  const low = hexDigitAt(value, index + 1);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

/** The 16 bits that four hexadecimal digits at this place say; -1: they are not there. */
export function hexWordAt(value: string, index: number): number {
  const high = hexByteAt(value, index);
  const low = hexByteAt(value, index + 2);
  return high < 0 || low < 0 ? -1 : high * 256 + low;
}

/** One byte for a code unit: full-width forms (FF01 to FF5E) become the ASCII they look like, of others the low byte stays. */
export function foldCodeUnit(code: number): number {
  return code >= 0xff01 && code <= 0xff5e ? (code & 0xff) + 0x20 : code & 0xff;
}

export function isOctalDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x37;
}

/** Bytes as two lower-case hexadecimal digits each. */
export function hexOf(byte: number): string {
  return (byte < 16 ? "0" : "") + byte.toString(16);
}
