// Traffic while it is being added up: plain sums that can be merged in any order, turned into the model's Traffic at the end.
import type { Traffic } from "../../model/graph.ts";

export interface TrafficSums {
  connections: number;
  failed: number;
  denied: number;
  resets: number;
  retransmits: number;
  packets: number;
  bytesSent: number;
  bytesReceived: number;
  rttUsSum: number;
  rttCount: number;
  /** Absent: nobody looked. */
  http?: HttpTraffic;
}

export interface HttpTraffic {
  requests: number;
  errors4xx: number;
  errors5xx: number;
  unanswered: number;
  /** Bucket -> answered requests; bucket i holds [2^(i/4), 2^((i+1)/4)) microseconds. */
  readonly latency: Map<number, number>;
}

export function emptySums(): TrafficSums {
  return {
    connections: 0,
    failed: 0,
    denied: 0,
    resets: 0,
    retransmits: 0,
    packets: 0,
    bytesSent: 0,
    bytesReceived: 0,
    rttUsSum: 0,
    rttCount: 0,
  };
}

export function emptyHttp(): HttpTraffic {
  return { requests: 0, errors4xx: 0, errors5xx: 0, unanswered: 0, latency: new Map() };
}

const plain = [
  "connections",
  "failed",
  "denied",
  "resets",
  "retransmits",
  "packets",
  "bytesSent",
  "bytesReceived",
  "rttUsSum",
  "rttCount",
] as const;

/** Adds `from` to `into`. */
export function addSums(into: TrafficSums, from: Readonly<TrafficSums>): void {
  for (const name of plain) into[name] += from[name];
  if (from.http === undefined) return;
  into.http ??= emptyHttp();
  addHttp(into.http, from.http);
}

export function addHttp(into: HttpTraffic, from: Readonly<HttpTraffic>): void {
  into.requests += from.requests;
  into.errors4xx += from.errors4xx;
  into.errors5xx += from.errors5xx;
  into.unanswered += from.unanswered;
  for (const [bucket, count] of from.latency) into.latency.set(bucket, (into.latency.get(bucket) ?? 0) + count);
}

/** The sums as the API shows them. */
export function trafficOf(sums: Readonly<TrafficSums>): Traffic {
  const { connections, resets, retransmits, packets, bytesSent, bytesReceived, http } = sums;
  return {
    connections,
    connectionsFailed: sums.failed,
    connectionsDenied: sums.denied,
    resets,
    retransmits,
    packets,
    bytesSent,
    bytesReceived,
    ...(sums.rttCount === 0 ? {} : { rttUsMean: Math.round(sums.rttUsSum / sums.rttCount) }),
    ...(http === undefined ? {} : { http: shownHttp(http) }),
  };
}

function shownHttp(http: Readonly<HttpTraffic>): NonNullable<Traffic["http"]> {
  const { requests, errors4xx, errors5xx, unanswered, latency } = http;
  const median = quantileUs(latency, 0.5);
  const p95 = quantileUs(latency, 0.95);
  return {
    requests,
    errors4xx,
    errors5xx,
    unanswered,
    ...(median === undefined ? {} : { latencyUsMedian: median }),
    ...(p95 === undefined ? {} : { latencyUsP95: p95 }),
  };
}

/** The geometric middle of the bucket that holds the quantile, in microseconds; undefined when nothing was counted. */
export function quantileUs(histogram: ReadonlyMap<number, number>, quantile: number): number | undefined {
  const buckets = [...histogram].filter(([, count]) => count > 0).toSorted(([left], [right]) => left - right);
  const total = buckets.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [bucket, count] of buckets) {
    seen += count;
    if (seen >= total * quantile) return Math.round(2 ** ((bucket + 0.5) / 4));
  }
  return undefined;
}
