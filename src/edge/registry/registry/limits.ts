// Named limits of talking to registries.
export const registryLimits = {
  connectMs: 10_000,
  /** Until the first byte of an answer's head. */
  answerMs: 30_000,
  /** Between two pieces of a body. */
  idleMs: 30_000,
  /** A body that brings less in such a time is broken off: who feeds it by drops must not hold the reader for hours. */
  slowMs: 30_000,
  slowBytesMin: 32 * 1024,
  /** Of one document with all its repetitions, and of one layer. */
  documentMs: 120_000,
  blobMs: 2 * 60 * 60_000,
  redirectsMax: 5,
  /** Tries of one request, the first among them. */
  attemptsMax: 5,
  backoffMsMin: 300,
  backoffMsMax: 10_000,
  /** A registry that wants a longer pause is told to the caller instead of waited for. */
  retryAfterMsMax: 60_000,
  /** Broken bodies that are taken up again: in a row with less than `slowBytesMin`, and in all. */
  resumesWithoutProgressMax: 4,
  resumesMax: 50,
  tokenBytesMax: 256 * 1024,
  errorBytesMax: 16 * 1024,
  tokensMax: 1000,
  /** A token that does not say how long it holds. */
  tokenSecondsDefault: 60,
  tokenSecondsMax: 3600,
  socketsPerHostMax: 8,
  referrersPagesMax: 10,
  referrersMax: 1000,
} as const;

export type RegistryLimits = { readonly [Name in keyof typeof registryLimits]: number };
