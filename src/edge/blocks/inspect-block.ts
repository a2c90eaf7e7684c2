// The server's look at a block that it will not decode: exactly one block, exactly the table's columns, no length that lies, and the
// true range of `time` read from the raw column. What passes here is safe to hand to the engine's own reader.
import { blockLimits } from "../../model/agent-protocol.ts";
import { Fault } from "../../base/fault.ts";
import type { TableName } from "../../model/table.ts";
import { ByteReader } from "./byte-reader.ts";
import { columnWalkers } from "./column-walkers.ts";
import { blockColumns } from "./encode-block.ts";

export interface BlockLimits {
  readonly rowsMax: number;
  readonly bytesInflatedMax: number;
  /** Of one text, in bytes. */
  readonly stringBytesMax: number;
  /** Items of one array or map column, all rows together. */
  readonly itemsMax: number;
  /** Different values of one dictionary column. */
  readonly keysMax: number;
}

export const defaultBlockLimits: BlockLimits = {
  rowsMax: blockLimits.rowsMax,
  bytesInflatedMax: blockLimits.bytesInflatedMax,
  stringBytesMax: 256 * 1024,
  itemsMax: 4_000_000,
  keysMax: 200_001,
};

export interface BlockFacts {
  readonly rows: number;
  readonly bytesInflated: number;
  /** Least and greatest `time` of the rows, milliseconds since the epoch (may be negative or absurd: the caller judges the range). */
  readonly timeMinMs: number;
  readonly timeMaxMs: number;
}

/**
 * Checks uncompressed Native bytes against `wireColumnsOf(table)`: count, names and types in order, structure to the last byte.
 * Throws a Fault: "blocks/too-large" beyond a limit, "blocks/columns" for other columns, "blocks/malformed" for the rest.
 */
export function inspectBlock(
  table: TableName,
  bytes: Uint8Array,
  limits: BlockLimits = defaultBlockLimits,
): BlockFacts {
  const reader = new ByteReader(bytes);
  if (bytes.length > limits.bytesInflatedMax)
    throw tooLarge(`${bytes.length} bytes`, `${limits.bytesInflatedMax} bytes`);
  const expected = blockColumns(table);
  const columnCount = reader.varint();
  const rows = reader.varint();
  if (columnCount !== expected.length) {
    throw wrongColumns(table, `${columnCount} columns where ${expected.length} are expected`);
  }
  if (rows === 0) throw reader.fault("no rows");
  if (rows > limits.rowsMax) throw tooLarge(`${rows} rows`, `${limits.rowsMax} rows`);
  let range = { timeMinMs: 0, timeMaxMs: 0 };
  for (const column of expected) {
    reader.place = `column ${column.name}`;
    const name = reader.name(128);
    const type = reader.name(256);
    if (name !== column.name || type !== column.type) {
      throw wrongColumns(
        table,
        `${printable(name)} ${printable(type)} where ${column.name} ${column.type} is expected`,
      );
    }
    const walk = columnWalkers[type];
    if (walk === undefined) throw reader.fault(`no walker for type ${type}`);
    const start = reader.position;
    walk(reader, rows, limits);
    if (name === "time") range = timeRange(reader.view, start, rows);
  }
  reader.place = "end";
  if (reader.position !== bytes.length)
    throw reader.fault(`${bytes.length - reader.position} bytes after the last column`);
  return { rows, bytesInflated: bytes.length, ...range };
}

/** Signed 64-bit milliseconds; exact in the range of real times, and still far out of range beyond it. */
function timeRange(view: DataView, start: number, rows: number): { timeMinMs: number; timeMaxMs: number } {
  let timeMinMs = Number.POSITIVE_INFINITY;
  let timeMaxMs = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < rows; i += 1) {
    const at = start + i * 8;
    const value = view.getInt32(at + 4, true) * 4_294_967_296 + view.getUint32(at, true);
    if (value < timeMinMs) timeMinMs = value;
    if (value > timeMaxMs) timeMaxMs = value;
  }
  return { timeMinMs, timeMaxMs };
}

function tooLarge(what: string, limit: string): Fault {
  return new Fault(`block has ${what}, at most ${limit} are taken`, {
    code: "blocks/too-large",
    kind: "too-large",
    hint: "send smaller blocks",
  });
}

function wrongColumns(table: TableName, what: string): Fault {
  return new Fault(`block does not carry the columns of ${table}: ${what}`, {
    code: "blocks/columns",
    kind: "usage",
    hint: "agent and server must speak the same wire version; upgrade the older one",
  });
}

/** Untrusted text in a message: printable ASCII only, cut. */
function printable(text: string): string {
  return JSON.stringify(text.slice(0, 64).replace(/[^\x20-\x7e]/g, "?"));
}
