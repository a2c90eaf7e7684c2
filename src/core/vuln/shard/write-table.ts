// Writes what table.ts reads: the same entries in any order give the same bytes.
import { createByteSink, crc32, encodeUtf8, type ByteSink } from "./bytes.ts";
import { headCrc, shardFormat, shardKinds, shardMagic, type ShardKind } from "./table.ts";

/** Strings and lists that entries refer to by number; the same one is kept once. */
export interface PoolWriter {
  text(value: string): number;
  /** 0 is the empty list. */
  list(values: readonly string[]): number;
}

/** Numbers are given in the order of first use, so entries must be written in the order of their keys for equal bytes. */
function createPool(): PoolWriter & { readonly strings: readonly string[]; readonly lists: readonly Uint8Array[] } {
  const strings = new Map<string, number>([["", 0]]);
  const lists = new Map<string, number>([["", 0]]);
  const listBytes: Uint8Array[] = [new Uint8Array(0)];
  const text = (value: string): number => {
    const known = strings.get(value);
    if (known !== undefined) return known;
    strings.set(value, strings.size);
    return strings.size - 1;
  };
  return {
    text,
    list: (values) => {
      const references = values.map(text);
      const name = references.join(",");
      const known = lists.get(name);
      if (known !== undefined) return known;
      const sink = createByteSink(values.length * 2 + 8);
      for (const reference of references) sink.varint(reference);
      lists.set(name, listBytes.length);
      listBytes.push(sink.take());
      return listBytes.length - 1;
    },
    get strings() {
      return [...strings.keys()];
    },
    lists: listBytes,
  };
}

/**
 * The bytes of a shard. `keys` each once, in any order; `write` is asked once per key, in the order of the keys' UTF-8 bytes, for its payload.
 */
export function writeShard(options: {
  readonly kind: ShardKind;
  readonly label: string;
  readonly keys: Iterable<string>;
  write(key: string, sink: ByteSink, pool: PoolWriter): void;
}): Uint8Array {
  const keys = [...options.keys]
    .map((key) => ({ key, bytes: encodeUtf8(key) }))
    .sort((one, other) => order(one.bytes, other.bytes));
  const pool = createPool();
  const payload = createByteSink(1 << 16);
  const [ends, crcs]: [number[], number[]] = [[], []];
  for (const { key } of keys) {
    const sink = createByteSink();
    options.write(key, sink, pool);
    const piece = sink.take();
    payload.bytes(piece);
    ends.push(payload.length);
    crcs.push(crc32(piece));
  }
  const strings = pool.strings.map(encodeUtf8);
  const label = encodeUtf8(options.label);
  const sink = createByteSink(payload.length + (1 << 16));
  sink.u32(shardMagic);
  sink.bytes(Uint8Array.of(shardFormat, shardKinds.indexOf(options.kind), 0, 0));
  const total = (pieces: readonly Uint8Array[]): number => pieces.reduce((sum, piece) => sum + piece.length, 0);
  const keyBytes = keys.map(({ bytes }) => bytes);
  for (const count of [keys.length, strings.length, pool.lists.length, label.length]) sink.u32(count);
  for (const count of [total(keyBytes), total(strings), total(pool.lists), payload.length, 0, 0]) sink.u32(count);
  sink.bytes(label);
  while (sink.length % 4 !== 0) sink.bytes(Uint8Array.of(0));
  offsets(sink, keyBytes);
  sink.u32(0);
  for (const end of ends) sink.u32(end);
  for (const crc of crcs) sink.u32(crc);
  offsets(sink, strings);
  offsets(sink, pool.lists);
  for (const piece of [...keyBytes, ...strings, ...pool.lists]) sink.bytes(piece);
  const headLength = sink.length;
  sink.bytes(payload.take());
  const bytes = sink.take();
  new DataView(bytes.buffer).setUint32(40, headCrc(bytes, headLength), true);
  return bytes;
}

function offsets(sink: ByteSink, pieces: readonly Uint8Array[]): void {
  let at = 0;
  sink.u32(0);
  for (const piece of pieces) {
    at += piece.length;
    sink.u32(at);
  }
}

function order(one: Uint8Array, other: Uint8Array): number {
  const shared = Math.min(one.length, other.length);
  for (let index = 0; index < shared; index += 1) {
    const difference = (one[index] ?? 0) - (other[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}
