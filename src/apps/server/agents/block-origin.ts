// Which block this is and whose: the identity of the certificate with the block's own numbers, and what is made of them.
import { createHash } from "node:crypto";
import type { TableName } from "../../../model/table.ts";

export interface BlockOrigin {
  readonly cluster: string;
  readonly node: string;
  readonly boot: string;
  readonly sequence: number;
}

/** A block that is ready for the store, without its bytes. */
export interface SpoolEntry extends BlockOrigin {
  readonly ingest: number;
  readonly table: TableName;
  readonly rows: number;
  readonly encoding: "none" | "gzip" | "zstd";
  readonly bytes: number;
  /** Bytes of its rows; undefined for a block of an earlier run. */
  readonly bytesInflated?: number;
}

/** The store's deduplication token: SHA-256 over (cluster, node, boot, sequence), lower-case hex. Names cannot hold the separator. */
export function blockToken(origin: BlockOrigin): string {
  return createHash("sha256")
    .update(`${origin.cluster}\n${origin.node}\n${origin.boot}\n${origin.sequence}`)
    .digest("hex");
}

/** A short, path-safe name of an agent: half of SHA-256 over (cluster, node), 32 hex digits. */
export function agentKey(cluster: string, node: string): string {
  return createHash("sha256").update(`${cluster}\n${node}`).digest("hex").slice(0, 32);
}
