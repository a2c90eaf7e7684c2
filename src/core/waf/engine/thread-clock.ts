// The clock that requests' budgets are measured with: the thread's own CPU time, so that a busy machine does not make requests fail. Asking the kernel costs
// several microseconds; between two questions the wall clock is followed, for a moment at most.

/** How long the wall clock is believed. */
const followUsMax = 2000;

export interface ThreadClockSources {
  /** Microseconds of CPU of the calling thread; the other clock again, where the runtime does not tell. */
  readonly cpuUs: () => number;
  /** Microseconds on a clock that only goes forward. */
  readonly wallUs: () => number;
}

/** Microseconds, never going back; ahead of the CPU time by `followUsMax` at most. */
export function createThreadClock({ cpuUs, wallUs }: ThreadClockSources): () => number {
  let askedAtUs = wallUs();
  let baseUs = cpuUs();
  let lastUs = baseUs;
  return () => {
    const nowUs = wallUs();
    if (nowUs - askedAtUs > followUsMax) {
      askedAtUs = nowUs;
      baseUs = cpuUs();
    }
    lastUs = Math.max(lastUs, baseUs + (nowUs - askedAtUs));
    return lastUs;
  };
}
