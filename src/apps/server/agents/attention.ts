// Whether somebody is looking: a row may wait ten seconds for company while nobody reads, and one second while somebody does.
export const attentionLimits = {
  /** How long after the last read somebody still counts as looking. */
  lookingMs: 60_000,
  delayMsLooking: 1_000,
  delayMsAlone: 10_000,
  /** How long a query waits for rows that were accepted before it. */
  freshMsMax: 1_500,
} as const;

export interface Attention {
  /** How long an accepted block may wait at present. */
  delayMs(): number;
  /** Somebody reads. True when nobody did for a while: what waits is due sooner now. */
  note(): boolean;
}

/** `steadyMs` is a clock that never goes back. */
export function createAttention(steadyMs: () => number): Attention {
  let lastMs = Number.NEGATIVE_INFINITY;
  const isLooking = (): boolean => steadyMs() - lastMs < attentionLimits.lookingMs;
  return {
    delayMs: () => (isLooking() ? attentionLimits.delayMsLooking : attentionLimits.delayMsAlone),
    note() {
      const wasAlone = !isLooking();
      lastMs = steadyMs();
      return wasAlone;
    },
  };
}
