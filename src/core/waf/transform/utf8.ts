// Where a byte string stops being UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF).

/** Index of the first byte that does not belong to a whole, well-formed character; -1: all is UTF-8. */
export function invalidUtf8At(value: string): number {
  let index = 0;
  while (index < value.length) {
    const length = wellFormedLength(value, index);
    if (length === 0) return index;
    index += length;
  }
  return -1;
}

/** 1 to 4 for the character that begins here; 0: none does. */
function wellFormedLength(value: string, index: number): number {
  const lead = value.charCodeAt(index);
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  const second = value.charCodeAt(index + 1);
  const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
  const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
  if (!(second >= least && second <= most)) return 0;
  for (let next = 2; next < length; next += 1) if ((value.charCodeAt(index + next) & 0xc0) !== 0x80) return 0;
  return length;
}
