// Changes in a row that counted as confirmed because nothing asked a time limit for them, yet: what a limit that comes late takes back. Not over restarts.
import type { KeptSet } from "./kept.ts";
import { enforceLimits } from "./limits.ts";

export interface Unasked {
  /** When the last of them came; undefined: there is none. */
  readonly sinceMs: number | undefined;
  /** What was confirmed before the first of them. */
  readonly before: KeptSet | undefined;
  note(confirmedBefore: KeptSet | undefined, nowMs: number): void;
  forget(): void;
}

export function createUnasked(): Unasked {
  let row: { readonly sinceMs: number; readonly before: KeptSet | undefined } | undefined;
  return {
    get sinceMs() {
      return row?.sinceMs;
    },
    get before() {
      return row?.before;
    },
    note(confirmedBefore, nowMs) {
      const isOneMore = row !== undefined && nowMs - row.sinceMs <= enforceLimits.lateLimitMs;
      row = { sinceMs: nowMs, before: isOneMore ? row?.before : confirmedBefore };
    },
    forget() {
      row = undefined;
    },
  };
}
