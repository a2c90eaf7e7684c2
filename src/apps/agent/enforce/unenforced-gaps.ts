// The time in which rules were asked for and not there, as rows of `gaps`: what passed then passed unjudged and untold.
import type { Row } from "../../../model/table.ts";
import { enforceLimits } from "./limits.ts";

export interface UnenforcedGaps {
  /** Rules are gone since then; a gap that has begun goes on. */
  begin(timeMs: number, why: string): void;
  end(timeMs: number): void;
  /** Rules went by wish: nothing is missing from then on, but that they went is told once. */
  event(timeMs: number, why: string): void;
  take(nowMs: number): Row<"gaps">[];
}

export function createUnenforcedGaps(): UnenforcedGaps {
  let open: { sinceMs: number; readonly why: string } | undefined;
  let ready: Row<"gaps">[] = [];
  const row = (sinceMs: number, untilMs: number, why: string): Row<"gaps"> => ({
    time: sinceMs,
    durationMs: Math.max(1, untilMs - sinceMs),
    table: "flows",
    reason: "policy-unenforced",
    rows: 0,
    counted: "no",
    detail: why.slice(0, 500),
  });
  return {
    begin(timeMs, why) {
      open ??= { sinceMs: timeMs, why };
    },
    end(timeMs) {
      if (open === undefined) return;
      ready.push(row(open.sinceMs, timeMs, open.why));
      open = undefined;
    },
    event(timeMs, why) {
      ready.push(row(timeMs, timeMs, why));
    },
    take(nowMs) {
      if (open !== undefined && nowMs - open.sinceMs >= enforceLimits.gapPieceMs) {
        ready.push(row(open.sinceMs, nowMs, open.why));
        open.sinceMs = nowMs;
      }
      const rows = ready;
      ready = [];
      return rows;
    },
  };
}
