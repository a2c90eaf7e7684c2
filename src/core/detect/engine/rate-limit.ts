// So many detections of one rule for one workload at once, then one now and then; what is kept back is counted and told with the next.
import type { DetectLimits } from "../contract.ts";

interface Bucket {
  tokens: number;
  atMs: number;
  suppressed: number;
}

export interface RateLimit {
  /** Undefined: kept back. Else how many were kept back since the last one. */
  take(key: string, nowMs: number): number | undefined;
  readonly suppressed: number;
  readonly evicted: number;
}

export function createRateLimit(limits: Pick<DetectLimits, "rateBurst" | "rateEveryMs" | "rateKeysMax">): RateLimit {
  const buckets = new Map<string, Bucket>();
  const counts = { suppressed: 0, evicted: 0 };
  function bucketOf(key: string, nowMs: number): Bucket {
    const known = buckets.get(key);
    if (known !== undefined) return known;
    if (buckets.size >= limits.rateKeysMax) {
      const oldest = buckets.keys().next().value;
      if (oldest !== undefined) buckets.delete(oldest);
      counts.evicted += 1;
    }
    const made = { tokens: limits.rateBurst, atMs: nowMs, suppressed: 0 };
    buckets.set(key, made);
    return made;
  }
  return {
    get suppressed() {
      return counts.suppressed;
    },
    get evicted() {
      return counts.evicted;
    },
    take(key, nowMs) {
      const bucket = bucketOf(key, nowMs);
      const gained = Math.max(0, nowMs - bucket.atMs) / limits.rateEveryMs;
      bucket.tokens = Math.min(limits.rateBurst, bucket.tokens + gained);
      bucket.atMs = Math.max(bucket.atMs, nowMs);
      if (bucket.tokens < 1) {
        bucket.suppressed += 1;
        counts.suppressed += 1;
        return undefined;
      }
      bucket.tokens -= 1;
      const { suppressed } = bucket;
      bucket.suppressed = 0;
      return suppressed;
    },
  };
}
