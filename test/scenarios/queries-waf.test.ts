// What the WAF screen asks of its events, against a real store process with planted rows: sums, one request, what blocking would have stopped.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { manualClock } from "../../src/base/clock.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import type { Queries } from "../../src/edge/store/queries/queries.ts";
import { minute, nowMs, subject } from "../support/queries-world.ts";
import { type ScratchStore, startScratchStore } from "../support/scratch-store.ts";

let store: ScratchStore;
let queries: Queries;

const sqli = {
  ...subject,
  time: nowMs - 5 * minute,
  ingest: 50,
  verdict: "blocked",
  mode: "block",
  door: "proxy",
  method: "GET",
  path: "/api/products",
  clientAddress: "203.0.113.66",
  clientKind: "Unknown",
  ruleIds: [942_100, 942_190],
  messages: ["SQL injection", "Database words"],
  variables: ["ARGS:q", "ARGS:q"],
  values: ["1=1", "union"],
  severities: ["CRITICAL", "CRITICAL"],
  scores: [5, 5],
  tags: ["attack-sqli"],
  decidingRule: 949_110,
  transactionId: "t1",
};
const review = {
  ...sqli,
  time: nowMs - 15 * minute,
  verdict: "detected",
  mode: "detect",
  path: "/api/reviews",
  clientAddress: "192.0.2.14",
  ruleIds: [942_100, 920_350],
  messages: ["SQL injection", "Host is an address"],
  variables: ["ARGS:comment", "REQUEST_HEADERS:Host"],
  severities: ["CRITICAL", "WARNING"],
  // The second one scores nothing: it is no reason to block.
  scores: [5, 0],
  transactionId: "t2",
};

before(async () => {
  store = await startScratchStore();
  await store.insert("waf_events", [
    sqli,
    review,
    { ...review, time: nowMs - 14 * minute, clientAddress: "192.0.2.15", transactionId: "t3" },
    // One rule spoke of two variables of one request, in other words each: one request.
    {
      ...sqli,
      time: nowMs - 6 * minute,
      ruleIds: [942_100, 942_100],
      messages: ["SQL injection", "SQL injection again"],
      variables: ["ARGS:q", "ARGS:r"],
      transactionId: "t4",
    },
    // Behind a proxy that is believed: who it speaks for is the source.
    ...["203.0.113.1", "203.0.113.2"].map((forwardedFor, index) => ({
      ...sqli,
      time: nowMs - 8 * minute,
      cluster: "proxied",
      clientAddress: "10.0.0.9",
      forwardedFor,
      transactionId: `p${index}`,
    })),
    // Over a limit, only told; and denied by a rule that gives no points.
    {
      ...review,
      time: nowMs - 9 * minute,
      cluster: "limits",
      verdict: "failed",
      because: "limit: request body",
      transactionId: "l1",
      ruleIds: [],
      messages: [],
      variables: [],
      severities: [],
      scores: [],
      decidingRule: 0,
    },
    {
      ...review,
      time: nowMs - 9 * minute,
      cluster: "limits",
      because: "rule",
      ruleIds: [200002],
      messages: ["unreadable"],
      variables: [""],
      severities: [""],
      scores: [0],
      decidingRule: 200002,
      transactionId: "l2",
    },
    {
      ...sqli,
      time: nowMs - 7 * minute,
      verdict: "failed",
      ruleIds: [],
      messages: [],
      variables: [],
      severities: [],
      scores: [],
      workload: "api",
      transactionId: "t5",
    },
    { ...sqli, time: nowMs - 200 * minute, transactionId: "old" },
    { ...sqli, cluster: "other", transactionId: "t6" },
  ]);
  queries = createQueries({ store: store.store, clock: manualClock(nowMs) });
});
after(async () => store[Symbol.asyncDispose]());

test("sums of a window: by step, rule, source and workload", async () => {
  const sums = await queries.wafSums({ q: "cluster:c", since: "1h" });
  const totals = { blocked: 0, detected: 0, logged: 0, failed: 0 };
  for (const { counts } of sums.buckets)
    for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += counts[name];
  assert.deepEqual(totals, { blocked: 2, detected: 2, logged: 0, failed: 1 });
  assert.ok(sums.bucketSeconds >= 60 && sums.bucketSeconds <= 65, String(sums.bucketSeconds));
  const [first] = sums.rules;
  assert.deepEqual(
    [first?.ruleId, first?.message, first?.counts.blocked, first?.counts.detected, first?.sources],
    [942_100, "SQL injection", 2, 2, 3],
  );
  assert.deepEqual(first?.variables.map(({ name }) => name).sort(), ["ARGS:comment", "ARGS:q"]);
  assert.deepEqual(
    sums.sources.map(({ clientAddress, counts, rules }) => [clientAddress, counts.blocked, counts.detected, rules]),
    [
      ["203.0.113.66", 2, 0, 2],
      ["192.0.2.15", 0, 1, 2],
      ["192.0.2.14", 0, 1, 2],
    ],
  );
  assert.deepEqual(
    sums.workloads.map(({ workload, counts, topRule }) => [workload, counts.blocked, counts.failed, topRule]),
    [
      ["web", 2, 0, 942_100],
      ["api", 0, 1, 0],
    ],
  );
  assert.deepEqual(
    [sums.rulesOmitted, sums.sourcesOmitted, sums.workloadsOmitted, sums.window.partial],
    [0, 0, 0, false],
  );
});

test("the filter narrows all of them alike", async () => {
  const byRule = await queries.wafSums({ q: "rule-id:942190", since: "1h" });
  assert.deepEqual(
    byRule.workloads.map(({ cluster, counts }) => [cluster, counts.blocked]),
    [
      ["proxied", 2],
      ["c", 1],
      ["other", 1],
    ],
  );
  const byAddress = await queries.wafSums({ q: "ip:192.0.2.14 waf:detected cluster:c", since: "1h" });
  assert.deepEqual(
    byAddress.sources.map(({ clientAddress }) => clientAddress),
    ["192.0.2.14"],
  );
  await assert.rejects(queries.wafSums({ q: "waf:maybe", since: "1h" }), { kind: "usage" });
});

test("one request is found by its time and id, in its own cluster only", async () => {
  const found = await queries.wafRequest({ cluster: "c", transactionId: "t1", timeMs: sqli.time });
  assert.deepEqual(found.event?.ruleIds, [942_100, 942_190]);
  assert.equal(found.event?.clientAddress, "203.0.113.66");
  assert.equal(
    (await queries.wafRequest({ cluster: "c", transactionId: "t1", timeMs: sqli.time + 1 })).event,
    undefined,
  );
  assert.equal((await queries.wafRequest({ cluster: "c", transactionId: "t6", timeMs: sqli.time })).event, undefined);
});

test("what blocking would have stopped: detected requests by the rules that scored", async () => {
  const sums = await queries.wafModeSums({ cluster: "c", namespace: "shop", workload: "web", since: "1h" });
  assert.deepEqual([sums.spoken, sums.requests, sums.sources], [4, 2, 2]);
  assert.deepEqual(
    sums.groups.map(({ ruleId, path, variable, requests, sources, transactionId }) => [
      ruleId,
      path,
      variable,
      requests,
      sources,
      transactionId,
    ]),
    [[942_100, "/api/reviews", "ARGS:comment", 2, 2, "t3"]],
  );
});

test("sources are who a believed proxy speaks for", async () => {
  const sums = await queries.wafSums({ q: "cluster:proxied", since: "1h" });
  assert.deepEqual(sums.sources.map(({ clientAddress }) => clientAddress).toSorted(), ["203.0.113.1", "203.0.113.2"]);
  assert.equal(sums.rules[0]?.sources, 2);
});

test("blocking would also stop what is over a limit, and what a rule without points denies", async () => {
  const sums = await queries.wafModeSums({ cluster: "limits", namespace: "shop", workload: "web", since: "1h" });
  assert.equal(sums.requests, 2);
  assert.deepEqual(sums.groups.map(({ ruleId, message }) => `${ruleId} ${message}`).toSorted(), [
    "0 limit: request body",
    "200002 rule",
  ]);
});
