// How often somebody may knock: a bucket per address and one for all, refilled by the minute. Bounded in addresses.
import type { Clock } from "../../../base/clock.ts";

export interface RateLimit {
  /** Takes one try; false when the address or everybody together has had too many. */
  take(address: string): boolean;
}

interface Bucket {
  tries: number;
  sinceMs: number;
}

const minuteMs = 60_000;

export function createRateLimit(
  limits: { readonly perAddressPerMinute: number; readonly totalPerMinute: number; readonly addressesMax: number },
  clock: Clock,
): RateLimit {
  const buckets = new Map<string, Bucket>();
  const total: Bucket = { tries: 0, sinceMs: clock.nowMs() };

  function takeOf(bucket: Bucket, max: number): boolean {
    if (clock.nowMs() - bucket.sinceMs >= minuteMs) {
      bucket.tries = 0;
      bucket.sinceMs = clock.nowMs();
    }
    if (bucket.tries >= max) return false;
    bucket.tries += 1;
    return true;
  }

  return {
    take(address) {
      const bucket = buckets.get(address) ?? { tries: 0, sinceMs: clock.nowMs() };
      // Re-inserted: the map's order is the order of use, the least recent leaves.
      buckets.delete(address);
      buckets.set(address, bucket);
      if (buckets.size > limits.addressesMax) buckets.delete(buckets.keys().next().value ?? "");
      return takeOf(bucket, limits.perAddressPerMinute) && takeOf(total, limits.totalPerMinute);
    },
  };
}
