// A code point as the bytes of UTF-8, in a byte string.

/** Surrogates are encoded as they are (three bytes): who must not have them checks before. */
export function utf8Of(code: number): string {
  if (code < 0x80) return String.fromCharCode(code);
  const tail = 0x80 | (code & 0x3f);
  if (code < 0x800) return String.fromCharCode(0xc0 | (code >>> 6), tail);
  const middle = 0x80 | ((code >>> 6) & 0x3f);
  if (code < 0x10000) return String.fromCharCode(0xe0 | (code >>> 12), middle, tail);
  return String.fromCharCode(0xf0 | (code >>> 18), 0x80 | ((code >>> 12) & 0x3f), middle, tail);
}
