// Rows to one ClickHouse Native block, column by column. What it writes is what inspect-block.ts accepts and the engine reads.
import { assert } from "../../base/assert.ts";
import { wireColumnsOf, type Column, type Row, type TableName } from "../../model/table.ts";
import { ByteWriter } from "./byte-writer.ts";
import { columnEncoders } from "./column-encoders.ts";

const columnsByTable = new Map<TableName, readonly Column[]>();
const bytesPerRowGuess = 220;

/** The columns of a block of this table, in order; computed once. */
export function blockColumns(table: TableName): readonly Column[] {
  let columns = columnsByTable.get(table);
  if (columns === undefined) {
    columns = wireColumnsOf(table);
    columnsByTable.set(table, columns);
  }
  return columns;
}

/**
 * One Native block (no block info, no compression) with exactly the columns of `wireColumnsOf(table)`.
 * Numbers are clamped to their column's range, absent values are the type's zero, a text that is no address is written as "::".
 * At least one row.
 */
export function encodeBlock<Name extends TableName>(table: Name, rows: readonly Row<Name>[]): Uint8Array {
  assert(rows.length > 0, "a block has at least one row");
  const columns = blockColumns(table);
  const writer = new ByteWriter(rows.length * bytesPerRowGuess + columns.length * 96);
  writer.varint(columns.length);
  writer.varint(rows.length);
  for (const column of columns) {
    const encode = columnEncoders[column.type];
    assert(encode !== undefined, `no encoder for column ${table}.${column.name} of type ${column.type}`);
    writer.string(column.name);
    writer.string(column.type);
    encode(writer, rows, column.name);
  }
  return writer.finish();
}

/** The least and greatest `time` of the rows, for the block's header. */
export function timeRangeOf(rows: readonly { readonly time: number }[]): { timeMinMs: number; timeMaxMs: number } {
  let timeMinMs = Number.POSITIVE_INFINITY;
  let timeMaxMs = Number.NEGATIVE_INFINITY;
  for (const { time } of rows) {
    if (time < timeMinMs) timeMinMs = time;
    if (time > timeMaxMs) timeMaxMs = time;
  }
  return { timeMinMs: Math.floor(timeMinMs), timeMaxMs: Math.floor(timeMaxMs) };
}
