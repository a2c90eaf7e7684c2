// Is it well? Judged from what was seen in the window by fixed, named thresholds; every state but "ok" carries its reasons in words.
import type { Health } from "../../model/graph.ts";
import { quantileUs, type TrafficSums } from "./traffic-sums.ts";

/** Shares are of attempts, packets or requests. A threshold counts only from its smallest number on: one failure of two is no finding. */
export const healthLimits = {
  /** Below all of these there is too little to judge. */
  attemptsMin: 3,
  packetsMin: 50,
  requestsMin: 5,
  failedMin: 3,
  failedShareDegraded: 0.02,
  failedShareFailing: 0.2,
  resetsMin: 10,
  resetShareDegraded: 0.5,
  retransmitsMin: 5,
  retransmitShareDegraded: 0.01,
  retransmitShareFailing: 0.1,
  errors5xxMin: 2,
  errors5xxShareDegraded: 0.01,
  errors5xxShareFailing: 0.05,
  unansweredMin: 3,
  unansweredShareDegraded: 0.02,
  unansweredShareFailing: 0.1,
  /** Latency without anything to compare with: what people call slow. */
  latencyUsMedianDegraded: 500_000,
  latencyUsP95Degraded: 1_500_000,
  /** Against the usual median of the same edge, when one is known. */
  latencyTimesDegraded: 3,
  latencyUsDegradedMin: 50_000,
  rttUsDegraded: 500_000,
  reasonsMax: 6,
} as const;

type State = Health["state"];

export interface Reason {
  readonly state: "degraded" | "failing";
  readonly text: string;
}

/** Worst first; "unknown" is less than "ok": whoever was judged at all is not unknown. */
const rank: Readonly<Record<State, number>> = { failing: 3, degraded: 2, ok: 1, unknown: 0 };

export function worseState(one: State, other: State): State {
  return rank[one] >= rank[other] ? one : other;
}

/** Reasons against `sums`, the worst first; empty when nothing is wrong. `usualUs`: the edge's median latency before, when known. */
export function reasonsOf(sums: Readonly<TrafficSums>, usualUs?: number): readonly Reason[] {
  return sorted([...connectionReasons(sums), ...packetReasons(sums), ...httpReasons(sums, usualUs)]);
}

/** `tooLittle` says what was seen when that is not enough to judge. */
export function judge(sums: Readonly<TrafficSums>, usualUs?: number): Health {
  return healthOf(reasonsOf(sums, usualUs), isEnough(sums) ? "" : tooLittle(sums));
}

/** Reasons -> a state. With no reasons it is ok, or unknown when `unknownBecause` says why nobody could judge. */
export function healthOf(reasons: readonly Reason[], unknownBecause: string): Health {
  const worst = sorted(reasons);
  const state = worst[0]?.state ?? (unknownBecause === "" ? "ok" : "unknown");
  if (state === "unknown") return { state, because: [unknownBecause] };
  const texts = [...new Set(worst.map(({ text }) => text))];
  return { state, because: texts.slice(0, healthLimits.reasonsMax) };
}

function sorted(reasons: readonly Reason[]): readonly Reason[] {
  return reasons.toSorted((one, other) => rank[other.state] - rank[one.state]);
}

export function isEnough(sums: Readonly<TrafficSums>): boolean {
  const attempts = sums.connections + sums.failed;
  return (
    attempts >= healthLimits.attemptsMin ||
    sums.packets >= healthLimits.packetsMin ||
    (sums.http?.requests ?? 0) >= healthLimits.requestsMin
  );
}

export function tooLittle(sums: Readonly<TrafficSums>): string {
  const attempts = sums.connections + sums.failed;
  if (attempts + sums.packets === 0) return "no traffic was seen";
  return `too little traffic to judge: ${counted(attempts, "connection")}`;
}

function connectionReasons(sums: Readonly<TrafficSums>): Reason[] {
  const { connections, failed, denied, resets } = sums;
  const attempts = connections + failed;
  const reasons: Reason[] = [];
  const own = Math.max(0, failed - denied);
  if (own >= healthLimits.failedMin) {
    const state = stateOf(own / attempts, healthLimits.failedShareDegraded, healthLimits.failedShareFailing);
    if (state !== undefined) {
      reasons.push({ state, text: `${share(own, attempts)} of connections failed (${own} of ${attempts})` });
    }
  }
  if (denied > 0) reasons.push({ state: "degraded", text: `${counted(denied, "connection")} denied` });
  if (resets >= healthLimits.resetsMin && resets >= connections * healthLimits.resetShareDegraded) {
    reasons.push({ state: "degraded", text: `${resets} resets in ${counted(connections, "connection")}` });
  }
  return reasons;
}

function packetReasons({ retransmits, packets, rttUsSum, rttCount }: Readonly<TrafficSums>): Reason[] {
  const reasons: Reason[] = [];
  if (retransmits >= healthLimits.retransmitsMin && packets >= healthLimits.packetsMin) {
    const { retransmitShareDegraded, retransmitShareFailing } = healthLimits;
    const state = stateOf(retransmits / packets, retransmitShareDegraded, retransmitShareFailing);
    if (state !== undefined) reasons.push({ state, text: `${share(retransmits, packets)} of packets sent again` });
  }
  const rttUs = rttCount === 0 ? 0 : rttUsSum / rttCount;
  if (rttUs >= healthLimits.rttUsDegraded) {
    reasons.push({ state: "degraded", text: `mean round trip ${duration(rttUs)}` });
  }
  return reasons;
}

function httpReasons({ http }: Readonly<TrafficSums>, usualUs: number | undefined): Reason[] {
  if (http === undefined) return [];
  const { requests, errors5xx, unanswered } = http;
  const reasons: Reason[] = [];
  if (errors5xx >= healthLimits.errors5xxMin) {
    const state = stateOf(
      errors5xx / requests,
      healthLimits.errors5xxShareDegraded,
      healthLimits.errors5xxShareFailing,
    );
    if (state !== undefined) {
      reasons.push({ state, text: `${share(errors5xx, requests)} of answers are 5xx (${errors5xx} of ${requests})` });
    }
  }
  if (unanswered >= healthLimits.unansweredMin) {
    const { unansweredShareDegraded, unansweredShareFailing } = healthLimits;
    const state = stateOf(unanswered / requests, unansweredShareDegraded, unansweredShareFailing);
    if (state !== undefined) {
      reasons.push({ state, text: `${share(unanswered, requests)} of requests had no answer` });
    }
  }
  if (requests >= healthLimits.requestsMin) reasons.push(...latencyReasons(http.latency, usualUs));
  return reasons;
}

function latencyReasons(latency: ReadonlyMap<number, number>, usualUs: number | undefined): Reason[] {
  const median = quantileUs(latency, 0.5);
  const p95 = quantileUs(latency, 0.95);
  if (median === undefined || p95 === undefined) return [];
  const { latencyTimesDegraded, latencyUsDegradedMin } = healthLimits;
  if (usualUs !== undefined && median >= usualUs * latencyTimesDegraded && median >= latencyUsDegradedMin) {
    return [{ state: "degraded", text: `median latency ${duration(median)}, usually ${duration(usualUs)}` }];
  }
  if (median >= healthLimits.latencyUsMedianDegraded)
    return [{ state: "degraded", text: `median latency ${duration(median)}` }];
  if (p95 >= healthLimits.latencyUsP95Degraded)
    return [{ state: "degraded", text: `95 % of answers within ${duration(p95)} only` }];
  return [];
}

function stateOf(value: number, degraded: number, failing: number): "degraded" | "failing" | undefined {
  if (value >= failing) return "failing";
  return value >= degraded ? "degraded" : undefined;
}

/** "12 %", "0.4 %". */
export function share(part: number, whole: number): string {
  if (whole === 0) return "0 %";
  const percent = (100 * part) / whole;
  return `${percent >= 1 || percent === 0 ? Math.round(percent) : percent.toFixed(1)} %`;
}

/** Microseconds as "310 µs", "4.2 ms", "1.3 s". */
export function duration(us: number): string {
  if (us < 1000) return `${Math.round(us)} µs`;
  const [value, unit] = us < 1_000_000 ? [us / 1000, "ms"] : [us / 1_000_000, "s"];
  return `${value >= 10 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

/** "1 connection", "3 connections". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
