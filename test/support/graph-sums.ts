// Made-up sums for tests of the graph: a base row to vary, and arbitraries of small worlds where ends meet often.
import * as fc from "fast-check";
import type { FlowCounts, FlowSums, GraphEnd, HttpSums } from "../../src/core/graph/graph-row.ts";

export const noCounts: FlowCounts = {
  rows: 0,
  opened: 0,
  failed: 0,
  resets: 0,
  retransmits: 0,
  packetsSent: 0,
  packetsReceived: 0,
  bytesSent: 0,
  bytesReceived: 0,
};

export function end(over: Partial<GraphEnd> = {}): GraphEnd {
  return {
    kind: "Deployment",
    namespace: "shop",
    workload: "web",
    service: "",
    pod: "",
    domain: "",
    reason: "",
    ...over,
  };
}

export const outside = end({ kind: "External", namespace: "", workload: "" });

export function counts(over: Partial<FlowCounts> = {}): FlowCounts {
  return { ...noCounts, rows: 1, ...over };
}

export function flowSums(over: Partial<FlowSums> = {}): FlowSums {
  return {
    cluster: "c",
    source: end(),
    destination: end({ workload: "db", kind: "StatefulSet", service: "db" }),
    port: 5432,
    protocol: "tcp",
    verdict: "allow",
    atSource: counts({ opened: 10, bytesSent: 100, bytesReceived: 1000, packetsSent: 20, packetsReceived: 20 }),
    atDestination: noCounts,
    rttUsSum: 0,
    rttCount: 0,
    firstMs: 1000,
    lastMs: 2000,
    ...over,
  };
}

export function httpSums(over: Partial<HttpSums> = {}): HttpSums {
  return {
    cluster: "c",
    source: end(),
    destination: end({ workload: "db", kind: "StatefulSet", service: "db" }),
    statusClass: 2,
    requestsAtSource: 10,
    requestsAtDestination: 0,
    latencyAtSource: { "48": 10 },
    latencyAtDestination: {},
    firstMs: 1000,
    lastMs: 2000,
    ...over,
  };
}

const count = fc.integer({ min: 0, max: 1000 });
const anyCounts: fc.Arbitrary<FlowCounts> = fc.oneof(
  fc.constant(noCounts),
  fc.record({
    rows: fc.integer({ min: 1, max: 9 }),
    opened: count,
    failed: fc.integer({ min: 0, max: 5 }),
    resets: count,
    retransmits: count,
    packetsSent: count,
    packetsReceived: count,
    bytesSent: count,
    bytesReceived: count,
  }),
);

const anyName = fc.constantFrom("a", "b", "c", "d", "e", "größe/1");
const anyWorkload: fc.Arbitrary<GraphEnd> = fc.record({
  kind: fc.constantFrom("Deployment", "StatefulSet"),
  namespace: fc.constantFrom("one", "two", "three"),
  workload: anyName,
  service: fc.constantFrom("", "s1", "s2"),
  pod: fc.constant(""),
  domain: fc.constant(""),
  reason: fc.constant(""),
});
const anyOther: fc.Arbitrary<GraphEnd> = fc.oneof(
  fc.record({ ...fixed(outside), domain: fc.constantFrom("", "api.example.com", "mail.example.org") }),
  fc.record({ ...fixed(end({ kind: "Unknown", workload: "", reason: "why" })), namespace: fc.constantFrom("", "one") }),
);

function fixed(of: GraphEnd) {
  return {
    kind: fc.constant(of.kind),
    namespace: fc.constant(of.namespace),
    workload: fc.constant(of.workload),
    service: fc.constant(of.service),
    pod: fc.constant(of.pod),
    domain: fc.constant(of.domain),
    reason: fc.constant(of.reason),
  };
}

const anyEnd = fc.oneof({ weight: 4, arbitrary: anyWorkload }, { weight: 1, arbitrary: anyOther });
/** A destination known by its service only, or finer. */
const anyDestination = fc.oneof(
  { weight: 5, arbitrary: anyEnd },
  { weight: 1, arbitrary: anyWorkload.map((of) => ({ ...of, kind: "Unknown" as const, workload: "", service: "s1" })) },
);

export const anyFlowSums: fc.Arbitrary<FlowSums> = fc.record({
  cluster: fc.constantFrom("c1", "c2"),
  source: anyEnd,
  destination: anyDestination,
  port: fc.constantFrom(80, 443, 5432),
  protocol: fc.constantFrom("tcp", "udp"),
  verdict: fc.constantFrom("allow", "deny", "unknown"),
  atSource: anyCounts,
  atDestination: anyCounts,
  rttUsSum: count,
  rttCount: count,
  firstMs: fc.integer({ min: 0, max: 1000 }),
  lastMs: fc.integer({ min: 1000, max: 2000 }),
});

export const anyHttpSums: fc.Arbitrary<HttpSums> = fc.record({
  cluster: fc.constantFrom("c1", "c2"),
  source: anyEnd,
  destination: anyDestination,
  statusClass: fc.constantFrom(0, 2, 4, 5),
  requestsAtSource: count,
  requestsAtDestination: count,
  latencyAtSource: fc.constantFrom({}, { "40": 3 }),
  latencyAtDestination: fc.constantFrom({}, { "44": 2 }),
  firstMs: fc.integer({ min: 0, max: 1000 }),
  lastMs: fc.integer({ min: 1000, max: 2000 }),
});
