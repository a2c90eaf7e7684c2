import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  anyFlowSums,
  anyHttpSums,
  counts,
  end,
  flowSums,
  httpSums,
  noCounts,
} from "../../../test/support/graph-sums.ts";
import { reconcile } from "./reconcile.ts";

const db = end({ workload: "db", kind: "StatefulSet", service: "db" });

test("one pair: the greater count of each reporter, after adding up over ports and verdicts", () => {
  const pairs = reconcile(
    [
      flowSums({ port: 80, atSource: counts({ opened: 6, bytesSent: 60 }) }),
      flowSums({ port: 81, atSource: counts({ opened: 4, failed: 2 }), verdict: "unknown" }),
      flowSums({ port: 8080, atSource: noCounts, atDestination: counts({ opened: 11, bytesSent: 50 }) }),
    ],
    [],
  );
  assert.equal(pairs.length, 1);
  const [pair] = pairs;
  assert.equal(pair?.sums.connections, 11);
  assert.equal(pair?.sums.failed, 2);
  assert.equal(pair?.sums.bytesSent, 60);
  assert.deepEqual([...(pair?.ports.keys() ?? [])], ["tcp/8080"], "the pod's own port");
  assert.deepEqual([pair?.isSeenAtSource, pair?.isSeenAtDestination], [true, true]);
});

test("denied attempts are counted, also where only rows tell of them", () => {
  const [pair] = reconcile(
    [
      flowSums({ verdict: "deny", atSource: counts({ rows: 3 }) }),
      flowSums({ verdict: "deny", port: 1, atSource: counts({ rows: 1, failed: 4 }) }),
    ],
    [],
  );
  assert.equal(pair?.sums.denied, 7);
  assert.deepEqual(pair?.verdicts, { allow: 0, deny: 4, unknown: 0 });
});

const atLarge = end({ kind: "Unknown", workload: "", service: "db" });
const behind = (name: string, opened: number) =>
  flowSums({
    destination: { ...db, workload: name },
    atSource: noCounts,
    atDestination: counts({ opened, bytesSent: opened * 10 }),
  });

const coarseCases: readonly (readonly [string, Parameters<typeof reconcile>[0], Readonly<Record<string, number>>])[] = [
  [
    "pods behind the service told it all: the client's report is the same traffic",
    [flowSums({ destination: atLarge, atSource: counts({ opened: 10 }) }), behind("db-a", 6), behind("db-b", 4)],
    { "db-a": 6, "db-b": 4 },
  ],
  [
    "pods without an agent: what nobody told stays with the service",
    [flowSums({ destination: atLarge, atSource: counts({ opened: 10 }) }), behind("db-a", 4)],
    { "db-a": 4, "": 6 },
  ],
  [
    "failed connects reached nobody and stay",
    [flowSums({ destination: atLarge, atSource: counts({ opened: 10, failed: 3 }) }), behind("db-a", 10)],
    { "db-a": 10, "": 0 },
  ],
];

for (const [name, rows, expected] of coarseCases) {
  test(name, () => {
    const pairs = reconcile(rows, []);
    const found = Object.fromEntries(pairs.map((pair) => [pair.destination.workload, pair.sums.connections]));
    assert.deepEqual(found, expected);
  });
}

test("a client that knows only the workload and pods that tell of themselves are one edge per pod", () => {
  const pod = (name: string) =>
    flowSums({
      source: end({ pod: "web-1" }),
      destination: { ...db, pod: name },
      atSource: noCounts,
      atDestination: counts({ opened: 5 }),
    });
  const rows = [flowSums({ source: end({ pod: "web-1" }), destination: db }), pod("db-0"), pod("db-1")];
  assert.deepEqual(
    reconcile(rows, [])
      .map((pair) => pair.destination.pod)
      .toSorted(),
    ["db-0", "db-1"],
  );
});

test("HTTP is one reporter's whole view, and needs no flow", () => {
  const [pair] = reconcile(
    [],
    [
      httpSums({ requestsAtSource: 10, requestsAtDestination: 12, latencyAtDestination: { "50": 12 } }),
      httpSums({ statusClass: 5, requestsAtSource: 3, requestsAtDestination: 2, latencyAtSource: { "60": 3 } }),
      httpSums({ statusClass: 0, requestsAtSource: 0, requestsAtDestination: 1, latencyAtDestination: { "1": 1 } }),
    ],
  );
  assert.deepEqual(pair?.sums.http, {
    requests: 15,
    errors4xx: 0,
    errors5xx: 2,
    unanswered: 1,
    latency: new Map([[50, 12]]),
  });
});

test("the order of rows does not matter", () => {
  fc.assert(
    fc.property(fc.array(anyFlowSums, { maxLength: 30 }), fc.array(anyHttpSums, { maxLength: 10 }), (flows, http) => {
      const text = (pairs: ReturnType<typeof reconcile>) =>
        pairs
          .map(({ source, destination, sums, cluster }) =>
            JSON.stringify([
              cluster,
              source,
              destination,
              sums,
              [...(sums.http?.latency ?? [])].toSorted(([one], [other]) => one - other),
            ]),
          )
          .toSorted();
      const turned = reconcile(flows.toReversed(), http.toReversed());
      // Which of two equal ends' names is kept may not depend on who came first.
      assert.deepEqual(text(turned), text(reconcile(flows, http)));
    }),
  );
});
