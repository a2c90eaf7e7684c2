// Who is selected by what, once more and the other way round: one row of bits per thing, so that all questions about one end of a flow meet
// in the same lines of memory. The columns are the bit sets of selector-index.ts.
import { eachBit, type Bits } from "./bits.ts";

export interface Members {
  /** Row by slot, `stride` words each. */
  words: Uint32Array;
  stride: number;
}

export interface MemberColumn {
  readonly number: number;
  readonly bits: Bits;
}

export function createMembers(): Members {
  return { words: new Uint32Array(0), stride: 0 };
}

/** For columns numbered from 0. */
export function fillMembers(members: Members, columns: readonly MemberColumn[], capacity: number): void {
  const stride = (columns.length + 31) >>> 5;
  const words = new Uint32Array(stride * capacity);
  for (const { number, bits } of columns) {
    const at = number >>> 5;
    const bit = 1 << (number & 31);
    eachBit(bits, (slot) => {
      const word = slot * stride + at;
      words[word] = (words[word] as number) | bit;
    });
  }
  members.words = words;
  members.stride = stride;
}

export function growMembers(members: Members, capacity: number): void {
  const words = new Uint32Array(members.stride * capacity);
  words.set(members.words);
  members.words = words;
}

export function isMember({ words, stride }: Members, slot: number, number: number): boolean {
  return (((words[slot * stride + (number >>> 5)] as number) >>> (number & 31)) & 1) === 1;
}

export function setMember({ words, stride }: Members, at: { slot: number; number: number }, isIn: boolean): void {
  const word = at.slot * stride + (at.number >>> 5);
  const bit = 1 << (at.number & 31);
  words[word] = isIn ? (words[word] as number) | bit : (words[word] as number) & ~bit;
}
