// SHA-224 (FIPS 180-4) as base64url without padding: what selector ids are made of. Here, because core has no node:crypto.
// Not for secrets: it takes text, in time that depends on its length only.

const initial = [
  0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939, 0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4,
] as const;

/** First 32 bits of the fractions of the cube roots of the first 64 primes. */
const constants = constantsOf(64);

/** 38 characters of base64url: the SHA-224 digest of `text` in UTF-8. */
export function sha224(text: string): string {
  const bytes = padded(utf8(text));
  const state = [...initial] as number[];
  const words = new Uint32Array(64);
  for (let start = 0; start < bytes.length; start += 64) {
    for (let index = 0; index < 16; index += 1) {
      const at = start + index * 4;
      words[index] =
        ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
    }
    compress(state, words);
  }
  return base64url(
    state.slice(0, 7).flatMap((word) => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]),
  );
}

function compress(state: number[], words: Uint32Array): void {
  for (let index = 16; index < 64; index += 1) {
    const low = words[index - 15] ?? 0;
    const high = words[index - 2] ?? 0;
    const small = rotate(low, 7) ^ rotate(low, 18) ^ (low >>> 3);
    const large = rotate(high, 17) ^ rotate(high, 19) ^ (high >>> 10);
    words[index] = (words[index - 16] ?? 0) + small + (words[index - 7] ?? 0) + large;
  }
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = rounds(state, words);
  for (const [index, value] of [a, b, c, d, e, f, g, h].entries()) state[index] = ((state[index] ?? 0) + value) >>> 0;
}

/** One assignment a line: swapping through arrays would be ten times slower, and this runs for each selector of each set. */
function rounds(state: readonly number[], words: Uint32Array): readonly number[] {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let index = 0; index < 64; index += 1) {
    const sumE = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + sumE + choice + (constants[index] ?? 0) + (words[index] ?? 0)) | 0;
    const sumA = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    h = g;
    g = f;
    f = e;
    e = (d + first) | 0;
    d = c;
    c = b;
    b = a;
    a = (first + sumA + majority) | 0;
  }
  return [a, b, c, d, e, f, g, h];
}

function rotate(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function constantsOf(count: number): Uint32Array {
  const found: number[] = [];
  for (let candidate = 2; found.length < count; candidate += 1) {
    if (!hasDivisor(candidate)) found.push(cubeRootFraction(candidate));
  }
  return Uint32Array.from(found);
}

function hasDivisor(value: number): boolean {
  for (let divisor = 2; divisor * divisor <= value; divisor += 1) if (value % divisor === 0) return true;
  return false;
}

/** floor(frac(cbrt(value)) * 2^32), exactly: the integer cube root of value * 2^96. */
function cubeRootFraction(value: number): number {
  const target = BigInt(value) << 96n;
  let low = 0n;
  let high = 1n << 36n;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle * middle * middle <= target) low = middle;
    else high = middle - 1n;
  }
  return Number(low & 0xffff_ffffn);
}

/** The message, 0x80, zeros and its length in bits as 64-bit number, a multiple of 64 bytes. */
function padded(bytes: readonly number[]): Uint8Array {
  const result = new Uint8Array(Math.ceil((bytes.length + 9) / 64) * 64);
  result.set(bytes);
  result[bytes.length] = 0x80;
  for (let index = 0, rest = bytes.length * 8; index < 8; index += 1, rest = Math.floor(rest / 256)) {
    result[result.length - 1 - index] = rest % 256;
  }
  return result;
}

/** A lone surrogate becomes U+FFFD, as text encoders do. */
function utf8(text: string): number[] {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    const code = point >= 0xd800 && point <= 0xdfff ? 0xfffd : point;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return bytes;
}

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

function base64url(bytes: readonly number[]): string {
  let text = "";
  for (let index = 0; index < bytes.length; index += 3) {
    const [a = 0, b = 0, c = 0] = bytes.slice(index, index + 3);
    const group = (a << 16) | (b << 8) | c;
    const letters = [group >> 18, (group >> 12) & 63, (group >> 6) & 63, group & 63];
    const count = Math.min(4, bytes.length - index + 1);
    for (const letter of letters.slice(0, count)) text += alphabet[letter] ?? "";
  }
  return text;
}
