// What the database cannot say: ecosystems that no feed speaks of, and feeds that are older than they may be or were kept back. Silence of those is not "clean".
import { parseInstantMs } from "../../../base/instant.ts";
import type { AnalysisGap } from "../../../model/image-analysis.ts";
import type { AdvisoryDatabase, AdvisoryKey, FeedStatus } from "../advisory.ts";

export interface FeedGapOptions {
  /** Absent: the age of feeds is not looked at. */
  readonly nowMs?: number;
  /** Days after which a feed is stale; 30 by default. */
  readonly feedAgeDaysMax?: number;
}

const dayMs = 86_400_000;
export const feedAgeDaysDefault = 30;

function ageDays(feed: FeedStatus, nowMs: number): number | undefined {
  const at = parseInstantMs(feed.sourceAt === "" ? feed.importedAt : feed.sourceAt);
  return at === undefined ? undefined : Math.floor((nowMs - at) / dayMs);
}

/** The demo's own: it knows what its images show, and must never make a real image look clean. */
export const demoFeed = "garrison-demo";

function staleness(feed: FeedStatus, options: FeedGapOptions): string {
  if (feed.feed === demoFeed)
    return `${demoFeed} holds a few vulnerabilities for the demo's images and nothing else: build a database of real feeds`;
  if (feed.problem !== "") return `${feed.feed}: ${feed.problem}`;
  if (options.nowMs === undefined) return "";
  const days = ageDays(feed, options.nowMs);
  if (days === undefined || days <= (options.feedAgeDaysMax ?? feedAgeDaysDefault)) return "";
  return `${feed.feed} is ${days} days old: what was published since is not known`;
}

interface EcosystemState {
  readonly isAbsent: boolean;
  readonly stale: readonly AnalysisGap[];
}

// Asked for every package: remembered per database and options.
const remembered = new WeakMap<
  AdvisoryDatabase,
  { readonly key: string; readonly states: Map<string, EcosystemState> }
>();

function statesOf(database: AdvisoryDatabase, options: FeedGapOptions): Map<string, EcosystemState> {
  const day = options.nowMs === undefined ? "" : Math.floor(options.nowMs / dayMs);
  const key = `${database.digest} ${database.feeds.length} ${day} ${options.feedAgeDaysMax ?? ""}`;
  const known = remembered.get(database);
  if (known?.key === key) return known.states;
  const states = new Map<string, EcosystemState>();
  remembered.set(database, { key, states });
  return states;
}

function stateOf(ecosystem: string, database: AdvisoryDatabase, options: FeedGapOptions): EcosystemState {
  const stale = database.feeds
    .filter((feed) => feed.ecosystems.includes(ecosystem))
    .map((feed) => staleness(feed, options))
    .filter((because) => because !== "")
    .map((because): AnalysisGap => ({ kind: "feed-stale", layer: -1, subject: ecosystem, because, count: 1 }));
  return { isAbsent: database.coverage(ecosystem) === "absent", stale };
}

/** Gaps of the ecosystems of these keys. Several names of one distribution (SUSE's modules) are one gap, and only when all are absent. */
export function feedGaps(
  keys: readonly AdvisoryKey[],
  database: AdvisoryDatabase,
  options: FeedGapOptions,
): readonly AnalysisGap[] {
  const states = statesOf(database, options);
  const gaps: AnalysisGap[] = [];
  let isAnswered = false;
  let asked = "";
  for (const { ecosystem } of keys) {
    if (ecosystem === asked) continue;
    asked = ecosystem;
    let state = states.get(ecosystem);
    if (state === undefined) {
      state = stateOf(ecosystem, database, options);
      states.set(ecosystem, state);
    }
    if (!state.isAbsent) isAnswered = true;
    gaps.push(...state.stale);
  }
  const first = keys[0];
  if (!isAnswered && first !== undefined)
    gaps.push({
      kind: "feed-missing",
      layer: -1,
      subject: first.ecosystem,
      because: `no feed for ${first.ecosystem} in this database`,
      count: 1,
    });
  return gaps;
}
