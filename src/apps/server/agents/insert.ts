// One insert as the inserter thinks of it: blocks of one table and encoding under one token, and what happened to it so far.
import { createHash } from "node:crypto";
import type { StoreBlock } from "../../../core/store/telemetry-store.ts";
import { blockToken, type SpoolEntry } from "./block-origin.ts";

export interface Insert {
  /** Of the file in the group book; inserts of a group that was taken apart share it. */
  readonly name: string;
  readonly entries: readonly SpoolEntry[];
  /** Whether the group book has it. */
  isPlanned: boolean;
  /** Nobody knows what of it is in the store: look first, then go on block by block. */
  isDoubtful: boolean;
  /** Refusals without a reason in the block. */
  attempts: number;
  /** Times that the store ended in the middle of it. */
  brokenOff: number;
  /** Times that the store had no room for it. */
  limited: number;
  /** How many inserts had succeeded when this one failed first: without a success since, the store is to blame, not the block. */
  successesAtFirstFailure: number;
}

export function newInsert(name: string, entries: readonly SpoolEntry[], rest: Partial<Insert> = {}): Insert {
  return {
    name,
    entries,
    isPlanned: false,
    isDoubtful: false,
    attempts: 0,
    brokenOff: 0,
    limited: 0,
    successesAtFirstFailure: 0,
    ...rest,
  };
}

/** SHA-256 over the blocks' tokens in their order, lower-case hex. */
export function groupToken(entries: readonly SpoolEntry[]): string {
  return createHash("sha256").update(entries.map(blockToken).join("\n")).digest("hex");
}

export function storeBlockOf(entry: SpoolEntry, path: string): StoreBlock {
  const { table, rows, cluster, node, ingest, encoding } = entry;
  return { table, token: blockToken(entry), rows, cluster, node, ingest, path, encoding };
}
