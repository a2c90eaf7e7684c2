// A shard's frame, whatever its entries mean: a checked head (sorted keys, string pool, list pool) and payload, one checked piece per key.
// Lookup is a binary search over bytes; a string or list is decoded when it is first asked for. Layout: see docs/guides/advisories.md.
import { corrupt, crc32, decodeUtf8, encodeUtf8 } from "./bytes.ts";

export const shardKinds = ["records", "facts", "ids", "epss", "exploited", "briefs"] as const;
export type ShardKind = (typeof shardKinds)[number];

export const shardMagic = 0x56_53_52_47; // "GRSV", little-endian
export const shardFormat = 2;
/** Bytes that say how long the head is. */
export const shardFixedBytes = 48;
/** A head beyond this is refused before anything is read: 1 GiB. */
export const shardHeadBytesMax = 2 ** 30;

/** Bytes of the whole head, from its first `shardFixedBytes`. Throws `vuln/shard-damaged`. */
export function headBytesOf(fixed: Uint8Array): number {
  return sectionsOf(fixed).payload;
}

interface Sections {
  readonly kind: ShardKind;
  readonly keys: number;
  readonly strings: number;
  readonly lists: number;
  readonly label: number;
  readonly labelEnd: number;
  readonly words: number;
  readonly keyBytes: number;
  readonly stringBytes: number;
  readonly listBytes: number;
  /** Where the payload begins: the head's length. */
  readonly payload: number;
  readonly payloadLength: number;
  readonly crc: number;
}

function sectionsOf(bytes: Uint8Array): Sections {
  if (bytes.length < shardFixedBytes) throw corrupt("it is too short");
  const view = new DataView(bytes.buffer, bytes.byteOffset, shardFixedBytes);
  const word = (index: number): number => view.getUint32(index * 4, true);
  if (word(0) !== shardMagic) throw corrupt("it does not begin as a shard does");
  if ((bytes[4] ?? 0) !== shardFormat)
    throw corrupt(`it has format ${bytes[4] ?? 0}, this program reads ${shardFormat}`);
  const kind = shardKinds[bytes[5] ?? 0];
  if (kind === undefined || bytes[6] !== 0 || bytes[7] !== 0) throw corrupt("its kind is not known");
  const [keys, strings, lists] = [word(2), word(3), word(4)];
  const label = shardFixedBytes;
  const labelEnd = label + word(5);
  const words = Math.ceil(labelEnd / 4) * 4;
  const keyBytes = words + 4 * (keys + 1 + (keys + 1) + keys + (strings + 1) + (lists + 1));
  const stringBytes = keyBytes + word(6);
  const listBytes = stringBytes + word(7);
  const payload = listBytes + word(8);
  if (payload > shardHeadBytesMax) throw corrupt("its head is larger than any this program writes");
  return {
    kind,
    keys,
    strings,
    lists,
    label,
    labelEnd,
    words,
    keyBytes,
    stringBytes,
    listBytes,
    payload,
    payloadLength: word(9),
    crc: word(10),
  };
}

export interface Shard {
  readonly kind: ShardKind;
  /** The ecosystem, or "" of shards that are not about one. */
  readonly label: string;
  readonly keyCount: number;
  readonly bytes: number;
  /** Its payload, checked; undefined when the key is not there. */
  find(key: string): Uint8Array | undefined;
  keyAt(index: number): string;
  payloadAt(index: number): Uint8Array;
  text(reference: number): string;
  list(reference: number): readonly string[];
}

/**
 * Opens a shard of `bytes` length from its head; `read(offset, length)` gives pieces of the file and is asked for payload only. Throws
 * `vuln/shard-damaged` for a head that is not whole; so does every method for an entry that is not.
 */
export function openShard(
  head: Uint8Array,
  bytes: number,
  read: (offset: number, length: number) => Uint8Array,
): Shard {
  const at = sectionsOf(head);
  if (head.length < at.payload) throw corrupt("its head is cut off");
  if (bytes !== at.payload + at.payloadLength)
    throw corrupt(`it has ${bytes} bytes, its head says ${at.payload + at.payloadLength}`);
  if (headCrc(head, at.payload) !== at.crc) throw corrupt("the checksum of its head is wrong");
  const view = new DataView(head.buffer, head.byteOffset, at.payload);
  const word = (index: number): number => view.getUint32(at.words + index * 4, true);
  const span = (first: number, index: number, base: number, limit: number): [number, number] => {
    const [from, to] = [word(first + index), word(first + index + 1)];
    if (from > to || base + to > limit) throw corrupt("its index points outside of it");
    return [base + from, base + to];
  };
  const payloadWords = at.keys + 1;
  const crcWords = payloadWords + at.keys + 1;
  const stringWords = crcWords + at.keys;
  const listWords = stringWords + at.strings + 1;
  const isChecked = new Uint8Array(at.keys);
  const payloadAt = (index: number): Uint8Array => {
    if (index < 0 || index >= at.keys) throw corrupt("an entry that is not there was asked for");
    const [from, to] = span(payloadWords, index, at.payload, bytes);
    const piece = read(from, to - from);
    if (piece.length !== to - from) throw corrupt("it is cut off");
    if (isChecked[index] === 0) {
      if (crc32(piece) !== word(crcWords + index)) throw corrupt("the checksum of an entry is wrong");
      isChecked[index] = 1;
    }
    return piece;
  };
  const texts = poolOf(at.strings, (index) => {
    const [from, to] = span(stringWords, index, at.stringBytes, at.listBytes);
    return decodeUtf8(head, from, to);
  });
  return {
    kind: at.kind,
    label: decodeUtf8(head, at.label, at.labelEnd),
    keyCount: at.keys,
    bytes,
    find: (key) => {
      const wanted = encodeUtf8(key);
      let [low, high] = [0, at.keys - 1];
      while (low <= high) {
        const middle = (low + high) >>> 1;
        const from = at.keyBytes + word(middle);
        const to = at.keyBytes + word(middle + 1);
        if (from > to || to > at.stringBytes) throw corrupt("its index points outside of it");
        const order = compare(head, from, to, wanted);
        if (order === 0) return payloadAt(middle);
        if (order < 0) low = middle + 1;
        else high = middle - 1;
      }
      return undefined;
    },
    keyAt: (index) => {
      const [from, to] = span(0, index, at.keyBytes, at.stringBytes);
      return decodeUtf8(head, from, to);
    },
    payloadAt,
    text: texts,
    list: poolOf(at.lists, (index) => {
      const [from, to] = span(listWords, index, at.listBytes, at.payload);
      return readList(head, from, to, texts);
    }),
  };
}

/** The whole file at once: for shards that are read as one. */
export function openShardBytes(file: Uint8Array): Shard {
  return openShard(file, file.length, (offset, length) => file.subarray(offset, offset + length));
}

/** Decodes on first use, then keeps: bounded by what the shard holds. */
function poolOf<Value>(count: number, decode: (index: number) => Value): (reference: number) => Value {
  const kept: (Value | undefined)[] = [];
  return (reference) => {
    if (reference >= count) throw corrupt("an entry names a text that is not there");
    const known = kept[reference];
    if (known !== undefined) return known;
    const value = decode(reference);
    kept[reference] = value;
    return value;
  };
}

/** A list is varints: references into the string pool. */
function readList(bytes: Uint8Array, from: number, to: number, text: (reference: number) => string): readonly string[] {
  const list: string[] = [];
  let [value, scale] = [0, 1];
  for (let at = from; at < to; at += 1) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * scale;
    scale *= 0x80;
    if (byte >= 0x80) continue;
    list.push(text(value));
    [value, scale] = [0, 1];
  }
  if (scale !== 1) throw corrupt("a list ends too early");
  return list;
}

/** Order of the key's bytes and the wanted ones: < 0, 0, > 0. */
function compare(bytes: Uint8Array, from: number, to: number, wanted: Uint8Array): number {
  const shared = Math.min(to - from, wanted.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (bytes[from + index] ?? 0) - (wanted[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return to - from - wanted.length;
}

/** Of the head with its own checksum (word 10) left out. */
export function headCrc(head: Uint8Array, length: number): number {
  return (crc32(head, 0, 40) ^ Math.imul(crc32(head, 44, length), 0x9e3779b1)) >>> 0;
}
