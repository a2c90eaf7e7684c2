// One 512-byte header of a tar: ustar, star, GNU and old V7. Its checksum is verified before a field is believed; what Go's reader (and so every container runtime) refuses is refused.
import { Fault } from "../../../../base/fault.ts";

export const blockBytes = 512;

export interface TarHeader {
  /** The type flag's byte. */
  readonly flag: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  /** The path's bytes; good until the next header is read. */
  readonly path: Buffer;
  readonly pathEnd: number;
  readonly pathStart: number;
  /** Where the link target is in `block`. */
  readonly block: Buffer;
  readonly blockStart: number;
  readonly isGnu: boolean;
}

export function tarFault(code: string, message: string): Fault {
  return new Fault(message, {
    code: `registry/${code}`,
    kind: "usage",
    hint: "The layer is damaged or was made by a broken tool; pull or build the image again.",
  });
}

/** Scratch for a path put together from prefix and name. */
const joined = Buffer.alloc(512);

/** The header at `start`, or undefined for a block of zeros. Throws a Fault for a wrong checksum or a number that is none. */
export function readHeader(block: Buffer, start: number): TarHeader | undefined {
  if (block[start] === 0 && isZero(block, start)) return undefined;
  verifyChecksum(block, start);
  const isUstar = block.toString("latin1", start + 257, start + 262) === "ustar";
  const isGnu = isUstar && block[start + 262] === 0x20;
  let path = block;
  let pathStart = start;
  let pathEnd = fieldEnd(block, start, 100);
  if (isUstar && !isGnu && block[start + 345] !== 0) {
    const isStar = block.toString("latin1", start + 508, start + 512) === "tar\0";
    const prefixEnd = fieldEnd(block, start + 345, isStar ? 131 : 155);
    const prefixBytes = block.copy(joined, 0, start + 345, prefixEnd);
    joined[prefixBytes] = 0x2f;
    const nameBytes = block.copy(joined, prefixBytes + 1, start, pathEnd);
    path = joined;
    pathStart = 0;
    pathEnd = prefixBytes + 1 + nameBytes;
  }
  return {
    flag: block[start + 156]!,
    mode: number(block, start + 100, 8) & 0o7777,
    uid: number(block, start + 108, 8),
    gid: number(block, start + 116, 8),
    sizeBytes: number(block, start + 124, 12),
    path,
    pathStart,
    pathEnd,
    block,
    blockStart: start,
    isGnu,
  };
}

export function fieldEnd(block: Buffer, start: number, length: number): number {
  for (let at = start; at < start + length; at++) if (block[at] === 0) return at;
  return start + length;
}

function isZero(block: Buffer, start: number): boolean {
  for (let at = start; at < start + blockBytes; at++) if (block[at] !== 0) return false;
  return true;
}

/** The sum of all bytes with the field itself as spaces; some old tools summed signed bytes. */
function verifyChecksum(block: Buffer, start: number): void {
  let unsigned = 0;
  for (let at = start; at < start + blockBytes; at++) unsigned += block[at]!;
  let field = 0;
  for (let at = start + 148; at < start + 156; at++) field += block[at]!;
  const claimed = number(block, start + 148, 8);
  unsigned += 256 - field;
  if (claimed === unsigned) return;
  let high = 0;
  for (let at = start; at < start + blockBytes; at++) {
    if (block[at]! > 127 && (at < start + 148 || at >= start + 156)) high += 1;
  }
  if (claimed !== unsigned - 256 * high) throw tarFault("tar-checksum", "A tar header's checksum is wrong");
}

/** Octal text, or base 256 when the first bit is set. */
export function number(block: Buffer, start: number, length: number): number {
  if ((block[start]! & 0x80) !== 0) return base256(block, start, length);
  let at = start;
  const end = start + length;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const byte = block[at]!;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37) throw tarFault("tar-number", "A tar header holds a number that is not octal");
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

function base256(block: Buffer, start: number, length: number): number {
  if ((block[start]! & 0x40) !== 0) throw tarFault("tar-number", "A tar header holds a negative number");
  let value = block[start]! & 0x3f;
  for (let at = start + 1; at < start + length; at++) value = value * 256 + block[at]!;
  if (!Number.isSafeInteger(value)) throw tarFault("tar-number", "A tar header holds a number beyond 2^53");
  return value;
}
