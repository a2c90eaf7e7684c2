// How many detections a day a person can be asked to look at, and where a series of days is going.

export const noiseBudget = {
  /** A quiet cluster of ten pods. */
  perDay: 20,
  podsOfQuietCluster: 10,
} as const;

/** Detections a day that are in order for a cluster; of an unknown number of pods that of a quiet one. */
export function budgetOf(pods: number | undefined): number {
  const tens = Math.max(1, (pods ?? 0) / noiseBudget.podsOfQuietCluster);
  return Math.round(noiseBudget.perDay * tens);
}

export type Trend = "rising" | "falling" | "steady" | "new";

/** Last 24 hours against the mean of the whole days before the running one (`perDay`: oldest first, the running day last). */
export function trendOf(perDay: readonly number[], last24h: number): Trend {
  const before = perDay.slice(0, -1);
  const seen = before.filter((count) => count > 0).length;
  // Yesterday's are partly within the last 24 hours: one day alone tells no trend.
  if (seen === 0) return "new";
  const mean = before.reduce((sum, count) => sum + count, 0) / before.length;
  if (last24h > mean * 1.5 + 2) return "rising";
  return last24h < mean / 1.5 - 2 ? "falling" : "steady";
}
