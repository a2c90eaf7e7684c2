// How old each feed is, seen from now: what a person or a gate asks of a database that nobody has updated for a while.
import { feedAgeDaysDefault } from "../../core/vuln/match/feed-gaps.ts";
import type { FeedStatus } from "../../core/vuln/advisory.ts";

/** Days after its import when a feed is old, whatever the age of its source. */
export const feedAgeDaysMax = 14;

export interface FeedAge extends FeedStatus {
  /** Days since its source was made, else since it was imported; -1 when neither is known. */
  readonly ageDays: number;
  /** "" or why it should not be relied on. */
  readonly warning: string;
}

export function feedAges(feeds: readonly FeedStatus[], nowMs: number, ageDaysMax = feedAgeDaysMax): readonly FeedAge[] {
  return feeds.map((feed) => {
    const importedDays = daysSince(feed.importedAt, nowMs);
    const sourceDays = daysSince(feed.sourceAt, nowMs);
    const old = importedDays > ageDaysMax ? `older than ${ageDaysMax} days: update the database` : "";
    // Said where scans have a gap for it: what was published since is not known.
    const stale = sourceDays > feedAgeDaysDefault ? `stale: its source is ${sourceDays} days old` : "";
    const warning = feed.problem || old || stale;
    return { ...feed, ageDays: sourceDays >= 0 ? sourceDays : importedDays, warning };
  });
}

function daysSince(instant: string, nowMs: number): number {
  const ms = Date.parse(instant);
  return Number.isNaN(ms) ? -1 : Math.max(0, Math.floor((nowMs - ms) / 86_400_000));
}
