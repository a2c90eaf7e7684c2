// The telemetry store's port: columnar blocks in, named and bounded queries out. One implementation (edge/store), two deployments.
import type { TableName } from "../../model/table.ts";

/** One block as an agent made it, on its way into the store. */
export interface StoreBlock {
  readonly table: TableName;
  /** hash(cluster, node, boot, sequence): a block given twice with one token is stored once. */
  readonly token: string;
  readonly rows: number;
  /** Constants of the INSERT; never read from the block. */
  readonly cluster: string;
  readonly node: string;
  readonly ingest: number;
  /** A file of ClickHouse Native inside the spool folder, uncompressed or as `encoding` says. */
  readonly path: string;
  readonly encoding: "none" | "gzip" | "zstd";
}

export interface QueryOptions {
  /** Values of `{name:Type}` parameters in the SQL; never spliced into the text. */
  readonly params?: Readonly<Record<string, unknown>>;
  readonly timeoutMs?: number;
  readonly rowsToReadMax?: number;
  /** Uncompressed, as the engine counts them. */
  readonly bytesToReadMax?: number;
  readonly rowsMax?: number;
}

export interface QueryResult<T> {
  readonly rows: readonly T[];
  /** The engine's own figures: what the query read. */
  readonly rowsRead: number;
  readonly bytesRead: number;
  readonly elapsedMs: number;
  /** True when a guard rail ended it early. */
  readonly partial: boolean;
  readonly partialBecause: string;
}

export interface TableUsage {
  readonly table: string;
  readonly rollup: boolean;
  readonly rows: number;
  readonly bytes: number;
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  readonly days: number;
}

export interface StoreHealth {
  readonly ok: boolean;
  readonly because: string;
  readonly kind: "embedded" | "clickhouse";
  readonly engine: string;
  readonly residentBytes: number;
  readonly cpuMs: number;
  readonly startedAtMs: number | undefined;
  /** Changes when the store was rebuilt from nothing. */
  readonly epoch: string;
}

export interface TelemetryStore extends AsyncDisposable {
  /** Brings the schema forward; refuses a newer one and a too old server with a fault that says so. */
  migrate(): Promise<void>;
  /** Resolves when the block is in the store (and durable by the store's own settings). Throws a Fault; `retryAfterMs` when a retry may help. */
  append(block: StoreBlock): Promise<void>;
  /**
   * Several blocks of one table as one insert: an insert costs as much CPU for 1 row as for thousands. Exactly once only when a retry gives
   * the same blocks under the same token, so the caller writes its groups down before the first attempt. A single block goes under its own.
   */
  appendGroup(blocks: readonly StoreBlock[], token: string): Promise<void>;
  /** Rows that the raw table holds of these blocks, by ingest number; a block that is not there is not in the map. */
  rowsOf(table: TableName, ingests: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** A read through the read-only profile with guard rails. Rows are objects as JSON; times RFC 3339, 64-bit numbers as numbers. */
  query<T>(sql: string, options?: QueryOptions): Promise<QueryResult<T>>;
  usage(): Promise<readonly TableUsage[]>;
  /** Drops whole partitions that end before `beforeMs`; returns how many rows went. */
  dropBefore(table: string, beforeMs: number): Promise<number>;
  health(): Promise<StoreHealth>;
}
