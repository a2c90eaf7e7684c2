// A counter per minute: how many of something may happen, all clients together.
import type { Clock } from "../../../base/clock.ts";
import { Fault } from "../../../base/fault.ts";

export interface RateLimit {
  /** Throws `server/rate-limited` (retryAfterMs = end of the minute) when the minute's share is used up. */
  refuseWhenFull(): void;
  count(): void;
}

const windowMs = 60_000;

export function rateLimit(clock: Clock, perMinuteMax: number, what: string): RateLimit {
  let startMs = clock.nowMs();
  let used = 0;
  const roll = (): void => {
    if (clock.nowMs() - startMs < windowMs) return;
    startMs = clock.nowMs();
    used = 0;
  };
  return {
    refuseWhenFull() {
      roll();
      if (used < perMinuteMax) return;
      throw new Fault(`too many ${what}`, {
        code: "server/rate-limited",
        kind: "limited",
        hint: "wait a minute",
        retryAfterMs: startMs + windowMs - clock.nowMs(),
      });
    },
    count() {
      roll();
      used += 1;
    },
  };
}
