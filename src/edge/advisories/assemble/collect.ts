// What importers give is counted here and laid aside: records by ecosystem, facts and ids by bucket. Nothing is held but counts and the two small tables (EPSS, known exploited).
import type { AdvisoryRecord } from "../../../core/vuln/advisory.ts";
import { bucketOf } from "../../../core/vuln/shard/bytes.ts";
import type { EpssScore, ExploitedEntry } from "../../../core/vuln/shard/facts-codec.ts";
import type { ImportSink } from "../importers/importer.ts";
import type { Spill } from "./spill.ts";

/** Facts and ids are spilled into these; shards join as many as fit. */
export const spillBuckets = 64;
/** Ecosystems too large for one shard are spilled into buckets by name. */
const recordBuckets: Readonly<Record<string, number>> = { CPE: 64, npm: 32 };
const reasonsMax = 8;
const epssMax = 2_000_000;

export interface FeedCounts {
  readonly feed: string;
  records: number;
  refused: number;
  readonly refusedBecause: string[];
  readonly leftOut: Map<string, number>;
  readonly ecosystems: Set<string>;
  sourceAt: string;
  /** "" or what broke while its source was read. */
  broken: string;
}

export interface Collected {
  readonly sink: ImportSink;
  readonly feeds: ReadonlyMap<string, FeedCounts>;
  readonly epss: Map<string, EpssScore>;
  readonly exploited: Map<string, ExploitedEntry>;
  /** Whether a correction replaces what the feed says of that id. */
  isOverridden(feed: string, id: string): boolean;
  /** Feeds that gave something since the last call. */
  touched(): readonly string[];
  /** A record that is carried over from the database before. */
  carry(record: AdvisoryRecord): void;
  countsOf(feed: string): FeedCounts;
}

export function recordBucketsOf(ecosystem: string): number {
  return Object.hasOwn(recordBuckets, ecosystem) ? (recordBuckets[ecosystem] ?? 1) : 1;
}

/** Under which name a record waits; `carried` apart, so that a feed which is kept is not mixed with what replaced it. */
export function spillName(record: AdvisoryRecord, origin: "new" | "carried"): string {
  return JSON.stringify([
    "records",
    origin,
    record.ecosystem,
    bucketOf(record.name, recordBucketsOf(record.ecosystem)),
  ]);
}

export function createCollected(spill: Spill, nowMs: number): Collected {
  const feeds = new Map<string, FeedCounts>();
  const [epss, exploited] = [new Map<string, EpssScore>(), new Map<string, ExploitedEntry>()];
  const overridden = new Set<string>();
  let recent = new Set<string>();
  const countsOf = (feed: string): FeedCounts => {
    recent.add(feed);
    const known = feeds.get(feed);
    if (known !== undefined) return known;
    const made = {
      feed,
      records: 0,
      refused: 0,
      refusedBecause: [],
      leftOut: new Map<string, number>(),
      ecosystems: new Set<string>(),
      sourceAt: "",
      broken: "",
    };
    feeds.set(feed, made);
    return made;
  };
  return {
    feeds,
    epss,
    exploited,
    countsOf,
    isOverridden: (feed, id) => overridden.size > 0 && overridden.has(`${feed}\n${id}`),
    touched: () => {
      const names = [...recent];
      recent = new Set();
      return names;
    },
    carry: (record) => spill.add(spillName(record, "carried"), record),
    sink: {
      nowMs,
      record: (record) => {
        const counts = countsOf(record.feed);
        counts.records += 1;
        counts.ecosystems.add(record.ecosystem);
        spill.add(spillName(record, "new"), record);
      },
      facts: (facts, rank) => spill.add(JSON.stringify(["facts", bucketOf(facts.id, spillBuckets)]), { rank, facts }),
      exploited: (feed, id, entry) => {
        countsOf(feed).records += exploited.has(id) ? 0 : 1;
        exploited.set(id, entry);
      },
      epss: (feed, id, score) => {
        if (epss.size >= epssMax) return;
        countsOf(feed).records += epss.has(id) ? 0 : 1;
        epss.set(id, score);
      },
      overridden: (feed, id) => overridden.add(`${feed}\n${id}`),
      dated: (feed, instant) => {
        const counts = countsOf(feed);
        if (instant > counts.sourceAt) counts.sourceAt = instant;
      },
      refused: (feed, which, why) => {
        const counts = countsOf(feed);
        counts.refused += 1;
        if (counts.refusedBecause.length < reasonsMax) counts.refusedBecause.push(`${which}: ${why}`.slice(0, 400));
      },
      leftOut: (feed, why) => {
        const { leftOut } = countsOf(feed);
        leftOut.set(why, (leftOut.get(why) ?? 0) + 1);
      },
    },
  };
}
