// One spooled block as a file: a line "garrison-spool-1 <crc32 of the JSON> <JSON header>", then the body as it will be sent.
// A block of gaps ("garrison-spool-2 <crc32> <bytes of the losses> <JSON header>") has its losses as JSON before the body: a block that
// must leave unsent gives its numbers back, and rows are never decoded.
import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import { BlockHeader } from "../../model/agent-protocol.ts";
import { SpoolLosses, type SpoolLoss } from "./loss-book.ts";

const linePattern = /^garrison-spool-[12] ([0-9a-f]{1,8}) (?:(\d{1,9}) )?(\{.*)$/;
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

/** `tells`: for a block of gaps, everything in it. */
export function encodeSpoolFile(header: BlockHeader, body: Uint8Array, tells?: readonly SpoolLoss[]): Buffer {
  const json = JSON.stringify(header);
  const checksum = crc32(json).toString(16);
  if (tells === undefined) return Buffer.concat([Buffer.from(`garrison-spool-1 ${checksum} ${json}\n`), body]);
  const losses = JSON.stringify(tells);
  const section = Buffer.from(`${crc32(losses).toString(16)} ${losses}\n`);
  return Buffer.concat([Buffer.from(`garrison-spool-2 ${checksum} ${section.length} ${json}\n`), section, body]);
}

export type SpoolFileHead = { readonly header: BlockHeader; readonly tellsStart: number; readonly bodyStart: number };

/** Reads the header line from the first bytes of a file. Returns why it cannot be trusted instead of throwing. */
export function decodeSpoolHead(bytes: Uint8Array): SpoolFileHead | { readonly corrupt: string } {
  const end = bytes.subarray(0, headerBytesMax).indexOf(0x0a);
  if (end < 0) return { corrupt: "no header line" };
  const match = linePattern.exec(Buffer.from(bytes.buffer, bytes.byteOffset, end).toString("utf8"));
  if (match === null) return { corrupt: "not a spool file of this version" };
  const [, checksum, tellsBytes = "0", json = ""] = match;
  if (crc32(json).toString(16) !== checksum) return { corrupt: "header checksum does not match" };
  const header = BlockHeader.safeParse(parseJson(json));
  if (!header.success) return { corrupt: "header is not a block header" };
  return { header: header.data, tellsStart: end + 1, bodyStart: end + 1 + Number(tellsBytes) };
}

/** The losses that a block of gaps tells; undefined when the file has none or they cannot be trusted. */
export function decodeTells(bytes: Uint8Array): readonly SpoolLoss[] | undefined {
  const head = decodeSpoolHead(bytes);
  if ("corrupt" in head || head.tellsStart === head.bodyStart) return undefined;
  const section = Buffer.from(bytes.subarray(head.tellsStart, head.bodyStart)).toString("utf8");
  const [, checksum = "", json = ""] = /^([0-9a-f]{1,8}) (\[.*\])\n$/.exec(section) ?? [];
  if (crc32(json).toString(16) !== checksum) return undefined;
  return SpoolLosses.safeParse(parseJson(json)).data;
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
