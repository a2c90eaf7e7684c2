// Two windows side by side: what came, what went, and what changed, in words. Sums are compared as shares and rates, so that windows of
// different length can be compared.
import type { Edge, GraphDiff, ServiceGraph, Traffic, Vertex } from "../../model/graph.ts";
import type { Draft } from "./draft.ts";
import { counted, duration, share } from "./health.ts";
import { assign, type LimitOptions, type Ranked, rankVertices } from "./limit.ts";
import { limited } from "./service-graph.ts";

/** What is too small to be called a change. */
export const diffLimits = {
  /** Attempts or requests on the larger side. */
  countMin: 10,
  /** Rates: so many times as much, or as little. */
  rateTimes: 2,
  /** Shares: points between them. */
  sharePointsMin: 0.02,
  latencyTimes: 1.5,
  latencyUsMin: 5000,
  bytesMin: 1_000_000,
} as const;

export interface Side {
  readonly draft: Draft;
  readonly lengthMs: number;
}

/** Both sides keep the same vertices: what came, went or is ill before what is merely busy. */
export function graphDiff(before: Side, after: Side, options: LimitOptions): GraphDiff {
  const level = after.draft.level;
  const assignment = assign(rankBoth(before.draft, after.draft), level, options);
  const older = limited(before.draft, assignment);
  const newer = limited(after.draft, assignment);
  return diffGraphs(older, newer, { beforeMs: before.lengthMs, afterMs: after.lengthMs });
}

function rankBoth(before: Draft, after: Draft): readonly Ranked[] {
  const older = new Map(rankVertices(before).map((ranked) => [ranked.id, ranked]));
  const newer = new Map(rankVertices(after).map((ranked) => [ranked.id, ranked]));
  const ids = new Set([...older.keys(), ...newer.keys()]);
  return [...ids].map((id) => {
    const [was, is] = [older.get(id), newer.get(id)];
    const known = is ?? was;
    if (known === undefined) throw new Error("an id of neither side");
    const greater = (index: 0 | 1 | 2): number => Math.max(was?.rank[index] ?? 0, is?.rank[index] ?? 0);
    const cameOrWent = was === undefined || is === undefined ? 3 : 0;
    return { ...known, rank: [Math.max(cameOrWent, greater(0)), greater(1), greater(2)] as const };
  });
}

interface Lengths {
  readonly beforeMs: number;
  readonly afterMs: number;
}

/** A graph against itself is all "same". */
export function diffGraphs(before: ServiceGraph, after: ServiceGraph, lengths: Lengths): GraphDiff {
  return {
    level: after.level,
    vertices: joined(before.vertices, after.vertices).map(({ id, was, is }) => ({
      id,
      ...stateOf(was, is, (one, other) => vertexChanged(one, other, lengths)),
    })),
    edges: joined(before.edges, after.edges).map(({ id, was, is }) => {
      const changes = was === undefined || is === undefined ? [] : edgeChanges(was, is, lengths);
      return { id, ...stateOf(was, is, () => changes.length > 0), changes };
    }),
  };
}

interface Joined<T> {
  readonly id: string;
  readonly was: T | undefined;
  readonly is: T | undefined;
}

/** The newer side's order, then what is only in the older. */
function joined<T extends { readonly id: string }>(before: readonly T[], after: readonly T[]): readonly Joined<T>[] {
  const older = new Map(before.map((item) => [item.id, item]));
  const newer = new Set(after.map(({ id }) => id));
  return [
    ...after.map((is) => ({ id: is.id, was: older.get(is.id), is })),
    ...before.filter(({ id }) => !newer.has(id)).map((was) => ({ id: was.id, was, is: undefined })),
  ];
}

function stateOf<T>(was: T | undefined, is: T | undefined, isChanged: (was: T, is: T) => boolean) {
  if (was === undefined && is !== undefined) return { state: "added" as const, after: is };
  if (was !== undefined && is === undefined) return { state: "removed" as const, before: was };
  if (was === undefined || is === undefined) throw new Error("an item of neither side");
  return { state: isChanged(was, is) ? ("changed" as const) : ("same" as const), before: was, after: is };
}

function vertexChanged(was: Vertex, is: Vertex, lengths: Lengths): boolean {
  return (
    was.health.state !== is.health.state ||
    was.endpoints !== is.endpoints ||
    was.endpointsNotReady !== is.endpointsNotReady ||
    trafficChanges(was.inbound, is.inbound, lengths).length > 0 ||
    trafficChanges(was.outbound, is.outbound, lengths).length > 0
  );
}

function edgeChanges(was: Edge, is: Edge, lengths: Lengths): string[] {
  const changes = trafficChanges(was.traffic, is.traffic, lengths);
  const newPorts = is.ports.filter((port) => !was.ports.includes(port));
  const knowsAllPorts = was.portsOmitted === 0 && is.portsOmitted === 0;
  if (knowsAllPorts && newPorts.length > 0) changes.push(`new ${newPorts.join(", ")}`);
  if (was.health.state !== is.health.state && changes.length === 0)
    changes.push(`health ${was.health.state} -> ${is.health.state}`);
  return changes;
}

function trafficChanges(was: Traffic, is: Traffic, lengths: Lengths): string[] {
  return [
    ...rateChange(
      "connections",
      was.connections + was.connectionsFailed,
      is.connections + is.connectionsFailed,
      lengths,
    ),
    ...shareChange(
      "failed connections",
      [was.connectionsFailed, was.connections + was.connectionsFailed],
      [is.connectionsFailed, is.connections + is.connectionsFailed],
    ),
    ...deniedChange(was, is),
    ...shareChange("packets sent again", [was.retransmits, was.packets], [is.retransmits, is.packets]),
    ...bytesChange(was, is, lengths),
    ...httpChanges(was.http, is.http, lengths),
  ];
}

function deniedChange(was: Traffic, is: Traffic): string[] {
  if (was.connectionsDenied > 0 === is.connectionsDenied > 0) return [];
  return is.connectionsDenied > 0
    ? [`${counted(is.connectionsDenied, "connection")} denied, before none`]
    : ["no connection denied any more"];
}

function httpChanges(was: Traffic["http"], is: Traffic["http"], lengths: Lengths): string[] {
  if (was === undefined || is === undefined) return [];
  return [
    ...rateChange("requests", was.requests, is.requests, lengths),
    ...shareChange("5xx answers", [was.errors5xx, was.requests], [is.errors5xx, is.requests]),
    ...shareChange("requests without an answer", [was.unanswered, was.requests], [is.unanswered, is.requests]),
    ...latencyChange("median latency", was.latencyUsMedian, is.latencyUsMedian),
    ...latencyChange("95th percentile of latency", was.latencyUsP95, is.latencyUsP95),
  ];
}

function shareChange(what: string, [wasPart, wasAll]: Ratio, [isPart, isAll]: Ratio): string[] {
  if (Math.max(wasAll, isAll) < diffLimits.countMin || wasAll === 0 || isAll === 0) return [];
  if (Math.abs(wasPart / wasAll - isPart / isAll) < diffLimits.sharePointsMin) return [];
  return [`${what} ${share(wasPart, wasAll)} -> ${share(isPart, isAll)}`];
}

type Ratio = readonly [part: number, whole: number];

function rateChange(what: string, was: number, is: number, { beforeMs, afterMs }: Lengths): string[] {
  if (Math.max(was, is) < diffLimits.countMin) return [];
  const [wasRate, isRate] = [perMinute(was, beforeMs), perMinute(is, afterMs)];
  if (!isFar(wasRate, isRate, diffLimits.rateTimes)) return [];
  return [`${what} ${rateText(wasRate)} -> ${rateText(isRate)} a minute`];
}

function bytesChange(was: Traffic, is: Traffic, { beforeMs, afterMs }: Lengths): string[] {
  const [wasBytes, isBytes] = [was.bytesSent + was.bytesReceived, is.bytesSent + is.bytesReceived];
  if (Math.max(wasBytes, isBytes) < diffLimits.bytesMin) return [];
  const [wasRate, isRate] = [perMinute(wasBytes, beforeMs), perMinute(isBytes, afterMs)];
  if (!isFar(wasRate, isRate, diffLimits.rateTimes)) return [];
  return [`data ${bytesText(wasRate)} -> ${bytesText(isRate)} a minute`];
}

function latencyChange(what: string, was: number | undefined, is: number | undefined): string[] {
  if (was === undefined || is === undefined) return [];
  if (Math.abs(was - is) < diffLimits.latencyUsMin || !isFar(was, is, diffLimits.latencyTimes)) return [];
  return [`${what} ${duration(was)} -> ${duration(is)}`];
}

function isFar(was: number, is: number, times: number): boolean {
  return is >= was * times || was >= is * times;
}

function perMinute(count: number, lengthMs: number): number {
  return lengthMs <= 0 ? 0 : (count * 60_000) / lengthMs;
}

function rateText(rate: number): string {
  return rate >= 10 || rate === 0 ? String(Math.round(rate)) : rate.toFixed(1);
}

function bytesText(rate: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let [value, unit] = [rate, 0];
  while (value >= 1000 && unit < units.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${value >= 10 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}
