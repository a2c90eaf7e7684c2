// Numbers out of untrusted bytes: every read outside is a Fault, so that a lying database or binary is a gap and never a wrong value.
import { Fault } from "../../../base/fault.ts";

export interface ByteReader {
  readonly length: number;
  u8(at: number): number;
  u16(at: number): number;
  u32(at: number): number;
  /** As a number: over 2^53 is a Fault. */
  u64(at: number): number;
  slice(at: number, length: number): Uint8Array;
}

/** A Fault "sbom/bad-data" that names what was read. */
export function badData(what: string): Fault {
  return new Fault(`Not readable: ${what}`, { code: "sbom/bad-data", kind: "usage" });
}

export function byteReader(bytes: Uint8Array, isLittleEndian: boolean, what: string): ByteReader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const check = (at: number, length: number): number => {
    if (!(at >= 0 && length >= 0 && at + length <= bytes.length)) throw badData(`${what} points outside of itself`);
    return at;
  };
  return {
    length: bytes.length,
    u8: (at) => view.getUint8(check(at, 1)),
    u16: (at) => view.getUint16(check(at, 2), isLittleEndian),
    u32: (at) => view.getUint32(check(at, 4), isLittleEndian),
    u64: (at) => {
      check(at, 8);
      const low = view.getUint32(isLittleEndian ? at : at + 4, isLittleEndian);
      const high = view.getUint32(isLittleEndian ? at + 4 : at, isLittleEndian);
      if (high >= 0x20_0000) throw badData(`${what} has a number over 2^53`);
      return high * 0x1_0000_0000 + low;
    },
    slice: (at, length) => bytes.subarray(check(at, length), at + length),
  };
}

/** Puts chunks of one value together. */
export function joinBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (chunks.length === 1 && first !== undefined) return first;
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
