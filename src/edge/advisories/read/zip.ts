// Files of a zip archive on disk, read through its central directory (zip64 too): osv.dev publishes its databases so.
import { open, type FileHandle } from "node:fs/promises";
import { pipeline } from "node:stream";
import { createInflateRaw } from "node:zlib";
import type { AdvisoryDocument } from "../importers/importer.ts";
import { documentLimits, unreadable } from "./unreadable.ts";

const directoryBytesMax = 1 << 30;

/** Throws for a file that is no zip archive; an entry that is broken throws when it is read. */
export async function* zipEntries(file: string, name: string): AsyncGenerator<AdvisoryDocument> {
  const handle = await open(file, "r");
  try {
    const { size } = await handle.stat();
    const { offset, length } = await directoryOf(handle, size);
    if (length > directoryBytesMax || offset + length > size)
      throw unreadable("the archive's directory is not where it says");
    const directory = await read(handle, offset, length);
    for (const entry of entriesOf(directory)) {
      if (entry.name.endsWith("/")) continue;
      yield { name: `${name}/${entry.name}`, fileAt: "", bytes: contentOf(handle, entry, size) };
    }
  } finally {
    await handle.close();
  }
}

async function read(handle: FileHandle, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await handle.read(bytes, 0, length, offset);
  if (bytesRead !== length) throw unreadable("the archive is cut off");
  return bytes;
}

/** The end record is within the last 64 KiB; zip64's is named by the 20 bytes before it. */
async function directoryOf(
  handle: FileHandle,
  size: number,
): Promise<{ readonly offset: number; readonly length: number }> {
  const tailLength = Math.min(size, 65_557 + 20);
  const tail = await read(handle, size - tailLength, tailLength);
  const at = tail.lastIndexOf(Buffer.from("PK\u0005\u0006", "latin1"));
  if (at < 0 || at + 22 > tail.length) throw unreadable("it is not a zip archive, or it is cut off");
  const [length, offset] = [tail.readUInt32LE(at + 12), tail.readUInt32LE(at + 16)];
  if (offset !== 0xffff_ffff && length !== 0xffff_ffff && tail.readUInt16LE(at + 10) !== 0xffff)
    return { offset, length };
  const locator = at - 20;
  if (locator < 0 || tail.toString("latin1", locator, locator + 4) !== "PK\u0006\u0007") return { offset, length };
  const end = await read(handle, safe(tail.readBigUInt64LE(locator + 8)), 56);
  if (end.toString("latin1", 0, 4) !== "PK\u0006\u0006")
    throw unreadable("the archive's directory is not where it says");
  return { offset: safe(end.readBigUInt64LE(48)), length: safe(end.readBigUInt64LE(40)) };
}

interface ZipEntry {
  readonly name: string;
  readonly method: number;
  readonly packed: number;
  readonly size: number;
  readonly header: number;
}

function* entriesOf(directory: Buffer): Generator<ZipEntry> {
  let at = 0;
  while (at + 46 <= directory.length) {
    if (directory.readUInt32LE(at) !== 0x0201_4b50) throw unreadable("the archive's directory is damaged");
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => directory.readUInt16LE(at + offset));
    const end = at + 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0);
    if (end > directory.length) throw unreadable("the archive's directory is damaged");
    const nameEnd = at + 46 + (nameLength ?? 0);
    const wide = wideNumbers(directory.subarray(nameEnd, nameEnd + (extraLength ?? 0)));
    const next = (value: number): number => (value === 0xffff_ffff ? safe(wide.shift() ?? 0n) : value);
    const size = next(directory.readUInt32LE(at + 24));
    const packed = next(directory.readUInt32LE(at + 20));
    const header = next(directory.readUInt32LE(at + 42));
    yield {
      name: directory.toString("utf8", at + 46, nameEnd),
      method: directory.readUInt16LE(at + 10),
      size,
      packed,
      header,
    };
    at = end;
  }
}

function wideNumbers(extra: Buffer): bigint[] {
  let at = 0;
  while (at + 4 <= extra.length) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    if (id === 1) {
      const count = Math.floor(Math.min(length, extra.length - at - 4) / 8);
      return Array.from({ length: count }, (_, index) => extra.readBigUInt64LE(at + 4 + index * 8));
    }
    at += 4 + length;
  }
  return [];
}

async function* contentOf(handle: FileHandle, entry: ZipEntry, archiveSize: number): AsyncGenerator<Uint8Array> {
  const header = await read(handle, entry.header, 30);
  if (header.readUInt32LE(0) !== 0x0403_4b50) throw unreadable("the entry is not where the directory says");
  const from = entry.header + 30 + header.readUInt16LE(26) + header.readUInt16LE(28);
  if (from + entry.packed > archiveSize || entry.size > documentLimits.inflatedBytes)
    throw unreadable("the entry is cut off");
  const packed = pieces(handle, from, entry.packed);
  if (entry.method === 0) {
    yield* packed;
    return;
  }
  if (entry.method !== 8) throw unreadable(`the entry is packed by method ${entry.method}, which is not read`);
  const inflate = createInflateRaw({ chunkSize: 1 << 16 });
  const inflated = pipeline(packed, inflate, () => undefined) as AsyncIterable<Uint8Array>;
  let bytes = 0;
  for await (const piece of inflated) {
    bytes += piece.length;
    if (bytes > entry.size) throw unreadable("the entry inflates to more than it says");
    yield piece;
  }
  if (bytes !== entry.size) throw unreadable("the entry inflates to less than it says");
}

async function* pieces(handle: FileHandle, from: number, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < length; at += 1 << 20) yield await read(handle, from + at, Math.min(1 << 20, length - at));
}

function safe(value: bigint): number {
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw unreadable("a size in the archive is not believable");
  return Number(value);
}
