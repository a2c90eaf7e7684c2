// A share of one core, as a bucket of milliseconds: rules that take more than it stop being asked until it has filled again. Pure; the caller brings the clocks.

export interface TimeBudget {
  /** Whether there is time left at this moment. */
  has(nowMs: number): boolean;
  /** Takes off what was used. */
  use(ms: number): void;
  /** Milliseconds used since the start. */
  readonly usedMs: number;
}

/** `share` of a core (0-1), at most `savedMsMax` saved up. Times are of a monotonic clock. */
export function createTimeBudget(share: number, savedMsMax: number): TimeBudget {
  let saved = savedMsMax;
  let filledAtMs: number | undefined;
  let usedMs = 0;
  return {
    get usedMs() {
      return usedMs;
    },
    has(nowMs) {
      if (filledAtMs !== undefined) saved = Math.min(savedMsMax, saved + Math.max(0, nowMs - filledAtMs) * share);
      filledAtMs = nowMs;
      return saved > 0;
    },
    use(ms) {
      saved -= ms;
      usedMs += ms;
    },
  };
}
