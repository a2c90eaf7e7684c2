// When to try again: what a receiver asks for in Retry-After, and else a wait that doubles, with chance in it so that many senders do not come back at once.
import { sinkLimits } from "./sink.ts";

/** RFC 9110: seconds, or a date. Undefined when there is none or it cannot be read; never longer than an hour. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  const text = header.trim();
  const isSeconds = /^\d{1,9}$/.test(text);
  if (!isSeconds && !/^[A-Z][a-z]{2}, /.test(text)) return undefined;
  const waitMs = isSeconds ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), sinkLimits.retryAfterMsMax);
}

export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Between half and all of first * 2^(attempt - 1), at most the longest. `chance` is in [0, 1). */
export function backoffMs(attempt: number, { firstMs, longestMs }: Backoff, chance: number): number {
  const whole = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 30));
  return whole * (0.5 + chance / 2);
}
