// How long to wait after the nth failure in a row: exponential, capped, with full jitter so that many agents do not return together.

export type Random = () => number;

export interface Backoff {
  /** Milliseconds to wait now; each call counts as one more failure. */
  nextMs(): number;
  /** After a success. */
  reset(): void;
}

/** Between half and the whole of `firstMs * 2^failures`, never above `maxMs`. */
export function createBackoff(options: {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly random: Random;
}): Backoff {
  let failures = 0;
  return {
    nextMs() {
      const ceiling = Math.min(options.maxMs, options.firstMs * 2 ** Math.min(failures, 20));
      failures += 1;
      return Math.round(ceiling * (0.5 + options.random() / 2));
    },
    reset() {
      failures = 0;
    },
  };
}
