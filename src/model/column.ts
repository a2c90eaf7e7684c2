// The building blocks of a noun that is stored as a row: each is a zod schema that also carries its ClickHouse type.
// One declaration gives the JSON shape, the JSON Schema and the wire (ClickHouse Native) type; see table.ts.
import { z } from "zod";

/** Who fills a column: the agent's block, or the server's INSERT as a constant (never taken from the wire). */
export type ColumnOrigin = "block" | "server";

export interface ColumnMeta {
  /** The ClickHouse type, exactly as it is written in DDL and in a Native block's header. */
  readonly type: string;
  readonly origin: ColumnOrigin;
  /** A compression codec for the raw table's DDL, e.g. "T64, ZSTD(1)"; absent for the engine's default. */
  readonly codec?: string;
}

export const columnRegistry = z.registry<ColumnMeta>();

/** A point in time. JSON: RFC 3339 in UTC with milliseconds. Row: milliseconds since the epoch. */
export function time() {
  return z.iso.datetime().register(columnRegistry, {
    type: "DateTime64(3, 'UTC')",
    origin: "block",
    codec: "Delta, ZSTD(1)",
  });
}

/** A string from a small set of values (names, kinds, reasons): dictionary-encoded. Empty means "none" or "unknown". */
export function word() {
  return z
    .string()
    .default("")
    .register(columnRegistry, { type: "LowCardinality(String)", origin: "block", codec: "ZSTD(1)" });
}

/** A string with many values (paths, ids, messages). */
export function text() {
  return z.string().default("").register(columnRegistry, { type: "String", origin: "block", codec: "ZSTD(1)" });
}

export function texts() {
  return z
    .array(z.string())
    .default([])
    .register(columnRegistry, { type: "Array(String)", origin: "block", codec: "ZSTD(1)" });
}

export function words() {
  return z
    .array(z.string())
    .default([])
    .register(columnRegistry, { type: "Array(LowCardinality(String))", origin: "block", codec: "ZSTD(1)" });
}

/** One of a closed list of words; the list is the JSON enum, the column a LowCardinality string. */
export function choice<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values).register(columnRegistry, { type: "LowCardinality(String)", origin: "block", codec: "ZSTD(1)" });
}

export function flag() {
  return z.boolean().default(false).register(columnRegistry, { type: "Bool", origin: "block", codec: "ZSTD(1)" });
}

export function u8() {
  return z
    .int()
    .min(0)
    .max(255)
    .default(0)
    .register(columnRegistry, { type: "UInt8", origin: "block", codec: "ZSTD(1)" });
}

export function u16() {
  return z
    .int()
    .min(0)
    .max(65_535)
    .default(0)
    .register(columnRegistry, { type: "UInt16", origin: "block", codec: "ZSTD(1)" });
}

export function i32() {
  return z
    .int()
    .min(-2_147_483_648)
    .max(2_147_483_647)
    .default(0)
    .register(columnRegistry, { type: "Int32", origin: "block", codec: "T64, ZSTD(1)" });
}

export function u32() {
  return z
    .int()
    .min(0)
    .max(4_294_967_295)
    .default(0)
    .register(columnRegistry, { type: "UInt32", origin: "block", codec: "T64, ZSTD(1)" });
}

/** A counter. Carried as a JS number: exact up to 2^53, which no counter here reaches in one row. */
export function u64() {
  return z.int().min(0).default(0).register(columnRegistry, { type: "UInt64", origin: "block", codec: "ZSTD(1)" });
}

/** An address in text form, IPv4 or IPv6. Column: IPv6, with IPv4 as ::ffff:a.b.c.d. "::" means none. */
export function address() {
  return z.string().default("::").register(columnRegistry, { type: "IPv6", origin: "block", codec: "ZSTD(1)" });
}

/** Exponential histogram: bucket index -> count, as in flow.ts `rttBucket`. JSON: object with the index as key. */
export function histogram() {
  return z
    .record(z.string(), z.int().min(0))
    .default({})
    .register(columnRegistry, { type: "Map(Int16, UInt32)", origin: "block", codec: "ZSTD(1)" });
}

export function u32s() {
  return z
    .array(z.int().min(0))
    .default([])
    .register(columnRegistry, { type: "Array(UInt32)", origin: "block", codec: "ZSTD(1)" });
}

/** A short name that the server fills from the client certificate; a block never carries it. */
export function certified() {
  return z
    .string()
    .default("")
    .register(columnRegistry, { type: "LowCardinality(String)", origin: "server", codec: "ZSTD(1)" });
}

/** The server's number of the block a row came in: rising, one per block. What live streams resume from. */
export function ingestNumber() {
  return z
    .int()
    .min(0)
    .default(0)
    .register(columnRegistry, { type: "UInt64", origin: "server", codec: "DoubleDelta, ZSTD(1)" });
}
