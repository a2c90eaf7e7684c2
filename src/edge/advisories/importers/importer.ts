// What an importer is: it recognises a document by its beginning and gives its records one by one. One file each, one line in list.ts.
import type { AdvisoryRecord } from "../../../core/vuln/advisory.ts";
import type { EpssScore, ExploitedEntry, PlainFacts } from "../../../core/vuln/shard/facts-codec.ts";

/** Who says a fact: of two that say the same thing, the lower number is kept. */
export const factRanks = {
  nvd: 1,
  ghsa: 2,
  upstream: 3,
  distribution: 4,
  erratum: 5,
  errata: 6,
  exploited: 7,
  carried: 8,
} as const;
export type FactRank = (typeof factRanks)[keyof typeof factRanks];

export interface ImportSink {
  record(record: AdvisoryRecord): void;
  facts(facts: PlainFacts, rank: FactRank): void;
  exploited(feed: string, id: string, entry: ExploitedEntry): void;
  epss(feed: string, id: string, score: EpssScore): void;
  /** What `feed` says of this vulnerability is replaced by a correction. */
  overridden(feed: string, id: string): void;
  /** A moment at which the feed's source was made or changed: the newest counts. */
  dated(feed: string, instant: string): void;
  /** A record that could not be taken, and why. */
  refused(feed: string, which: string, why: string): void;
  /** A record that was understood and says nothing about a version: "withdrawn", "no version named". */
  leftOut(feed: string, why: string): void;
  readonly nowMs: number;
}

export interface AdvisoryDocument {
  /** As a person finds it: "all.zip/GO-2024-1.json". */
  readonly name: string;
  /** Inflated; to be read once, before the next document of the same archive. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** When the file was changed: the date of feeds that have none of their own; "" of what came out of an archive. */
  readonly fileAt: string;
}

export interface DocumentHead {
  readonly name: string;
  /** The first 64 KiB as text. */
  readonly text: string;
}

export interface Importer {
  readonly name: string;
  /** What it reads, for people. */
  readonly about: string;
  recognises(head: DocumentHead): boolean;
  /** A broken document throws: what it gave before is kept, the build says so. */
  read(document: AdvisoryDocument, sink: ImportSink, signal: AbortSignal): Promise<void>;
}
