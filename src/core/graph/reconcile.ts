// Both ends tell of one connection: here their reports become one sum per pair of ends. Per counter the greater of the two counts, after
// adding up over ports (a dialled service port and the pod's port may differ), verdicts and services.
import { endIs, endKey } from "./end-key.ts";
import type { FlowCounts, FlowSums, GraphEnd, Histogram, HttpSums } from "./graph-row.ts";
import { addHttp, emptyHttp, emptySums, type HttpTraffic, type TrafficSums } from "./traffic-sums.ts";

export interface Verdicts {
  allow: number;
  deny: number;
  unknown: number;
}

/** What went from one end to the other, counted once. */
export interface Pair {
  readonly cluster: string;
  readonly source: GraphEnd;
  readonly destination: GraphEnd;
  /** "tcp/5432" -> connections, or rows where none was opened. */
  readonly ports: ReadonlyMap<string, number>;
  readonly services: ReadonlySet<string>;
  readonly verdicts: Verdicts;
  readonly sums: TrafficSums;
  readonly isSeenAtSource: boolean;
  readonly isSeenAtDestination: boolean;
  readonly firstMs: number;
  readonly lastMs: number;
}

type Counts = { -readonly [Name in keyof FlowCounts]: number } & { denied: number } & Verdicts;

interface Report {
  readonly counts: Counts;
  readonly ports: Map<string, number>;
  http: HttpTraffic | undefined;
}

interface Growing {
  readonly cluster: string;
  source: GraphEnd;
  destination: GraphEnd;
  readonly services: Set<string>;
  readonly atSource: Report;
  readonly atDestination: Report;
  rttUsSum: number;
  rttCount: number;
  firstMs: number;
  lastMs: number;
}

/** Of what a client sent to a service at large, this share must be told by the pods behind it to count as the same traffic. */
const coveredShareMin = 0.9;

/** One pair for each two ends that talked, in no order. */
export function reconcile(flows: readonly FlowSums[], http: readonly HttpSums[]): readonly Pair[] {
  const pairs = new Map<string, Growing>();
  for (const row of flows) addFlow(pairOf(pairs, row), row);
  for (const row of http) addHttpRow(pairOf(pairs, row), row);
  subtractCovered(pairs);
  return [...pairs.values()].map(settled);
}

function pairOf(pairs: Map<string, Growing>, row: FlowSums | HttpSums): Growing {
  const key = `${row.cluster}\n\n${endKey(row.source)}\n\n${endKey(row.destination)}`;
  let pair = pairs.get(key);
  if (pair === undefined) {
    pair = {
      cluster: row.cluster,
      source: row.source,
      destination: row.destination,
      services: new Set(),
      atSource: emptyReport(),
      atDestination: emptyReport(),
      rttUsSum: 0,
      rttCount: 0,
      firstMs: row.firstMs,
      lastMs: row.lastMs,
    };
    pairs.set(key, pair);
  }
  pair.source = fuller(pair.source, row.source);
  pair.destination = fuller(pair.destination, row.destination);
  if (row.destination.service !== "") pair.services.add(row.destination.service);
  pair.firstMs = Math.min(pair.firstMs, row.firstMs);
  pair.lastMs = Math.max(pair.lastMs, row.lastMs);
  return pair;
}

/** Of two reports of one end, the one that knows more; the same whatever the order of rows. */
function fuller(one: GraphEnd, other: GraphEnd): GraphEnd {
  const service = later(one.service, other.service);
  const reason = later(one.reason, other.reason);
  return service === one.service && reason === one.reason ? one : { ...one, service, reason };
}

/** The filled one; of two filled ones the first by name. */
function later(one: string, other: string): string {
  if (one === "" || other === "") return one === "" ? other : one;
  return one < other ? one : other;
}

function emptyReport(): Report {
  const counts: Counts = {
    rows: 0,
    opened: 0,
    failed: 0,
    denied: 0,
    resets: 0,
    retransmits: 0,
    packetsSent: 0,
    packetsReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    allow: 0,
    deny: 0,
    unknown: 0,
  };
  return { counts, ports: new Map(), http: undefined };
}

const countNames = [
  "rows",
  "opened",
  "failed",
  "resets",
  "retransmits",
  "packetsSent",
  "packetsReceived",
  "bytesSent",
  "bytesReceived",
] as const satisfies readonly (keyof FlowCounts)[];

const verdictOf = { allow: "allow", log: "allow", deny: "deny", pass: "unknown", unknown: "unknown" } as const;

function addFlow(pair: Growing, row: FlowSums): void {
  const port = `${row.protocol}/${row.port}`;
  const sides = [
    [pair.atSource, row.atSource],
    [pair.atDestination, row.atDestination],
  ] as const;
  for (const [report, counts] of sides) {
    if (counts.rows === 0) continue;
    for (const name of countNames) report.counts[name] += counts[name];
    const attempts = counts.opened + counts.failed;
    if (row.verdict === "deny") report.counts.denied += attempts === 0 ? counts.rows : attempts;
    report.counts[verdictOf[row.verdict]] += counts.rows;
    report.ports.set(port, (report.ports.get(port) ?? 0) + Math.max(attempts, counts.rows));
  }
  pair.rttUsSum += row.rttUsSum;
  pair.rttCount += row.rttCount;
}

function addHttpRow(pair: Growing, row: HttpSums): void {
  const sides = [
    [pair.atSource, row.requestsAtSource, row.latencyAtSource],
    [pair.atDestination, row.requestsAtDestination, row.latencyAtDestination],
  ] as const;
  for (const [report, requests, latency] of sides) {
    if (requests === 0) continue;
    report.http ??= emptyHttp();
    addHttp(report.http, httpOf(row.statusClass, requests, latency));
  }
}

function httpOf(statusClass: number, requests: number, latency: Histogram): HttpTraffic {
  const is = (wanted: number): number => (statusClass === wanted ? requests : 0);
  const answered = statusClass === 0 ? [] : Object.entries(latency);
  return {
    requests,
    errors4xx: is(4),
    errors5xx: is(5),
    unanswered: is(0),
    latency: new Map(answered.map(([bucket, count]) => [Number(bucket), count])),
  };
}

/**
 * A client that dialled a service (or a workload whose pod it does not know) tells the same traffic as the pods behind it. What they told
 * beyond the client's own reports of them is taken off; what is left (connections that reached nobody, pods without an agent) stays.
 */
function subtractCovered(pairs: Map<string, Growing>): void {
  const finer = new Map<string, Growing[]>();
  for (const pair of pairs.values()) {
    for (const key of coarserKeys(pair)) {
      const known = finer.get(key);
      if (known === undefined) finer.set(key, [pair]);
      else known.push(pair);
    }
  }
  for (const [key, pair] of pairs) {
    const behind = finer.get(coarseKey(pair) ?? "");
    if (behind === undefined) continue;
    subtract(pair, behind);
    if (isEmpty(pair.atSource) && isEmpty(pair.atDestination)) pairs.delete(key);
  }
}

/** Under which key the pairs behind a coarse destination are found; undefined when it is a fine one. */
function coarseKey({ cluster, source, destination }: Growing): string | undefined {
  const from = `${cluster}\n\n${endKey(source)}`;
  const is = endIs(destination);
  if (is === "service") return `${from}\n\ns\n${destination.namespace}\n${destination.service}`;
  if (is !== "workload" || destination.pod !== "") return undefined;
  return `${from}\n\nw\n${destination.namespace}\n${destination.kind}\n${destination.workload}`;
}

function coarserKeys({ cluster, source, destination, services }: Growing): readonly string[] {
  if (endIs(destination) !== "workload") return [];
  const from = `${cluster}\n\n${endKey(source)}`;
  const keys = [...services].map((service) => `${from}\n\ns\n${destination.namespace}\n${service}`);
  const { namespace, kind, workload, pod } = destination;
  return pod === "" ? keys : [...keys, `${from}\n\nw\n${namespace}\n${kind}\n${workload}`];
}

function subtract(coarse: Growing, behind: readonly Growing[]): void {
  const told = emptyReport().counts;
  let requestsTold = 0;
  for (const { atSource, atDestination } of behind) {
    for (const name of countNames) told[name] += Math.max(0, atDestination.counts[name] - atSource.counts[name]);
    requestsTold += Math.max(0, (atDestination.http?.requests ?? 0) - (atSource.http?.requests ?? 0));
  }
  const { counts } = coarse.atSource;
  const weight = countNames.find((name) => name !== "rows" && name !== "failed" && counts[name] > 0);
  const isCovered = weight !== undefined && told[weight] >= counts[weight] * coveredShareMin;
  for (const name of countNames) {
    // Failed connects reached no pod: nobody behind could tell of them.
    const left = Math.max(0, counts[name] - told[name]);
    counts[name] = isCovered && name !== "failed" && name !== "rows" ? 0 : left;
  }
  if (isCovered) counts.allow = 0;
  if (isCovered && counts.failed === 0 && counts.denied === 0) forgetCounts(coarse);
  const requests = coarse.atSource.http?.requests ?? 0;
  if (requests > 0 && requestsTold >= requests * coveredShareMin) coarse.atSource.http = undefined;
}

function forgetCounts(pair: Growing): void {
  Object.assign(pair.atSource.counts, emptyReport().counts);
  pair.atSource.ports.clear();
  pair.rttUsSum = 0;
  pair.rttCount = 0;
}

function isEmpty({ counts, http }: Report): boolean {
  return http === undefined && Object.values(counts).every((count) => count === 0);
}

function settled(pair: Growing): Pair {
  const [atSource, atDestination] = [pair.atSource, pair.atDestination];
  const greater = (name: keyof Counts): number => Math.max(atSource.counts[name], atDestination.counts[name]);
  const sums: TrafficSums = {
    ...emptySums(),
    connections: greater("opened"),
    failed: greater("failed"),
    denied: greater("denied"),
    resets: greater("resets"),
    retransmits: greater("retransmits"),
    packets: greater("packetsSent") + greater("packetsReceived"),
    bytesSent: greater("bytesSent"),
    bytesReceived: greater("bytesReceived"),
    rttUsSum: pair.rttUsSum,
    rttCount: pair.rttCount,
  };
  const http = fullerHttp(atSource.http, atDestination.http);
  if (http !== undefined) sums.http = http;
  return {
    cluster: pair.cluster,
    source: pair.source,
    destination: pair.destination,
    // The destination's ports are the ones that pods listen on: they name the same door whatever was dialled.
    ports: atDestination.ports.size > 0 ? atDestination.ports : atSource.ports,
    services: pair.services,
    verdicts: { allow: greater("allow"), deny: greater("deny"), unknown: greater("unknown") },
    sums,
    isSeenAtSource: !isEmpty(atSource),
    isSeenAtDestination: !isEmpty(atDestination),
    firstMs: pair.firstMs,
    lastMs: pair.lastMs,
  };
}

/** One reporter's whole view, not a mixture: classes and latencies must belong together. */
function fullerHttp(one: HttpTraffic | undefined, other: HttpTraffic | undefined): HttpTraffic | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.requests >= other.requests ? one : other;
}
