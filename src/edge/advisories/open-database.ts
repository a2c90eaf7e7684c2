// The advisory database as matchers ask it: shards are opened when they are first needed, their digest checked before a byte of them is believed, then kept.
import { createHash, type KeyObject } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import path from "node:path";
import { inflateRawSync } from "node:zlib";
import { Fault } from "../../base/fault.ts";
import type { AdvisoryDatabase, AdvisoryRecord, FeedStatus, VulnerabilityFacts } from "../../core/vuln/advisory.ts";
import { bucketOf } from "../../core/vuln/shard/bytes.ts";
import {
  epssOf,
  exploitedOf,
  factsOf,
  idEntryOf,
  type IdEntry,
  type PlainFacts,
} from "../../core/vuln/shard/facts-codec.ts";
import { everyRecord, recordsOf } from "../../core/vuln/shard/record-codec.ts";
import {
  headBytesOf,
  openShard,
  openShardBytes,
  shardFixedBytes,
  shardKinds,
  type Shard,
  type ShardKind,
} from "../../core/vuln/shard/table.ts";
import { digestOf, readManifest, shardFile, type Manifest, type ShardEntry } from "./manifest.ts";
import { returnLease, takeLease } from "./prune.ts";
import { verifyManifest } from "./signing.ts";
import { identityOf, loadVerified, type VerifiedFiles } from "./verified.ts";

export const readerLimits = {
  /** Shards up to this size are held whole (descriptions never): lookups then cost no system call. */
  wholeBytes: 64 * 2 ** 20,
  /** Bytes of shards that are held; the ones unused longest are closed. */
  heldBytes: 384 * 2 ** 20,
} as const;

export interface OpenOptions {
  /** The manifest must be signed by one of these; none given: whoever wrote the folder is believed, and `warn` hears of it. */
  readonly publicKeys?: readonly KeyObject[];
  readonly warn?: (line: string) => void;
}

export interface OpenDatabase extends AdvisoryDatabase, Disposable {
  readonly manifest: Manifest;
  /** Id of the key that signed it; "" when no key was asked for. */
  readonly signedBy: string;
  everyRecord(): Generator<AdvisoryRecord>;
  plainFacts(id: string): PlainFacts | undefined;
}

/** Throws `advisories/no-database` (not-found), `advisories/bad-manifest`, `advisories/bad-signature`. Reads the manifest only. */
export function openAdvisoryDatabase(folder: string, options: OpenOptions = {}): OpenDatabase {
  const read = readManifest(folder);
  const { manifest } = read;
  const keys = options.publicKeys ?? [];
  const signedBy = keys.length > 0 ? verifyManifest(read, keys) : "";
  if (keys.length === 0) options.warn?.("the advisory database is used unsigned: no public key is configured");
  const files = createShardFiles(folder, manifest);
  const lease = takeLease(folder, manifest);
  const coverages = coveragesOf(manifest);
  const inEcosystem = (ecosystem: string, name: string): Shard | undefined => files.shard("records", ecosystem, name);
  const idEntry = (id: string): IdEntry | undefined => {
    const shard = files.shard("ids", "", id);
    return shard === undefined ? undefined : idEntryOf(shard, id);
  };
  const plainFacts = (id: string): PlainFacts | undefined => {
    const briefs = files.shard("briefs", "", id);
    return briefs === undefined
      ? undefined
      : factsOf(briefs, id, { words: () => files.shard("facts", "", id), inflate });
  };
  return {
    digest: digestOf(manifest),
    builtAt: manifest.builtAt,
    get feeds() {
      return files.feeds();
    },
    manifest,
    signedBy,
    coverage: (ecosystem) => (files.isLost(ecosystem) ? "absent" : (coverages.get(ecosystem) ?? "absent")),
    find: (ecosystem, name) => {
      const shard = inEcosystem(ecosystem, name);
      return shard === undefined ? [] : recordsOf(shard, name);
    },
    vulnerability: (id) =>
      factsFor(id, { idEntry, plainFacts, shard: (kind, label, key) => files.shard(kind, label, key) }),
    affectedBy: (id) => idEntry(id)?.keys ?? [],
    plainFacts,
    *everyRecord() {
      for (const entry of manifest.shards) {
        if (entry.kind !== "records") continue;
        const shard = files.open(entry);
        if (shard !== undefined) yield* everyRecord(shard);
      }
    },
    [Symbol.dispose]: () => {
      files.close();
      returnLease(lease);
    },
  };
}

interface FactSources {
  idEntry(id: string): IdEntry | undefined;
  plainFacts(id: string): PlainFacts | undefined;
  shard(kind: ShardKind, label: string, key: string): Shard | undefined;
}

/** By CVE, by any alias: then the facts of what it is an alias of. */
function factsFor(id: string, sources: FactSources): VulnerabilityFacts | undefined {
  const own = sources.plainFacts(id);
  // A CVE that has facts is another name of nothing.
  const others = own !== undefined && id.startsWith("CVE-") ? [] : (sources.idEntry(id)?.vulnerabilities ?? []);
  const names = [id, ...others.filter((name) => name !== id)];
  const first = <Value>(among: readonly string[], ask: (name: string) => Value | undefined): Value | undefined => {
    for (const name of among) {
      const value = ask(name);
      if (value !== undefined) return value;
    }
    return undefined;
  };
  const [scores, exploits] = [sources.shard("epss", "", id), sources.shard("exploited", "", id)];
  const epss = scores === undefined ? undefined : first(names, (name) => epssOf(scores, name));
  const knownExploited = exploits === undefined ? undefined : first(names, (name) => exploitedOf(exploits, name));
  const plain = own ?? first(names.slice(1), (name) => sources.plainFacts(name));
  if (plain === undefined && epss === undefined && knownExploited === undefined) return undefined;
  const { title, publishedAt, modifiedAt, cvssScore, cvss } = plain ?? nothing;
  return {
    id: plain?.id ?? id,
    title,
    // Inflated by whoever reads them: matchers do not.
    get description() {
      return plain?.description ?? "";
    },
    get references() {
      return plain?.references ?? [];
    },
    get cwes() {
      return plain?.cwes ?? [];
    },
    publishedAt,
    modifiedAt,
    cvssScore,
    cvss,
    knownExploited,
    epss,
  };
}

const nothing = { title: "", publishedAt: "", modifiedAt: "", cvssScore: 0, cvss: "" };

function inflate(bytes: Uint8Array, length: number): Uint8Array {
  const inflated = inflateRawSync(bytes, { maxOutputLength: Math.max(1, length) });
  if (inflated.length !== length)
    throw new Fault("the advisory shard is damaged: an entry inflates to another length", {
      code: "vuln/shard-damaged",
      kind: "internal",
    });
  return inflated;
}

function coveragesOf(manifest: Manifest): ReadonlyMap<string, "comprehensive" | "partial"> {
  const coverages = new Map<string, "comprehensive" | "partial">();
  for (const { ecosystems, isComprehensive } of manifest.feeds) {
    for (const ecosystem of ecosystems) {
      if (isComprehensive || !coverages.has(ecosystem))
        coverages.set(ecosystem, isComprehensive ? "comprehensive" : "partial");
    }
  }
  return coverages;
}

interface ShardFiles {
  shard(kind: ShardKind, label: string, key: string): Shard | undefined;
  open(entry: ShardEntry): Shard | undefined;
  isLost(label: string): boolean;
  feeds(): readonly FeedStatus[];
  close(): void;
}

interface Held {
  readonly shard: Shard;
  readonly bytes: number;
  close(): void;
}

function createShardFiles(folder: string, manifest: Manifest): ShardFiles {
  const places = placesOf(manifest);
  const held = new Map<string, Held>();
  const lost = new Map<string, string>();
  const verified = loadVerified(folder);
  let [heldBytes, latest] = [0, ""];
  const makeRoom = (bytes: number): void => {
    for (const [sha256, one] of held) {
      if (heldBytes + bytes <= readerLimits.heldBytes) return;
      one.close();
      held.delete(sha256);
      heldBytes -= one.bytes;
    }
  };
  const open = (entry: ShardEntry): Shard | undefined => {
    const known = held.get(entry.sha256);
    if (known !== undefined) {
      if (entry.sha256 !== latest) {
        // The order of the map is the order of use: the first is closed first.
        held.delete(entry.sha256);
        held.set(entry.sha256, known);
        latest = entry.sha256;
      }
      return known.shard;
    }
    if (lost.has(entry.sha256)) return undefined;
    try {
      const opened = openFile(path.join(folder, shardFile(entry.sha256)), entry, verified);
      makeRoom(opened.bytes);
      held.set(entry.sha256, opened);
      heldBytes += opened.bytes;
      return opened.shard;
    } catch (thrown) {
      lost.set(entry.sha256, `${entry.label === "" ? entry.kind : entry.label}: ${(thrown as Error).message}`);
      throw thrown;
    }
  };
  return {
    open,
    shard: (kind, label, key) => {
      const entries = places[kind].get(label);
      if (entries === undefined) return undefined;
      const entry = entries[entries.length === 1 ? 0 : bucketOf(key, entries.length)];
      return entry === undefined ? undefined : open(entry);
    },
    isLost: (label) =>
      lost.size > 0 &&
      manifest.shards.some((entry) => entry.kind === "records" && entry.label === label && lost.has(entry.sha256)),
    feeds: () => withLosses(manifest, lost),
    close: () => {
      for (const one of held.values()) one.close();
      held.clear();
      verified.save();
    },
  };
}

type Places = Readonly<Record<ShardKind, ReadonlyMap<string, readonly (ShardEntry | undefined)[]>>>;

/** Shards by kind and label, each in the place of its bucket. */
function placesOf(manifest: Manifest): Places {
  const places = Object.fromEntries(
    shardKinds.map((kind) => [kind, new Map<string, (ShardEntry | undefined)[]>()]),
  ) as {
    readonly [kind in ShardKind]: Map<string, (ShardEntry | undefined)[]>;
  };
  for (const entry of manifest.shards) {
    const group = places[entry.kind].get(entry.label) ?? Array.from({ length: entry.buckets }, () => undefined);
    group[entry.bucket] = entry;
    places[entry.kind].set(entry.label, group);
  }
  return places;
}

/** An unreadable shard is a problem of every feed that speaks of its ecosystem. */
function withLosses(manifest: Manifest, lost: ReadonlyMap<string, string>): readonly FeedStatus[] {
  if (lost.size === 0) return manifest.feeds;
  const labels = new Map(
    manifest.shards
      .filter(({ sha256 }) => lost.has(sha256))
      .map(({ label, sha256 }) => [label, lost.get(sha256) ?? ""]),
  );
  return manifest.feeds.map((feed) => {
    const why =
      labels.get("") ?? feed.ecosystems.map((ecosystem) => labels.get(ecosystem)).find((one) => one !== undefined);
    return why === undefined
      ? feed
      : { ...feed, problem: [feed.problem, why].filter((text) => text !== "").join("; ") };
  });
}

/** Checks the digest unless this very file was checked before. Small shards are held, large ones read piece by piece. */
function openFile(file: string, entry: ShardEntry, verified: VerifiedFiles): Held {
  const handle = openShardFile(file);
  try {
    const found = fstatSync(handle, { bigint: true });
    const identity = identityOf(found);
    const size = Number(found.size);
    if (size !== entry.bytes) throw damaged(file, `it has ${size} bytes, the manifest says ${entry.bytes}`);
    const isWhole = entry.kind !== "facts" && size <= readerLimits.wholeBytes;
    if (isWhole) {
      const bytes = readAt(handle, 0, size, file);
      if (!verified.has(entry.sha256, identity)) check(createHash("sha256").update(bytes).digest("hex"), entry, file);
      verified.add(entry.sha256, identity);
      closeSync(handle);
      return { shard: named(openShardBytes(bytes), entry, file), bytes: size, close: () => undefined };
    }
    if (!verified.has(entry.sha256, identity)) check(digestOfFile(handle, size, file), entry, file);
    verified.add(entry.sha256, identity);
    const head = readAt(handle, 0, headBytesOf(readAt(handle, 0, Math.min(size, shardFixedBytes), file)), file);
    const shard = openShard(head, size, (offset, length) => readAt(handle, offset, length, file));
    return { shard: named(shard, entry, file), bytes: head.length, close: () => closeSync(handle) };
  } catch (thrown) {
    try {
      closeSync(handle);
    } catch {
      // Closed already.
    }
    throw thrown;
  }
}

function openShardFile(file: string): number {
  try {
    return openSync(file, "r");
  } catch (cause) {
    throw new Fault(`a shard of the advisory database cannot be opened: ${path.basename(file)}`, {
      code: "advisories/shard-missing",
      kind: "internal",
      hint: "fetch or build the database again: `garrison db update`, `garrison db build`",
      cause,
    });
  }
}

function readAt(handle: number, offset: number, length: number, file: string): Uint8Array {
  const { buffer, byteOffset } = Buffer.allocUnsafe(length);
  // Plain bytes: slices of Buffers cost more, and lookups are made of slices.
  const bytes = new Uint8Array(buffer, byteOffset, length);
  let at = 0;
  while (at < length) {
    const count = readSync(handle, bytes, at, length - at, offset + at);
    if (count === 0) throw damaged(file, "it is cut off");
    at += count;
  }
  return bytes;
}

function digestOfFile(handle: number, size: number, file: string): string {
  const hash = createHash("sha256");
  for (let at = 0; at < size; at += 1 << 20) hash.update(readAt(handle, at, Math.min(1 << 20, size - at), file));
  return hash.digest("hex");
}

function check(actual: string, entry: ShardEntry, file: string): void {
  if (actual !== entry.sha256) throw damaged(file, "its digest is not the one of the manifest");
}

/** A shard in the place of another one would answer for the wrong ecosystem. */
function named(shard: Shard, entry: ShardEntry, file: string): Shard {
  const isRight = shard.kind === entry.kind && (entry.kind !== "records" || shard.label === entry.label);
  if (!isRight)
    throw damaged(file, `it is of ${shard.kind} ${shard.label}, the manifest says ${entry.kind} ${entry.label}`);
  return shard;
}

function damaged(file: string, why: string): Fault {
  return new Fault(`a shard of the advisory database is damaged: ${why}`, {
    code: "vuln/shard-damaged",
    kind: "internal",
    where: file,
    hint: "fetch or build the database again: `garrison db update`, `garrison db build`",
  });
}
