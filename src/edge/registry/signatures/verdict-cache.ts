// Verdicts kept by what was judged (repository and digests) and policy: what holds for bytes under rules does not change, so a good verdict stays; others are asked again soon, because signatures come later.
import { policyHash, type SignaturePolicy } from "./policy.ts";
import type { SignatureVerdict, Verdict } from "./verify-image.ts";

export const verdictCacheLimits = {
  entriesMax: 20_000,
  verifiedMs: 24 * 60 * 60_000,
  /** unsigned and failed: a signature may have been pushed meanwhile. */
  otherMs: 5 * 60_000,
} as const;

export interface VerdictCache {
  get(judged: string, policy: SignaturePolicy): SignatureVerdict | undefined;
  put(judged: string, policy: SignaturePolicy, verdict: SignatureVerdict): void;
  /** What fell out because the cache was full. */
  readonly evicted: number;
}

export function createVerdictCache(
  nowMs: () => number,
  entriesMax: number = verdictCacheLimits.entriesMax,
): VerdictCache {
  const entries = new Map<string, { readonly verdict: SignatureVerdict; readonly untilMs: number }>();
  let evicted = 0;
  const keyOf = (judged: string, policy: SignaturePolicy): string => `${judged} ${policyHash(policy)}`;
  return {
    get(judged, policy) {
      const key = keyOf(judged, policy);
      const found = entries.get(key);
      if (found === undefined) return undefined;
      entries.delete(key);
      if (found.untilMs <= nowMs()) return undefined;
      // Used again: the last to fall out.
      entries.set(key, found);
      return found.verdict;
    },
    put(judged, policy, verdict) {
      const keptMs = keptMsOf(verdict.verdict);
      if (keptMs === 0 || judged === "") return;
      const key = keyOf(judged, policy);
      entries.delete(key);
      entries.set(key, { verdict, untilMs: nowMs() + keptMs });
      for (const [oldest] of entries) {
        if (entries.size <= entriesMax) break;
        entries.delete(oldest);
        evicted++;
      }
    },
    get evicted() {
      return evicted;
    },
  };
}

/** What is not known is not kept. */
function keptMsOf(verdict: Verdict): number {
  if (verdict === "verified") return verdictCacheLimits.verifiedMs;
  return verdict === "unknown" ? 0 : verdictCacheLimits.otherMs;
}
