// A database is brought up to date from a folder or over https: the manifest first, then only the shards that are not here, then one rename. Whoever reads the old one goes on.
import type { KeyObject } from "node:crypto";
import { createReadStream } from "node:fs";
import path from "node:path";
import { Fault } from "../../base/fault.ts";
import { gateLimits, gateOf, type GateLimits } from "./assemble/gate.ts";
import { replaceManifest } from "./assemble/replace-manifest.ts";
import { lockDatabase } from "./lock.ts";
import {
  manifestBytesMax,
  manifestFile,
  parseManifest,
  readManifest,
  shardFile,
  type Manifest,
  type ReadManifest,
  type ShardEntry,
} from "./manifest.ts";
import { pruneShards } from "./prune.ts";
import { hasShard, receivedBytes, receiveShard } from "./receive.ts";
import { verifyManifest } from "./signing.ts";

export interface UpdateOptions {
  /** A folder, or the URL of one: https, or http on this machine. */
  readonly from: string;
  readonly into: string;
  readonly publicKeys: readonly KeyObject[];
  readonly fetch: typeof fetch;
  readonly signal?: AbortSignal;
  readonly gate?: Partial<GateLimits>;
  /** Take an older database, and feeds that do not pass the gate. */
  readonly force?: "yes" | "no";
  readonly onProgress?: (progress: UpdateProgress) => void;
}

export interface UpdateProgress {
  readonly shards: number;
  readonly shardsTotal: number;
  readonly bytes: number;
  readonly bytesTotal: number;
}

export interface UpdateResult {
  readonly manifest: Manifest;
  /** "" when no key was asked for. */
  readonly signedBy: string;
  readonly isChanged: boolean;
  readonly shardsFetched: number;
  readonly bytesFetched: number;
}

/** Shards that are fetched at a time. */
const atOnce = 4;
/** Of the manifest, and of silence between pieces of a shard. */
const waitMsMax = 60_000;

/** Where shards come from: by http, a folder, or an archive. */
export interface ShardSource {
  manifest(): Promise<string>;
  /** The shard's bytes from `offset` on; `offset` in the answer is 0 when it had to begin anew. */
  shard(
    entry: ShardEntry,
    offset: number,
  ): Promise<{ readonly bytes: AsyncIterable<Uint8Array>; readonly offset: number }>;
}

/** Throws and changes nothing when the manifest is not trusted, older, or fails its gate, or when a shard cannot be had. */
export async function updateDatabase(options: UpdateOptions): Promise<UpdateResult> {
  using lock = lockDatabase(options.into);
  void lock;
  const source = isUrl(options.from) ? httpSource(options) : folderSource(options.from);
  const next = parseManifest(await source.manifest(), options.from);
  const signedBy = acceptManifest(next, options);
  const missing = next.manifest.shards.filter((entry) => !hasShard(options.into, entry));
  const bytesTotal = missing.reduce((sum, { bytes }) => sum + bytes, 0);
  let [shards, bytes] = [0, 0];
  const queue = [...missing];
  const work = async (): Promise<void> => {
    for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
      options.signal?.throwIfAborted();
      const had = receivedBytes(options.into, entry);
      const given = await source.shard(entry, had);
      await receiveShard(options.into, entry, given);
      shards += 1;
      bytes += entry.bytes - given.offset;
      options.onProgress?.({ shards, shardsTotal: missing.length, bytes, bytesTotal });
    }
  };
  const ended = await Promise.allSettled(
    Array.from({ length: Math.min(atOnce, missing.length) }, stopOthers(work, queue)),
  );
  // All have ended before the lock is let go: nobody writes behind it.
  for (const one of ended) if (one.status === "rejected") throw one.reason;
  const isChanged = install(options.into, next);
  return { manifest: next.manifest, signedBy, isChanged, shardsFetched: shards, bytesFetched: bytes };
}

/** When one fails the queue is emptied: the rest end with what they are at. */
function stopOthers(work: () => Promise<void>, queue: ShardEntry[]): () => Promise<void> {
  return async () => {
    try {
      await work();
    } catch (thrown) {
      queue.length = 0;
      throw thrown;
    }
  };
}

/** Puts the manifest in its place; false when it was there already. */
export function install(into: string, next: ReadManifest): boolean {
  const before = manifestBefore(into);
  if (before?.text === next.text) return false;
  replaceManifest(into, next.text);
  pruneShards(into);
  return true;
}

/** Signature, age, gate. Returns who signed it. */
export function acceptManifest(
  next: ReadManifest,
  options: Pick<UpdateOptions, "into" | "publicKeys" | "gate" | "force">,
): string {
  const signedBy = options.publicKeys.length > 0 ? verifyManifest(next, options.publicKeys) : "";
  const before = options.force === "yes" ? undefined : manifestBefore(options.into)?.manifest;
  if (before === undefined) return signedBy;
  if (next.manifest.builtAt < before.builtAt) {
    throw refused(`it was built at ${next.manifest.builtAt}, the one here at ${before.builtAt}`);
  }
  const limits = { ...gateLimits, ...options.gate };
  for (const old of before.feeds) {
    const feed = next.manifest.feeds.find((one) => one.feed === old.feed);
    const problem = gateOf(feed ?? { records: 0, sourceAt: "" }, old, "", limits);
    if (problem !== "") throw refused(`${old.feed}: ${problem}`);
  }
  return signedBy;
}

function manifestBefore(folder: string): ReadManifest | undefined {
  try {
    return readManifest(folder);
  } catch (thrown) {
    // A manifest that cannot be used is replaced.
    if (thrown instanceof Fault) return undefined;
    throw thrown;
  }
}

function refused(why: string): Fault {
  return new Fault(`the other database is not taken: ${why}`, {
    code: "advisories/gate",
    kind: "conflict",
    hint: "the one here goes on being used; --force takes it all the same",
  });
}

function isUrl(from: string): boolean {
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(from);
}

function folderSource(folder: string): ShardSource {
  return {
    manifest: async () => readManifest(folder).text,
    shard: async (entry, offset) => ({
      bytes: createReadStream(path.join(folder, shardFile(entry.sha256)), { start: offset, highWaterMark: 1 << 20 }),
      offset,
    }),
  };
}

function httpSource({ from, fetch: ask, signal }: Pick<UpdateOptions, "from" | "fetch" | "signal">): ShardSource {
  const base = baseOf(from);
  const get = async (name: string, offset: number): Promise<Response> => {
    const url = new URL(name, base);
    const stop = AbortSignal.any([AbortSignal.timeout(waitMsMax), ...(signal === undefined ? [] : [signal])]);
    let response: Response;
    try {
      response = await ask(url, {
        headers: offset > 0 ? { range: `bytes=${offset}-` } : {},
        signal: name === manifestFile ? stop : (signal ?? null),
        redirect: "error",
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw unavailable(`${url.href} cannot be fetched: ${(cause as Error).message}`, cause);
    }
    if (response.ok && response.body !== null) return response;
    await response.body?.cancel();
    throw unavailable(`${url.href} answered ${response.status}`);
  };
  return {
    manifest: async () => {
      const pieces: Uint8Array[] = [];
      let length = 0;
      for await (const piece of bodyOf(await get(manifestFile, 0))) {
        length += piece.length;
        if (length > manifestBytesMax) throw unavailable("the manifest is larger than any this program writes");
        pieces.push(piece);
      }
      return Buffer.concat(pieces).toString("utf8");
    },
    shard: async (entry, offset) => {
      const response = await get(shardFile(entry.sha256), offset);
      const isPartial =
        response.status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${offset}-`) === true;
      return { bytes: bodyOf(response), offset: isPartial ? offset : 0 };
    },
  };
}

/** Throws when nothing comes for `waitMsMax`. */
async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  try {
    for (;;) {
      const { promise, reject } = Promise.withResolvers<never>();
      const timer = setTimeout(() => reject(unavailable("the other side went silent")), waitMsMax);
      const next = await Promise.race([reader.read(), promise]).finally(() => clearTimeout(timer));
      if (next.done) return;
      yield next.value;
    }
  } catch (cause) {
    if (cause instanceof Fault || (cause as Error).name === "AbortError") throw cause;
    throw unavailable(`the connection broke: ${(cause as Error).message}`, cause);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function baseOf(from: string): URL {
  const url = URL.parse(from.endsWith("/") ? from : `${from}/`);
  const isLocal = url !== null && ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  if (url !== null && (url.protocol === "https:" || (url.protocol === "http:" && isLocal))) return url;
  throw new Fault(`${from} is not fetched: only https is, and http on this machine`, {
    code: "advisories/bad-url",
    kind: "usage",
    hint: "name an https address or a folder",
  });
}

function unavailable(message: string, cause?: unknown): Fault {
  return new Fault(message, {
    code: "advisories/unavailable",
    kind: "unavailable",
    hint: "nothing was changed; try again later, what came is kept",
    cause,
  });
}
