import assert from "node:assert/strict";
import { test } from "node:test";
import { edgeOf, noTraffic, shownOf, vertexOf } from "./shown.fixture.ts";
import {
  busiestOf,
  bytesText,
  degreesText,
  edgeLabel,
  edgeWidth,
  formatRate,
  percentText,
  rateText,
  vertexLabel,
} from "./vertex-text.ts";

const http = {
  requests: 7200,
  errors4xx: 0,
  errors5xx: 0,
  unanswered: 0,
  latencyUsMedian: 4000,
  latencyUsP95: 310_000,
};

test("rates keep the digits that matter, and zero is zero", () => {
  for (const [rate, text] of [
    [0, "0"],
    [0.004, "<0.01"],
    [0.25, "0.25"],
    [4.07, "4.1"],
    [1234, "1,234"],
  ] as const)
    assert.equal(formatRate(rate), text);
  assert.equal(rateText({ ...noTraffic, connections: 3600 }, 3600), "1.0 conn/s");
  assert.equal(rateText({ ...noTraffic, connections: 3600, http }, 3600), "2.0 req/s");
  assert.equal(bytesText({ ...noTraffic, bytesSent: 1000, bytesReceived: 9000 }, 10), "1.0 kB/s");
});

test("parts of a whole, where there is a whole", () => {
  assert.equal(percentText(0, 0), undefined);
  assert.equal(percentText(0, 9), "0 %");
  assert.equal(percentText(1, 900), "<1 %");
  assert.equal(percentText(31, 100), "31 %");
});

test("a vertex says what it is, how it fares and how busy it is", () => {
  const vertex = vertexOf({
    kind: "service",
    simulated: true,
    health: { state: "failing", because: ["31 % of connections failed", "slow"] },
    inbound: { ...noTraffic, connections: 7200 },
  });
  assert.equal(
    vertexLabel(vertex, 3600),
    "checkout, service in shop, failing: 31 % of connections failed, 2.0 conn/s, simulated",
  );
  assert.equal(busiestOf(vertexOf({ outbound: { ...noTraffic, connections: 3 } })).connections, 3);
  assert.equal(busiestOf(vertexOf({ inside: { ...noTraffic, connections: 5 } })).connections, 5);
});

test("an edge says who, how much, how slow and why it is bad", () => {
  const edge = edgeOf({
    traffic: { ...noTraffic, connections: 3600, connectionsDenied: 2, http },
    health: { state: "degraded", because: ["slow"] },
  });
  const ends = { source: vertexOf({ name: "frontend" }), destination: vertexOf() };
  assert.equal(
    edgeLabel(edge, ends, 3600),
    "frontend → checkout: 2.0 req/s, 0 B/s, 95 % within 310 ms, 2 denied, degraded: slow",
  );
});

test("lines grow with the order of magnitude of bytes, within bounds", () => {
  const width = (bytes: number): number => edgeWidth({ ...noTraffic, bytesSent: bytes }, 1);
  assert.ok(width(0) >= 1 && width(0) < width(10_000) && width(10_000) < width(1_000_000));
  assert.ok(width(1e15) <= 7);
  assert.equal(degreesText("b", shownOf(["a", "b", "c"], ["a→b", "c→b", "b→a"]).edges), "2 in, 1 out");
});
