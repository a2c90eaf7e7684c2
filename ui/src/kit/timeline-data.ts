// The timeline's numbers: stacked columns, totals, gap spans merged. Pure.
import type { Gap } from "../../../src/model/gap.ts";
import { formatCount, formatDateTime } from "./format.ts";

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

/** Why data is missing, in words that need no knowledge of the agent. */
export const gapWords: Readonly<Record<Gap["reason"], string>> = {
  "ring-full": "the kernel's buffer was full",
  "queue-full": "the agent's queue was full",
  "spool-full": "the agent's disk buffer was full",
  "spool-corrupt": "a buffer file could not be read",
  "block-refused": "the server refused it",
  "agent-down": "no agent ran",
  "sensor-down": "the sensor did not run",
  "out-of-range": "its time could not be right",
  "disk-full": "the store's disk was full",
  limit: "a limit was reached",
  "inventory-down": "the cluster's API did not answer",
  "policy-unenforced": "somebody removed the rules of policies",
  merged: "merged to save room",
};

/** One line: what is missing and why, e.g. "3 gaps: 1,204 rows lost (the kernel's buffer was full), an unknown number (no agent ran)". */
export function gapSummary(gaps: readonly Gap[]): string {
  const lost = new Map<Gap["reason"], { rows: number; counted: boolean }>();
  for (const { reason, rows, counted } of gaps) {
    const entry = lost.get(reason) ?? { rows: 0, counted: true };
    lost.set(reason, { rows: entry.rows + rows, counted: entry.counted && counted !== "no" });
  }
  const parts = [...lost].map(([reason, { rows, counted }]) => {
    const least = counted ? "" : "at least ";
    const why = gapWords[reason];
    return rows === 0 && !counted ? `an unknown number (${why})` : `${least}${rowText(rows)} lost (${why})`;
  });
  return `${gaps.length === 1 ? "1 gap" : `${gaps.length} gaps`}: ${parts.join(", ")}`;
}

function rowText(rows: number): string {
  return rows === 1 ? "1 row" : `${formatCount(rows)} rows`;
}
