// Resources through the API, end to end: apply, diff, guard, history, restore, delete, ledger; and the node's own status.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, bearer, testServer, tokenFor } from "../../../../test/support/test-server.ts";

interface Kept {
  generation: number;
  author: string;
  deleted: boolean;
  spec: Record<string, unknown>;
}

test("a resource's life", async () => {
  await using server = await testServer();
  const headers = bearer(await tokenFor(server, "operator"));
  const path = "/api/v1/resources/Visibility/shop";
  const body = (spec: object) => ({ kind: "Visibility", name: "shop", spec });
  const put = (spec: object, query = "") =>
    ask(server, { method: "PUT", path: path + query, headers, body: body(spec) });

  const tried = await put({ http: true }, "?dryRun=true");
  assert.equal(tried.json["outcome"], "created");
  assert.equal((await ask(server, { path, headers })).status, 404, "a dry run keeps nothing");
  const created = await put({ http: true }, "?ifGeneration=0");
  assert.equal(created.json["outcome"], "created");
  assert.equal((await put({ http: true })).json["outcome"], "unchanged");
  const raced = await put({ http: false }, "?ifGeneration=0");
  assert.equal(raced.status, 409);
  assert.equal(raced.json["code"], "state/generation-conflict");
  const changed = await put({ http: true, tls: true }, "?ifGeneration=1");
  assert.deepEqual(changed.json["changes"], [{ path: "spec.tls", before: false, after: true }]);

  const bad = await put({ htpp: true });
  assert.deepEqual([bad.status, bad.json["where"], bad.json["hint"]], [400, "spec.htpp", 'did you mean "http"?']);
  const elsewhere = await ask(server, { method: "PUT", path: `${path}x`, headers, body: body({}) });
  assert.deepEqual([elsewhere.status, elsewhere.json["code"]], [400, "resource/mismatch"]);

  const first = await ask(server, { path: `${path}?generation=1`, headers });
  assert.equal((first.json["spec"] as { tls: boolean }).tls, false);
  const restored = await ask(server, { method: "POST", path: `${path}/restore?generation=1`, headers });
  assert.deepEqual(restored.json["changes"], [{ path: "spec.tls", before: true, after: false }]);
  assert.equal((restored.json["resource"] as Kept).generation, 3);
  const deleted = await ask(server, { method: "DELETE", path, headers });
  assert.equal((deleted.json["resource"] as Kept).deleted, true);
  assert.equal((await ask(server, { method: "DELETE", path, headers })).status, 404);
  const history = await ask(server, { path: `${path}/history`, headers });
  const generations = history.json["generations"] as Kept[];
  assert.deepEqual(
    generations.map(({ generation, deleted }) => [generation, deleted]),
    [
      [4, true],
      [3, false],
      [2, false],
      [1, false],
    ],
  );
  const none = await ask(server, { path: "/api/v1/resources/Visibility", headers });
  assert.deepEqual(none.json["resources"], []);
  const ledger = await ask(server, { path: "/api/v1/ledger", headers: bearer(server.localToken) });
  const entries = ledger.json["entries"] as { action: string; target: string }[];
  assert.deepEqual(
    entries.map(({ action, target }) => `${action} ${target}`).filter((line) => line.startsWith("resource")),
    [
      "resource.delete Visibility/shop (global)",
      "resource.restore Visibility/shop (global)",
      "resource.apply Visibility/shop (global)",
      "resource.apply Visibility/shop (global)",
    ],
  );
});

test("turning redaction off is in the ledger by that name, and scopes are kept apart", async () => {
  await using server = await testServer();
  const headers = bearer(server.localToken);
  const body = { kind: "Visibility", scope: "node/local/n1", name: "raw", spec: { redact: false } };
  const path = "/api/v1/resources/Visibility/raw";
  assert.equal((await ask(server, { method: "PUT", path, headers, body })).status, 200);
  assert.equal((await ask(server, { path, headers })).status, 404, "not in the global scope");
  const found = await ask(server, { path: `${path}?scope=node/local/n1`, headers });
  assert.equal(found.json["scope"], "node/local/n1");
  assert.deepEqual(found.json["status"], []);
  const { json } = await ask(server, { path: "/api/v1/ledger?limit=1", headers });
  const [entry] = json["entries"] as { detail: Record<string, unknown> }[];
  assert.equal(entry?.detail["redaction"], "turned off");
});

test("kinds come with their schemas", async () => {
  await using server = await testServer();
  const { json } = await ask(server, { path: "/api/v1/kinds", headers: bearer(server.localToken) });
  const kinds = json["kinds"] as { kind: string; schema: { type: string; properties: object } }[];
  assert.deepEqual(
    kinds.map(({ kind, schema }) => [kind, schema.type]),
    [
      ["Visibility", "object"],
      ["Retention", "object"],
      ["View", "object"],
      ["DemoStory", "object"],
      ["Policy", "object"],
      ["Enforcement", "object"],
      ["LocalEndpoint", "object"],
      ["WafPolicy", "object"],
      ["WafFloor", "object"],
      ["DetectionRules", "object"],
      ["LearningWindow", "object"],
      ["RuntimePolicy", "object"],
      ["DetectionMark", "object"],
      ["Exception", "object"],
      ["Sink", "object"],
      ["Baseline", "object"],
    ],
  );
});

test("detection rules are refused with the lines of their errors, and taken without", async () => {
  await using server = await testServer();
  const headers = bearer(await tokenFor(server, "operator"));
  const put = (condition: string) =>
    ask(server, {
      method: "PUT",
      path: "/api/v1/resources/DetectionRules/shop",
      headers,
      body: {
        kind: "DetectionRules",
        name: "shop",
        spec: { text: `- rule: Shop\n  desc: d\n  condition: ${condition}\n  output: o\n  priority: NOTICE\n` },
      },
    });
  const refused = await put("evt.type = execve and proc.nmae = nc");
  assert.deepEqual([refused.status, refused.json["code"]], [400, "runtime/detection-rules"]);
  assert.match(String(refused.json["detail"] ?? refused.json["title"]), /line 1: Shop: .*proc\.nmae/);
  assert.equal((await put("evt.type = execve and proc.name = nc")).status, 200);
});

test("a policy is refused with its place when it cannot be read, and lies under its own name", async () => {
  await using server = await testServer();
  const headers = bearer(await tokenFor(server, "operator"));
  const put = (name: string, manifest: object, scope = "global") =>
    ask(server, {
      method: "PUT",
      path: `/api/v1/resources/Policy/${name}`,
      headers,
      body: { kind: "Policy", scope, name, spec: { manifest } },
    });
  const policy = (spec: object) => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "web", namespace: "shop" },
    spec,
  });
  const name = "networkpolicy.shop.web";
  const cases = [
    [name, policy({ podSelector: {}, ingres: [] }), "policy/unknown-field", "spec.manifest.spec.ingres"],
    [
      name,
      policy({ podSelector: {}, ingress: [{ ports: [{ port: 70_000 }] }] }),
      undefined,
      "spec.manifest.spec.ingress[0].ports[0].port",
    ],
    ["networkpolicy.shop.other", policy({ podSelector: {} }), "policy/name-mismatch", "name"],
    ["pod.shop.web", { apiVersion: "v1", kind: "Pod", metadata: { name: "web" } }, "policy/unknown-kind", undefined],
  ] as const;
  for (const [resource, manifest, code, where] of cases) {
    const { status, json } = await put(resource, manifest);
    assert.deepEqual([status, json["where"]], [400, where], JSON.stringify(json));
    if (code !== undefined) assert.equal(json["code"], code);
  }
  const created = await put(name, policy({ podSelector: {} }));
  assert.deepEqual([created.status, created.json["outcome"]], [200, "created"]);
});

test("a policy needs its tier there, and a tier that is used stays", async () => {
  await using server = await testServer();
  const headers = bearer(server.localToken);
  const calico = (kind: string, name: string, spec: object) => ({
    apiVersion: "projectcalico.org/v3",
    kind,
    metadata: { name },
    spec,
  });
  const names = { tier: "calico-tier.first", policy: "calico-globalnetworkpolicy.first.all" };
  const tier = calico("Tier", "first", { order: 10 });
  const policy = calico("GlobalNetworkPolicy", "first.all", { tier: "first", selector: "all()" });
  const put = (name: string, manifest: object, scope: string) =>
    ask(server, {
      method: "PUT",
      path: `/api/v1/resources/Policy/${name}`,
      headers,
      body: { kind: "Policy", scope, name, spec: { manifest } },
    });
  const remove = (name: string, scope: string) =>
    ask(server, { method: "DELETE", path: `/api/v1/resources/Policy/${name}?scope=${scope}`, headers });
  const early = await put(names.policy, policy, "cluster/c");
  assert.deepEqual([early.status, early.json["code"]], [400, "policy/unknown-tier"]);
  assert.equal((await put(names.tier, tier, "cluster/other")).status, 200);
  assert.equal((await put(names.policy, policy, "cluster/c")).status, 400, "the tier is another cluster's");
  assert.equal((await put(names.tier, tier, "global")).status, 200);
  assert.equal((await put(names.policy, policy, "cluster/c")).status, 200);
  const used = await remove(names.tier, "global");
  assert.deepEqual([used.status, used.json["code"]], [409, "policy/tier-in-use"]);
  assert.equal((await remove(names.tier, "cluster/other")).status, 200, "nobody there names it");
  assert.equal((await put(names.tier, tier, "cluster/c")).status, 200);
  assert.equal((await remove(names.tier, "global")).status, 200, "the cluster has one of its own now");
  assert.equal((await remove(names.policy, "cluster/c")).status, 200);
  assert.equal((await remove(names.tier, "cluster/c")).status, 200);
  const restored = await ask(server, {
    method: "POST",
    path: `/api/v1/resources/Policy/${names.policy}/restore?scope=cluster/c&generation=1`,
    headers,
  });
  assert.deepEqual([restored.status, restored.json["code"]], [400, "policy/unknown-tier"]);
});
