// An expected failure at a border, as a value that can be thrown: what failed, where, and how to fix it.
// Bugs use `assert`; findings are data. A fault is mapped once to problem+json, an exit code or a condition.

/** How a fault is answered over HTTP and by the CLI's exit code; one list, so the two never disagree. */
export type FaultKind =
  | "usage" // bad input or configuration: 400, exit 2
  | "unauthenticated" // no or bad credential: 401, exit 4
  | "forbidden" // credential without the right: 403, exit 4
  | "not-found" // 404, exit 5
  | "conflict" // 409, exit 1
  | "too-large" // 413, exit 2
  | "limited" // a named limit was reached: 429, exit 6
  | "unavailable" // the other side is away: 503, exit 6
  | "internal"; // everything else: 500, exit 1

export interface FaultOptions {
  /** "room/kebab": stable, documented, what programs switch on. */
  readonly code: string;
  readonly kind: FaultKind;
  /** One sentence: how to fix it. */
  readonly hint?: string;
  /** Milliseconds after which a retry may succeed; absent when a retry is pointless. */
  readonly retryAfterMs?: number;
  /** Where in the input, e.g. "spec.http", "q:14", "line 3 column 7". */
  readonly where?: string;
  readonly cause?: unknown;
}

export class Fault extends Error {
  readonly code: string;
  readonly kind: FaultKind;
  readonly hint: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly where: string | undefined;

  constructor(message: string, options: FaultOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "Fault";
    this.code = options.code;
    this.kind = options.kind;
    this.hint = options.hint;
    this.retryAfterMs = options.retryAfterMs;
    this.where = options.where;
  }
}

/** The fault as it is, or any other thrown value wrapped as an internal one (its message kept, its stack as cause). */
export function toFault(thrown: unknown): Fault {
  if (thrown instanceof Fault) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new Fault(message, { code: "internal/unexpected", kind: "internal", cause: thrown });
}

const httpStatusByKind = {
  usage: 400,
  unauthenticated: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  "too-large": 413,
  limited: 429,
  unavailable: 503,
  internal: 500,
} as const satisfies Record<FaultKind, number>;

const exitCodeByKind = {
  usage: 2,
  unauthenticated: 4,
  forbidden: 4,
  "not-found": 5,
  conflict: 1,
  "too-large": 2,
  limited: 6,
  unavailable: 6,
  internal: 1,
} as const satisfies Record<FaultKind, number>;

export function httpStatusOf(fault: Fault): (typeof httpStatusByKind)[FaultKind] {
  return httpStatusByKind[fault.kind];
}

export function exitCodeOf(fault: Fault): number {
  return exitCodeByKind[fault.kind];
}
