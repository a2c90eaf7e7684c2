// Chance from a seed: the same seed gives the same world, on every machine. Not for secrets.

export interface Random {
  /** 0 <= x < 1. */
  next(): number;
  /** A whole number, both ends included. */
  int(min: number, max: number): number;
  pick<T>(list: readonly T[]): T;
  /** Times between independent arrivals have this shape. */
  exponential(mean: number): number;
  /** Around `middle`, never below a third of it, with the long tail that latencies have. */
  latency(middle: number): number;
  hex(digits: number): string;
  /** In the form of a version 4 UUID. */
  uuid(): string;
  /** Characters of Kubernetes' generated names. */
  suffix(length: number): string;
  /** A stream of its own, so that what one part draws does not change another. */
  fork(name: string): Random;
}

const suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789";

/** 32-bit FNV-1a over the text, with a finishing mix: spreads similar seeds apart. */
function hash(text: string, salt: number): number {
  let value = 0x811c9dc5 ^ salt;
  for (let index = 0; index < text.length; index += 1) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d);
  return (value ^ (value >>> 13)) >>> 0;
}

export function createRandom(seed: string): Random {
  // Marsaglia's xorshift with 128 bits of state (2003, "Xorshift RNGs").
  let [x, y, z, w] = [hash(seed, 1), hash(seed, 2), hash(seed, 3), hash(seed, 4) | 1];
  function word(): number {
    const t = x ^ (x << 11);
    [x, y, z] = [y, z, w];
    w = (w ^ (w >>> 19) ^ (t ^ (t >>> 8))) >>> 0;
    return w;
  }
  const next = (): number => word() / 0x1_0000_0000;
  const int = (min: number, max: number): number => min + Math.floor(next() * (max - min + 1));
  const hex = (digits: number): string => {
    let text = "";
    while (text.length < digits) text += word().toString(16).padStart(8, "0");
    return text.slice(0, digits);
  };
  return {
    next,
    int,
    hex,
    pick<T>(list: readonly T[]): T {
      return list[Math.floor(next() * list.length)] as T;
    },
    exponential: (mean) => -mean * Math.log(1 - next()),
    latency: (middle) => middle * (0.4 + 0.5 * next() + 0.35 * -Math.log(1 - next())),
    uuid() {
      const digits = hex(32);
      const variant = "89ab"[int(0, 3)] ?? "8";
      return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-4${digits.slice(13, 16)}-${variant}${digits.slice(17, 20)}-${digits.slice(20)}`;
    },
    suffix(length) {
      let text = "";
      while (text.length < length) text += suffixAlphabet[int(0, suffixAlphabet.length - 1)] ?? "b";
      return text;
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}
