// One encoder per ClickHouse type of model/column.ts, in the Native format's column layout (little-endian, no per-row framing).
// Source of the layout: ClickHouse's documentation of the Native format and of LowCardinality serialization; proved against chDB.
import { writeAddress } from "./address-bytes.ts";
import type { ByteWriter } from "./byte-writer.ts";

export type EncodableRow = Readonly<Record<string, unknown>>;
/** Writes the values of column `name` of all rows; absent values are written as the type's zero. */
export type ColumnEncoder = (writer: ByteWriter, rows: readonly EncodableRow[], name: string) => void;

/** LowCardinality: version of the keys' serialization ("shared dictionaries with additional keys"). */
export const dictionaryVersion = 1;
/** LowCardinality: this block brings its own keys (bit 9) and they replace what was there (bit 10); the low byte is the index width. */
export const dictionaryFlags = 0x600;

/** By the type's exact text. Array and Map of the types that the model has; another type is a bug and throws at the first use. */
export const columnEncoders: Readonly<Record<string, ColumnEncoder>> = {
  "DateTime64(3, 'UTC')": encodeInt64,
  String: encodeStrings,
  "LowCardinality(String)": (writer, rows, name) => {
    writer.u64(dictionaryVersion);
    encodeDictionary(writer, rows.length, (index) => rows[index]?.[name] as string | undefined);
  },
  "Array(String)": (writer, rows, name) => {
    const lists = listsOf(rows, name);
    encodeOffsets(writer, lists);
    for (const list of lists) for (const item of list) writer.string(item as string);
  },
  "Array(LowCardinality(String))": (writer, rows, name) => {
    writer.u64(dictionaryVersion);
    const lists = listsOf(rows, name);
    encodeOffsets(writer, lists);
    const flat = lists.flat() as string[];
    encodeDictionary(writer, flat.length, (index) => flat[index]);
  },
  "Array(UInt32)": (writer, rows, name) => {
    const lists = listsOf(rows, name);
    encodeOffsets(writer, lists);
    const flat = lists.flat() as number[];
    writer.copy(Uint32Array.from(flat, (value) => clamp(value, 4_294_967_295)));
  },
  "Map(Int16, UInt32)": encodeHistogram,
  Bool: (writer, rows, name) => {
    const values = new Uint8Array(rows.length);
    for (let i = 0; i < values.length; i += 1) values[i] = rows[i]?.[name] === true ? 1 : 0;
    writer.copy(values);
  },
  UInt8: (writer, rows, name) => writer.copy(fill(new Uint8Array(rows.length), rows, name, 255)),
  UInt16: (writer, rows, name) => writer.copy(fill(new Uint16Array(rows.length), rows, name, 65_535)),
  UInt32: (writer, rows, name) => writer.copy(fill(new Uint32Array(rows.length), rows, name, 4_294_967_295)),
  Int32: (writer, rows, name) => {
    const values = new Int32Array(rows.length);
    for (let i = 0; i < values.length; i += 1) {
      const value = (rows[i]?.[name] as number | undefined) ?? 0;
      values[i] = value > 2_147_483_647 ? 2_147_483_647 : value < -2_147_483_648 ? -2_147_483_648 : value;
    }
    writer.copy(values);
  },
  UInt64: encodeUint64,
  IPv6: encodeAddresses,
};

function clamp(value: number, max: number): number {
  if (!(value > 0)) return 0;
  return value > max ? max : value;
}

function fill<T extends Uint8Array | Uint16Array | Uint32Array>(
  values: T,
  rows: readonly EncodableRow[],
  name: string,
  max: number,
): T {
  for (let i = 0; i < values.length; i += 1) values[i] = clamp((rows[i]?.[name] as number | undefined) ?? 0, max);
  return values;
}

/** Signed, for times in milliseconds: two's complement in two halves, so no BigInt is made. */
function encodeInt64(writer: ByteWriter, rows: readonly EncodableRow[], name: string): void {
  const halves = new Uint32Array(rows.length * 2);
  for (let i = 0; i < rows.length; i += 1) {
    const value = Math.floor((rows[i]?.[name] as number | undefined) ?? 0);
    if (value === 0 || !Number.isFinite(value)) continue;
    halves[i * 2] = value;
    halves[i * 2 + 1] = Math.floor(value / 4_294_967_296);
  }
  writer.copy(halves);
}

function encodeUint64(writer: ByteWriter, rows: readonly EncodableRow[], name: string): void {
  const halves = new Uint32Array(rows.length * 2);
  for (let i = 0; i < rows.length; i += 1) {
    const value = (rows[i]?.[name] as number | undefined) ?? 0;
    if (!(value > 0)) continue;
    halves[i * 2] = value;
    if (value > 4_294_967_295) halves[i * 2 + 1] = Math.floor(Math.min(value, 2 ** 63) / 4_294_967_296);
  }
  writer.copy(halves);
}

function encodeStrings(writer: ByteWriter, rows: readonly EncodableRow[], name: string): void {
  for (const row of rows) writer.string((row[name] as string | undefined) ?? "");
}

/** Equal texts are parsed once per block. */
function encodeAddresses(writer: ByteWriter, rows: readonly EncodableRow[], name: string): void {
  writer.reserve(rows.length * 16);
  const places = new Map<string, number>();
  const { bytes } = writer;
  for (const row of rows) {
    const text = (row[name] as string | undefined) ?? "";
    const place = places.get(text);
    if (place === undefined) {
      places.set(text, writer.position);
      writeAddress(bytes, writer.position, text);
    } else {
      bytes.copyWithin(writer.position, place, place + 16);
    }
    writer.position += 16;
  }
}

/** The keys of this block (key 0 is the default, "") and one index per value, in the narrowest width that holds them. */
function encodeDictionary(writer: ByteWriter, count: number, valueAt: (index: number) => string | undefined): void {
  if (count === 0) return;
  const indexes = new Uint32Array(count);
  const keys = new Map<string, number>([["", 0]]);
  let previous = "";
  let previousIndex = 0;
  for (let i = 0; i < count; i += 1) {
    const value = valueAt(i) ?? "";
    if (value !== previous) {
      let index = keys.get(value);
      if (index === undefined) {
        index = keys.size;
        keys.set(value, index);
      }
      previous = value;
      previousIndex = index;
    }
    indexes[i] = previousIndex;
  }
  const width = keys.size <= 256 ? 0 : keys.size <= 65_536 ? 1 : 2;
  writer.u64(dictionaryFlags | width);
  writer.u64(keys.size);
  for (const key of keys.keys()) writer.string(key);
  writer.u64(count);
  writer.copy(width === 0 ? Uint8Array.from(indexes) : width === 1 ? Uint16Array.from(indexes) : indexes);
}

function listsOf(rows: readonly EncodableRow[], name: string): readonly (readonly unknown[])[] {
  return rows.map((row) => (row[name] as readonly unknown[] | undefined) ?? []);
}

/** Array: the running total of items after each row, 64 bits each. */
function encodeOffsets(writer: ByteWriter, lists: readonly (readonly unknown[])[]): void {
  const halves = new Uint32Array(lists.length * 2);
  let total = 0;
  for (const [index, list] of lists.entries()) {
    total += list.length;
    halves[index * 2] = total;
  }
  writer.copy(halves);
}

/** Map: laid out as Array(Tuple(key, value)): offsets, all keys, all values. Keys rise within a row. */
function encodeHistogram(writer: ByteWriter, rows: readonly EncodableRow[], name: string): void {
  const keys: number[] = [];
  const values: number[] = [];
  const halves = new Uint32Array(rows.length * 2);
  for (let i = 0; i < rows.length; i += 1) {
    const buckets = rows[i]?.[name] as Readonly<Record<string, number>> | undefined;
    if (buckets !== undefined) {
      for (const bucket in buckets) {
        keys.push(Number(bucket));
        values.push(clamp(buckets[bucket] ?? 0, 4_294_967_295));
      }
    }
    halves[i * 2] = keys.length;
  }
  writer.copy(halves);
  writer.copy(Int16Array.from(keys));
  writer.copy(Uint32Array.from(values));
}
