// The global time range as text in the URL: relative ("15m") or absolute ("<RFC 3339>..<RFC 3339>"). Pure; the clock is a parameter.

export type TimeRange =
  | { readonly kind: "relative"; readonly text: string; readonly lengthMs: number }
  | { readonly kind: "absolute"; readonly sinceMs: number; readonly untilMs: number };

const unitMs = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export const rangeDefault = "1h";
export const rangePresets = ["5m", "15m", "1h", "6h", "24h", "7d", "30d"] as const;
/** Nothing shorter can be chosen by dragging: a timeline step would be shorter than a flow window. */
const rangeMsMin = 5000;

/** Reads a range; undefined when the text is neither form. Absolute ends may come in either order. */
export function parseRange(text: string): TimeRange | undefined {
  const relative = /^(\d{1,5})([smhd])$/.exec(text);
  if (relative !== null) {
    const lengthMs = Number(relative[1]) * unitMs[relative[2] as keyof typeof unitMs];
    return lengthMs > 0 ? { kind: "relative", text, lengthMs } : undefined;
  }
  const [since, until] = text.split("..").map((part) => Date.parse(part));
  if (since === undefined || until === undefined || Number.isNaN(since) || Number.isNaN(until)) return undefined;
  return absoluteRange(since, until);
}

/** An absolute range in order, at least five seconds long. Milliseconds since the epoch. */
export function absoluteRange(a: number, b: number): TimeRange {
  const sinceMs = Math.round(Math.min(a, b));
  return { kind: "absolute", sinceMs, untilMs: Math.max(Math.round(Math.max(a, b)), sinceMs + rangeMsMin) };
}

export function formatRange(range: TimeRange): string {
  if (range.kind === "relative") return range.text;
  return `${new Date(range.sinceMs).toISOString()}..${new Date(range.untilMs).toISOString()}`;
}

/** The `since` and `until` of an API call. A relative range has no `until`: it ends now. */
export function rangeQuery(range: TimeRange): { readonly since: string; readonly until?: string } {
  if (range.kind === "relative") return { since: range.text };
  return { since: new Date(range.sinceMs).toISOString(), until: new Date(range.untilMs).toISOString() };
}

/** Both ends in milliseconds since the epoch. */
export function rangeEnds(range: TimeRange, nowMs: number): readonly [number, number] {
  return range.kind === "relative" ? [nowMs - range.lengthMs, nowMs] : [range.sinceMs, range.untilMs];
}

/** The range moved by a part of its own length: -0.5 is half a window earlier. Always absolute. */
export function shiftRange(range: TimeRange, part: number, nowMs: number): TimeRange {
  const [since, until] = rangeEnds(range, nowMs);
  const by = (until - since) * part;
  return absoluteRange(since + by, until + by);
}

/** The range scaled around its middle: 2 shows twice as much, 0.5 half. Always absolute. */
export function scaleRange(range: TimeRange, factor: number, nowMs: number): TimeRange {
  const [since, until] = rangeEnds(range, nowMs);
  const middle = (since + until) / 2;
  const half = ((until - since) / 2) * factor;
  return absoluteRange(middle - half, Math.min(middle + half, nowMs));
}

const unitNames = { s: "second", m: "minute", h: "hour", d: "day" } as const;

/** For people: "Last 15 minutes", "Nov 23, 06:00:00 - 06:30:00" (local time). */
export function rangeLabel(range: TimeRange): string {
  if (range.kind === "relative") {
    const amount = range.text.slice(0, -1);
    const unit = unitNames[range.text.slice(-1) as keyof typeof unitNames];
    return amount === "1" ? `Last ${unit}` : `Last ${amount} ${unit}s`;
  }
  const since = new Date(range.sinceMs);
  const until = new Date(range.untilMs);
  const day = since.toLocaleDateString("en", { month: "short", day: "numeric" });
  const clock = (date: Date): string => date.toLocaleTimeString("en", { hour12: false });
  const sameDay = since.toDateString() === until.toDateString();
  const untilDay = sameDay ? "" : `${until.toLocaleDateString("en", { month: "short", day: "numeric" })}, `;
  return `${day}, ${clock(since)} – ${untilDay}${clock(until)}`;
}
