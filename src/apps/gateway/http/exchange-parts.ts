// What the exchanges of one HTTP side share: who inspects, what is counted, what is held.
import type { Logger } from "../../../base/logger.ts";
import type { Inspector } from "../inspect.ts";
import type { HttpLimits } from "../limits.ts";
import type { HoldBook, LookBook } from "./hold.ts";

/** What all exchanges of a side share. */
export interface ExchangeParts {
  readonly inspector: Inspector;
  readonly forwarded: "set" | "none";
  readonly isTrustedProxy: (address: string) => boolean;
  readonly onBodyTooLarge: "block" | "pass";
  readonly limits: HttpLimits;
  readonly holds: HoldBook;
  readonly looks: LookBook;
  readonly count: ExchangeCounts;
  readonly logger: Logger;
}

export interface ExchangeCounts {
  requests: number;
  malformed: number;
  blocked: number;
  timeouts: number;
  tunnels: number;
  /** Requests that ended on an error of ours. */
  errors: number;
  upstreamFailures: Record<string, number>;
}
