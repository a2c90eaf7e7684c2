// An advisory database out of records in memory: for tests, the demo and small feeds. The same port as the shards have.
import type { AdvisoryDatabase, AdvisoryRecord, FeedStatus, VulnerabilityFacts } from "./advisory.ts";

export interface MemoryDatabaseOptions {
  /** Facts by CVE or alias, what a details shard would say. */
  readonly facts?: readonly VulnerabilityFacts[];
  /** Feeds as they were imported; those that records name and nobody gave are made up, not comprehensive. */
  readonly feeds?: readonly FeedStatus[];
  readonly digest?: string;
  readonly builtAt?: string;
}

const keysMax = 10_000;

function keyOf(ecosystem: string, name: string): string {
  return `${ecosystem}\n${name}`;
}

function push<Value>(map: Map<string, Value[]>, key: string, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

function feedsOf(records: readonly AdvisoryRecord[], given: readonly FeedStatus[]): FeedStatus[] {
  const feeds = new Map(given.map((feed) => [feed.feed, feed]));
  const made = new Map<string, { ecosystems: Set<string>; records: number }>();
  for (const record of records) {
    if (feeds.has(record.feed)) continue;
    const feed = made.get(record.feed) ?? { ecosystems: new Set<string>(), records: 0 };
    feed.ecosystems.add(record.ecosystem);
    feed.records++;
    made.set(record.feed, feed);
  }
  const others = [...made].map(([feed, { ecosystems, records: count }]) => ({
    feed,
    ecosystems: [...ecosystems].sort(),
    isComprehensive: false,
    records: count,
    refused: 0,
    refusedBecause: [],
    sourceAt: "",
    importedAt: "",
    problem: "",
  }));
  return [...given, ...others];
}

/** Reads as an AdvisoryDatabase; `records` are not copied. */
export function memoryDatabase(
  records: readonly AdvisoryRecord[],
  options: MemoryDatabaseOptions = {},
): AdvisoryDatabase {
  const byKey = new Map<string, AdvisoryRecord[]>();
  const byId = new Map<string, Map<string, { readonly ecosystem: string; readonly name: string }>>();
  for (const record of records) {
    const key = keyOf(record.ecosystem, record.name);
    push(byKey, key, record);
    for (const id of new Set([record.id, ...record.aliases, ...record.upstream])) {
      const keys = byId.get(id) ?? new Map<string, { readonly ecosystem: string; readonly name: string }>();
      keys.set(key, { ecosystem: record.ecosystem, name: record.name });
      byId.set(id, keys);
    }
  }
  const feeds = feedsOf(records, options.feeds ?? []);
  const comprehensive = new Set<string>();
  const known = new Set<string>();
  for (const feed of feeds) {
    for (const ecosystem of feed.ecosystems) {
      known.add(ecosystem);
      if (feed.isComprehensive) comprehensive.add(ecosystem);
    }
  }
  const facts = new Map((options.facts ?? []).map((fact) => [fact.id, fact]));
  return {
    digest: options.digest ?? "memory",
    builtAt: options.builtAt ?? "",
    feeds,
    coverage: (ecosystem) =>
      comprehensive.has(ecosystem) ? "comprehensive" : known.has(ecosystem) ? "partial" : "absent",
    find: (ecosystem, name) => byKey.get(keyOf(ecosystem, name)) ?? [],
    vulnerability: (id) => facts.get(id),
    affectedBy: (id) => [...(byId.get(id)?.values() ?? [])].slice(0, keysMax),
  };
}
