// UTF-16 as bytes of ASCII, for files that editors and shells of another system wrote: line ends and everything that a secret is made of stay, the rest becomes "?".

/** By its byte order mark, or (without one) because nearly every second byte of the beginning is 0. undefined: it is no UTF-16. */
export function fromUtf16(bytes: Uint8Array): Uint8Array | undefined {
  const order = orderOf(bytes);
  if (order === undefined) return undefined;
  const low = order === "little" ? 0 : 1;
  const narrow = new Uint8Array(bytes.length >> 1);
  for (let at = 0; at < narrow.length; at += 1) {
    const code = bytes[2 * at + low]!;
    narrow[at] = bytes[2 * at + 1 - low] === 0 && code < 0x80 ? code : 0x3f;
  }
  return narrow;
}

const sniffedMax = 512;
/** Text of a language that is not Latin has a mark, or is not recognised. */
const shareMin = 0.9;

function orderOf(bytes: Uint8Array): "little" | "big" | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return "little";
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return "big";
  const pairs = Math.min(bytes.length, sniffedMax) >> 1;
  const zeros = [0, 0];
  for (let at = 0; at < 2 * pairs; at += 1) if (bytes[at] === 0) zeros[at & 1]! += 1;
  if (pairs < 4) return undefined;
  if (zeros[0] === 0 && zeros[1]! >= shareMin * pairs) return "little";
  return zeros[1] === 0 && zeros[0]! >= shareMin * pairs ? "big" : undefined;
}
