// Sources -> a database: importers read, feeds pass their gate or the one before is kept, shards are written, the manifest is changed in one rename.
import type { KeyObject } from "node:crypto";
import path from "node:path";
import { Fault, toFault } from "../../../base/fault.ts";
import { writeEpssShard, writeExploitedShard } from "../../../core/vuln/shard/facts-codec.ts";
import { shardFormat } from "../../../core/vuln/shard/table.ts";
import { isComprehensive } from "../feeds.ts";
import type { AdvisoryDocument, Importer } from "../importers/importer.ts";
import { importers } from "../importers/list.ts";
import { readManifest, type Manifest, type ManifestFeed, type ShardEntry } from "../manifest.ts";
import { lockDatabase } from "../lock.ts";
import { openAdvisoryDatabase } from "../open-database.ts";
import { pruneShards } from "../prune.ts";
import { documentsOf } from "../read/documents.ts";
import { peek } from "../read/lines.ts";
import { sealManifest } from "../signing.ts";
import { carryFeeds } from "./carry.ts";
import { createCollected, type Collected, type FeedCounts } from "./collect.ts";
import { gateLimits, gateOf, type GateLimits } from "./gate.ts";
import { replaceManifest } from "./replace-manifest.ts";
import { createSpill, type Spill } from "./spill.ts";
import { writeFactShards, writeRecordShards, writeShardFile } from "./write-shards.ts";

export interface BuildSource {
  /** A file or folder. */
  readonly path: string;
  /** Which importer reads it, by name; undefined: each document is recognised by its content. */
  readonly importer?: string;
}

export interface BuildOptions {
  readonly sources: readonly BuildSource[];
  /** The database's folder; one that is there is replaced feed by feed. */
  readonly into: string;
  readonly nowMs: number;
  readonly gate?: Partial<GateLimits>;
  /** Feeds of the database before that are to go, when nothing of them is among the sources. */
  readonly drop?: readonly string[];
  readonly signingKey?: KeyObject;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: BuildProgress) => void;
  /** More records than files hold: the changelog reader's. Called after the files. */
  readonly extra?: (sink: Collected["sink"]) => Promise<void>;
}

export interface BuildProgress {
  readonly document: string;
  readonly documents: number;
  readonly records: number;
}

export interface BuildResult {
  readonly manifest: Manifest;
  /** Documents that no importer knows, the first hundred; and how many there were. */
  readonly unrecognised: readonly string[];
  readonly unrecognisedCount: number;
  /** What could not be read, with its name. */
  readonly problems: readonly string[];
}

const namesMax = 100;

/** Throws when nothing at all could be read, or when the folder cannot be written; a broken feed is data of the result. */
export async function buildDatabase(options: BuildOptions): Promise<BuildResult> {
  const { into, nowMs } = options;
  using lock = lockDatabase(into);
  void lock;
  const spill = createSpill(path.join(into, `.build-${process.pid}`));
  try {
    const before = manifestBefore(into);
    const collected = createCollected(spill, nowMs);
    const read = await readSources(options, collected);
    await options.extra?.(collected.sink);
    if ([...collected.feeds.values()].every(({ records }) => records === 0)) throw nothingRead(read);
    const importedAt = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
    const { feeds, kept } = judge(collected.feeds, before, { ...options, importedAt });
    if (before !== undefined && kept.size > 0) carryOver(into, kept, collected);
    const shards = await writeAll({ into, spill, collected, before, kept, feeds });
    const manifest: Manifest = { format: shardFormat, builtAt: importedAt, feeds, shards };
    replaceManifest(into, sealManifest(manifest, options.signingKey));
    pruneShards(into);
    return { manifest, ...read };
  } finally {
    spill.remove();
  }
}

function manifestBefore(folder: string): Manifest | undefined {
  try {
    return readManifest(folder).manifest;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.kind === "not-found") return undefined;
    throw thrown;
  }
}

function carryOver(into: string, kept: ReadonlySet<string>, collected: Collected): void {
  using old = openAdvisoryDatabase(into, { publicKeys: [] });
  carryFeeds(old, kept, collected);
}

type SourcesRead = Omit<BuildResult, "manifest">;

async function readSources(options: BuildOptions, collected: Collected): Promise<SourcesRead> {
  const problems: string[] = [];
  const unrecognised: string[] = [];
  let [unrecognisedCount, documents, records] = [0, 0, 0];
  for (const source of options.sources) {
    const problem = (name: string, fault: Fault): void => {
      if (problems.length < namesMax) problems.push(`${name}: ${fault.message}`);
    };
    for await (const document of documentsOf(source.path, problem)) {
      options.signal?.throwIfAborted();
      collected.touched();
      const isKnown = await readDocument(document, source, collected, options.signal).catch((thrown: unknown) => {
        options.signal?.throwIfAborted();
        const { message } = toFault(thrown);
        for (const feed of collected.touched())
          collected.countsOf(feed).broken = `${document.name}: ${message}`.slice(0, 500);
        problem(document.name, toFault(thrown));
        return true;
      });
      documents += 1;
      if (!isKnown) {
        unrecognisedCount += 1;
        if (unrecognised.length < namesMax) unrecognised.push(document.name);
      }
      records = [...collected.feeds.values()].reduce((sum, counts) => sum + counts.records, 0);
      options.onProgress?.({ document: document.name, documents, records });
    }
  }
  return { problems, unrecognised, unrecognisedCount };
}

/** Whether an importer knows the document. */
async function readDocument(
  document: AdvisoryDocument,
  source: BuildSource,
  collected: Collected,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const { head, bytes } = await peek(document.bytes, 1 << 16);
  const text = Buffer.from(head)
    .toString("utf8")
    .replace(/^\uFEFF/, "");
  const importer = importerOf(source.importer, { name: document.name, text });
  if (importer === undefined) return false;
  await importer.read({ ...document, bytes }, collected.sink, signal ?? new AbortController().signal);
  return true;
}

function importerOf(
  name: string | undefined,
  head: { readonly name: string; readonly text: string },
): Importer | undefined {
  if (name === undefined) return importers.find((importer) => importer.recognises(head));
  const known = importers.find((importer) => importer.name === name);
  if (known !== undefined) return known;
  throw new Fault(`there is no importer "${name}"`, {
    code: "advisories/no-importer",
    kind: "usage",
    hint: `one of ${importers.map((importer) => importer.name).join(", ")}`,
  });
}

function nothingRead(read: SourcesRead): Fault {
  const why = read.problems[0] ?? (read.unrecognisedCount > 0 ? `${read.unrecognised[0]} is no advisory file` : "");
  return new Fault(`no advisory was found in the sources${why === "" ? "" : `: ${why}`}`, {
    code: "advisories/nothing-read",
    kind: "usage",
    hint: "name a folder or files of OSV, Debian's tracker, Alpine's secdb, CSAF VEX, OpenVEX, NVD, KEV or EPSS",
  });
}

/** Each feed through its gate, and those of the database before that nothing came for. */
function judge(
  counted: ReadonlyMap<string, FeedCounts>,
  before: Manifest | undefined,
  { gate, drop = [], importedAt }: Pick<BuildOptions, "gate" | "drop"> & { readonly importedAt: string },
): { readonly feeds: ManifestFeed[]; readonly kept: ReadonlySet<string> } {
  const limits = { ...gateLimits, ...gate };
  const kept = new Set<string>();
  const feeds: ManifestFeed[] = [];
  for (const counts of counted.values()) {
    const old = before?.feeds.find(({ feed }) => feed === counts.feed);
    const problem = gateOf(counts, old, counts.broken, limits);
    if (problem !== "" && old !== undefined && old.records > 0) {
      kept.add(counts.feed);
      feeds.push({
        ...old,
        refused: counts.refused,
        refusedBecause: [...counts.refusedBecause],
        problem: `${problem}: the one of ${old.importedAt} is kept`,
      });
    } else {
      feeds.push({
        feed: counts.feed,
        ecosystems: [...counts.ecosystems].sort(),
        isComprehensive: isComprehensive(counts.feed),
        records: counts.records,
        refused: counts.refused,
        refusedBecause: [...counts.refusedBecause],
        sourceAt: counts.sourceAt,
        importedAt,
        problem,
        leftOut: Object.fromEntries(counts.leftOut),
      });
    }
  }
  for (const old of before?.feeds ?? []) {
    if (counted.has(old.feed) || drop.includes(old.feed) || old.records === 0) continue;
    kept.add(old.feed);
    feeds.push({ ...old, problem: `not among the sources of the last build: the one of ${old.importedAt} is kept` });
  }
  return { feeds: feeds.sort((one, other) => (one.feed < other.feed ? -1 : 1)), kept };
}

async function writeAll(parts: {
  readonly into: string;
  readonly spill: Spill;
  readonly collected: Collected;
  readonly before: Manifest | undefined;
  readonly kept: ReadonlySet<string>;
  readonly feeds: readonly ManifestFeed[];
}): Promise<ShardEntry[]> {
  const { into, spill, collected, before, kept, feeds } = parts;
  const records = await writeRecordShards(
    into,
    spill,
    ({ feed, id }) => kept.has(feed) || collected.isOverridden(feed, id),
  );
  const facts = await writeFactShards(into, spill);
  const small: ShardEntry[] = [];
  const add = (kind: "epss" | "exploited", feed: string, entries: number, write: () => Uint8Array): void => {
    if (kept.has(feed)) small.push(...(before?.shards.filter((shard) => shard.kind === kind) ?? []));
    else if (entries > 0)
      small.push(writeShardFile(into, write(), { kind, label: "", bucket: 0, buckets: 1, entries }));
  };
  const day = feeds.find(({ feed }) => feed === "epss")?.sourceAt.slice(0, 10) ?? "";
  add("epss", "epss", collected.epss.size, () => writeEpssShard(day, collected.epss));
  add("exploited", "known-exploited", collected.exploited.size, () => writeExploitedShard(collected.exploited));
  return [...records, ...facts, ...small];
}
