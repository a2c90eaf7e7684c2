// What was collected -> shard files, each under the name of its digest. A shard that is there already is not written again.
import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, statSync, writeSync } from "node:fs";
import path from "node:path";
import { deflateRawSync } from "node:zlib";
import type { AdvisoryRecord } from "../../../core/vuln/advisory.ts";
import { bucketOf } from "../../../core/vuln/shard/bytes.ts";
import {
  idKeysMax,
  writeBriefsShard,
  writeFactsShard,
  writeIdShard,
  type IdEntry,
} from "../../../core/vuln/shard/facts-codec.ts";
import { writeRecordShard } from "../../../core/vuln/shard/record-codec.ts";
import type { ShardKind } from "../../../core/vuln/shard/table.ts";
import { shardFile, type ShardEntry } from "../manifest.ts";
import { recordBucketsOf, spillBuckets } from "./collect.ts";
import { mergeFacts, type RankedFacts } from "./merge-facts.ts";
import type { Spill } from "./spill.ts";

/** Spilled bytes of facts or ids that one shard joins, about. */
const shardSpillBytes = 4 * 2 ** 20;

/** Entries are a few kilobytes: a small window packs them as well, and asks for a tenth of the memory each time. */
const packing = { level: 6, windowBits: 13, memLevel: 5 } as const;

/** Writes the file (whole, then renamed) and says what the manifest needs. */
export function writeShardFile(
  folder: string,
  bytes: Uint8Array,
  about: {
    readonly kind: ShardKind;
    readonly label: string;
    readonly bucket: number;
    readonly buckets: number;
    readonly entries: number;
  },
): ShardEntry {
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  const file = path.join(folder, shardFile(sha256));
  if (!existsSync(file) || statSync(file).size !== bytes.length) {
    mkdirSync(path.dirname(file), { recursive: true });
    const draft = `${file}.${process.pid}.part`;
    const handle = openSync(draft, "w", 0o644);
    try {
      let at = 0;
      while (at < bytes.length) at += writeSync(handle, bytes, at);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(draft, file);
  }
  return { ...about, bytes: bytes.length, sha256 };
}

/** Records of all ecosystems; ids are spilled on the way. `isPassedOver`: of what waits as new. */
export async function writeRecordShards(
  folder: string,
  spill: Spill,
  isPassedOver: (record: AdvisoryRecord) => boolean,
): Promise<readonly ShardEntry[]> {
  const places = new Map<string, { readonly ecosystem: string; readonly bucket: number; readonly names: string[] }>();
  for (const name of spill.names()) {
    const [kind, , ecosystem, bucket] = JSON.parse(name) as [string, string, string, number];
    if (kind !== "records") continue;
    const place = JSON.stringify([ecosystem, bucket]);
    const known = places.get(place) ?? { ecosystem, bucket, names: [] };
    known.names.push(name);
    places.set(place, known);
  }
  const shards: ShardEntry[] = [];
  for (const { ecosystem, bucket, names } of places.values()) {
    const records: AdvisoryRecord[] = [];
    for (const name of names) {
      const isCarried = (JSON.parse(name) as string[])[1] === "carried";
      for await (const value of spill.read(name)) {
        const record = value as AdvisoryRecord;
        if (isCarried || !isPassedOver(record)) records.push(record);
      }
    }
    if (records.length === 0) continue;
    const distinct = withoutTwins(records);
    for (const record of distinct) spillIds(spill, record);
    const bytes = writeRecordShard(ecosystem, distinct);
    const buckets = recordBucketsOf(ecosystem);
    shards.push(
      writeShardFile(folder, bytes, { kind: "records", label: ecosystem, bucket, buckets, entries: distinct.length }),
    );
  }
  return shards;
}

/** A record that stands in two sources of one feed is one record. */
function withoutTwins(records: readonly AdvisoryRecord[]): readonly AdvisoryRecord[] {
  const seen = new Set<string>();
  return records.filter((record) => {
    const text = JSON.stringify(record);
    if (seen.has(text)) return false;
    seen.add(text);
    return true;
  });
}

function spillIds(spill: Spill, { id, aliases, upstream, ecosystem, name }: AdvisoryRecord): void {
  const isCve = (one: string): boolean => one.startsWith("CVE-");
  const own = [id, ...aliases].filter(isCve);
  const main = own.length > 0 ? own : upstream.filter(isCve).slice(0, 1);
  const isOne = own.length > 0 || upstream.length === 1;
  for (const one of new Set([id, ...aliases, ...upstream])) {
    const isUpstream = upstream.includes(one) || isCve(one);
    const vulnerabilities = isUpstream || !isOne ? [one] : main;
    spill.add(JSON.stringify(["ids", bucketOf(one, spillBuckets)]), [
      one,
      vulnerabilities.length === 0 ? [one] : vulnerabilities,
      ecosystem,
      name,
    ]);
  }
}

/** Facts (merged) and the index of ids, each in as many buckets as their size asks for. */
export async function writeFactShards(folder: string, spill: Spill): Promise<readonly ShardEntry[]> {
  const shards: ShardEntry[] = [];
  const write = (
    kind: "briefs" | "facts" | "ids",
    bucket: number,
    buckets: number,
    entries: number,
    bytes: Uint8Array,
  ): void => {
    if (entries > 0) shards.push(writeShardFile(folder, bytes, { kind, label: "", bucket, buckets, entries }));
  };
  for (const { bucket, buckets, names } of joined(spill, "facts")) {
    const all = new Map<string, RankedFacts[]>();
    for await (const value of readAll(spill, names)) {
      const ranked = value as RankedFacts;
      const known = all.get(ranked.facts.id);
      if (known === undefined) all.set(ranked.facts.id, [ranked]);
      else known.push(ranked);
    }
    const merged = new Map([...all].map(([id, ranked]) => [id, mergeFacts(id, ranked)]));
    write("briefs", bucket, buckets, merged.size, writeBriefsShard(merged));
    write(
      "facts",
      bucket,
      buckets,
      merged.size,
      writeFactsShard(merged, (bytes) => deflateRawSync(bytes, packing)),
    );
  }
  for (const { bucket, buckets, names } of joined(spill, "ids")) {
    const ids = await readIds(spill, names);
    write("ids", bucket, buckets, ids.size, writeIdShard(ids));
  }
  return shards;
}

async function* readAll(spill: Spill, names: readonly string[]): AsyncGenerator {
  for (const name of names) yield* spill.read(name);
}

async function readIds(spill: Spill, names: readonly string[]): Promise<ReadonlyMap<string, IdEntry>> {
  const ids = new Map<
    string,
    { readonly vulnerabilities: Set<string>; readonly keys: Map<string, { ecosystem: string; name: string }> }
  >();
  for await (const value of readAll(spill, names)) {
    const [id, vulnerabilities, ecosystem, name] = value as [string, string[], string, string];
    const entry = ids.get(id) ?? {
      vulnerabilities: new Set<string>(),
      keys: new Map<string, { ecosystem: string; name: string }>(),
    };
    for (const one of vulnerabilities) entry.vulnerabilities.add(one);
    if (entry.keys.size < idKeysMax) entry.keys.set(`${ecosystem}\n${name}`, { ecosystem, name });
    ids.set(id, entry);
  }
  const sorted = ({
    vulnerabilities,
    keys,
  }: {
    readonly vulnerabilities: Set<string>;
    readonly keys: Map<string, { ecosystem: string; name: string }>;
  }): IdEntry => ({
    vulnerabilities: [...vulnerabilities].sort(),
    keys: [...keys].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, key]) => key),
  });
  return new Map([...ids].map(([id, entry]) => [id, sorted(entry)]));
}

/** Spilled buckets that become one shard: those that agree in their low bits. */
function joined(
  spill: Spill,
  kind: string,
): readonly { readonly bucket: number; readonly buckets: number; readonly names: readonly string[] }[] {
  const names = Array.from({ length: spillBuckets }, (_, bucket) => JSON.stringify([kind, bucket]));
  const total = names.reduce((sum, name) => sum + spill.bytesOf(name), 0);
  let buckets = 1;
  while (buckets < spillBuckets && total / buckets > shardSpillBytes) buckets *= 2;
  return Array.from({ length: buckets }, (_, bucket) => ({
    bucket,
    buckets,
    names: names.filter((_name, index) => index % buckets === bucket),
  }));
}
