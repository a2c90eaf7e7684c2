// A block into its raw table: explicit columns, cluster, node and ingest as bound constants, the block's token against duplicates.
import { createReadStream } from "node:fs";
import { basename, dirname } from "node:path";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { pipeline, type Readable } from "node:stream";
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
  const structure = literal(structureOf(wireColumnsOf(block.table)));
  const rows =
    source === "file"
      ? `file(${literal(block.path)}, 'Native', ${structure}, '${block.encoding}')`
      : `input(${structure}) FORMAT Native`;
  return {
    sql: `INSERT INTO ${block.table} (${nameList(block.table)}) SELECT ${valueList(block.table, constants)} FROM ${rows}`,
    params: { cluster: block.cluster, node: block.node, ingest: String(block.ingest) },
    settings: { ...insertSettings, insert_deduplication_token: block.token },
    body: source === "file" ? undefined : () => inflated(block),
  };
}

/**
 * Several blocks of one table as one insert under one token; each keeps its own cluster, node and ingest number, found by its file's name.
 * Undefined when they cannot go together: other tables, folders or encodings, names with odd characters, the same name twice.
 */
export function insertGroupStatement(blocks: readonly StoreBlock[], token: string): InsertStatement | undefined {
  const [first] = blocks;
  if (first === undefined) return undefined;
  const folder = dirname(first.path);
  const names = blocks.map((block) => basename(block.path));
  const isAlike = blocks.every(
    (block) => block.table === first.table && block.encoding === first.encoding && dirname(block.path) === folder,
  );
  if (!isAlike || new Set(names).size < names.length || !names.every((name) => /^[A-Za-z0-9._-]+$/.test(name)))
    return undefined;
  const structure = literal(structureOf(wireColumnsOf(first.table)));
  const files = `file(${literal(`${folder}/{${names.join(",")}}`)}, 'Native', ${structure}, '${first.encoding}')`;
  return {
    sql: `INSERT INTO ${first.table} (${nameList(first.table)}) SELECT ${valueList(first.table, constantsByFile)} FROM ${files}`,
    params: {
      files: names,
      clusters: blocks.map((block) => block.cluster),
      nodes: blocks.map((block) => block.node),
      ingests: blocks.map((block) => block.ingest),
    },
    settings: { ...insertSettings, insert_deduplication_token: token },
    body: undefined,
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

const constantsByFile: Readonly<Record<string, string>> = {
  cluster: "transform(_file, {files:Array(String)}, {clusters:Array(String)}, '') AS cluster",
  node: "transform(_file, {files:Array(String)}, {nodes:Array(String)}, '') AS node",
  ingest: "transform(_file, {files:Array(String)}, {ingests:Array(UInt64)}, toUInt64(0)) AS ingest",
};

function valueList(table: TableName, byServer: Readonly<Record<string, string>>): string {
  return columnsOf(table)
    .map(({ name, origin }) => (origin === "server" ? (byServer[name] ?? "") : `\`${name}\``))
    .join(", ");
}

function inflated(block: StoreBlock): Readable {
  const file = createReadStream(block.path);
  if (block.encoding === "none") return file;
  const plain = block.encoding === "gzip" ? createGunzip() : createZstdDecompress();
  pipeline(file, plain, () => undefined); // an error of either ends `plain` with it, which the request reports
  return plain;
}

/** A string literal of the dialect; paths and types are ours, but are escaped all the same. */
function literal(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
