// Every limit of the proxy by name, and the words under which it counts what it did not answer.

export const dnsProxyLimits = {
  /** Questions that wait for their upstream. */
  inFlightMax: 2048,
  inFlightPerClientMax: 128,
  /** A question longer than this is none. */
  questionLengthMax: 4096,
  /** Each attempt has a socket, a port and an id of its own. */
  attemptsMax: 2,
  attemptMs: 2000,
  /** A question by TCP, connecting included. */
  tcpAttemptMs: 4000,
  /** So many answers with a wrong id or question look like guessing: the question goes on by TCP, which cannot be guessed into. */
  mismatchesMax: 8,
  connectionsMax: 512,
  connectionsPerClientMax: 32,
  /** Questions of one connection at once; then it is read no further. */
  inFlightPerConnectionMax: 32,
  connectionIdleMs: 10_000,
  /** Answers that a client of a connection did not read; beyond it the connection ends. */
  unreadBytesMax: 1024 * 1024,
  /** Local addresses that are listened at. */
  addressesMax: 1024,
  receiveBytes: 1024 * 1024,
} as const;
export type DnsProxyLimits = { readonly [Key in keyof typeof dnsProxyLimits]: number };

/** Not answered at all. */
export const dropReasons = [
  "unknown-client", // an address that is no local endpoint's: also whoever would use us as an open resolver
  "not-redirected", // sent to us and not to a server
  "original-unreadable", // connection tracking could not be asked
  "malformed",
  "repeated", // the same question while it is being asked
  "too-many", // all together
  "too-many-of-client",
  "too-many-connections",
  "unsent", // the answer could not be sent: the client is gone
  "closed", // we were closing
] as const;
export type DropReason = (typeof dropReasons)[number];

/** Answered with an error. */
export const refusalReasons = [
  "unlisted-upstream",
  "unsupported", // not a standard query, or a transfer of a zone
  "upstream-timeout",
  "upstream-unreachable",
  "answer-malformed",
  "rebinding",
  "foreign-name",
  "foreign-class",
  "broken-chain",
  "full",
  "program-failed",
] as const;
export type RefusalReason = (typeof refusalReasons)[number];

/** Answers that were passed over while a question waited. */
export const ignoredReasons = ["wrong-id", "wrong-question", "not-a-response", "unreadable"] as const;
export type IgnoredReason = (typeof ignoredReasons)[number];

export interface DnsProxyCounters {
  questions: number;
  released: number;
  /** Of the released: those that filled sets first. */
  programmed: number;
  addressesCut: number;
  /** Answers that came truncated and were asked for again by TCP; suspicions that led there. */
  askedByTcp: number;
  resent: number;
  inFlight: number;
  readonly dropped: Record<DropReason, number>;
  readonly refused: Record<RefusalReason, number>;
  readonly ignored: Record<IgnoredReason, number>;
}

export function createCounters(): DnsProxyCounters {
  const zeros = <Word extends string>(words: readonly Word[]) =>
    Object.fromEntries(words.map((word) => [word, 0])) as Record<Word, number>;
  return {
    questions: 0,
    released: 0,
    programmed: 0,
    addressesCut: 0,
    askedByTcp: 0,
    resent: 0,
    inFlight: 0,
    dropped: zeros(dropReasons),
    refused: zeros(refusalReasons),
    ignored: zeros(ignoredReasons),
  };
}
