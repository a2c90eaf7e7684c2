// What lies on disk, table by table and partition by partition; and dropping whole partitions.
import type { TableUsage } from "../../core/store/telemetry-store.ts";
import { Fault } from "../../base/fault.ts";
import type { Connection } from "./connection.ts";
import { command, select } from "./run.ts";
import { partitionRange, type PartitionScheme } from "./schema/partitions.ts";
import { rawTables } from "./schema/raw-tables.ts";
import { rollups } from "./schema/rollups.ts";

export interface StoredTable {
  readonly name: string;
  readonly rollup: boolean;
  readonly partition: PartitionScheme;
  readonly days: number;
  readonly spaceWeight: number;
}

/** Every table that holds telemetry, raw first. */
export const storedTables: readonly StoredTable[] = [
  ...rawTables.map((table) => ({ ...table, rollup: false })),
  ...rollups.map((table) => ({ ...table, rollup: true, spaceWeight: 0 })),
];

interface PartitionRow {
  readonly table: string;
  readonly partition: string;
  readonly rows: number;
  readonly bytes: number;
}

/** Rows, bytes on disk and time range (by partition bounds, narrowed by the data) of every table. */
export async function tableUsage(
  connection: Connection,
  daysOf: (table: string) => number | undefined,
): Promise<readonly TableUsage[]> {
  const partitions = await partitionsOf(connection);
  const usages: TableUsage[] = [];
  for (const table of storedTables) {
    const own = partitions.filter((partition) => partition.table === table.name);
    const range = own.length === 0 ? undefined : await timeRange(connection, table.name);
    usages.push({
      table: table.name,
      rollup: table.rollup,
      rows: total(own, "rows"),
      bytes: total(own, "bytes"),
      oldestMs: range?.oldestMs,
      newestMs: range?.newestMs,
      days: daysOf(table.name) ?? table.days,
    });
  }
  return usages;
}

/** Drops the partitions of `table` that end at or before `beforeMs`; returns their rows. Throws a fault for a table that is none of ours. */
export async function dropPartitionsBefore(
  connection: Connection,
  table: string,
  beforeMs: number,
  onCluster: string,
): Promise<number> {
  const stored = storedTables.find((candidate) => candidate.name === table);
  if (stored === undefined) {
    throw new Fault(`there is no telemetry table ${table}`, { code: "store/no-table", kind: "not-found" });
  }
  let rows = 0;
  for (const partition of await partitionsOf(connection, table)) {
    const range = partitionRange(stored.partition, partition.partition);
    if (range === undefined || range.endMs > beforeMs) continue;
    await command(connection, `ALTER TABLE ${table}${onCluster} DROP PARTITION '${partition.partition}'`);
    rows += partition.rows;
  }
  return rows;
}

async function partitionsOf(connection: Connection, table = ""): Promise<readonly PartitionRow[]> {
  const sql =
    "SELECT table, partition, sum(rows) AS rows, sum(bytes_on_disk) AS bytes FROM system.parts " +
    "WHERE active AND database = {database:String} AND ({table:String} = '' OR table = {table:String}) " +
    "GROUP BY table, partition ORDER BY table, partition";
  const params = { database: connection.database, table };
  return (await select<PartitionRow>(connection, "writer", sql, { params })).data;
}

/** Answered from the parts' own bounds, without reading rows. */
async function timeRange(
  connection: Connection,
  table: string,
): Promise<{ oldestMs: number; newestMs: number } | undefined> {
  const toMs = (expression: string): string => `toUnixTimestamp64Milli(toDateTime64(${expression}, 3, 'UTC'))`;
  const sql = `SELECT ${toMs("min(time)")} AS oldestMs, ${toMs("max(time)")} AS newestMs FROM ${table}`;
  return (await select<{ oldestMs: number; newestMs: number }>(connection, "writer", sql)).data[0];
}

function total(rows: readonly PartitionRow[], field: "rows" | "bytes"): number {
  return rows.reduce((sum, row) => sum + row[field], 0);
}
