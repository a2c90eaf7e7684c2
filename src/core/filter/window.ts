// Which window of time a question asks for: the filter's `last:`, `since:` and `until:`, overridden by parameters, bounded by limits.
import { Fault } from "../../base/fault.ts";
import type { FilterWindow, TimePoint } from "./filter.ts";
import { parseTimePoint } from "./parse.ts";

export const windowLimits = {
  /** When neither the filter nor the parameters name a beginning. */
  defaultMs: 3_600_000,
  /** Nothing older is kept. */
  lengthMsMax: 400 * 86_400_000,
  /** Rows may carry a time this far ahead of our clock (see blockLimits.futureMsMax). */
  futureMs: 120_000,
} as const;

export interface ResolvedWindow {
  /** Included. */
  readonly sinceMs: number;
  /** Excluded. */
  readonly untilMs: number;
}

export interface WindowParameters {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/**
 * The window in milliseconds since the epoch. Parameters win over the filter; without a beginning the last hour before the end;
 * without an end, now plus the clock skew that rows may have. Throws Fault "filter/bad-window" (usage).
 */
export function resolveWindow(window: FilterWindow, given: WindowParameters, nowMs: number): ResolvedWindow {
  const until = given.until === undefined ? window.until : pointOf(given.until, "until");
  const untilMs = until === undefined ? nowMs + windowLimits.futureMs : msOf(until, nowMs);
  const endMs = until === undefined ? nowMs : untilMs;
  const since = given.since === undefined ? window.since : pointOf(given.since, "since");
  const lastMs = window.last?.ms ?? windowLimits.defaultMs;
  const sinceMs = since === undefined ? endMs - lastMs : msOf(since, nowMs);
  if (sinceMs >= untilMs)
    throw windowFault("the window ends before it begins", "since", "Give `since` a time before `until`.");
  if (untilMs - sinceMs > windowLimits.lengthMsMax) {
    throw windowFault("the window is longer than 400 days", "since", "Ask for a shorter window.");
  }
  return { sinceMs, untilMs };
}

function pointOf(text: string, where: string): TimePoint {
  const point = parseTimePoint(text);
  if (point !== undefined) return point;
  throw windowFault(`"${text.slice(0, 64)}" is not a time`, where, "Write 15m, 24h, now, or 2026-11-23T07:00:00Z.");
}

function msOf(point: TimePoint, nowMs: number): number {
  return "agoMs" in point ? nowMs - point.agoMs : point.epochMs;
}

function windowFault(message: string, where: string, hint: string): Fault {
  return new Fault(message, { code: "filter/bad-window", kind: "usage", where, hint });
}
