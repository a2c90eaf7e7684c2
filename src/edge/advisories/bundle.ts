// A database as one plain tar file, for sites without a network: the manifest first, then its shards. What else an archive holds is refused.
import { closeSync, createReadStream, openSync, readSync, writeSync } from "node:fs";
import path from "node:path";
import { Fault } from "../../base/fault.ts";
import { lockDatabase } from "./lock.ts";
import {
  manifestBytesMax,
  manifestFile,
  parseManifest,
  readManifest,
  shardFile,
  type ReadManifest,
  type ShardEntry,
} from "./manifest.ts";
import { tarEntries } from "./read/tar.ts";
import { wholeText } from "./read/lines.ts";
import { hasShard, receiveShard } from "./receive.ts";
import { acceptManifest, install, updateDatabase, type UpdateOptions, type UpdateResult } from "./update.ts";

/** Writes `file` ("-.tar" style names are files like any other). Every shard is checked on its way. Returns the bundle's bytes. */
export async function exportBundle(folder: string, file: string): Promise<number> {
  const { text, manifest } = readManifest(folder);
  const handle = openNew(file);
  let length = 0;
  const put = (bytes: Uint8Array): void => {
    let at = 0;
    while (at < bytes.length) at += writeSync(handle, bytes, at);
    length += bytes.length;
  };
  try {
    const whole = Buffer.from(text);
    put(headerOf(manifestFile, whole.length));
    put(padded(whole));
    for (const entry of uniqueShards(manifest.shards)) {
      if (!hasShard(folder, entry)) throw damaged(entry);
      put(headerOf(shardFile(entry.sha256), entry.bytes));
      copy(path.join(folder, shardFile(entry.sha256)), entry.bytes, put);
      put(new Uint8Array((512 - (entry.bytes % 512)) % 512));
    }
    put(new Uint8Array(1024));
  } finally {
    closeSync(handle);
  }
  return length;
}

/** A folder to copy: the same as an update from it. */
export async function exportFolder(folder: string, into: string): Promise<UpdateResult> {
  return updateDatabase({ from: folder, into, publicKeys: [], fetch, force: "yes" });
}

/** Throws and changes nothing when the bundle is not trusted, older, broken, or holds anything but a database. */
export async function importBundle(
  file: string,
  options: Omit<UpdateOptions, "from" | "fetch">,
): Promise<UpdateResult> {
  using lock = lockDatabase(options.into);
  void lock;
  let next: ReadManifest | undefined;
  let [signedBy, shardsFetched, bytesFetched] = ["", 0, 0];
  const wanted = new Map<string, ShardEntry>();
  for await (const entry of tarEntries(createReadStream(file, { highWaterMark: 1 << 20 }))) {
    options.signal?.throwIfAborted();
    if (next === undefined) {
      if (entry.name !== manifestFile)
        throw notABundle(`it begins with ${JSON.stringify(entry.name.slice(0, 100))}, not with the manifest`);
      next = parseManifest(await wholeText(entry.bytes, manifestBytesMax), file);
      signedBy = acceptManifest(next, options);
      for (const shard of next.manifest.shards) wanted.set(shardFile(shard.sha256), shard);
      continue;
    }
    const shard = wanted.get(entry.name);
    if (shard === undefined)
      throw notABundle(`it holds ${JSON.stringify(entry.name.slice(0, 100))}, which its manifest does not name`);
    if (hasShard(options.into, shard)) continue;
    await receiveShard(options.into, shard, { bytes: entry.bytes, offset: 0 });
    shardsFetched += 1;
    bytesFetched += shard.bytes;
    options.onProgress?.({
      shards: shardsFetched,
      shardsTotal: wanted.size,
      bytes: bytesFetched,
      bytesTotal: bytesFetched,
    });
  }
  if (next === undefined) throw notABundle("it is empty");
  const missing = next.manifest.shards.find((entry) => !hasShard(options.into, entry));
  if (missing !== undefined) throw notABundle(`the shard of ${missing.label || missing.kind} is missing`);
  return { manifest: next.manifest, signedBy, isChanged: install(options.into, next), shardsFetched, bytesFetched };
}

function uniqueShards(shards: readonly ShardEntry[]): readonly ShardEntry[] {
  return [...new Map(shards.map((entry) => [entry.sha256, entry])).values()];
}

function openNew(file: string): number {
  try {
    return openSync(file, "wx", 0o644);
  } catch (cause) {
    throw new Fault(`cannot write ${file}: ${(cause as Error).message}`, {
      code: "advisories/cannot-export",
      kind: "conflict",
      hint: "name a file that is not there yet",
      cause,
    });
  }
}

function copy(file: string, size: number, put: (bytes: Uint8Array) => void): void {
  const handle = openSync(file, "r");
  const bytes = Buffer.allocUnsafe(1 << 20);
  try {
    for (let at = 0; at < size;) {
      const count = readSync(handle, bytes, 0, Math.min(bytes.length, size - at), at);
      if (count === 0) throw notABundle("a shard changed while it was copied");
      put(bytes.subarray(0, count));
      at += count;
    }
  } finally {
    closeSync(handle);
  }
}

/** ustar, with nothing that differs between two runs: no owner, no time. */
function headerOf(name: string, size: number): Uint8Array {
  const header = Buffer.alloc(512);
  header.write(name, 0, 100, "utf8");
  header.write("0000644\0", 100);
  header.write("0000000\0", 108);
  header.write("0000000\0", 116);
  if (size < 8 ** 11) header.write(`${size.toString(8).padStart(11, "0")}\0`, 124);
  else {
    header.writeUInt8(0x80, 124);
    header.writeBigUInt64BE(BigInt(size), 128);
  }
  header.write("00000000000\0", 136);
  header.write("        ", 148);
  header.write("0", 156);
  header.write("ustar\u000000", 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return header;
}

function padded(bytes: Buffer): Uint8Array {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

function damaged(entry: ShardEntry): Fault {
  return new Fault(`the shard of ${entry.label || entry.kind} is missing or damaged`, {
    code: "vuln/shard-damaged",
    kind: "internal",
    hint: "fetch or build the database again before it is exported",
  });
}

function notABundle(why: string): Fault {
  return new Fault(`the file is no whole advisory database: ${why}`, {
    code: "advisories/bad-bundle",
    kind: "usage",
    hint: "make one with `garrison db export`",
  });
}
