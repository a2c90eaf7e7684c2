// The timeline's numbers: stacked columns, totals, gap spans merged. Pure.
import type { Gap } from "../../../src/model/gap.ts";
import { gapCost } from "../../../src/model/gap-class.ts";
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

/** Start and end of each gap in milliseconds, overlapping ones merged, in order. What was told less exactly is not missing. */
export function gapSpans(gaps: readonly Gap[]): readonly (readonly [number, number])[] {
  const spans = missingOf(gaps)
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

/** Gaps behind which something is not there (or was not judged); the others cost less: `lessExactText`. */
export function missingOf(gaps: readonly Gap[]): readonly Gap[] {
  return gaps.filter((gap) => gapCost(gap).class !== "less-exact");
}

/** One line: what is missing and why, e.g. "3 gaps: 1,204 rows lost (the kernel's buffer was full), an unknown number (no agent ran)". "" when nothing is. */
export function gapSummary(gaps: readonly Gap[]): string {
  const missing = missingOf(gaps);
  if (missing.length === 0) return "";
  const parts = [...sumsOf(missing).values()].map(({ first, rows, isCounted }) => {
    const cost = gapCost(first);
    const what = cost.class === "unjudged" ? "not shown to any rule" : "lost";
    const why = cost.class === "unjudged" ? "detection had used up its share of the processor" : gapWords[first.reason];
    if (rows === 0 && !isCounted) return `an unknown number (${why})`;
    return `${isCounted ? "" : "at least "}${amountText(rows, cost.unit)} ${what} (${why})`;
  });
  return `${missing.length === 1 ? "1 gap" : `${missing.length} gaps`}: ${parts.join(", ")}`;
}

/** What was told less exactly and what that costs: "23,213 files: the path as the program gave it". "" when nothing was. */
export function lessExactText(gaps: readonly Gap[]): string {
  const sums = [...sumsOf(gaps.filter((gap) => gapCost(gap).class === "less-exact")).values()];
  return sums
    .toSorted((one, other) => other.rows - one.rows)
    .map(({ first, rows, isCounted }) => {
      const { unit, cost } = gapCost(first);
      return `${rows === 0 && !isCounted ? `some ${unit[1]}` : amountText(rows, unit)}: ${cost}`;
    })
    .join("; ");
}

interface GapSum {
  readonly first: Gap;
  readonly rows: number;
  readonly isCounted: boolean;
}

/** Gaps of one reason, unit and cost added up, in the order in which they come. */
function sumsOf(gaps: readonly Gap[]): ReadonlyMap<string, GapSum> {
  const sums = new Map<string, GapSum>();
  for (const gap of gaps) {
    const { unit, cost } = gapCost(gap);
    const key = cost === "" ? `${gap.reason} ${unit[1]}` : `${unit[1]} ${cost}`;
    const { first = gap, rows = 0, isCounted = true } = sums.get(key) ?? {};
    sums.set(key, { first, rows: rows + gap.rows, isCounted: isCounted && gap.counted !== "no" });
  }
  return sums;
}

export function amountText(count: number, [one, many]: readonly [one: string, many: string]): string {
  return count === 1 ? `1 ${one}` : `${formatCount(count)} ${many}`;
}
