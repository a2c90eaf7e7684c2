// Sets of bytes as 256 bits: what one character of a pattern may be. Sets are never changed after they were handed out.

/** 256 bits, bit b of word b >>> 5. */
export type ByteSet = Uint32Array;

export function emptySet(): ByteSet {
  return new Uint32Array(8);
}

export function hasByte(set: ByteSet, byte: number): boolean {
  return ((set[byte >>> 5] ?? 0) & (1 << (byte & 31))) !== 0;
}

/** Adds to a set that is still being built. */
export function addByte(set: ByteSet, byte: number): void {
  set[byte >>> 5] = (set[byte >>> 5] ?? 0) | (1 << (byte & 31));
}

/** Adds all bytes of another set to one that is still being built. */
export function addAll(set: ByteSet, other: ByteSet): void {
  for (let at = 0; at < 8; at++) set[at] = (set[at] ?? 0) | (other[at] ?? 0);
}

export function addRange(set: ByteSet, from: number, to: number): void {
  for (let byte = from; byte <= to; byte++) addByte(set, byte);
}

/** Of ranges, each [from, to] inclusive. */
export function setOf(...ranges: readonly (readonly [number, number])[]): ByteSet {
  const set = emptySet();
  for (const [from, to] of ranges) addRange(set, from, to);
  return set;
}

export function setOfText(text: string): ByteSet {
  const set = emptySet();
  for (let at = 0; at < text.length; at++) addByte(set, text.charCodeAt(at) & 255);
  return set;
}

export function union(a: ByteSet, b: ByteSet): ByteSet {
  const all = new Uint32Array(8);
  for (let at = 0; at < 8; at++) all[at] = (a[at] ?? 0) | (b[at] ?? 0);
  return all;
}

export function minus(a: ByteSet, b: ByteSet): ByteSet {
  const left = new Uint32Array(8);
  for (let at = 0; at < 8; at++) left[at] = (a[at] ?? 0) & ~(b[at] ?? 0);
  return left;
}

export function complement(a: ByteSet): ByteSet {
  const other = new Uint32Array(8);
  for (let at = 0; at < 8; at++) other[at] = ~(a[at] ?? 0);
  return other;
}

export function intersects(a: ByteSet, b: ByteSet): boolean {
  for (let at = 0; at < 8; at++) if (((a[at] ?? 0) & (b[at] ?? 0)) !== 0) return true;
  return false;
}

export function isSubset(a: ByteSet, b: ByteSet): boolean {
  for (let at = 0; at < 8; at++) if (((a[at] ?? 0) & ~(b[at] ?? 0)) !== 0) return false;
  return true;
}

export function isEmptySet(set: ByteSet): boolean {
  return set.every((word) => word === 0);
}

export function sameSet(a: ByteSet, b: ByteSet): boolean {
  return a.every((word, at) => word === b[at]);
}

export function countBytes(set: ByteSet): number {
  let count = 0;
  for (let word of set) for (; word !== 0; word &= word - 1) count += 1;
  return count;
}

export function bytesOf(set: ByteSet): readonly number[] {
  const bytes: number[] = [];
  for (let word = 0; word < 8; word++)
    for (let bits = set[word] ?? 0; bits !== 0; bits &= bits - 1)
      bytes.push((word << 5) + 31 - Math.clz32(bits & -bits));
  return bytes;
}

/** Each [from, to], inclusive, ascending. */
export function rangesOf(set: ByteSet): readonly (readonly [number, number])[] {
  const ranges: [number, number][] = [];
  for (let byte = 0; byte < 256; byte++) {
    if (!hasByte(set, byte)) continue;
    const last = ranges.at(-1);
    if (last !== undefined && last[1] === byte - 1) last[1] = byte;
    else ranges.push([byte, byte]);
  }
  return ranges;
}

/** With both cases of every ASCII letter in it; bytes over 127 have no case, as in PCRE's C locale. */
export function withBothCases(set: ByteSet): ByteSet {
  const both = set.slice();
  // Upper case letters are bits 1 to 26 of word 2, lower case letters those of word 3.
  const letters = ((set[2] ?? 0) | (set[3] ?? 0)) & 0x07fffffe;
  both[2] = (set[2] ?? 0) | letters;
  both[3] = (set[3] ?? 0) | letters;
  return both;
}

/** The set of one byte; the same object each time. */
export function oneByteSet(byte: number): ByteSet {
  return oneByteSets[byte & 255] as ByteSet;
}

/** A byte with its other case; the same object each time. */
export function oneLetterSet(byte: number): ByteSet {
  return oneLetterSets[byte & 255] as ByteSet;
}

/** ASCII lower case of a byte. */
export function foldByte(byte: number): number {
  return byte >= 65 && byte <= 90 ? byte + 32 : byte;
}

const oneByteSets: readonly ByteSet[] = Array.from({ length: 256 }, (_, byte) => setOf([byte, byte]));
const oneLetterSets: readonly ByteSet[] = oneByteSets.map((set, byte) => {
  const both = withBothCases(set);
  return sameSet(both, set) ? (oneByteSets[byte] as ByteSet) : both;
});

export const digitSet: ByteSet = setOf([48, 57]);
export const wordSet: ByteSet = setOf([48, 57], [65, 90], [95, 95], [97, 122]);
/** `\s`: tab, newline, vertical tab, form feed, return, space. */
export const spaceSet: ByteSet = setOf([9, 13], [32, 32]);
/** `\h`: of ASCII only: 0xA0 is the middle of many UTF-8 characters. */
export const horizontalSet: ByteSet = setOf([9, 9], [32, 32]);
/** `\v`: of ASCII only: 0x85 is the middle of many UTF-8 characters. */
export const verticalSet: ByteSet = setOf([10, 13]);
export const fullSet: ByteSet = setOf([0, 255]);
export const noNewlineSet: ByteSet = complement(setOf([10, 10]));
