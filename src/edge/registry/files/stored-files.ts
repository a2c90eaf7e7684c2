// Files by name out of a folder or a tar: what layouts and archives are read from. Bounded, no devices, nothing outside.
import { constants } from "node:fs";
import { open, stat } from "node:fs/promises";
import path from "node:path";
import { Fault } from "../../../base/fault.ts";

export interface StoredFiles extends AsyncDisposable {
  /** As the user named it. */
  readonly what: string;
  has(name: string): Promise<boolean>;
  /** 0 when it is not there. */
  sizeOf(name: string): Promise<number>;
  /** The whole file; undefined when it is not there. Fault "registry/file-too-large" over `bytesMax`. */
  read(name: string, bytesMax: number): Promise<Uint8Array | undefined>;
  /** The first bytes, fewer of a shorter file. */
  head(name: string, bytes: number): Promise<Uint8Array>;
  /** The content in chunks; Fault "registry/not-found" when it is not there. */
  stream(name: string, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}

export const chunkBytes = 1024 * 1024;

/** Names are made by us from constants and checked digests, never taken from an image as they are; still, none with ".." gets out. */
export function folderFiles(folder: string): StoredFiles {
  const pathOf = (name: string): string => {
    const full = path.join(folder, name);
    if (!full.startsWith(path.join(folder, path.sep))) throw notThere(folder, name);
    return full;
  };
  const factsOf = async (name: string) => {
    try {
      const facts = await stat(pathOf(name));
      return facts.isFile() ? facts : undefined;
    } catch (thrown) {
      if (isAbsent(thrown)) return undefined;
      throw unreadable(folder, name, thrown);
    }
  };
  return {
    what: folder,
    has: async (name) => (await factsOf(name)) !== undefined,
    sizeOf: async (name) => (await factsOf(name))?.size ?? 0,
    async read(name, bytesMax) {
      const facts = await factsOf(name);
      if (facts === undefined) return undefined;
      if (facts.size > bytesMax) throw tooLarge(folder, name, bytesMax);
      return await readStart(pathOf(name), facts.size, folder, name);
    },
    async head(name, bytes) {
      const facts = await factsOf(name);
      if (facts === undefined) throw notThere(folder, name);
      return await readStart(pathOf(name), Math.min(bytes, facts.size), folder, name);
    },
    async stream(name, signal) {
      if ((await factsOf(name)) === undefined) throw notThere(folder, name);
      return faulty(piecesOf(pathOf(name), signal), { what: folder, name, signal });
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** A file piece by piece in one buffer: a piece is good until the next is asked for. Gigabytes read so leave nothing to collect. */
async function* piecesOf(full: string, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  await using handle = await open(full, constants.O_RDONLY | constants.O_NONBLOCK);
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  for (;;) {
    signal.throwIfAborted();
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, null);
    if (bytesRead === 0) return;
    yield buffer.subarray(0, bytesRead);
  }
}

async function readStart(full: string, bytes: number, what: string, name: string): Promise<Uint8Array> {
  try {
    await using handle = await open(full, constants.O_RDONLY | constants.O_NONBLOCK);
    const buffer = Buffer.alloc(bytes);
    let filled = 0;
    while (filled < bytes) {
      const { bytesRead } = await handle.read(buffer, filled, bytes - filled, filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } catch (thrown) {
    throw unreadable(what, name, thrown);
  }
}

/** A stream whose errors are Faults that name the file; a caller who gave up gets his own reason back. */
export async function* faulty(
  stream: AsyncIterable<Uint8Array>,
  of: { readonly what: string; readonly name: string; readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* stream;
  } catch (thrown) {
    throw of.signal.aborted ? of.signal.reason : unreadable(of.what, of.name, thrown);
  }
}

export function notThere(what: string, name: string): Fault {
  return new Fault(`${what}: it has no ${name}`, { code: "registry/not-found", kind: "not-found" });
}

export function tooLarge(what: string, name: string, bytesMax: number): Fault {
  return new Fault(`${what}: ${name} is larger than ${bytesMax} bytes`, {
    code: "registry/file-too-large",
    kind: "too-large",
  });
}

export function unreadable(what: string, name: string, cause: unknown): Fault {
  if (cause instanceof Fault) return cause;
  const code = cause instanceof Error && "code" in cause ? ` (${String(cause.code)})` : "";
  return new Fault(`${what}: ${name} cannot be read${code}`, {
    code: "registry/unreadable",
    kind: "unavailable",
    cause,
  });
}

function isAbsent(thrown: unknown): boolean {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : "";
  return code === "ENOENT" || code === "ENOTDIR";
}
