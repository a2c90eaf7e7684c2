// The graph's operations through a real server's door; store and clusters are stand-ins, answers are checked against the contract.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { counts, end, flowSums, httpSums } from "../../../../test/support/graph-sums.ts";
import { ask, bearer, emptyQueries, testServer, type TestServer } from "../../../../test/support/test-server.ts";
import { Fault } from "../../../base/fault.ts";
import type { GraphRequest, GraphSums, OverviewNumbers } from "../../../edge/store/queries/queries.ts";
import type { z } from "zod";
import type { graph } from "../contract/graph.ts";

const since = "2026-11-25T10:00:00.000Z";
const until = "2026-11-25T11:00:00.000Z";
const web = end({ service: "web" });
const pay = end({ workload: "payments", service: "payments" });
let server: TestServer;
let isStoreAway = false;

async function graphSums(request: GraphRequest): Promise<GraphSums> {
  const failed = request.since === "2h" ? 0 : 30;
  return {
    flows: [
      flowSums({ source: web, destination: pay, atSource: counts({ opened: 70, failed }) }),
      flowSums({ source: web }),
    ],
    http: [httpSums({ source: web, requestsAtSource: 100, latencyAtSource: { "69": 100 } })],
    usual:
      request.since === "2h" ? [] : [httpSums({ source: web, requestsAtSource: 100, latencyAtSource: { "48": 100 } })],
    lookedAt: { sinceMs: Date.parse(since), untilMs: Date.parse(until) },
    window: { since, until, partial: false, partialBecause: "", gaps: [] },
  };
}

const numbers: OverviewNumbers = {
  warnings: [],
  detections: [
    {
      cluster: "c",
      namespace: "shop",
      workload: "web",
      workloadKind: "Deployment",
      reason: "shell",
      severity: "critical",
      text: "A shell in a web server",
      count: 2,
      firstMs: 0,
      lastMs: 1,
    },
  ],
  events: [{ kind: "security", count: 2 }],
  notCounted: [{ about: "events", because: "it took too long" }],
};

async function overviewNumbers(): Promise<OverviewNumbers> {
  if (isStoreAway) throw new Fault("the store is away", { code: "store/unavailable", kind: "unavailable" });
  return numbers;
}

before(async () => {
  server = await testServer({ queries: emptyQueries({ graphSums, overviewNumbers }) });
});
after(async () => server[Symbol.asyncDispose]());

type Answer<Name extends keyof typeof graph> = z.infer<(typeof graph)[Name]["response"]>;

async function get<T>(path: string): Promise<T> {
  const { status, text, json } = await ask(server, { path, headers: bearer(server.localToken) });
  assert.equal(status, 200, text);
  return json as T;
}

test("the graph, limited as asked", async () => {
  const { graph: found, window } = await get<Answer<"serviceGraph">>("/api/v1/graph?level=workload");
  assert.deepEqual(
    found.edges.map(({ id, health }) => [id, health.state]),
    [
      ["workload/c/shop/Deployment/web→workload/c/shop/StatefulSet/db", "degraded"],
      ["workload/c/shop/Deployment/web→workload/c/shop/Deployment/payments", "failing"],
    ],
  );
  assert.deepEqual(found.edges[0]?.health.because, ["median latency 170 ms, usually 4.5 ms"]);
  assert.equal(window.since, since);
  const refused = await ask(server, {
    path: "/api/v1/graph?verticesMax=3",
    headers: bearer(server.localToken),
  });
  assert.equal(refused.status, 400);
});

test("two windows", async () => {
  const path = "/api/v1/graph/diff?since=1h&beforeSince=2h&beforeUntil=1h";
  const { diff } = await get<Answer<"graphDiff">>(path);
  assert.deepEqual(
    diff.edges.map(({ state, changes }) => [state, changes]),
    [
      ["changed", ["health ok -> degraded"]],
      ["changed", ["failed connections 0 % -> 30 %"]],
    ],
  );
});

test("the overview: what needs a person, what was not looked at, and the numbers", async () => {
  const { attention, notLooked, traffic, events } = await get<Answer<"overview">>("/api/v1/overview");
  assert.deepEqual(
    attention.map(({ title }) => title),
    [
      "A shell in a web server",
      "web to payments: 30 % of connections failed (30 of 100)",
      "web to db: median latency 170 ms, usually 4.5 ms",
    ],
  );
  assert.deepEqual(notLooked, numbers.notCounted);
  assert.deepEqual([traffic.connections, traffic.connectionsFailed], [80, 30]);
  assert.deepEqual(events, numbers.events);
});

test("a store that cannot say everything: the rest is shown, and what is missing is said", async () => {
  isStoreAway = true;
  const { attention, notLooked } = await get<Answer<"overview">>("/api/v1/overview");
  assert.equal(attention.length, 2);
  assert.deepEqual(notLooked, [{ about: "events", because: "the store is away" }]);
});
