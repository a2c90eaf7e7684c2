// Results of layers kept between scans: a port, and a folder that implements it. Bounded in bytes, the longest unused go first; a file that cannot be read whole is a miss.
import { randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import path from "node:path";

export interface LayerCache {
  get(key: string): Promise<Uint8Array | undefined>;
  /** A cache that cannot keep it says so by `counts`, and does not fail the scan. */
  put(key: string, value: Uint8Array): Promise<void>;
  /** The value of `key` was no layer: drop it. */
  drop(key: string): Promise<void>;
  counts(): LayerCacheCounts;
}

export interface LayerCacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly corrupt: number;
  readonly evicted: number;
  /** Writes that failed (disk full, no right), and the last reason. */
  readonly failed: number;
  readonly lastFailure: string;
}

export interface FolderCacheOptions {
  readonly bytesMax?: number;
  /** Milliseconds since the epoch; the time of use is what decides who goes. */
  readonly now?: () => number;
}

const bytesMaxDefault = 2 * 1024 ** 3;
const ending = ".layer";
const keyPattern = /^[0-9a-f]{64}$/;

/** The folder is made when the first value is kept. Keys are 64 hex digits. Several processes may share it: files are written aside and renamed. */
export function folderLayerCache(
  folder: string,
  { bytesMax = bytesMaxDefault, now = Date.now }: FolderCacheOptions = {},
): LayerCache {
  const counts = { hits: 0, misses: 0, corrupt: 0, evicted: 0, failed: 0, lastFailure: "" };
  const fileOf = (key: string) => path.join(folder, `${key}${ending}`);
  const fail = (error: unknown) => {
    counts.failed++;
    counts.lastFailure = error instanceof Error ? error.message : String(error);
  };
  const makeRoom = async (neededBytes: number) => {
    const files = await listFiles(folder);
    let total = files.reduce((sum, file) => sum + file.bytes, neededBytes);
    for (const file of files.toSorted((left, right) => left.usedMs - right.usedMs)) {
      if (total <= bytesMax) return;
      await rm(path.join(folder, file.name), { force: true });
      total -= file.bytes;
      counts.evicted++;
    }
  };
  return {
    async get(key) {
      if (!keyPattern.test(key)) return undefined;
      try {
        const value = await readFile(fileOf(key));
        const seconds = now() / 1000;
        await utimes(fileOf(key), seconds, seconds).catch(fail);
        counts.hits++;
        return value;
      } catch (error) {
        if ((error as { readonly code?: string }).code !== "ENOENT") fail(error);
        counts.misses++;
        return undefined;
      }
    },
    async put(key, value) {
      if (!keyPattern.test(key) || value.length > bytesMax) return;
      const aside = path.join(folder, `${key}.${process.pid}.${randomUUID()}.new`);
      try {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await makeRoom(value.length);
        await writeFile(aside, value, { mode: 0o600 });
        await rename(aside, fileOf(key));
      } catch (error) {
        fail(error);
        // The first failure is the one that is told.
        await rm(aside, { force: true }).catch(() => undefined);
      }
    },
    async drop(key) {
      counts.corrupt++;
      counts.hits--;
      counts.misses++;
      if (keyPattern.test(key)) await rm(fileOf(key), { force: true }).catch(fail);
    },
    counts: () => ({ ...counts }),
  };
}

interface CacheFile {
  readonly name: string;
  readonly bytes: number;
  readonly usedMs: number;
}

/** Values, and what a killed process left half-written. */
async function listFiles(folder: string): Promise<CacheFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith(ending) || name.endsWith(".new"));
  const files: CacheFile[] = [];
  for (const name of names) {
    try {
      const { size, mtimeMs } = await stat(path.join(folder, name));
      files.push({ name, bytes: size, usedMs: mtimeMs });
    } catch (error) {
      // Another process was quicker.
      if ((error as { readonly code?: string }).code !== "ENOENT") throw error;
    }
  }
  return files;
}
