// The strings of a file record, made once and found again by their bytes: thousands of processes open the same few files by the same names.
// A direct-mapped table of a fixed size; what is long is not kept.

const slots = 4096;
const bytesMax = 512;
const wordsEach = bytesMax / 4 + 1;

interface Slot {
  readonly length: number;
  /** Where the first string ends; the second follows. */
  readonly split: number;
  readonly first: string;
  readonly second: string;
}

export interface StringPair {
  readonly first: string;
  readonly second: string;
}

export interface StringCache {
  /** Two strings that lie one after the other from byte `at` (on four bytes): the first until `split`, the second until `end`. */
  pair(
    source: { readonly bytes: Buffer; readonly words: Uint32Array },
    at: number,
    split: number,
    end: number,
  ): StringPair;
}

export function createStringCache(): StringCache {
  const table: (Slot | undefined)[] = Array.from({ length: slots });
  /** The bytes of all slots in one block: memory only where they were used, and no buffer of its own for each. */
  const kept = new Uint32Array(slots * wordsEach);
  return {
    pair({ bytes, words }, at, split, end) {
      const length = end - at;
      if (length > bytesMax || length < 4) return read(bytes, at, split, end);
      const from = at >> 2;
      const whole = length >> 2;
      const last = words[from + whole - 1] ?? 0;
      const middle = words[from + (whole >> 1)] ?? 0;
      const mixed = Math.imul(last ^ Math.imul(middle, 0x9e3779b1) ^ (length << 16), 0x85ebca6b);
      const slot = (mixed >>> 16) & (slots - 1);
      const place = slot * wordsEach;
      const known = table[slot];
      if (known !== undefined && known.length === length && known.split === split - at) {
        let index = 0;
        while (index < whole && kept[place + index] === words[from + index]) index += 1;
        // What is left of the last word is compared without the bytes behind it.
        if (index === whole && kept[place + whole] === tailOf(words[from + whole] ?? 0, length & 3)) return known;
      }
      const made = read(bytes, at, split, end);
      for (let index = 0; index < whole; index += 1) kept[place + index] = words[from + index] ?? 0;
      kept[place + whole] = tailOf(words[from + whole] ?? 0, length & 3);
      table[slot] = { length, split: split - at, first: made.first, second: made.second };
      return made;
    },
  };
}

/** The first `count` bytes of a word. */
function tailOf(word: number, count: number): number {
  return count === 0 ? 0 : (word & (0xffffffff >>> (32 - 8 * count))) >>> 0;
}

function read(bytes: Buffer, at: number, split: number, end: number): StringPair {
  const first = bytes.toString("utf8", at, split);
  // As asked and as it is are mostly the same: one string then.
  const isSame = end - split === split - at && bytes.compare(bytes, at, split, split, end) === 0;
  return { first, second: isSame ? first : bytes.toString("utf8", split, end) };
}
