// Vertices and edges in words: rates, health, labels for those who do not see the picture. Pure.
import type { Edge, Health, Traffic, Vertex } from "../../../src/model/graph.ts";
import { formatBytes, formatCount, formatMicroseconds } from "../kit/format.ts";

export const healthWords = {
  ok: "healthy",
  degraded: "degraded",
  failing: "failing",
  unknown: "not judged",
} as const satisfies Record<Health["state"], string>;

export const vertexKindWords = {
  namespace: "namespace",
  service: "service",
  workload: "workload",
  endpoint: "endpoint",
  external: "outside",
  unknown: "unknown",
  more: "more",
} as const satisfies Record<Vertex["kind"], string>;

/** Per second with two digits that matter: "0.04", "1.2", "340". */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return "0";
  if (perSecond < 0.01) return "<0.01";
  if (perSecond < 1) return perSecond.toFixed(2);
  return perSecond < 10 ? perSecond.toFixed(1) : formatCount(perSecond);
}

/** "12 req/s" where HTTP was looked at, else "4.1 conn/s". */
export function rateText(traffic: Traffic, seconds: number): string {
  const { http, connections } = traffic;
  return http === undefined
    ? `${formatRate(connections / seconds)} conn/s`
    : `${formatRate(http.requests / seconds)} req/s`;
}

/** Bytes both ways per second. */
export function bytesText(traffic: Traffic, seconds: number): string {
  return `${formatBytes((traffic.bytesSent + traffic.bytesReceived) / seconds)}/s`;
}

/** A part of a whole in percent; undefined when there is no whole. */
export function percentText(part: number, whole: number): string | undefined {
  if (whole === 0) return undefined;
  const percent = (part / whole) * 100;
  return `${percent === 0 ? "0" : percent < 1 ? "<1" : Math.round(percent)} %`;
}

/** What a vertex is busy with: what comes in; else what goes out; else what stays inside. */
export function busiestOf({ inbound, outbound, inside }: Vertex): Traffic {
  const isBusy = ({ connections, http }: Traffic): boolean => connections > 0 || http !== undefined;
  if (isBusy(inbound)) return inbound;
  return isBusy(outbound) || inside === undefined ? outbound : inside;
}

/** "checkout, service in shop, failing: 31 % of connections failed, 9 req/s". */
export function vertexLabel(vertex: Vertex, seconds: number): string {
  const place = vertex.namespace === "" || vertex.kind === "namespace" ? "" : ` in ${vertex.namespace}`;
  const reason = vertex.health.because[0] ?? "";
  const parts = [
    vertex.name,
    `${vertexKindWords[vertex.kind]}${place}`,
    `${healthWords[vertex.health.state]}${reason === "" ? "" : `: ${reason}`}`,
    rateText(busiestOf(vertex), seconds),
    ...(vertex.simulated ? ["simulated"] : []),
  ];
  return parts.join(", ");
}

/** "frontend → checkout: 12 req/s, 310 kB/s, failing: 31 % of connections failed". */
export function edgeLabel(
  edge: Edge,
  ends: { readonly source: Vertex; readonly destination: Vertex },
  seconds: number,
): string {
  const { traffic, health } = edge;
  const p95 = traffic.http?.latencyUsP95;
  const parts = [
    rateText(traffic, seconds),
    bytesText(traffic, seconds),
    ...(p95 === undefined ? [] : [`95 % within ${formatMicroseconds(p95)}`]),
    ...(traffic.connectionsDenied > 0 ? [`${formatCount(traffic.connectionsDenied)} denied`] : []),
    `${healthWords[health.state]}${health.because.length === 0 ? "" : `: ${health.because.join("; ")}`}`,
  ];
  return `${ends.source.name} → ${ends.destination.name}: ${parts.join(", ")}`;
}

/** Pixels of an edge's line: by the order of magnitude of its bytes a second. */
export function edgeWidth(traffic: Traffic, seconds: number): number {
  const perSecond = (traffic.bytesSent + traffic.bytesReceived) / seconds;
  return Math.min(7, 1.2 + Math.max(0, Math.log10(Math.max(1, perSecond / 100))) * 1.1);
}

/** "2 in, 3 out". */
export function degreesText(id: string, edges: readonly { readonly edge: Edge }[]): string {
  let [inbound, outbound] = [0, 0];
  for (const { edge } of edges) {
    if (edge.destination === id) inbound += 1;
    if (edge.source === id) outbound += 1;
  }
  return `${formatCount(inbound)} in, ${formatCount(outbound)} out`;
}
