// A block into its raw table: explicit columns, cluster, node and ingest as bound constants, the block's token against duplicates.
import { createReadStream } from "node:fs";
import { createGunzip, createZstdDecompress } from "node:zlib";
import type { Readable } from "node:stream";
import { assert } from "../../base/assert.ts";
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
  if (source === "file") return insertGroupStatement([block], block.token);
  const structure = structureOf(wireColumnsOf(block.table));
  return {
    sql: `INSERT INTO ${block.table} (${nameList(block.table)}) SELECT ${valueList(block.table, 0)} FROM input(${literal(structure)}) FORMAT Native`,
    params: constantsOf([block]),
    settings: { ...insertSettings, insert_deduplication_token: block.token },
    body: () => inflated(block),
  };
}

/** Several blocks of one table as one insert under one token; each keeps its own cluster, node and ingest number. */
export function insertGroupStatement(blocks: readonly StoreBlock[], token: string): InsertStatement {
  const table = blocks[0]?.table;
  assert(
    table !== undefined && blocks.every((block) => block.table === table),
    "a group is of one table and not empty",
  );
  const structure = literal(structureOf(wireColumnsOf(table)));
  const selects = blocks.map((block, index) => {
    const file = `file(${literal(block.path)}, 'Native', ${structure}, '${block.encoding}')`;
    return `SELECT ${valueList(table, index)} FROM ${file}`;
  });
  return {
    sql: `INSERT INTO ${table} (${nameList(table)}) ${selects.join(" UNION ALL ")}`,
    params: constantsOf(blocks),
    settings: { ...insertSettings, insert_deduplication_token: token },
    body: undefined,
  };
}

function constantsOf(blocks: readonly StoreBlock[]): Record<string, unknown> {
  const pairs = blocks.flatMap(({ cluster, node, ingest }, index) => [
    [`cluster${index}`, cluster],
    [`node${index}`, node],
    [`ingest${index}`, String(ingest)],
  ]);
  return Object.fromEntries(pairs) as Record<string, unknown>;
}

function nameList(table: TableName): string {
  return columnsOf(table)
    .map((column) => `\`${column.name}\``)
    .join(", ");
}

const constantTypes: Readonly<Record<string, string>> = { cluster: "String", node: "String", ingest: "UInt64" };

function valueList(table: TableName, index: number): string {
  return columnsOf(table)
    .map(({ name, origin }) =>
      origin === "server" ? `{${name}${index}:${constantTypes[name]}} AS ${name}` : `\`${name}\``,
    )
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
