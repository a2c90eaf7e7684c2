// Bytes as shards are written and read: little-endian words, varints, UTF-8. Reads are bounded: what does not fit is a Fault, never a guess.
import { Fault } from "../../../base/fault.ts";

/** What every unreadable shard throws. */
export function corrupt(why: string): Fault {
  return new Fault(`the advisory shard is damaged: ${why}`, {
    code: "vuln/shard-damaged",
    kind: "internal",
    hint: "fetch or build the advisory database again",
  });
}

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
  return value >>> 0;
});

/** CRC-32 as zlib and gzip compute it (polynomial 0xedb88320, reflected). */
export function crc32(bytes: Uint8Array, from = 0, to = bytes.length): number {
  let value = 0xffffffff;
  for (let at = from; at < to; at += 1) value = (crcTable[(value ^ (bytes[at] ?? 0)) & 0xff] ?? 0) ^ (value >>> 8);
  return (value ^ 0xffffffff) >>> 0;
}

/** FNV-1a of the text's UTF-16 units: which of `buckets` (a power of two) a key is in. Part of the format. */
export function bucketOf(key: string, buckets: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < key.length; at += 1) hash = Math.imul(hash ^ key.charCodeAt(at), 0x01000193);
  return ((hash ^ (hash >>> 15)) >>> 0) & (buckets - 1);
}

export interface ByteSink {
  readonly length: number;
  u32(value: number): void;
  /** 0 .. 2^53-1, seven bits a byte, least significant first. */
  varint(value: number): void;
  bytes(value: Uint8Array): void;
  /** A varint of its length in bytes, then UTF-8. Lone surrogates become U+FFFD. */
  text(value: string): void;
  /** What was written, as a copy. */
  take(): Uint8Array;
}

export function createByteSink(capacity = 256): ByteSink {
  let bytes = new Uint8Array(capacity);
  let view = new DataView(bytes.buffer);
  let length = 0;
  const room = (more: number): void => {
    if (length + more <= bytes.length) return;
    const grown = new Uint8Array(Math.max(bytes.length * 2, length + more));
    grown.set(bytes);
    bytes = grown;
    view = new DataView(bytes.buffer);
  };
  const varint = (value: number): void => {
    room(8);
    let rest = value;
    while (rest >= 0x80) {
      bytes[length] = (rest % 0x80) | 0x80;
      length += 1;
      rest = Math.floor(rest / 0x80);
    }
    bytes[length] = rest;
    length += 1;
  };
  const append = (value: Uint8Array): void => {
    room(value.length);
    bytes.set(value, length);
    length += value.length;
  };
  return {
    get length() {
      return length;
    },
    u32: (value) => {
      room(4);
      view.setUint32(length, value, true);
      length += 4;
    },
    varint,
    bytes: append,
    text: (value) => {
      const encoded = encodeUtf8(value);
      varint(encoded.length);
      append(encoded);
    },
    take: () => bytes.slice(0, length),
  };
}

/** Where one reads. A plain object: a lookup makes one, and nothing else. */
export interface ByteCursor {
  readonly bytes: Uint8Array;
  at: number;
  readonly to: number;
}

export function createByteCursor(bytes: Uint8Array, from = 0, to = bytes.length): ByteCursor {
  return { bytes, at: from, to };
}

/** Bytes that are left. */
export function leftOf(cursor: ByteCursor): number {
  return cursor.to - cursor.at;
}

/** All reads throw `vuln/shard-damaged` beyond the cursor's end. */
export function readVarint(cursor: ByteCursor): number {
  if (cursor.at >= cursor.to) throw corrupt("an entry ends too early");
  const first = cursor.bytes[cursor.at] ?? 0;
  cursor.at += 1;
  return first < 0x80 ? first : readLong(cursor, first - 0x80);
}

function readLong(cursor: ByteCursor, low: number): number {
  let value = low;
  for (let scale = 0x80; scale < 2 ** 50; scale *= 0x80) {
    if (cursor.at >= cursor.to) throw corrupt("an entry ends too early");
    const byte = cursor.bytes[cursor.at] ?? 0;
    cursor.at += 1;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  throw corrupt("a number is too long");
}

export function readText(cursor: ByteCursor): string {
  const length = readVarint(cursor);
  if (length > leftOf(cursor)) throw corrupt("a text ends too early");
  cursor.at += length;
  return decodeUtf8(cursor.bytes, cursor.at - length, cursor.at);
}

export function encodeUtf8(text: string): Uint8Array {
  const plain = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) return encodeWide(text);
    plain[at] = code;
  }
  return plain;
}

function encodeWide(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 3);
  let length = 0;
  for (let at = 0; at < text.length; at += 1) {
    let code = text.charCodeAt(at);
    if (code >= 0xd800 && code < 0xe000) {
      const low = text.charCodeAt(at + 1);
      if (code < 0xdc00 && low >= 0xdc00 && low < 0xe000) {
        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
        at += 1;
      } else code = 0xfffd;
    }
    if (code < 0x80) bytes[length++] = code;
    else {
      if (code < 0x800) bytes[length++] = 0xc0 | (code >> 6);
      else {
        if (code < 0x10000) bytes[length++] = 0xe0 | (code >> 12);
        else {
          bytes[length++] = 0xf0 | (code >> 18);
          bytes[length++] = 0x80 | ((code >> 12) & 0x3f);
        }
        bytes[length++] = 0x80 | ((code >> 6) & 0x3f);
      }
      bytes[length++] = 0x80 | (code & 0x3f);
    }
  }
  return bytes.subarray(0, length);
}

/** UTF-8 as `encodeUtf8` writes it; anything else in the bytes is a Fault: shards hold no other text. */
export function decodeUtf8(bytes: Uint8Array, from: number, to: number): string {
  let highest = 0;
  for (let at = from; at < to; at += 1) highest |= bytes[at] ?? 0;
  if (highest >= 0x80) return decodeWide(bytes, from, to);
  // Flat strings of a call each: spreading the bytes costs ten times as much, joining them one by one leaves chains.
  if (to - from <= unitsPerCall) return textOfUnits(bytes.subarray(from, to));
  let text = "";
  for (let at = from; at < to; at += unitsPerCall)
    text += textOfUnits(bytes.subarray(at, Math.min(to, at + unitsPerCall)));
  return text;
}

/** More arguments than these may not fit on the stack. */
const unitsPerCall = 4096;

function textOfUnits(units: Uint8Array | Uint16Array): string {
  return Reflect.apply(String.fromCharCode, undefined, units);
}

function decodeWide(bytes: Uint8Array, from: number, to: number): string {
  const units = new Uint16Array(Math.min(to - from, unitsPerCall) + 2);
  let [text, length, at] = ["", 0, from];
  const next = (): number => {
    const byte = at < to ? (bytes[at] ?? 0) : 0;
    if ((byte & 0xc0) !== 0x80) throw corrupt("a text is not UTF-8");
    at += 1;
    return byte & 0x3f;
  };
  while (at < to) {
    const lead = bytes[at] ?? 0;
    at += 1;
    if (lead < 0x80) units[length++] = lead;
    else if (lead >= 0xc2 && lead < 0xe0) units[length++] = ((lead & 0x1f) << 6) | next();
    else if (lead >= 0xe0 && lead < 0xf0) units[length++] = ((lead & 0x0f) << 12) | (next() << 6) | next();
    else if (lead >= 0xf0 && lead < 0xf5) {
      const code = ((lead & 0x07) << 18) | (next() << 12) | (next() << 6) | next();
      if (code > 0x10ffff || code < 0x10000) throw corrupt("a text is not UTF-8");
      units[length++] = 0xd800 + ((code - 0x10000) >>> 10);
      units[length++] = 0xdc00 + ((code - 0x10000) & 0x3ff);
    } else throw corrupt("a text is not UTF-8");
    if (length < unitsPerCall) continue;
    text += textOfUnits(units.subarray(0, length));
    length = 0;
  }
  return text + textOfUnits(units.subarray(0, length));
}
