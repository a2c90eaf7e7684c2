// How far this machine's clock is ahead of the server's, from the Date header of answers: seconds are all that it tells, so a difference
// below two of them counts as none. The best of the last answers counts: the one that took least time on its way.

/** Answers that are looked at together. */
const samplesMax = 8;
const toleratedMs = 2000;

export interface ClockDifference {
  /** `sentMs` and `receivedMs` are of this machine's clock; a header that is absent or no date says nothing. */
  sample(date: unknown, sentMs: number, receivedMs: number): void;
  /** Positive: this machine is ahead. 0 when it is not known or too little to matter. */
  readonly aheadMs: number;
}

export function createClockDifference(): ClockDifference {
  let samples: { readonly aheadMs: number; readonly tripMs: number }[] = [];
  return {
    sample(date, sentMs, receivedMs) {
      const serverMs = typeof date === "string" ? Date.parse(date) : Number.NaN;
      const tripMs = receivedMs - sentMs;
      if (Number.isNaN(serverMs) || tripMs < 0) return;
      // The header's second began somewhat before it was written.
      const aheadMs = Math.round((sentMs + receivedMs) / 2 - (serverMs + 500));
      // A clock that was set makes all that was measured before it untrue.
      if (samples.some((one) => Math.abs(one.aheadMs - aheadMs) > one.tripMs + tripMs + toleratedMs)) samples = [];
      samples.push({ aheadMs, tripMs });
      if (samples.length > samplesMax) samples.shift();
    },
    get aheadMs() {
      let best = samples[0];
      for (const one of samples) if (best === undefined || one.tripMs < best.tripMs) best = one;
      return best === undefined || Math.abs(best.aheadMs) < toleratedMs ? 0 : best.aheadMs;
    },
  };
}
