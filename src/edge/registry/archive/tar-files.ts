// Files of a tar on disk, found by one pass over it and read by their offsets. Of a compressed one every read inflates from the start again: nothing is extracted.
import { constants, createReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import zlib from "node:zlib";
import { Fault } from "../../../base/fault.ts";
import { chunkBytes, faulty, notThere, type StoredFiles, tooLarge, unreadable } from "../files/stored-files.ts";
import { imageLimits } from "../image-source.ts";
import { encodingOfBytes } from "../manifest/media-types.ts";
import { badArchive, type ByteSource, indexTar, type TarIndex, type TarMember } from "./tar-index.ts";

/** Throws Fault "registry/not-found", "registry/unreadable" or "registry/bad-archive". */
export async function openTarFiles(path: string, signal: AbortSignal): Promise<StoredFiles> {
  const handle = await openRegular(path);
  try {
    const head = Buffer.alloc(8);
    const { bytesRead } = await handle.read(head, 0, 8, 0);
    const how = encodingOfBytes(head.subarray(0, bytesRead));
    refuseOtherCompression(head, path);
    if (how === "none") {
      const { size } = await handle.stat();
      const index = await indexTar(handleSource(handle, size, path), path, false);
      return plainTar(path, handle, index.members);
    }
    await handle.close();
    const inflated = () => inflate(path, how, signal);
    const index = await indexTar(chunkSource(inflated()[Symbol.asyncIterator]()), path, true);
    return compressedTar(path, index, (streamSignal) => inflate(path, how, streamSignal));
  } catch (thrown) {
    await handle.close().catch(() => undefined);
    throw unreadable(path, "the archive", thrown);
  }
}

async function openRegular(path: string): Promise<FileHandle> {
  let handle: FileHandle;
  try {
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? thrown.code : "";
    if (code === "ENOENT" || code === "ENOTDIR") {
      throw new Fault(`${path}: there is no such file`, { code: "registry/not-found", kind: "not-found" });
    }
    throw unreadable(path, "the archive", thrown);
  }
  const facts = await handle.stat();
  if (facts.isFile()) return handle;
  await handle.close();
  throw new Fault(`${path}: it is no file`, {
    code: "registry/bad-archive",
    kind: "usage",
    hint: facts.isDirectory()
      ? "for an OCI layout in a folder use --oci, for a file system --root"
      : "save it into a file first",
  });
}

function refuseOtherCompression(head: Uint8Array, path: string): void {
  const magic = Buffer.from(head).toString("latin1");
  const name = magic.startsWith("\u00fd7zXZ")
    ? "xz"
    : magic.startsWith("BZh")
      ? "bzip2"
      : magic.startsWith("PK\u0003")
        ? "zip"
        : "";
  if (name === "") return;
  throw new Fault(`${path}: it is packed with ${name}, which is not read`, {
    code: "registry/bad-archive",
    kind: "usage",
    hint: "unpack it first; plain tar, gzip and zstd are read",
  });
}

function plainTar(what: string, handle: FileHandle, members: ReadonlyMap<string, TarMember>): StoredFiles {
  const readAt = async (name: string, bytes: number): Promise<Uint8Array> => {
    const member = members.get(name);
    if (member === undefined) throw notThere(what, name);
    const buffer = Buffer.alloc(Math.min(bytes, member.sizeBytes));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await handle.read(buffer, filled, buffer.length - filled, member.offset + filled);
      if (bytesRead === 0) throw badArchive(what, `it is cut in ${name}`);
      filled += bytesRead;
    }
    return buffer;
  };
  async function* stream(name: string, member: TarMember, signal: AbortSignal) {
    const end = member.offset + member.sizeBytes;
    for (let at = member.offset; at < end;) {
      signal.throwIfAborted();
      const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, end - at));
      const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) throw badArchive(what, `it is cut in ${name}`);
      yield buffer.subarray(0, bytesRead);
      at += bytesRead;
    }
  }
  return {
    what,
    has: async (name) => members.has(name),
    sizeOf: async (name) => members.get(name)?.sizeBytes ?? 0,
    async read(name, bytesMax) {
      const member = members.get(name);
      if (member === undefined) return undefined;
      if (member.sizeBytes > bytesMax) throw tooLarge(what, name, bytesMax);
      return await readAt(name, member.sizeBytes);
    },
    head: readAt,
    async stream(name, signal) {
      const member = members.get(name);
      if (member === undefined) throw notThere(what, name);
      return faulty(stream(name, member, signal), { what, name, signal });
    },
    [Symbol.asyncDispose]: () => handle.close(),
  };
}

type Inflated = (signal: AbortSignal) => AsyncIterable<Uint8Array>;

function compressedTar(what: string, { members, kept, heads }: TarIndex, inflated: Inflated): StoredFiles {
  async function* stream(
    name: string,
    member: TarMember,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const own = kept.get(name);
    if (own !== undefined) {
      yield own;
      return;
    }
    const end = member.offset + member.sizeBytes;
    let at = 0;
    for await (const chunk of inflated(signal)) {
      const from = Math.max(0, member.offset - at);
      const to = Math.min(chunk.length, end - at);
      if (from < to) yield chunk.subarray(from, to);
      at += chunk.length;
      if (at >= end) return;
    }
    throw badArchive(what, `it is cut in ${name}`);
  }
  async function first(name: string, bytes: number): Promise<Uint8Array> {
    const member = members.get(name);
    if (member === undefined) throw notThere(what, name);
    const wanted = Math.min(bytes, member.sizeBytes);
    const chunks: Uint8Array[] = [];
    let filled = 0;
    if (wanted > 0) {
      for await (const chunk of stream(name, member, new AbortController().signal)) {
        chunks.push(chunk.subarray(0, wanted - filled));
        filled += Math.min(chunk.length, wanted - filled);
        if (filled >= wanted) break;
      }
    }
    return Buffer.concat(chunks);
  }
  return {
    what,
    has: async (name) => members.has(name),
    sizeOf: async (name) => members.get(name)?.sizeBytes ?? 0,
    async read(name, bytesMax) {
      const member = members.get(name);
      if (member === undefined) return undefined;
      if (member.sizeBytes > bytesMax) throw tooLarge(what, name, bytesMax);
      return await first(name, member.sizeBytes);
    },
    head: async (name, bytes) => {
      const known = heads.get(name);
      return known !== undefined && known.length >= bytes ? known.subarray(0, bytes) : await first(name, bytes);
    },
    async stream(name, signal) {
      const member = members.get(name);
      if (member === undefined) throw notThere(what, name);
      return faulty(stream(name, member, signal), { what, name, signal });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** Bounded: an archive that inflates beyond what all layers together may is refused. */
async function* inflate(
  path: string,
  how: "gzip" | "zstd",
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const raw = createReadStream(path, { highWaterMark: chunkBytes, signal });
  const options = { chunkSize: chunkBytes };
  const inflater = how === "gzip" ? zlib.createGunzip(options) : zlib.createZstdDecompress(options);
  raw.on("error", (error) => inflater.destroy(error));
  raw.pipe(inflater);
  let bytes = 0;
  try {
    for await (const chunk of inflater as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > imageLimits.inflatedBytesMax)
        throw badArchive(path, `it inflates to more than ${imageLimits.inflatedBytesMax} bytes`);
      yield chunk;
    }
  } catch (thrown) {
    const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : "";
    if (code.startsWith("Z_") || code.startsWith("ZSTD") || code.startsWith("ERR_ZSTD"))
      throw badArchive(path, "its compression is broken");
    throw thrown;
  } finally {
    raw.destroy();
    inflater.destroy();
  }
}

const readAheadBytes = 64 * 1024;

/** Headers lie close together in small archives and far apart in large ones: a small window is read ahead. */
function handleSource(handle: FileHandle, sizeBytes: number, what: string): ByteSource {
  let at = 0;
  let window = Buffer.alloc(0);
  let windowAt = 0;
  return {
    async take(bytes) {
      const inside = at - windowAt;
      if (inside >= 0 && inside + bytes <= window.length) {
        at += bytes;
        return window.subarray(inside, inside + bytes);
      }
      window = Buffer.alloc(Math.min(Math.max(bytes, readAheadBytes), Math.max(0, sizeBytes - at)));
      windowAt = at;
      let filled = 0;
      while (filled < window.length) {
        const { bytesRead } = await handle.read(window, filled, window.length - filled, at + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      window = window.subarray(0, filled);
      at += Math.min(bytes, filled);
      return window.subarray(0, Math.min(bytes, filled));
    },
    async skip(bytes) {
      at += bytes;
      // The padding of the last body may be missing, its content not.
      if (at - 511 > sizeBytes) throw badArchive(what, "it is cut in the middle");
    },
  };
}

function chunkSource(chunks: AsyncIterator<Uint8Array>): ByteSource {
  let waiting: Uint8Array = new Uint8Array(0);
  const more = async (): Promise<boolean> => {
    const { value, done } = await chunks.next();
    if (done === true) return false;
    waiting = waiting.length === 0 ? value : Buffer.concat([waiting, value]);
    return true;
  };
  return {
    async take(bytes) {
      while (waiting.length < bytes && (await more()));
      const taken = waiting.subarray(0, bytes);
      waiting = waiting.subarray(taken.length);
      return taken;
    },
    async skip(bytes) {
      let left = bytes;
      for (;;) {
        const now = Math.min(left, waiting.length);
        waiting = waiting.subarray(now);
        left -= now;
        if (left === 0 || !(await more())) return;
      }
    },
  };
}
