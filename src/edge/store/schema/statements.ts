// DDL texts from the tables' data and a deployment's slots. The only place that spells engines, ON CLUSTER and table settings.
import type { RawTable } from "./raw-tables.ts";
import { rawTableBody } from "./raw-tables.ts";
import type { Rollup, RollupView } from "./rollup.ts";
import { partitionExpression } from "./partitions.ts";

/** What differs between the embedded engine, one server and a cluster. */
export interface Slots {
  /** "" or " ON CLUSTER 'name'". */
  readonly onCluster: string;
  /** Engine prefix: "" or "Replicated". */
  readonly engine: "" | "Replicated";
  /** Blocks whose tokens a table remembers. */
  readonly deduplicationWindow: number;
  /** True: an insert is on disk before it is answered (raw tables only; rollups are rebuilt from raw). */
  readonly fsync: boolean;
}

export function createRawTable(table: RawTable, slots: Slots): string {
  return (
    `CREATE TABLE IF NOT EXISTS ${table.name}${slots.onCluster} (\n  ${rawTableBody(table)}\n) ENGINE = ${slots.engine}MergeTree\n` +
    `PARTITION BY ${partitionExpression(table.partition, "time")}\nORDER BY (${table.orderBy.join(", ")})\n` +
    `SETTINGS ${settings(slots, slots.fsync)}`
  );
}

export function createRollup(rollup: Rollup, slots: Slots): string {
  return (
    `CREATE TABLE IF NOT EXISTS ${rollup.name}${slots.onCluster} (\n  ${rollup.columns.join(",\n  ")}\n) ` +
    `ENGINE = ${slots.engine}AggregatingMergeTree\nPARTITION BY ${partitionExpression(rollup.partition, rollup.time)}\n` +
    `ORDER BY (${rollup.orderBy.join(", ")})\nSETTINGS ${settings(slots, false)}`
  );
}

export function createView(view: RollupView, rollup: Rollup, slots: Slots): string {
  return `CREATE MATERIALIZED VIEW IF NOT EXISTS ${view.name}${slots.onCluster} TO ${rollup.name} AS ${view.select}`;
}

function settings(slots: Slots, fsync: boolean): string {
  const window =
    slots.engine === "Replicated" ? "replicated_deduplication_window" : "non_replicated_deduplication_window";
  const durable = fsync ? ", fsync_after_insert = 1, fsync_part_directory = 1" : "";
  return `${window} = ${slots.deduplicationWindow}${durable}`;
}
