// Waiting between attempts: twice as long after each failure up to a cap, with half of it left to chance so that clients do not come together.
import { setTimeout as sleep } from "node:timers/promises";

export interface Backoff {
  /** Waits; a server that asks for more gets it. Resolves early when `signal` aborts. */
  wait(signal: AbortSignal, atLeastMs?: number): Promise<void>;
  reset(): void;
}

/** `random` gives numbers from 0 to 1. */
export function createBackoff(minMs: number, maxMs: number, random: () => number): Backoff {
  let nextMs = minMs;
  return {
    async wait(signal, atLeastMs = 0) {
      const delayMs = Math.max(atLeastMs, nextMs * (0.5 + random() / 2));
      nextMs = Math.min(nextMs * 2, maxMs);
      await pause(delayMs, signal);
    },
    reset: () => (nextMs = minMs),
  };
}

/** Never rejects: the caller looks at the signal. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}
