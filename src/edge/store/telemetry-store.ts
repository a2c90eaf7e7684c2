// The telemetry store over the ClickHouse HTTP protocol: the embedded process and any ClickHouse server are the same to everybody else.
import { access } from "node:fs/promises";
import { resolve } from "node:path";
import type {
  QueryOptions,
  QueryResult,
  StoreBlock,
  StoreHealth,
  TelemetryStore,
} from "../../core/store/telemetry-store.ts";
import { assert } from "../../base/assert.ts";
import { tableNames, type TableName } from "../../model/table.ts";
import { insertGroupStatement, insertStatement, type InsertSource } from "./append.ts";
import { connect, type Connection, type StoreAddress } from "./connection.ts";
import { dropPartitionsBefore, tableUsage } from "./partitions-on-disk.ts";
import { limitsOf, partialFrom, type Limits } from "./partial.ts";
import { findMismatches, rebuildHour, type RollupMismatch } from "./rollup-check.ts";
import { command, commandWithBody, select } from "./run.ts";
import { migrateSchema, type SchemaFacts } from "./schema/migrate.ts";
import type { Slots } from "./schema/statements.ts";
import { insertFault, queryFault } from "./store-fault.ts";

export interface TelemetryStoreOptions {
  readonly address: StoreAddress;
  /** Days kept per table, as `usage()` reports them; a table that is not named has its default. */
  readonly days?: (table: string) => number | undefined;
}

/** The port, and what only the server's own upkeep uses. */
export interface MaintainedStore extends TelemetryStore {
  /** Compares rollups with raw rows per hour in the window and rebuilds what differs; returns what it found. */
  repairRollups(sinceMs: number, untilMs: number): Promise<readonly RollupMismatch[]>;
}

/** Connects lazily: nothing is sent before the first call. */
export function createTelemetryStore(options: TelemetryStoreOptions): MaintainedStore {
  const address = absolute(options.address);
  const connection = connect(address);
  const deployment = deploymentOf(address);
  let facts: SchemaFacts | undefined;

  return {
    async migrate() {
      facts = await migrateSchema(connection, deployment.slots, connection.database).catch((thrown: unknown) => {
        throw queryFault(thrown);
      });
    },
    append: (block) => append(connection, deployment.source, block),
    appendGroup: (blocks, token) => appendGroup(connection, deployment.source, blocks, token),
    rowsOf: (table, ingests) => rowsOf(connection, table, ingests),
    query: <T>(sql: string, queryOptions: QueryOptions = {}) => query<T>(connection, sql, limitsOf(queryOptions)),
    async usage() {
      return tableUsage(connection, options.days ?? (() => undefined)).catch((thrown: unknown) => {
        throw queryFault(thrown);
      });
    },
    async dropBefore(table, beforeMs) {
      return dropPartitionsBefore(connection, table, beforeMs, deployment.slots.onCluster).catch((thrown: unknown) => {
        throw queryFault(thrown);
      });
    },
    async repairRollups(sinceMs, untilMs) {
      try {
        const found = await findMismatches(connection, sinceMs, untilMs);
        for (const mismatch of found) await rebuildHour(connection, mismatch);
        return found;
      } catch (thrown) {
        throw queryFault(thrown);
      }
    },
    health: () => health(connection, address.kind, facts),
    async [Symbol.asyncDispose]() {
      await connection.close();
    },
  };
}

function absolute(address: StoreAddress): StoreAddress {
  return address.kind === "embedded" ? { ...address, dataFolder: resolve(address.dataFolder) } : address;
}

interface Deployment {
  readonly slots: Slots;
  readonly source: InsertSource;
}

const deduplicationWindow = 10_000;

function deploymentOf(address: StoreAddress): Deployment {
  if (address.kind === "embedded") {
    return { slots: { onCluster: "", engine: "", deduplicationWindow, fsync: true }, source: "file" };
  }
  const onCluster =
    address.cluster === undefined ? "" : ` ON CLUSTER '${address.cluster.replaceAll(/[^A-Za-z0-9_{}-]/g, "")}'`;
  const engine = address.cluster === undefined ? "" : "Replicated";
  return { slots: { onCluster, engine, deduplicationWindow, fsync: false }, source: "body" };
}

async function append(connection: Connection, source: InsertSource, block: StoreBlock): Promise<void> {
  const statement = insertStatement({ ...block, path: resolve(block.path) }, source);
  try {
    if (statement.body === undefined) await command(connection, statement.sql, statement.params, statement.settings);
    else {
      await access(block.path);
      await commandWithBody(connection, statement.sql, statement.body, statement);
    }
  } catch (thrown) {
    throw insertFault(thrown, block.table);
  }
}

/** Blocks of a group at most: their names go along in the statement and in its parameters. */
export const groupBlocksMax = 256;

async function appendGroup(
  connection: Connection,
  source: InsertSource,
  blocks: readonly StoreBlock[],
  token: string,
): Promise<void> {
  const [first] = blocks;
  if (first === undefined) return;
  assert(blocks.length <= groupBlocksMax, `a group has at most ${groupBlocksMax} blocks`);
  const absolute = blocks.map((block) => ({ ...block, path: resolve(block.path) }));
  const statement = source === "body" || blocks.length === 1 ? undefined : insertGroupStatement(absolute, token);
  if (statement === undefined) {
    // Each block's own token does the same service, only dearer.
    for (const block of absolute) await append(connection, source, block);
    return;
  }
  try {
    // The engine passes over a missing file of a list in silence; here it must be an error.
    await Promise.all(absolute.map((block) => access(block.path)));
    await command(connection, statement.sql, statement.params, statement.settings);
  } catch (thrown) {
    throw insertFault(thrown, first.table);
  }
}

async function rowsOf(
  connection: Connection,
  table: TableName,
  ingests: readonly number[],
): Promise<ReadonlyMap<number, number>> {
  assert(tableNames.includes(table), `${table} is a raw table`);
  const sql = `SELECT ingest, count() AS rows FROM ${table} WHERE ingest IN ({ingests:Array(UInt64)}) GROUP BY ingest`;
  try {
    const { data } = await select<{ ingest: number; rows: number }>(connection, "writer", sql, { params: { ingests } });
    return new Map(data.map(({ ingest, rows }) => [ingest, rows]));
  } catch (thrown) {
    throw queryFault(thrown);
  }
}

async function query<T>(connection: Connection, sql: string, limits: Limits): Promise<QueryResult<T>> {
  const startedAt = performance.now();
  try {
    const answer = await select<T>(connection, "reader", sql, { params: limits.params, settings: limits.settings });
    const cut = answer.data.length > limits.rowsMax ? answer.data.slice(0, limits.rowsMax) : answer.data;
    const because = partialFrom(answer.statistics, answer.data.length, limits);
    return {
      rows: cut,
      rowsRead: answer.statistics.rows_read,
      bytesRead: answer.statistics.bytes_read,
      elapsedMs: performance.now() - startedAt,
      partial: because !== "",
      partialBecause: because,
    };
  } catch (thrown) {
    const because = limits.becauseOf(thrown);
    if (because === "") throw queryFault(thrown);
    const elapsedMs = performance.now() - startedAt;
    return { rows: [], rowsRead: 0, bytesRead: 0, elapsedMs, partial: true, partialBecause: because };
  }
}

async function health(
  connection: Connection,
  kind: StoreHealth["kind"],
  facts: SchemaFacts | undefined,
): Promise<StoreHealth> {
  const base = { kind, engine: facts?.engine ?? "", epoch: facts?.epoch ?? "" };
  try {
    const { residentBytes, cpuMs, startedAtMs } =
      (await connection.processFacts()) ?? (await serverFigures(connection));
    const isMigrated = facts !== undefined;
    return {
      ...base,
      ok: isMigrated,
      because: isMigrated ? "" : "not migrated yet",
      residentBytes,
      cpuMs,
      startedAtMs,
    };
  } catch (thrown) {
    const fault = queryFault(thrown);
    return { ...base, ok: false, because: fault.message, residentBytes: 0, cpuMs: 0, startedAtMs: undefined };
  }
}

/** A server's own figures: the memory it accounts for; its CPU time is not to be had over SQL, so it is 0. */
async function serverFigures(
  connection: Connection,
): Promise<Pick<StoreHealth, "residentBytes" | "cpuMs" | "startedAtMs">> {
  const sql =
    "SELECT (SELECT value FROM system.metrics WHERE metric = 'MemoryTracking') AS resident, " +
    "toUnixTimestamp64Milli(now64(3)) - uptime() * 1000 AS started";
  const row = (await select<{ resident: number; started: number }>(connection, "reader", sql)).data[0];
  return { residentBytes: row?.resident ?? 0, cpuMs: 0, startedAtMs: row?.started };
}
