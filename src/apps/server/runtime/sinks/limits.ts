// How many outputs there may be, how often they look, and how much one request may do with dead letters.

export const sinksLimits = {
  sinksMax: 64,
  /** How often an idle sink looks for new events. */
  pollMs: 2000,
  /** How often resources are compared with what runs, beside every change. */
  reconcileMs: 60_000,
  /** A sink that cannot be opened (no such secret) is tried again so often. */
  reopenMs: 30_000,
  /** Events that are read at once: what a restart may send twice. */
  pageRowsMax: 200,
  /** A position that moved without events is written so often. */
  savePositionMs: 60_000,
  /** How long an event on its way may take when the sink is closed. */
  closeMs: 5000,
  replayMax: 500,
  replayMs: 30_000,
  lettersPageMax: 500,
} as const;
