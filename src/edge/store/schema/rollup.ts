// What a rollup is, as data, and the column texts that rollups share.
import type { PartitionScheme } from "./partitions.ts";

export interface RollupView {
  readonly name: string;
  /** The table whose inserts it sees. */
  readonly from: string;
  readonly select: string;
}

export interface Rollup {
  readonly name: string;
  /** The time column that starts the bucket. */
  readonly time: string;
  readonly partition: PartitionScheme;
  readonly days: number;
  readonly columns: readonly string[];
  readonly orderBy: readonly string[];
  readonly views: readonly RollupView[];
}

export const sum = (name: string): string => `${name} SimpleAggregateFunction(sum, UInt64) CODEC(ZSTD(1))`;
export const first = "firstSeen SimpleAggregateFunction(min, DateTime('UTC')) CODEC(Delta, ZSTD(1))";
export const last = "lastSeen SimpleAggregateFunction(max, DateTime('UTC')) CODEC(Delta, ZSTD(1))";
export const bucketTime = "time DateTime('UTC') CODEC(Delta, ZSTD(1))";

/** The names of "name type ..." columns. */
export function names(columns: readonly string[]): readonly string[] {
  return columns.map((column) => column.slice(0, column.indexOf(" ")));
}

/** Bucket i holds [2^(i/4), 2^((i+1)/4)) microseconds, as model/flow.ts. */
const bucketOf = (table: string): string => `toInt16(floor(4 * log2(greatest(${table}.latencyUs, 1))))`;

/** Histogram of a raw table's `latencyUs`, weighted by `count`. */
export function latencyMapOf(table: string): string {
  return `sumMap(map(${bucketOf(table)}, toUInt64(count))) AS latencyUs`;
}

/** Likewise, of rows that hold `condition` only. */
export function latencyMapIf(table: string, condition: string, name: string): string {
  return `sumMapIf(map(${bucketOf(table)}, toUInt64(count)), ${condition}) AS ${name}`;
}
