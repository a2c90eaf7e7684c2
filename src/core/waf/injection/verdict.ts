// SQL injection and cross-site scripting in a value: the verdicts of our own tokenisers and rules. detect-sqli.ts and detect-xss.ts decide.

export interface SqliVerdict {
  readonly isSqli: boolean;
  /** Token classes after folding, at most five, in the notation of libinjection's published tests: "s&1c", "1UE". "" when there is none. */
  readonly fingerprint: string;
}

export interface SqlToken {
  /** One letter, as the published token tests print it. */
  readonly type: string;
  readonly value: string;
  /** Opening and closing quote, "" when there is none. */
  readonly open: string;
  readonly close: string;
}
