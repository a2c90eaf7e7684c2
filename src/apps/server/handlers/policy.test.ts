// The policy operations through a real server's door, with a real state store and engine; clusters and recorded flows are stand-ins. Every answer is
// checked against the contract.
import assert from "node:assert/strict";
import { test } from "node:test";
import { app, dbPolicy, from, networkPolicy } from "../../../../test/support/policy-shop.ts";
import { shop } from "../../../../test/support/policy-shop-server.ts";
import { ask, bearer } from "../../../../test/support/test-server.ts";
import { createPolicyEngine } from "../../../core/policy/evaluate/create-engine.ts";
import { parseManifests } from "../../../core/policy/parse/parse-policies.ts";
import { worldOf } from "../policy/world-of.ts";

const dbId = "kubernetes/NetworkPolicy/shop/db";

test("the board: nothing yet, then cards with whom they apply to and both ways of counting", async () => {
  await using world = await shop();
  const empty = await world.get("policyBoard", "board");
  assert.deepEqual(
    empty.boards.map(({ cluster, tiers, world: { endpoints } }) => [cluster, tiers, endpoints]),
    [["c", [], 4]],
  );
  await world.put(dbPolicy, "networkpolicy.shop.db");
  await world.put(networkPolicy("web", { podSelector: app("web"), ingress: [{}] }), "networkpolicy.shop.web", "global");
  const [board] = (await world.get("policyBoard", "board?cluster=c")).boards;
  const [tier] = board?.tiers ?? [];
  assert.deepEqual([tier?.name, tier?.order, tier?.defaultAction, tier?.staged], ["default", 1_000_000, "Deny", []]);
  assert.deepEqual(
    tier?.cards.map(({ id, endpoints, rules, directions }) => [id, endpoints, rules, directions]),
    [
      [dbId, 1, { ingress: 1, egress: 0 }, ["ingress"]],
      ["kubernetes/NetworkPolicy/shop/web", 2, { ingress: 1, egress: 0 }, ["ingress"]],
    ],
  );
  const [card] = tier?.cards ?? [];
  assert.deepEqual(card?.counts, { because: "no agent told which policies judged a flow in this window" });
  assert.deepEqual(card?.judged, { allowed: 70, denied: 0, unmatched: 5, because: "" });
  assert.deepEqual(tier?.end.judged, { denied: 5, because: "" });
  assert.deepEqual(board?.enforcement, { mode: "off", scope: "", exceptions: [] });
  assert.equal(card?.home.kind === "resource" && card.home.scope, "cluster/c");
});

test("reported counts go by rule id; a policy whose rules decided nothing has none", async () => {
  await using world = await shop();
  await world.put(dbPolicy, "networkpolicy.shop.db");
  const { rules } = await world.get("policyDetail", `detail?cluster=c&id=${encodeURIComponent(dbId)}`);
  const [first, end] = rules;
  world.told = {
    rules: [
      { cluster: "c", ruleId: first?.ruleId ?? 0, isStaged: false, connections: 41 },
      { cluster: "c", ruleId: end?.ruleId ?? 0, isStaged: false, connections: 2 },
      { cluster: "c", ruleId: 12_345, isStaged: false, connections: 9 },
    ],
    reporters: [{ cluster: "c", nodes: 1 }],
  };
  const [board] = (await world.get("policyBoard", "board?since=2h")).boards;
  assert.deepEqual(board?.tiers[0]?.cards[0]?.counts, { allowed: 41, denied: 0, because: "" });
  assert.deepEqual(board?.tiers[0]?.end.counts, { denied: 2, because: "" });
});

test("one policy: its text, its rules in words, its endpoints by page; one that is not there", async () => {
  await using world = await shop();
  await world.put(
    networkPolicy("all", { podSelector: {}, ingress: [from("web", 5432), from("db", 1)] }),
    "networkpolicy.shop.all",
  );
  const path = `detail?cluster=c&id=${encodeURIComponent("kubernetes/NetworkPolicy/shop/all")}&limit=2`;
  const first = await world.get("policyDetail", path);
  assert.match(first.manifest, /^apiVersion: networking.k8s.io\/v1\nkind: NetworkPolicy\n/);
  assert.deepEqual(
    first.rules.map(({ direction, index, action }) => [direction, index, action]),
    [
      ["ingress", 0, "Allow"],
      ["ingress", 1, "Allow"],
      ["ingress", -1, "Deny"],
    ],
  );
  assert.match(first.rules[0]?.words ?? "", /^from .*app == "web".* on port 5432\/tcp$/);
  assert.equal(first.endpoints.total, 3);
  const next = await world.get("policyDetail", `${path}&cursor=${first.endpoints.next}`);
  assert.deepEqual(
    [...first.endpoints.rows, ...next.endpoints.rows].map(({ id, workload }) => [id, workload]),
    [
      ["pod/shop/db-0", "StatefulSet/db"],
      ["pod/shop/web-1", "Deployment/web"],
      ["pod/shop/web-2", "Deployment/web"],
    ],
  );
  assert.equal(next.endpoints.next, undefined);
  const headers = bearer(world.server.localToken);
  for (const [query, status, code] of [
    ["cluster=c&id=nobody", 404, "policy/no-such-policy"],
    ["cluster=d&id=nobody", 404, "clusters/no-such-cluster"],
    ["cluster=c&id=nobody&cursor=x", 400, "policy/bad-cursor"],
  ] as const) {
    const answer = await ask(world.server, { path: `/api/v1/policies/detail?${query}`, headers });
    assert.deepEqual([answer.status, answer.json["code"]], [status, code]);
  }
});

test("a workload's policies stand tier by tier, and say whether what they do not allow is denied", async () => {
  await using world = await shop();
  await world.put(dbPolicy, "networkpolicy.shop.db");
  const db = await world.get("policyWorkload", "workload?cluster=c&workload=shop/StatefulSet/db");
  assert.deepEqual(db.ingress, {
    isIsolated: true,
    isAlike: true,
    tiers: [{ tier: "default", policies: ["kubernetes/NetworkPolicy/shop/db"] }],
    podsLeftOut: 0,
  });
  assert.deepEqual([db.egress.isIsolated, db.egress.tiers], [false, []]);
  const web = await world.get("policyWorkload", "workload?cluster=c&workload=shop/Deployment/web");
  assert.deepEqual([web.pods, web.ingress.isIsolated, web.ingress.isAlike], [2, false, true]);
  const nobody = await world.get("policyWorkload", "workload?cluster=c&workload=shop/Deployment/nobody");
  assert.equal(nobody.pods, 0);
});

test("the world follows the inventory, and what is not known of it makes verdicts unknown", async () => {
  await using world = await shop();
  await world.put(dbPolicy, "networkpolicy.shop.db");
  const asked = { cluster: "c", source: { workload: "ops/probe" }, destination: { endpoint: "shop/db-0" }, port: 5432 };
  const denied = await world.post("policyExplain", "explain", asked);
  assert.equal(denied.explanation.now.verdict, "deny");
  assert.equal(denied.flow.source.endpoint, "pod/ops/probe-1");
  assert.equal(denied.explanation.now.ingress.decidedBy?.rule, -1);
  world.clusters.put("shop", "db-1");
  world.clock.advance(3000);
  const [board] = (await world.get("policyBoard", "board?cluster=c")).boards;
  assert.equal(board?.tiers[0]?.cards[0]?.endpoints, 2);
  world.clusters.gap = "pods: forbidden";
  world.clock.advance(3000);
  const unknown = await world.post("policyExplain", "explain", { ...asked, destination: { address: "10.1.0.77" } });
  assert.deepEqual([unknown.world.incomplete, unknown.explanation.now.verdict], ["pods: forbidden", "unknown"]);
  const headers = bearer(world.server.localToken);
  const gone = { ...asked, source: { workload: "ops/prob" } };
  const refused = await ask(world.server, { method: "POST", path: "/api/v1/policies/explain", headers, body: gone });
  assert.deepEqual(
    [refused.status, refused.json["where"], refused.json["hint"]],
    [404, "source.workload", "did you mean ops/probe?"],
  );
});

test("a preview, the board and an explanation agree with the core, and nothing is stored", async () => {
  await using world = await shop();
  await world.put(dbPolicy, "networkpolicy.shop.db");
  const closed = networkPolicy("db", { podSelector: app("db"), ingress: [from("api", 5432)] });
  const preview = await world.post("policyPreview", "preview", { cluster: "c", changed: JSON.stringify(closed) });
  assert.deepEqual(
    preview.problems.map(({ code, path }) => [code, path]),
    [["lint/peer-selects-nothing", "spec.ingress[0]"]],
  );
  assert.deepEqual(
    preview.objects.map(({ id, change, resource }) => [id, change, resource?.name]),
    [[dbId, "changed", "networkpolicy.shop.db"]],
  );
  assert.deepEqual(
    preview.groups.map(({ source, destination, port, before, after, connections }) => [
      source,
      destination,
      port,
      before,
      after,
      connections,
    ]),
    [["shop/Deployment/web", "shop/StatefulSet/db", 5432, "allow", "deny", 70]],
  );
  assert.deepEqual([preview.totals.newlyDenied, preview.totals.same], [70, 8]);
  assert.deepEqual(preview.endpoints, [{ id: "pod/shop/db-0", added: [], removed: [], changed: [dbId] }]);
  const view = world.clusters.view("c");
  const core = createPolicyEngine({
    set: parseManifests([{ manifest: closed, place: { file: "", document: 0, line: 0 } }]).set,
    world: worldOf({ cluster: "c", view, local: [], gapOf: () => "" }),
  });
  const end = (endpoint: string) => ({ endpoint, address: "" });
  const flow = {
    source: end("pod/shop/web-1"),
    destination: end("pod/shop/db-0"),
    protocol: 6,
    sourcePort: 0,
    destinationPort: 5432,
  };
  assert.equal(core.evaluate(flow).verdict, "deny");
  assert.equal(preview.groups[0]?.decidedAfter?.ruleId, core.evaluate(flow).ingress.decidedBy?.ruleId);
  const asked = {
    cluster: "c",
    source: { endpoint: "shop/web-1" },
    destination: { endpoint: "shop/db-0" },
    port: 5432,
  };
  assert.equal(
    (await world.post("policyExplain", "explain", asked)).explanation.now.verdict,
    "allow",
    "nothing changed",
  );
  const gone = await world.post("policyPreview", "preview", { cluster: "c", removed: [dbId, "nobody"] });
  assert.deepEqual(
    gone.objects.map(({ id, change }) => [id, change]),
    [
      [dbId, "removed"],
      ["nobody", "not-found"],
    ],
  );
  assert.equal(gone.totals.newlyAllowed, 5);
  await world.put(closed, "networkpolicy.shop.db");
  assert.equal((await world.post("policyExplain", "explain", asked)).explanation.now.verdict, "deny", "now it did");
});

test("a text with mistakes: each has its line, what is right is previewed, what is broken leaves in place what is there", async () => {
  await using world = await shop();
  await world.put(dbPolicy, "networkpolicy.shop.db");
  const text = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: {}
  ingres: []
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shop }
spec: { podSelector: { matchLabels: { app: web } }, policyTypes: [Egress] }
---
a: [
`;
  const preview = await world.post("policyPreview", "preview", { cluster: "c", changed: text });
  assert.deepEqual(
    preview.objects.map(({ id, change }) => [id, change]),
    [
      [dbId, "refused"],
      ["kubernetes/NetworkPolicy/shop/web", "added"],
    ],
  );
  const errors = preview.problems.filter(({ severity }) => severity === "error");
  assert.deepEqual(
    errors.map(({ line, path, object }) => [line, path, object]),
    [
      [6, "spec.ingres", dbId],
      [14, "", ""],
    ],
  );
  const wide = networkPolicy("wide", { podSelector: app("web"), ingress: [from("web", 1), {}] });
  const checked = await world.post("policyPreview", "preview", {
    cluster: "c",
    changed: JSON.stringify(wide, null, 1),
  });
  const notes = checked.problems.filter(({ path }) => path === "spec.ingress[1]");
  assert.ok(notes.length > 0, "a rule for everybody is worth a word");
  for (const { code, line } of notes) assert.ok(code.startsWith("lint/") && line > 10, `${code} in line ${line}`);
  // Only web's egress changed: to the database and outside.
  assert.deepEqual([preview.totals.newlyDenied, preview.totals.newlyAllowed], [73, 0]);
});

test("flows and recommendations: what was recorded is allowed, and what was denied is not learnt", async () => {
  await using world = await shop();
  const { flows, looked } = await world.get("policyFlows", "flows?cluster=c");
  assert.deepEqual(looked, { keys: 3, connections: 78, omitted: 0 });
  assert.deepEqual(
    flows.map(({ source, destination, sourceWorkload, verdict }) => [
      source.endpoint,
      destination,
      sourceWorkload,
      verdict,
    ]),
    [
      ["pod/shop/web-1", { endpoint: "pod/shop/db-0", address: "" }, "shop/Deployment/web", "allow"],
      ["pod/ops/probe-1", { endpoint: "pod/shop/db-0", address: "" }, "ops/Deployment/probe", "deny"],
      ["pod/shop/web-1", { endpoint: "", address: "203.0.113.7" }, "shop/Deployment/web", "allow"],
    ],
  );
  const body = { cluster: "c", namespace: "shop", workload: "StatefulSet/db" };
  const { policies, window: looking } = await world.post("policyRecommend", "recommend", body);
  assert.equal(looking.partial, false);
  assert.deepEqual(
    policies.map(({ workloads }) => workloads),
    [["shop/StatefulSet/db"]],
  );
  const { manifest } = policies[0] ?? { manifest: "" };
  const preview = await world.post("policyPreview", "preview", { cluster: "c", changed: manifest });
  assert.deepEqual(
    preview.problems.filter(({ severity }) => severity === "error"),
    [],
  );
  assert.deepEqual(
    preview.groups.map(({ source, after }) => [source, after]),
    [["ops/Deployment/probe", "deny"]],
  );
});

test("policies that the cluster has itself count as well; the same object as a resource comes before it", async () => {
  await using world = await shop();
  const own = (name: string, spec: Parameters<typeof networkPolicy>[1]) => ({
    uid: `u-${name}`,
    manifest: networkPolicy(name, spec),
  });
  const closed = { podSelector: app("db"), policyTypes: ["Ingress"] };
  world.clusters.own = {
    version: 1,
    policies: [own("db", closed), own("web", { podSelector: app("web") })],
    because: "",
  };
  const asked = {
    cluster: "c",
    source: { endpoint: "shop/web-1" },
    destination: { endpoint: "shop/db-0" },
    port: 5432,
  };
  assert.equal((await world.post("policyExplain", "explain", asked)).explanation.now.verdict, "deny");
  const board = async () => (await world.get("policyBoard", "board?cluster=c")).boards[0];
  const cards = async () => (await board())?.tiers.flatMap((tier) => tier.cards) ?? [];
  assert.deepEqual(
    (await cards()).map(({ name, home, enforcement }) => [name, home.kind, enforcement.states]),
    [
      ["db", "cluster", { watched: 1 }],
      ["web", "cluster", { watched: 1 }],
    ],
  );
  await world.put(dbPolicy, "networkpolicy.shop.db");
  assert.deepEqual(
    (await cards()).map(({ name, home }) => [name, home.kind]),
    [
      ["db", "resource"],
      ["web", "cluster"],
    ],
  );
  assert.equal((await world.post("policyExplain", "explain", asked)).explanation.now.verdict, "allow");
  world.clusters.own = { version: 2, policies: [], because: "networkpolicies.networking.k8s.io: forbidden" };
  assert.match(
    (await board())?.problems.find(({ code }) => code === "policy/cluster-unread")?.message ?? "",
    /forbidden/,
  );
});
