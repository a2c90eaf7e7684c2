// Shards that come from elsewhere: written beside, as far as they came, and put in their place only when size and digest are the manifest's.
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import path from "node:path";
import { Fault } from "../../base/fault.ts";
import { shardFile, type ShardEntry } from "./manifest.ts";

/** Whether the folder has it, whole: its digest is computed. */
export function hasShard(folder: string, entry: ShardEntry): boolean {
  const file = path.join(folder, shardFile(entry.sha256));
  return (
    statSync(file, { throwIfNoEntry: false })?.size === entry.bytes && digestOf(file, entry.bytes) === entry.sha256
  );
}

function partOf(folder: string, entry: ShardEntry): string {
  return `${path.join(folder, shardFile(entry.sha256))}.part`;
}

/** Bytes that an attempt before left behind. */
export function receivedBytes(folder: string, entry: ShardEntry): number {
  const size = statSync(partOf(folder, entry), { throwIfNoEntry: false })?.size ?? 0;
  return size <= entry.bytes ? size : 0;
}

/**
 * Appends from `offset` on, which is 0 or what `receivedBytes` said. What is cut off stays for the next attempt; what is wrong or too long is thrown away:
 * `advisories/bad-shard`.
 */
export async function receiveShard(
  folder: string,
  entry: ShardEntry,
  source: { readonly bytes: AsyncIterable<Uint8Array>; readonly offset: number },
): Promise<void> {
  const file = path.join(folder, shardFile(entry.sha256));
  const part = partOf(folder, entry);
  mkdirSync(path.dirname(file), { recursive: true });
  const isAppended = source.offset > 0 && existsSync(part);
  const handle = openSync(part, isAppended ? "r+" : "w", 0o644);
  let length = isAppended ? source.offset : 0;
  try {
    for await (const piece of source.bytes) {
      if (length + piece.length > entry.bytes) throw bad(entry, "it is longer than the manifest says", part);
      let at = 0;
      while (at < piece.length) at += writeSync(handle, piece, at, piece.length - at, length + at);
      length += piece.length;
    }
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
  if (length < entry.bytes) throw cutOff(entry);
  if (digestOf(part, entry.bytes) !== entry.sha256) throw bad(entry, "its digest is not the one of the manifest", part);
  renameSync(part, file);
}

function digestOf(file: string, size: number): string {
  const handle = openSync(file, "r");
  const hash = createHash("sha256");
  const bytes = Buffer.allocUnsafe(1 << 20);
  try {
    for (let at = 0; at < size;) {
      const count = readSync(handle, bytes, 0, bytes.length, at);
      if (count === 0) break;
      hash.update(bytes.subarray(0, count));
      at += count;
    }
  } finally {
    closeSync(handle);
  }
  return hash.digest("hex");
}

function bad(entry: ShardEntry, why: string, part: string): Fault {
  rmSync(part, { force: true });
  return new Fault(`a shard that was received is not the manifest's (${entry.label || entry.kind}): ${why}`, {
    code: "advisories/bad-shard",
    kind: "unavailable",
    hint: "nothing was changed; try again, or ask whoever publishes the database",
  });
}

function cutOff(entry: ShardEntry): Fault {
  return new Fault(`a shard ended too early (${entry.label || entry.kind})`, {
    code: "advisories/cut-off",
    kind: "unavailable",
    hint: "try again: what came is kept, the rest is fetched",
  });
}
