// What an operation of the mock was asked, and what every answer about a window shares: its ends, gaps, and the designed refusals.
import { Gap } from "../../src/model/gap.ts";
import { Refusal } from "./refusal.ts";

export interface Asked {
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  readonly nowMs: number;
  /** `mock:<word>` of the filter, or of the opened page's address where the filter has none; else empty. */
  readonly sentinel: string;
}

/** How long ago this installation began; `mock:young` shows one that began just now. */
export const keptMs = 6 * 86_400_000;
export const youngMs = 40_000;
export interface Span {
  readonly since: number;
  readonly until: number;
}

export function spanOf({ query, nowMs }: Asked): Span {
  const since = query["since"] ?? "1h";
  const relative = /^(\d+)([smhd])$/.exec(since);
  const unit = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }[relative?.[2] ?? "m"] ?? 60_000;
  return {
    since: relative === null ? Date.parse(since) : nowMs - Number(relative[1]) * unit,
    until: query["until"] === undefined ? nowMs : Date.parse(query["until"]),
  };
}

export function gapsIn({ since, until }: Span, nowMs: number): Gap[] {
  const start = Math.floor(nowMs / 3_600_000) * 3_600_000 - 1_300_000;
  const time = new Date(start).toISOString();
  const gaps = [
    Gap.parse({
      time,
      cluster: "local",
      node: "worker-2",
      durationMs: 95_000,
      table: "flows",
      reason: "ring-full",
      rows: 1204,
      counted: "exact",
    }),
    Gap.parse({
      time,
      cluster: "local",
      node: "laptop",
      durationMs: 240_000,
      table: "*",
      reason: "agent-down",
      counted: "no",
      detail: "restarted",
    }),
  ];
  return gaps.filter((gap) => Date.parse(gap.time) < until && Date.parse(gap.time) + gap.durationMs > since);
}

export function windowOf(asked: Asked) {
  const span = spanOf(asked);
  const partial = asked.sentinel === "partial";
  return {
    since: new Date(span.since).toISOString(),
    until: new Date(span.until).toISOString(),
    dataSince: new Date(asked.nowMs - (asked.sentinel === "young" ? youngMs : keptMs)).toISOString(),
    partial,
    partialBecause: partial ? "the query reached its limit of 2 s" : "",
    gaps: asked.sentinel === "calm" ? [] : gapsIn(span, asked.nowMs),
  };
}

/** Throws the fault that a sentinel asks for. */
export function refuseBySentinel(sentinel: string): void {
  if (sentinel === "forbidden")
    throw new Refusal("the role viewer may not read this cluster", {
      code: "access/role",
      kind: "forbidden",
      hint: "Ask an admin for a role.",
    });
  if (sentinel === "unavailable")
    throw new Refusal("the store is being restarted", {
      code: "store/down",
      kind: "unavailable",
      hint: "It comes back by itself; see Health.",
    });
}
