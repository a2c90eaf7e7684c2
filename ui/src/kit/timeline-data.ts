// The timeline's numbers: stacked columns, totals, gap spans merged. Pure.
import type { Gap } from "../../../src/model/gap.ts";
import { formatDateTime } from "./format.ts";

export interface TimelinePoint {
  readonly time: string;
  readonly allow: number;
  readonly deny: number;
  readonly unknown: number;
}

/** Columns for the chart, tallest first: x in seconds, everything, unknown + deny, deny. */
export function stack(points: readonly TimelinePoint[]): [number[], number[], number[], number[]] {
  return [
    points.map(({ time }) => Date.parse(time) / 1000),
    points.map(({ allow, deny, unknown }) => allow + deny + unknown),
    points.map(({ deny, unknown }) => deny + unknown),
    points.map(({ deny }) => deny),
  ];
}

export function totalsOf(points: readonly TimelinePoint[]): { allow: number; deny: number; unknown: number } {
  const totals = { allow: 0, deny: 0, unknown: 0 };
  for (const { allow, deny, unknown } of points) {
    totals.allow += allow;
    totals.deny += deny;
    totals.unknown += unknown;
  }
  return totals;
}

/** Start and end of each gap in milliseconds, overlapping ones merged, in order. A merge of detail is not missing data. */
export function gapSpans(gaps: readonly Gap[]): readonly (readonly [number, number])[] {
  const spans = gaps
    .filter(({ reason }) => reason !== "merged")
    .map(({ time, durationMs }) => [Date.parse(time), Date.parse(time) + durationMs] as [number, number])
    .sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [since, until] of spans) {
    const last = merged.at(-1);
    if (last !== undefined && since <= last[1]) last[1] = Math.max(last[1], until);
    else merged.push([since, until]);
  }
  return merged;
}

interface KeptWindow {
  readonly since: string;
  readonly until: string;
  readonly dataSince?: string | undefined;
}

/** Where in the window the kept data begins; undefined when it was there from the beginning, or is not known. */
export function keptSinceMs({ since, until, dataSince }: KeptWindow): number | undefined {
  if (dataSince === undefined || Date.parse(dataSince) <= Date.parse(since)) return undefined;
  return Math.min(Date.parse(dataSince), Date.parse(until));
}

/** "Nothing kept before 07:55:12" of today, else with its day. */
export function keptText(sinceMs: number, nowMs: number): string {
  const text = formatDateTime(new Date(sinceMs).toISOString());
  const today = formatDateTime(new Date(nowMs).toISOString()).slice(0, 10);
  return `Nothing kept before ${text.startsWith(today) ? text.slice(11) : text}`;
}

/** One line: what is missing and why, e.g. "3 gaps: 1,204 rows lost (ring-full), unknown number (agent-down)". */
export function gapSummary(gaps: readonly Gap[]): string {
  const lost = new Map<string, { rows: number; counted: boolean }>();
  for (const { reason, rows, counted } of gaps) {
    const entry = lost.get(reason) ?? { rows: 0, counted: true };
    lost.set(reason, { rows: entry.rows + rows, counted: entry.counted && counted !== "no" });
  }
  const parts = [...lost].map(([reason, { rows, counted }]) => {
    const least = counted ? "" : "at least ";
    return rows === 0 && !counted ? `unknown number (${reason})` : `${least}${rows} rows lost (${reason})`;
  });
  return `${gaps.length === 1 ? "1 gap" : `${gaps.length} gaps`}: ${parts.join(", ")}`;
}
