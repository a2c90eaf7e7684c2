// What policies ask of recorded flows, against a real store process with planted rows: keys from raw rows and rollups, counts by rule.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { manualClock } from "../../src/base/clock.ts";
import { createQueries } from "../../src/edge/store/queries/create-queries.ts";
import type { PolicyFlowKey, Queries } from "../../src/edge/store/queries/queries.ts";
import { curlOut, minute, nowMs, shopToDb } from "../support/queries-world.ts";
import { type ScratchStore, startScratchStore } from "../support/scratch-store.ts";

let store: ScratchStore;
let queries: Queries;
const day = 24 * 60 * minute;

const atDb = { ...shopToDb, ingest: 12, node: "n2", reporter: "destination", connectionsOpened: 2, bytesSent: 900 };
const judged = { policyGeneration: 77 };

before(async () => {
  store = await startScratchStore();
  await store.insert("flows", [
    { ...shopToDb, ...judged, policies: [11, 12], policiesStaged: [21] },
    { ...atDb, ...judged, policies: [12] },
    { ...shopToDb, ingest: 13, time: nowMs - 2 * day, connectionsOpened: 5 },
    { ...curlOut, connectionsOpened: 4 },
    { ...curlOut, ingest: 14, time: nowMs - 3 * day, connectionsOpened: 9, destinationDomain: "old.example.com" },
    // Its source saw no answer; the destination's node knows why.
    { ...shopToDb, ingest: 15, destinationPort: 22, verdict: "unknown", connectionsOpened: 0, connectionsFailed: 6 },
    {
      ...atDb,
      ...judged,
      ingest: 16,
      destinationPort: 22,
      verdict: "deny",
      connectionsOpened: 0,
      connectionsFailed: 6,
      policies: [13],
    },
    { ...shopToDb, ingest: 17, destinationPort: 99, loopback: true },
    // Nothing is opened without a handshake: conversations count.
    { ...shopToDb, ingest: 19, destinationPort: 53, protocol: "udp", merged: 7, connectionsOpened: 0 },
    { ...shopToDb, ingest: 18, cluster: "other", destinationPort: 98 },
  ]);
  queries = createQueries({ store: store.store, clock: manualClock(nowMs) });
});
after(async () => store[Symbol.asyncDispose]());

const request = { cluster: "c", q: "", limit: 100 };
const short = (key: PolicyFlowKey) => [
  key.source.pod || key.source.workload,
  key.destination.pod || key.destination.workload || key.destination.address,
  key.port,
  key.verdict,
  key.connections,
  key.days,
];

test("keys of a short window: pods and addresses; what both ends told is one, and who was stopped is denied", async () => {
  const { keys, omitted, window } = await queries.policyFlowKeys(request);
  assert.deepEqual(keys.map(short), [
    ["web-1", "db-0", 53, "allow", 7, 1],
    ["web-1", "db-0", 22, "deny", 6, 1],
    ["web-1", "93.184.216.34", 443, "unknown", 4, 1],
    ["web-1", "db-0", 5432, "allow", 3, 1],
  ]);
  assert.deepEqual([omitted, window.partial], [0, false]);
  assert.deepEqual(keys[2]?.domains, ["example.com"]);
  assert.equal(keys[3]?.bytes, 21_000);
  assert.deepEqual([keys[3]?.source.address, keys[3]?.destination.address], ["10.0.0.1", "10.0.0.2"]);
});

test("keys under a filter and a limit: what is left out is counted", async () => {
  const filtered = await queries.policyFlowKeys({ ...request, q: "to:db port:5432" });
  assert.deepEqual(filtered.keys.map(short), [["web-1", "db-0", 5432, "allow", 3, 1]]);
  const { keys, omitted } = await queries.policyFlowKeys({ ...request, limit: 1 });
  assert.deepEqual([keys.length, omitted], [1, 3]);
  await assert.rejects(queries.policyFlowKeys({ ...request, q: "rcode:NXDOMAIN" }), { kind: "usage" });
});

test("a long window: workloads from rollups, addresses of the last day only, and the answer says so", async () => {
  const { keys, window } = await queries.policyFlowKeys({ ...request, since: "120h" });
  assert.deepEqual(
    keys.map(short).filter(([, , port]) => port !== 99),
    [
      ["web", "db", 5432, "allow", 8, 2],
      ["web", "db", 22, "deny", 6, 1],
      ["web-1", "93.184.216.34", 443, "unknown", 4, 1],
      ["web", "db", 53, "allow", 1, 1],
    ],
  );
  assert.match(window.partialBecause, /rollups keep no addresses/);
  const raw = await queries.policyFlowKeys({ ...request, since: "120h", q: "process:node" });
  assert.match(raw.window.partialBecause, /only the last day of the window was looked at: the filter asks for process/);
});

test("connections by rule, staged ones apart; a cluster whose agents told of no policies has no reporters", async () => {
  const clusters = ["c", "other"];
  const { rules, reporters, cut } = await queries.policyRuleCounts({ clusters });
  const byRule = rules.map(({ cluster, ruleId, isStaged, connections }) => [cluster, ruleId, isStaged, connections]);
  assert.deepEqual(byRule, [
    ["c", 13, false, 6],
    ["c", 11, false, 3],
    ["c", 12, false, 3],
    ["c", 21, true, 3],
  ]);
  assert.deepEqual(reporters, [{ cluster: "c", nodes: 2 }]);
  assert.equal(cut, "");
  const long = await queries.policyRuleCounts({ clusters, since: "120h" });
  assert.deepEqual(
    long.rules.map(({ ruleId, connections }) => [ruleId, connections]),
    [
      [11, 3],
      [12, 3],
      [13, 6],
    ].sort((one, other) => Number(other[1]) - Number(one[1])),
  );
  assert.match(long.cut, /long window/);
});
