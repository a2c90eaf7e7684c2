import assert from "node:assert/strict";
import { test } from "node:test";
import { detectionFixture } from "./detection.fixture.ts";
import { leadsOf } from "./detection-leads.ts";

test("from a detection one comes to its process, its events and flows of those minutes, and its peers", () => {
  const leads = leadsOf(detectionFixture());
  const range = "2026-11-26T14:55:00.000Z";
  const [processes, events, flows] = leads;
  assert.deepEqual([processes?.to, processes?.search.tab, processes?.search.row], ["workload", "processes", "pid-41"]);
  assert.ok(processes?.search.range?.startsWith(range));
  assert.equal(events?.search.q, "cluster:local ns:shop workload:frontend");
  assert.equal(flows?.to, "/flows");
  assert.deepEqual(
    leads.filter(({ title }) => title.startsWith("Who else")).map(({ search }) => search.q),
    ["to:192.0.2.77 port:4444", 'to:"2001:db8::1" port:443'],
  );
  assert.deepEqual(
    leads.filter(({ to }) => to === "workload").map(({ search }) => search.tab),
    ["processes", "layers", "policies"],
  );
  assert.equal(leads.at(-1)?.search.q, 'rule:"Reverse shell"');
});

test("what has no page of its own leads to its node, and nowhere else by name", () => {
  const leads = leadsOf(detectionFixture({ workload: "", namespace: "", workloadKind: "Unknown" }, { tree: [] }));
  assert.deepEqual(
    leads.map(({ to, search }) => [to, search.q]),
    [
      ["/events", "cluster:local node:worker-1"],
      ["/flows", "cluster:local node:worker-1"],
      ["/detections", 'rule:"Reverse shell"'],
    ],
  );
});
