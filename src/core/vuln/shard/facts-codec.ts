// What is not a record: facts of vulnerabilities, the index of ids, EPSS scores, known exploited ones. Each is a shard kind of its own, read only when asked for.
import type { VulnerabilityFacts } from "../advisory.ts";
import {
  corrupt,
  createByteCursor,
  createByteSink,
  leftOf,
  readText,
  readVarint,
  type ByteCursor,
  type ByteSink,
} from "./bytes.ts";
import type { Shard } from "./table.ts";
import { writeShard } from "./write-table.ts";

/** Facts without what comes from shards of their own. */
export type PlainFacts = Omit<VulnerabilityFacts, "knownExploited" | "epss">;

/** By vulnerability id, each once: what every match asks for. Small, so that readers can hold it. */
export function writeBriefsShard(facts: ReadonlyMap<string, PlainFacts>): Uint8Array {
  return writeShard({
    kind: "briefs",
    label: "",
    keys: facts.keys(),
    write: (id, sink, pool) => {
      const known = facts.get(id);
      if (known === undefined) return;
      sink.text(known.title);
      sink.varint(pool.text(known.cvss));
      sink.text(known.publishedAt);
      sink.text(known.modifiedAt);
      sink.varint(Math.round(known.cvssScore * scoreScale));
    },
  });
}

/** Scores have one decimal. */
const scoreScale = 10;

/** The words behind the brief, for the same ids. `deflate` packs an entry: texts are most of a database, and only people ask for them. */
export function writeFactsShard(
  facts: ReadonlyMap<string, PlainFacts>,
  deflate: (bytes: Uint8Array) => Uint8Array,
): Uint8Array {
  return writeShard({
    kind: "facts",
    label: "",
    keys: facts.keys(),
    write: (id, sink) => {
      const known = facts.get(id);
      if (known === undefined) return;
      const words = createByteSink();
      words.text(known.description);
      texts(words, known.references);
      texts(words, known.cwes);
      const whole = words.take();
      const packed = deflate(whole);
      const isPacked = packed.length < whole.length;
      sink.varint(isPacked ? whole.length + 1 : 0);
      sink.bytes(isPacked ? packed : whole);
    },
  });
}

/** Words beyond this when inflated are refused. */
export const factsBytesMax = 1 << 20;

/** `words` is the shard of the words, asked once somebody reads them; `inflate(bytes, length)` gives exactly `length` bytes or throws. */
export interface WordSource {
  words(): Shard | undefined;
  inflate(bytes: Uint8Array, length: number): Uint8Array;
}

/** Throws `vuln/shard-damaged`, and so does reading description, references or weaknesses when their shard is not whole. */
export function factsOf(briefs: Shard, id: string, source: WordSource): PlainFacts | undefined {
  const payload = briefs.find(id);
  if (payload === undefined) return undefined;
  const cursor = createByteCursor(payload);
  const title = readText(cursor);
  const cvss = briefs.text(readVarint(cursor));
  const publishedAt = readText(cursor);
  const modifiedAt = readText(cursor);
  const cvssScore = readVarint(cursor) / scoreScale;
  if (leftOf(cursor) !== 0) throw corrupt("an entry has bytes after its facts");
  let words: Words | undefined;
  const read = (): Words => (words ??= wordsOf(id, source));
  return {
    id,
    title,
    get description() {
      return read().description;
    },
    get references() {
      return read().references;
    },
    get cwes() {
      return read().cwes;
    },
    publishedAt,
    modifiedAt,
    cvssScore,
    cvss,
  };
}

type Words = Pick<PlainFacts, "description" | "references" | "cwes">;

function wordsOf(id: string, source: WordSource): Words {
  const payload = source.words()?.find(id);
  if (payload === undefined) return { description: "", references: [], cwes: [] };
  const outer = createByteCursor(payload);
  const length = readVarint(outer);
  if (length > factsBytesMax) throw corrupt("the facts of a vulnerability are larger than any this program writes");
  const packed = payload.subarray(payload.length - leftOf(outer));
  const cursor = createByteCursor(length === 0 ? packed : source.inflate(packed, length - 1));
  const description = readText(cursor);
  const references = readTexts(cursor);
  const cwes = readTexts(cursor);
  if (leftOf(cursor) !== 0) throw corrupt("an entry has bytes after its facts");
  return { description, references, cwes };
}

function texts(sink: ByteSink, values: readonly string[]): void {
  sink.varint(values.length);
  for (const value of values) sink.text(value);
}

function readTexts(cursor: ByteCursor): readonly string[] {
  const count = readVarint(cursor);
  if (count > leftOf(cursor)) throw corrupt("an entry claims more texts than it can hold");
  return Array.from({ length: count }, () => readText(cursor));
}

/** What a CVE or alias stands for: the vulnerabilities that it names, and the keys of their records. */
export interface IdEntry {
  /** Names under which facts are kept: itself, or the CVE that it is an alias of. */
  readonly vulnerabilities: readonly string[];
  readonly keys: readonly { readonly ecosystem: string; readonly name: string }[];
}

/** Keys of one id beyond these are not kept: a vulnerability of everything is found by `find`. */
export const idKeysMax = 10_000;

export function writeIdShard(entries: ReadonlyMap<string, IdEntry>): Uint8Array {
  return writeShard({
    kind: "ids",
    label: "",
    keys: entries.keys(),
    write: (id, sink, pool) => {
      const entry = entries.get(id);
      if (entry === undefined) return;
      sink.varint(pool.list(entry.vulnerabilities));
      sink.varint(Math.min(entry.keys.length, idKeysMax));
      for (const { ecosystem, name } of entry.keys.slice(0, idKeysMax)) {
        sink.varint(pool.text(ecosystem));
        sink.varint(pool.text(name));
      }
    },
  });
}

export function idEntryOf(shard: Shard, id: string): IdEntry | undefined {
  const payload = shard.find(id);
  if (payload === undefined) return undefined;
  const cursor = createByteCursor(payload);
  const vulnerabilities = shard.list(readVarint(cursor));
  const count = readVarint(cursor);
  if (count * 2 > leftOf(cursor)) throw corrupt("an entry claims more keys than it can hold");
  const keys = Array.from({ length: count }, () => ({
    ecosystem: shard.text(readVarint(cursor)),
    name: shard.text(readVarint(cursor)),
  }));
  if (leftOf(cursor) !== 0) throw corrupt("an entry has bytes after its keys");
  return { vulnerabilities, keys };
}

export interface EpssScore {
  readonly score: number;
  readonly percentile: number;
}

/** Scores keep nine decimals, more than the feed gives. */
const epssScale = 1e9;

/** `date` is the model's day, "2026-08-07". */
export function writeEpssShard(date: string, scores: ReadonlyMap<string, EpssScore>): Uint8Array {
  return writeShard({
    kind: "epss",
    label: date,
    keys: scores.keys(),
    write: (id, sink) => {
      const known = scores.get(id);
      sink.varint(Math.round((known?.score ?? 0) * epssScale));
      sink.varint(Math.round((known?.percentile ?? 0) * epssScale));
    },
  });
}

export function epssOf(shard: Shard, id: string): VulnerabilityFacts["epss"] {
  const payload = shard.find(id);
  if (payload === undefined) return undefined;
  const cursor = createByteCursor(payload);
  const score = readVarint(cursor) / epssScale;
  const percentile = readVarint(cursor) / epssScale;
  if (score > 1 || percentile > 1) throw corrupt("a probability is larger than 1");
  return { score, percentile, date: shard.label };
}

export interface ExploitedEntry {
  readonly addedAt: string;
  readonly dueAt: string;
  readonly ransomware: boolean;
}

export function writeExploitedShard(entries: ReadonlyMap<string, ExploitedEntry>): Uint8Array {
  return writeShard({
    kind: "exploited",
    label: "",
    keys: entries.keys(),
    write: (id, sink) => {
      const entry = entries.get(id);
      sink.text(entry?.addedAt ?? "");
      sink.text(entry?.dueAt ?? "");
      sink.varint(entry?.ransomware === true ? 1 : 0);
    },
  });
}

export function exploitedOf(shard: Shard, id: string): ExploitedEntry | undefined {
  const payload = shard.find(id);
  if (payload === undefined) return undefined;
  const cursor = createByteCursor(payload);
  return { addedAt: readText(cursor), dueAt: readText(cursor), ransomware: readVarint(cursor) === 1 };
}
