// One walker per ClickHouse type: steps over a column's bytes and checks its structure, making no values.
import { dictionaryFlags, dictionaryVersion } from "./column-encoders.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { BlockLimits } from "./inspect-block.ts";

export type ColumnWalker = (reader: ByteReader, rows: number, limits: BlockLimits) => void;

export const columnWalkers: Readonly<Record<string, ColumnWalker>> = {
  "DateTime64(3, 'UTC')": fixed(8),
  String: (reader, rows, limits) => reader.skipStrings(rows, limits.stringBytesMax),
  "LowCardinality(String)": (reader, rows, limits) => {
    walkVersion(reader);
    walkDictionary(reader, rows, limits);
  },
  "Array(String)": (reader, rows, limits) =>
    reader.skipStrings(walkOffsets(reader, rows, limits), limits.stringBytesMax),
  "Array(LowCardinality(String))": (reader, rows, limits) => {
    walkVersion(reader);
    walkDictionary(reader, walkOffsets(reader, rows, limits), limits);
  },
  "Array(UInt32)": (reader, rows, limits) => {
    reader.skip(walkOffsets(reader, rows, limits) * 4);
  },
  "Map(Int16, UInt32)": (reader, rows, limits) => {
    reader.skip(walkOffsets(reader, rows, limits) * 6);
  },
  Bool: (reader, rows) => {
    const start = reader.skip(rows);
    for (let i = 0; i < rows; i += 1)
      if ((reader.bytes[start + i] ?? 0) > 1) throw reader.fault("a Bool that is not 0 or 1");
  },
  UInt8: fixed(1),
  UInt16: fixed(2),
  UInt32: fixed(4),
  Int32: fixed(4),
  UInt64: fixed(8),
  IPv6: fixed(16),
};

function fixed(bytesEach: number): ColumnWalker {
  return (reader, rows) => {
    reader.skip(rows * bytesEach);
  };
}

/** Rising totals; returns how many items the column has. */
function walkOffsets(reader: ByteReader, rows: number, limits: BlockLimits): number {
  const start = reader.skip(rows * 8);
  let previous = 0;
  for (let i = 0; i < rows; i += 1) {
    const at = start + i * 8;
    const total = reader.view.getUint32(at, true);
    if (reader.view.getUint32(at + 4, true) !== 0 || total < previous) throw reader.fault("array offsets do not rise");
    previous = total;
  }
  if (previous > limits.itemsMax) throw reader.fault(`${previous} array items, at most ${limits.itemsMax}`);
  return previous;
}

function walkVersion(reader: ByteReader): void {
  if (reader.u64() !== dictionaryVersion) throw reader.fault("unknown version of a LowCardinality column");
}

/** Keys, then one index per value; every index must point at a key of this block. */
function walkDictionary(reader: ByteReader, count: number, limits: BlockLimits): void {
  if (count === 0) return;
  const kind = reader.u64();
  const width = kind & 0xff;
  if ((kind & ~0xff) !== dictionaryFlags || kind > 0xffff || width > 2)
    throw reader.fault("unknown LowCardinality layout");
  const keys = reader.u64();
  if (keys > count + 1 || keys > limits.keysMax) throw reader.fault(`${keys} dictionary keys for ${count} values`);
  reader.skipStrings(keys, limits.stringBytesMax);
  const indexes = reader.u64();
  if (indexes !== count) throw reader.fault(`${indexes} dictionary indexes for ${count} values`);
  const start = reader.skip(count * 2 ** width);
  if (greatestIndex(reader, start, count, width) >= keys) throw reader.fault("a dictionary index beyond the keys");
}

function greatestIndex(reader: ByteReader, start: number, count: number, width: number): number {
  let greatest = 0;
  if (width === 0) {
    const { bytes } = reader;
    for (let i = start; i < start + count; i += 1) if ((bytes[i] ?? 0) > greatest) greatest = bytes[i] ?? 0;
    return greatest;
  }
  const { view } = reader;
  for (let i = 0; i < count; i += 1) {
    const index = width === 1 ? view.getUint16(start + i * 2, true) : view.getUint32(start + i * 4, true);
    if (index > greatest) greatest = index;
  }
  return greatest;
}
