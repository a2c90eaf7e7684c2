// A small reader of SQLite files: every row of one table, over the bytes. It follows b-tree and overflow pages, each at most once. Its write-ahead log is not read.
// After the documented file format of SQLite 3.
import { badData, byteReader, joinBytes, type ByteReader } from "../bytes.ts";

const magic = "SQLite format 3\u0000";
const pageBytesMin = 512;
const depthMax = 20;
const valueBytesMax = 64 * 1024 * 1024;
/** Of one table. */
const rowsMax = 1_000_000;

interface Database {
  readonly reader: ByteReader;
  readonly pageBytes: number;
  readonly usableBytes: number;
  /** Pages that were followed: a second visit is a cycle. */
  readonly visited: Set<number>;
}

export type SqliteValue = Uint8Array | number | undefined;

export function isSqlite(bytes: Uint8Array): boolean {
  return bytes.length >= 100 && Array.from(magic).every((letter, index) => bytes[index] === letter.charCodeAt(0));
}

function openDatabase(bytes: Uint8Array): Database {
  if (!isSqlite(bytes)) throw badData("SQLite file without its magic");
  const reader = byteReader(bytes, false, "SQLite file");
  const pageBytes = reader.u16(16) === 1 ? 65_536 : reader.u16(16);
  const usableBytes = pageBytes - reader.u8(20);
  if (pageBytes < pageBytesMin || (pageBytes & (pageBytes - 1)) !== 0 || usableBytes < 480) {
    throw badData("SQLite file with a wrong page size");
  }
  return { reader, pageBytes, usableBytes, visited: new Set() };
}

/** Value and the place behind it. Over 2^53 is a Fault. */
function varint(reader: ByteReader, at: number): readonly [value: number, next: number] {
  let value = 0;
  for (let index = 0; index < 9; index += 1) {
    const byte = reader.u8(at + index);
    if (index === 8) return [checked(value * 256 + byte), at + 9];
    value = value * 128 + (byte & 0x7f);
    if (byte < 0x80) return [checked(value), at + index + 1];
  }
  throw badData("SQLite number without an end");
}

function checked(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER) throw badData("SQLite number over 2^53");
  return value;
}

function visit(database: Database, page: number): number {
  const at = (page - 1) * database.pageBytes;
  if (page < 1 || at + database.pageBytes > database.reader.length)
    throw badData(`SQLite page ${page} that is not there`);
  if (database.visited.has(page)) throw badData(`SQLite page ${page} that is used twice`);
  database.visited.add(page);
  return at;
}

/** A leaf cell's payload, with what its chain of overflow pages holds. */
function payloadOf(database: Database, cellAt: number): Uint8Array {
  const { reader, usableBytes } = database;
  const [length, afterLength] = varint(reader, cellAt);
  const [, at] = varint(reader, afterLength);
  if (length > valueBytesMax) throw badData("SQLite row that is too large");
  const localMax = usableBytes - 35;
  if (length <= localMax) return reader.slice(at, length);
  const localMin = Math.floor(((usableBytes - 12) * 32) / 255) - 23;
  const overflowed = localMin + ((length - localMin) % (usableBytes - 4));
  const local = overflowed <= localMax ? overflowed : localMin;
  const chunks = [reader.slice(at, local)];
  let next = reader.u32(at + local);
  for (let left = length - local; left > 0;) {
    const pageAt = visit(database, next);
    const count = Math.min(left, usableBytes - 4);
    chunks.push(reader.slice(pageAt + 4, count));
    left -= count;
    next = reader.u32(pageAt);
  }
  return joinBytes(chunks);
}

function* cellsOf(database: Database, page: number, depth: number): Generator<number> {
  if (depth > depthMax) throw badData("SQLite tree that is too deep");
  const { reader } = database;
  const pageAt = visit(database, page);
  const at = page === 1 ? pageAt + 100 : pageAt;
  const type = reader.u8(at);
  // More cells than fit would be other pages' bytes.
  const count = Math.min(reader.u16(at + 3), database.pageBytes / 2);
  if (type !== 5 && type !== 13) throw badData(`SQLite page ${page} of a wrong kind`);
  for (let index = 0; index < count; index += 1) {
    const cellAt = pageAt + reader.u16(at + (type === 5 ? 12 : 8) + index * 2);
    if (type === 13) yield cellAt;
    else yield* cellsOf(database, reader.u32(cellAt), depth + 1);
  }
  if (type === 5) yield* cellsOf(database, reader.u32(at + 8), depth + 1);
}

const integerBytes = [0, 1, 2, 3, 4, 6, 8];

/** A record's columns: numbers up to six bytes, text and blobs as bytes, all else undefined. */
function columnsOf(payload: Uint8Array): SqliteValue[] {
  const reader = byteReader(payload, false, "SQLite row");
  const [headerLength, first] = varint(reader, 0);
  const columns: SqliteValue[] = [];
  let valueAt = headerLength;
  for (let at = first; at < headerLength;) {
    const [type, next] = varint(reader, at);
    at = next;
    const width = type < 7 ? (integerBytes[type] ?? 0) : type === 7 ? 8 : type < 12 ? 0 : Math.floor((type - 12) / 2);
    const bytes = reader.slice(valueAt, width);
    valueAt += width;
    if (type >= 12) columns.push(bytes);
    else if (type === 8 || type === 9) columns.push(type - 8);
    else if (type >= 1 && type <= 5) columns.push(bytes.reduce((sum, byte) => sum * 256 + byte, 0));
    else columns.push(undefined);
  }
  return columns;
}

function isText(value: SqliteValue, text: string): boolean {
  return (
    value instanceof Uint8Array &&
    value.length === text.length &&
    value.every((byte, at) => byte === text.charCodeAt(at))
  );
}

/** Columns of every row of the table (its integer key is not among them). A Fault when the file is broken, or has no such table. */
export function* sqliteRows(bytes: Uint8Array, table: string): Generator<SqliteValue[]> {
  const database = openDatabase(bytes);
  for (const cellAt of cellsOf(database, 1, 0)) {
    const [kind, name, , root] = columnsOf(payloadOf(database, cellAt));
    if (!isText(kind, "table") || !isText(name, table) || typeof root !== "number") continue;
    let rows = 0;
    for (const rowAt of cellsOf(database, root, 0)) {
      rows += 1;
      if (rows > rowsMax) throw badData("SQLite table with too many rows");
      yield columnsOf(payloadOf(database, rowAt));
    }
    return;
  }
  throw badData(`SQLite file without the table ${table}`);
}
