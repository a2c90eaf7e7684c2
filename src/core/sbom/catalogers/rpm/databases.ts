// The three databases of rpm as lists of header blobs: SQLite, ndb (Packages.db) and Berkeley DB (Packages: hash or btree). Recognised by content.
import { badData, byteReader, joinBytes, type ByteReader } from "../bytes.ts";
import { isSqlite, sqliteRows } from "./sqlite.ts";

const headerBytesMax = 64 * 1024 * 1024;

/** "RpmP", "Slot", "BlbS" as little-endian numbers. */
const ndbMagic = { header: 0x506d7052, slot: 0x746f6c53, blob: 0x53626c42 } as const;

function* ndbHeaders(bytes: Uint8Array): Generator<Uint8Array> {
  const reader = byteReader(bytes, true, "ndb database");
  const slotPages = reader.u32(12);
  if (slotPages === 0 || slotPages > 65_536) throw badData("ndb database with a wrong number of pages");
  let bytesLeft = bytes.length;
  // The first two slots' places are the database's own header.
  for (let at = 32; at < slotPages * 4096; at += 16) {
    if (reader.u32(at) !== ndbMagic.slot) throw badData("ndb database with a broken slot");
    const package_ = reader.u32(at + 4);
    if (package_ === 0) continue;
    const blobAt = reader.u32(at + 8) * 16;
    if (reader.u32(blobAt) !== ndbMagic.blob || reader.u32(blobAt + 4) !== package_)
      throw badData("ndb database with a broken blob");
    const blob = reader.slice(blobAt + 16, reader.u32(blobAt + 12));
    // Blobs stand apart: more bytes than the file has means that slots share them.
    bytesLeft -= blob.length;
    if (bytesLeft < 0) throw badData("ndb database whose slots share a blob");
    yield blob;
  }
}

const berkeleyMagic = { hash: 0x061561, btree: 0x053162 } as const;
const pageType = { hashUnsorted: 2, btreeLeaf: 5, overflow: 7, hash: 13 } as const;
const pageHeaderBytes = 26;

interface Berkeley {
  readonly reader: ByteReader;
  readonly pageBytes: number;
  readonly pages: number;
  readonly isHash: boolean;
  /** Overflow pages that were read: each belongs to one value. */
  readonly used: Set<number>;
}

function openBerkeley(bytes: Uint8Array): Berkeley | undefined {
  if (bytes.length < 512) return undefined;
  for (const isLittleEndian of [true, false]) {
    const reader = byteReader(bytes, isLittleEndian, "Berkeley database");
    const magic = reader.u32(12);
    if (magic !== berkeleyMagic.hash && magic !== berkeleyMagic.btree) continue;
    const pageBytes = reader.u32(20);
    if (pageBytes < 512 || pageBytes > 65_536 || (pageBytes & (pageBytes - 1)) !== 0) {
      throw badData("Berkeley database with a wrong page size");
    }
    if (reader.u8(24) !== 0) throw badData("Berkeley database that is encrypted");
    return {
      reader,
      pageBytes,
      pages: Math.floor(bytes.length / pageBytes),
      isHash: magic === berkeleyMagic.hash,
      used: new Set(),
    };
  }
  return undefined;
}

/** A value on a chain of pages of its own. A page that is used twice is a Fault, so that cycles and shared chains end. */
function overflowValue({ reader, pageBytes, pages, used }: Berkeley, first: number, length: number): Uint8Array {
  if (length > headerBytesMax) throw badData("Berkeley value that is too large");
  const chunks: Uint8Array[] = [];
  let left = length;
  let page = first;
  while (left > 0) {
    if (page === 0 || page >= pages || used.has(page)) throw badData("Berkeley value whose pages end early");
    used.add(page);
    const at = page * pageBytes;
    if (reader.u8(at + 25) !== pageType.overflow) throw badData("Berkeley value on a page of another kind");
    const count = Math.min(left, reader.u16(at + 22));
    if (count === 0 || pageHeaderBytes + count > pageBytes) throw badData("Berkeley page with a wrong length");
    chunks.push(reader.slice(at + pageHeaderBytes, count));
    left -= count;
    page = reader.u32(at + 16);
  }
  return joinBytes(chunks);
}

/** One item of a hash page; `end` is where the item before it begins. Undefined: a kind that rpm does not write. */
function hashItem(database: Berkeley, at: number, end: number): Uint8Array | undefined {
  const { reader } = database;
  const type = reader.u8(at);
  if (type === 1) return reader.slice(at + 1, end - at - 1);
  return type === 3 ? overflowValue(database, reader.u32(at + 4), reader.u32(at + 8)) : undefined;
}

function btreeItem(database: Berkeley, at: number): Uint8Array | undefined {
  const { reader } = database;
  const type = reader.u8(at + 2);
  if (type === 1) return reader.slice(at + 3, reader.u16(at));
  return type === 3 ? overflowValue(database, reader.u32(at + 4), reader.u32(at + 8)) : undefined;
}

function* pageItems(database: Berkeley, page: number): Generator<readonly [key: Uint8Array, value: Uint8Array]> {
  const { reader, pageBytes, isHash } = database;
  const pageAt = page * pageBytes;
  const type = reader.u8(pageAt + 25);
  const isWanted = isHash ? type === pageType.hash || type === pageType.hashUnsorted : type === pageType.btreeLeaf;
  if (!isWanted) return;
  const count = reader.u16(pageAt + 20);
  if (pageHeaderBytes + count * 2 > pageBytes) throw badData("Berkeley page with too many items");
  const placeOf = (index: number): number => pageAt + reader.u16(pageAt + pageHeaderBytes + index * 2);
  for (let index = 0; index + 1 < count; index += 2) {
    const keyAt = placeOf(index);
    const valueAt = placeOf(index + 1);
    const keyEnd = index === 0 ? pageAt + pageBytes : placeOf(index - 1);
    const key = isHash ? hashItem(database, keyAt, keyEnd) : btreeItem(database, keyAt);
    const value = isHash ? hashItem(database, valueAt, keyAt) : btreeItem(database, valueAt);
    if (key !== undefined && value !== undefined) yield [key, value];
  }
}

function* berkeleyHeaders(database: Berkeley): Generator<Uint8Array> {
  for (let page = 1; page < database.pages; page += 1) {
    for (const [key, value] of pageItems(database, page)) {
      // Key 0 holds the highest number that was given, not a package.
      const isPackage = key.length === 4 && key.some((byte) => byte !== 0) && value.length >= 8;
      if (isPackage) yield value;
    }
  }
}

function* sqliteHeaders(bytes: Uint8Array): Generator<Uint8Array> {
  for (const row of sqliteRows(bytes, "Packages")) {
    const blob = row[1];
    if (blob instanceof Uint8Array) yield blob;
  }
}

/** Every package's header in a database of any of the three kinds. A Fault when it is none, or as soon as it turns out to be broken. */
export function rpmHeaders(bytes: Uint8Array): Iterable<Uint8Array> {
  if (isSqlite(bytes)) return sqliteHeaders(bytes);
  if (bytes.length >= 32 && byteReader(bytes, true, "ndb database").u32(0) === ndbMagic.header)
    return ndbHeaders(bytes);
  const berkeley = openBerkeley(bytes);
  if (berkeley !== undefined) return berkeleyHeaders(berkeley);
  throw badData("rpm database of an unknown kind");
}
