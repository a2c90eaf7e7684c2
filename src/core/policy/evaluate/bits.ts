// Sets of dense numbers, one bit each.

export type Bits = Uint32Array<ArrayBuffer>;

export function createBits(capacity: number): Bits {
  return new Uint32Array((capacity + 31) >>> 5);
}

export function hasBit(bits: Bits, index: number): boolean {
  return (((bits[index >>> 5] as number) >>> (index & 31)) & 1) === 1;
}

export function setBit(bits: Bits, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] as number) | (1 << (index & 31));
}

export function clearBit(bits: Bits, index: number): void {
  bits[index >>> 5] = (bits[index >>> 5] as number) & ~(1 << (index & 31));
}

export function grownBits(bits: Bits, capacity: number): Bits {
  const grown = createBits(capacity);
  grown.set(bits);
  return grown;
}

export function andInto(target: Bits, other: Bits): void {
  for (let word = 0; word < target.length; word += 1) target[word] = (target[word] as number) & (other[word] as number);
}

export function orInto(target: Bits, other: Bits): void {
  for (let word = 0; word < target.length; word += 1) target[word] = (target[word] as number) | (other[word] as number);
}

export function invert(target: Bits): void {
  for (let word = 0; word < target.length; word += 1) target[word] = ~(target[word] as number);
}

/** Calls with each member, ascending. */
export function eachBit(bits: Bits, call: (index: number) => void): void {
  for (let word = 0; word < bits.length; word += 1) {
    let rest = bits[word] as number;
    while (rest !== 0) {
      const bit = 31 - Math.clz32(rest & -rest);
      call(word * 32 + bit);
      rest &= rest - 1;
    }
  }
}
