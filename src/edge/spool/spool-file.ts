// One spooled block as a file: a line "garrison-spool-1 <crc32 of the JSON> <JSON header>", then the body as it will be sent.
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { BlockHeader } from "../../model/agent-protocol.ts";

const magic = "garrison-spool-1";
/** The header line is far shorter; a longer one is corrupt. */
export const headerBytesMax = 4096;

/** Whether a block may be dropped before others when room is needed: allowed flows are the first to go. */
export type SpoolPriority = "expendable" | "kept";

/** "<order, 12 digits>.<priority>.block": sorts oldest first. */
export function spoolFileName(order: number, priority: SpoolPriority): string {
  return `${String(order).padStart(12, "0")}.${priority}.block`;
}

/** The parts of a name made by `spoolFileName`, or undefined for any other name. */
export function parseSpoolFileName(name: string): { order: number; priority: SpoolPriority } | undefined {
  const match = /^(\d{12})\.(expendable|kept)\.block$/.exec(name);
  if (match === null) return undefined;
  return { order: Number(match[1]), priority: match[2] === "kept" ? "kept" : "expendable" };
}

export function encodeSpoolFile(header: BlockHeader, body: Uint8Array): Buffer {
  const json = JSON.stringify(header);
  return Buffer.concat([Buffer.from(`${magic} ${crc32(json).toString(16)} ${json}\n`), body]);
}

export type SpoolFileHead = { readonly header: BlockHeader; readonly bodyStart: number };

/** Reads the header line from the first bytes of a file. Returns why it cannot be trusted instead of throwing. */
export function decodeSpoolHead(bytes: Uint8Array): SpoolFileHead | { readonly corrupt: string } {
  const end = bytes.subarray(0, headerBytesMax).indexOf(0x0a);
  if (end < 0) return { corrupt: "no header line" };
  const line = Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("utf8");
  const match = /^(\S+) ([0-9a-f]{1,8}) (.*)$/.exec(line);
  if (match === null || match[1] !== magic) return { corrupt: "not a spool file of this version" };
  const json = match[3] ?? "";
  if (crc32(json).toString(16) !== match[2]) return { corrupt: "header checksum does not match" };
  const header = BlockHeader.safeParse(parseJson(json));
  if (!header.success) return { corrupt: "header is not a block header" };
  return { header: header.data, bodyStart: end + 1 };
}

/** The whole file's header and body, the body's SHA-256 checked against the header. */
export function decodeSpoolFile(
  bytes: Uint8Array,
): { readonly header: BlockHeader; readonly body: Uint8Array } | { readonly corrupt: string } {
  const head = decodeSpoolHead(bytes);
  if ("corrupt" in head) return head;
  const body = bytes.subarray(head.bodyStart);
  const sha256 = createHash("sha256").update(body).digest("hex");
  return sha256 === head.header.sha256 ? { header: head.header, body } : { corrupt: "body checksum does not match" };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // refused by the schema right after
  }
}
