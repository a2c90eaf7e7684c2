// A block made ready to travel: compressed, hashed, described by its header. The header's boot and sequence come with the spool entry.
import { createHash } from "node:crypto";
import { constants, zstdCompressSync } from "node:zlib";
import type { BlockHeader } from "../../model/agent-protocol.ts";
import { wireVersion, type Row, type TableName } from "../../model/table.ts";
import { encodeBlock, timeRangeOf } from "./encode-block.ts";

/** Level 1: the ratio of columnar bytes is already high, and the agent's CPU is the scarce thing. */
const zstdLevel = 1;

export interface SealedBlock {
  readonly header: BlockHeader;
  readonly body: Uint8Array;
}

/** Encodes and compresses rows (at least one) into the body and header of a POST to `agentPaths.blocks`. */
export function sealBlock<Name extends TableName>(
  table: Name,
  rows: readonly Row<Name>[],
  identity: { readonly boot: string; readonly sequence: number },
): SealedBlock {
  const native = encodeBlock(table, rows);
  const body = zstdCompressSync(native, { params: { [constants.ZSTD_c_compressionLevel]: zstdLevel } });
  return {
    header: {
      ...identity,
      table,
      wireVersion,
      rows: rows.length,
      ...timeRangeOf(rows),
      encoding: "zstd",
      sha256: createHash("sha256").update(body).digest("hex"),
      bytesInflated: native.length,
    },
    body,
  };
}
