// The door's judgement of one block before anything keeps it: header, size, hash, bounded inflation, structure, time range.
// Cheap checks come first; rows are never decoded; every refusal is a Fault with its own code.
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { gunzip, zstdDecompress } from "node:zlib";
import { Fault } from "../../../base/fault.ts";
import { BlockHeader, blockLimits } from "../../../model/agent-protocol.ts";
import { wireVersion, type TableName } from "../../../model/table.ts";
import { doorLimits } from "./limits.ts";

/** What the structural look at uncompressed Native bytes found (edge/blocks `inspectBlock`). */
export interface BlockFacts {
  readonly rows: number;
  readonly timeMinMs: number;
  readonly timeMaxMs: number;
}

/**
 * What agents and gateways tell: what they saw and found on their own node, and what they lost. Everything else the server writes itself (inventory and
 * events of the API server, audit, findings): a node that somebody took over must not be able to write it.
 */
const agentTables: readonly TableName[] = [
  "flows",
  "process_events",
  "dns_events",
  "http_events",
  "file_events",
  "waf_events",
  "security_events",
  "workload_usage",
  "container_postures",
  "gaps",
];

/** Throws a Fault for bytes that are not exactly one block of this table. */
export type InspectBlock = (table: TableName, bytes: Uint8Array) => BlockFacts;

const gunzipBounded = promisify(gunzip);
const zstdBounded = promisify(zstdDecompress);

/** Reads the one-line JSON header. Unknown fields are refused: cluster and node come from the certificate only. */
export function parseBlockHeader(text: string | undefined): BlockHeader {
  if (text === undefined) throw refusal("agents/no-header", "the garrison-block header is missing");
  if (text.length > doorLimits.blockHeaderCharactersMax) {
    throw refusal(
      "agents/header-too-large",
      `the garrison-block header is longer than ${doorLimits.blockHeaderCharactersMax}`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refusal("agents/bad-header", "the garrison-block header is not JSON");
  }
  const parsed = BlockHeader.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const where = issue?.path.join(".") ?? "";
    throw new Fault(`the garrison-block header is refused: ${issue?.message ?? "unknown"}`, {
      code: "agents/bad-header",
      kind: "usage",
      hint: "send exactly the fields of the protocol; cluster and node come from the certificate",
      ...(where === "" ? {} : { where }),
    });
  }
  return parsed.data;
}

/**
 * Limits that the header alone decides, before a byte of the body is kept. `contentLength` is undefined when absent or not a number.
 * Returns how many bytes the body may have.
 */
export function checkHeaderLimits(header: BlockHeader, contentLength: number | undefined, nowMs: number): number {
  if (header.wireVersion !== wireVersion) {
    throw refusal(
      "agents/wire-version",
      `the block has wire version ${header.wireVersion}, this server takes ${wireVersion}`,
    );
  }
  if (!agentTables.includes(header.table)) {
    throw refusal("agents/table-not-taken", `agents do not write the table ${header.table}`);
  }
  if (header.rows > blockLimits.rowsMax) throw tooLarge("rows", header.rows, blockLimits.rowsMax);
  if (header.bytesInflated > blockLimits.bytesInflatedMax) {
    throw tooLarge("inflated bytes", header.bytesInflated, blockLimits.bytesInflatedMax);
  }
  // Compression that makes a block larger adds a few bytes at most.
  const bytesMax = Math.min(blockLimits.bytesMax, header.bytesInflated + doorLimits.compressionOverheadBytesMax);
  if (contentLength !== undefined) {
    if (contentLength > bytesMax) throw tooLarge("bytes", contentLength, bytesMax);
    checkRatio(header, contentLength);
  }
  checkTimes(header.table, header, nowMs);
  return contentLength ?? bytesMax;
}

function checkRatio(header: BlockHeader, bytes: number): void {
  const bytesInflatedMax = Math.max(doorLimits.inflateRatioFreeBytes, bytes * blockLimits.inflateRatioMax);
  if (header.bytesInflated <= bytesInflatedMax) return;
  throw new Fault(`the block claims to inflate more than ${blockLimits.inflateRatioMax} times`, {
    code: "agents/inflate-ratio",
    kind: "too-large",
    hint: "send fewer rows in a block, or send it uncompressed",
  });
}

/** Hash, bounded inflation, structure and true time range of a whole body. Resolves with nothing; throws a Fault. */
export async function checkBody(
  header: BlockHeader,
  body: Buffer,
  options: { readonly inspect: InspectBlock; readonly nowMs: number },
): Promise<void> {
  if (createHash("sha256").update(body).digest("hex") !== header.sha256) {
    throw refusal("agents/wrong-hash", "the body's SHA-256 is not the header's");
  }
  checkRatio(header, body.length);
  const native = await inflate(header, body);
  const facts = options.inspect(header.table, native);
  if (facts.rows !== header.rows) {
    throw refusal("agents/wrong-rows", `the block has ${facts.rows} rows, its header says ${header.rows}`);
  }
  if (facts.timeMinMs !== header.timeMinMs || facts.timeMaxMs !== header.timeMaxMs) {
    throw refusal("agents/wrong-times", "the rows' time range is not the header's");
  }
  checkTimes(header.table, facts, options.nowMs);
}

/** Inflates to exactly `bytesInflated`; zlib itself stops at the first byte beyond it. */
async function inflate(header: BlockHeader, body: Buffer): Promise<Uint8Array> {
  if (header.encoding === "none") {
    if (body.length !== header.bytesInflated) throw wrongInflated(header);
    return body;
  }
  const unpack = header.encoding === "gzip" ? gunzipBounded : zstdBounded;
  let native: Buffer;
  try {
    native = await unpack(body, { maxOutputLength: header.bytesInflated });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw wrongInflated(header);
    throw refusal("agents/bad-compression", `the body is not valid ${header.encoding}`);
  }
  if (native.length !== header.bytesInflated) throw wrongInflated(header);
  return native;
}

function checkTimes(table: TableName, times: { timeMinMs: number; timeMaxMs: number }, nowMs: number): void {
  const pastMsMax = table === "gaps" ? doorLimits.gapPastMsMax : blockLimits.pastMsMax;
  const isInside =
    times.timeMinMs <= times.timeMaxMs &&
    times.timeMinMs >= nowMs - pastMsMax &&
    times.timeMaxMs <= nowMs + blockLimits.futureMsMax;
  if (isInside) return;
  throw new Fault("the block has rows outside the accepted range of time", {
    code: "agents/out-of-range",
    kind: "usage",
    hint: "check the clocks of node and server; rows of the last 24 hours are taken, at most 2 minutes ahead",
  });
}

function wrongInflated(header: BlockHeader): Fault {
  return refusal(
    "agents/wrong-inflated",
    `the body does not inflate to the ${header.bytesInflated} bytes that its header says`,
  );
}

function tooLarge(what: string, found: number, limit: number): Fault {
  return new Fault(`the block has ${found} ${what}, at most ${limit} are taken`, {
    code: "agents/block-too-large",
    kind: "too-large",
    hint: "send smaller blocks",
  });
}

function refusal(code: string, message: string): Fault {
  return new Fault(message, { code, kind: "usage", hint: "the block is refused by itself; others are not touched" });
}
