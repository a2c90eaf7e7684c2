// Rows of one table into the durable intake, in blocks of bounded size.
import { encodeBlock } from "../../../edge/blocks/encode-block.ts";
import type { Row } from "../../../model/table.ts";
import type { AgentsSide } from "../parts.ts";
import { apiServerNode, clusterLimits } from "./limits.ts";

export type WrittenTable = "inventory_events" | "kubernetes_events";

/** Resolves when all rows are durable. Rejects with how many were, when the intake has no room: see `WriteFailed`. */
export async function writeRows<Name extends WrittenTable>(
  accept: AgentsSide["accept"],
  cluster: string,
  table: Name,
  rows: readonly Row<Name>[],
): Promise<void> {
  let from = 0;
  while (from < rows.length) {
    const block = rows.slice(from, blockEnd(rows, from));
    try {
      const body = encodeBlock(table, block);
      await accept({ cluster, node: apiServerNode }, { table, rows: block.length, encoding: "none", body });
    } catch (cause) {
      throw new WriteFailed(from, cause);
    }
    from += block.length;
  }
}

/** Not all rows were written: those before `written` are durable. */
export class WriteFailed extends Error {
  readonly written: number;
  constructor(written: number, cause: unknown) {
    super("rows of a cluster could not be written", { cause });
    this.written = written;
  }
}

/** Where the block that begins at `from` ends. */
function blockEnd(rows: readonly object[], from: number): number {
  let length = 0;
  for (let to = from; to < rows.length; to += 1) {
    length += lengthOf(rows[to] ?? {});
    const isFull = to - from >= clusterLimits.blockRowsMax || length > clusterLimits.blockLengthMax;
    if (isFull && to > from) return to;
  }
  return rows.length;
}

/** The texts that can be long; the rest is small. */
function lengthOf(row: { readonly object?: string; readonly message?: string }): number {
  return (row.object?.length ?? 0) + (row.message?.length ?? 0) + 200;
}
