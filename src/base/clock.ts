// Time comes in by parameter. Apps hand in the system's clock, tests a manual one.

export interface Clock {
  /** Milliseconds since the Unix epoch. */
  nowMs(): number;
}

/** A clock that moves only when told to: for tests and seeded scenarios. */
export function manualClock(startMs: number): Clock & { advance(byMs: number): void } {
  let now = startMs;
  return {
    nowMs: () => now,
    advance: (byMs) => {
      now += byMs;
    },
  };
}
