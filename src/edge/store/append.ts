// A block into its raw table: explicit columns, cluster, node and ingest as bound constants, the block's token against duplicates.
import { createReadStream } from "node:fs";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Readable } from "node:stream";
import type { StoreBlock } from "../../core/store/telemetry-store.ts";
import { columnsOf, wireColumnsOf, type TableName } from "../../model/table.ts";
import { structureOf } from "./schema/raw-tables.ts";

/** Where the engine finds the rows: in the spool file itself, or in the request's body. */
export type InsertSource = "file" | "body";

export interface InsertStatement {
  readonly sql: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly settings: Readonly<Record<string, string | number>>;
  /** The rows as a stream of Native, for source "body". */
  readonly body: (() => Readable) | undefined;
}

/** One squashed block per insert: a token names a whole insert only when the engine does not cut it in pieces. */
const insertSettings = {
  insert_deduplicate: 1,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_threads: 1,
  max_insert_block_size: 1_048_576,
  min_insert_block_size_rows: 1_048_576,
  min_insert_block_size_bytes: 1_073_741_824,
  async_insert: 0,
} as const;

export function insertStatement(block: StoreBlock, source: InsertSource): InsertStatement {
  const structure = structureOf(wireColumnsOf(block.table));
  const compression = { none: "none", gzip: "gzip", zstd: "zstd" } as const satisfies Record<
    StoreBlock["encoding"],
    string
  >;
  const rows =
    source === "file"
      ? `file(${literal(block.path)}, 'Native', ${literal(structure)}, '${compression[block.encoding]}')`
      : `input(${literal(structure)}) FORMAT Native`;
  return {
    sql: `INSERT INTO ${block.table} (${nameList(block.table)}) SELECT ${valueList(block.table)} FROM ${rows}`,
    params: { cluster: block.cluster, node: block.node, ingest: String(block.ingest) },
    settings: { ...insertSettings, insert_deduplication_token: block.token },
    body: source === "file" ? undefined : () => inflated(block),
  };
}

function nameList(table: TableName): string {
  return columnsOf(table)
    .map((column) => `\`${column.name}\``)
    .join(", ");
}

const constants: Readonly<Record<string, string>> = {
  cluster: "{cluster:String} AS cluster",
  node: "{node:String} AS node",
  ingest: "{ingest:UInt64} AS ingest",
};

function valueList(table: TableName): string {
  return columnsOf(table)
    .map((column) => (column.origin === "server" ? (constants[column.name] ?? "") : `\`${column.name}\``))
    .join(", ");
}

function inflated(block: StoreBlock): Readable {
  const file = createReadStream(block.path);
  if (block.encoding === "none") return file;
  return file.pipe(block.encoding === "gzip" ? createGunzip() : createZstdDecompress());
}

/** A string literal of the dialect; paths and types are ours, but are escaped all the same. */
function literal(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
