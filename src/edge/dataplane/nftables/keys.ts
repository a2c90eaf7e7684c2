// Keys of sets as the kernel keeps them: fields one behind the other, each padded to four bytes where there are several.
import { Fault } from "../../../base/fault.ts";
import { addressBytes, addressText } from "./address-bytes.ts";
import type { KeyPart, KeyType } from "../../../core/policy/compile/nft/ruleset.ts";

interface KeyKind {
  /** The number that `nft` shows the type by; the kernel only hands it back. */
  readonly id: number;
  readonly bytes: number;
}

export const keyKinds: Readonly<Record<KeyType, KeyKind>> = {
  ipv4_addr: { id: 7, bytes: 4 },
  ipv6_addr: { id: 8, bytes: 16 },
  inet_proto: { id: 12, bytes: 1 },
  inet_service: { id: 13, bytes: 2 },
  mark: { id: 19, bytes: 4 },
  ifname: { id: 41, bytes: 16 },
};

/** Fields in a key are at most this many in the kernel (NFT_REG32_COUNT). */
export const keyBytesMax = 64;
const typeBits = 6;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export const padded = (bytes: number): number => (bytes + 3) & ~3;

export function keyTypeId(types: readonly KeyType[]): number {
  let id = 0;
  for (const type of types) id = id * 2 ** typeBits + keyKinds[type].id;
  return id >>> 0;
}

/** The types behind a number; undefined when one of them is none of ours. */
export function typesOfId(id: number): readonly KeyType[] | undefined {
  const types: KeyType[] = [];
  for (let rest = id; rest > 0; rest = Math.floor(rest / 2 ** typeBits)) {
    const found = (Object.keys(keyKinds) as KeyType[]).find((type) => keyKinds[type].id === rest % 2 ** typeBits);
    if (found === undefined) return undefined;
    types.unshift(found);
  }
  return types;
}

export function keyBytes(types: readonly KeyType[]): number {
  if (types.length === 1) return keyKinds[types[0] ?? "mark"].bytes;
  return types.reduce((sum, type) => sum + padded(keyKinds[type].bytes), 0);
}

function bad(type: KeyType, value: unknown): Fault {
  return new Fault(`${JSON.stringify(value)} is no ${type}`, { code: "dataplane/key", kind: "usage" });
}

/** One value of a field as its bytes. Throws the Fault "dataplane/key". */
export function valueBytes(type: KeyType, value: string | number): Uint8Array {
  switch (type) {
    case "ipv4_addr":
    case "ipv6_addr": {
      const bytes = typeof value === "string" ? addressBytes(value) : undefined;
      if (bytes?.length !== keyKinds[type].bytes) throw bad(type, value);
      return bytes;
    }
    case "ifname": {
      const bytes = new Uint8Array(16);
      const text = typeof value === "string" ? encoder.encode(value) : undefined;
      if (text === undefined || text.length === 0 || text.length > 15) throw bad(type, value);
      bytes.set(text);
      return bytes;
    }
    case "inet_proto":
    case "inet_service":
    case "mark":
      return numberBytes(type, value);
  }
}

function numberBytes(type: "inet_proto" | "inet_service" | "mark", value: string | number): Uint8Array {
  const max = type === "inet_proto" ? 0xff : type === "inet_service" ? 0xffff : 0xffffffff;
  if (typeof value !== "number" || !Number.isInteger(value) || value < 0 || value > max) throw bad(type, value);
  if (type === "inet_proto") return Uint8Array.of(value);
  if (type === "inet_service") return Uint8Array.of(value >> 8, value & 0xff);
  return Uint8Array.of(value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24);
}

/** The lower or upper ends of a key's parts as one run of bytes. Throws the Fault "dataplane/key". */
export function encodeKey(types: readonly KeyType[], key: readonly KeyPart[], end: "low" | "high"): Uint8Array {
  if (key.length !== types.length) {
    throw new Fault(`a key of ${key.length} parts in a set of ${types.length}`, {
      code: "dataplane/key",
      kind: "usage",
    });
  }
  if (types.length === 1) {
    const part = key[0] ?? 0;
    return valueBytes(types[0] ?? "mark", typeof part === "object" ? part[end] : part);
  }
  const bytes = new Uint8Array(keyBytes(types));
  let at = 0;
  for (const [index, type] of types.entries()) {
    const part = key[index] ?? 0;
    bytes.set(valueBytes(type, typeof part === "object" ? part[end] : part), at);
    at += padded(keyKinds[type].bytes);
  }
  return bytes;
}

/** The number behind, as an interval's end that is not included; undefined behind the last one. */
export function nextKey(bytes: Uint8Array): Uint8Array | undefined {
  const next = bytes.slice();
  for (let at = next.length - 1; at >= 0; at -= 1) {
    const value = next[at] ?? 0;
    next[at] = (value + 1) & 0xff;
    if (value !== 0xff) return next;
  }
  return undefined;
}

/** The number before an interval's end. */
export function previousKey(bytes: Uint8Array): Uint8Array {
  const previous = bytes.slice();
  for (let at = previous.length - 1; at >= 0; at -= 1) {
    const value = previous[at] ?? 0;
    previous[at] = (value - 1) & 0xff;
    if (value !== 0) break;
  }
  return previous;
}

function decodeValue(type: KeyType, bytes: Uint8Array, at: number): string | number {
  switch (type) {
    case "ipv4_addr":
      return addressText(bytes, at, 4);
    case "ipv6_addr":
      return addressText(bytes, at, 16);
    case "inet_proto":
      return bytes[at] ?? 0;
    case "inet_service":
      return (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
    case "mark":
      return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
    case "ifname":
      return decoder.decode(bytes.subarray(at, at + 16)).replace(/\0.*$/, "");
  }
}

/** Key parts from the bytes of both ends (the upper one included); equal ends are one value. Bytes that are too short give undefined. */
export function decodeKey(
  types: readonly KeyType[],
  low: Uint8Array,
  high: Uint8Array,
): readonly KeyPart[] | undefined {
  const length = keyBytes(types);
  if (low.length < length || high.length < length) return undefined;
  const parts: KeyPart[] = [];
  let at = 0;
  for (const type of types) {
    const from = decodeValue(type, low, at);
    const to = decodeValue(type, high, at);
    parts.push(from === to ? from : { low: from, high: to });
    at += padded(keyKinds[type].bytes);
  }
  return parts;
}
