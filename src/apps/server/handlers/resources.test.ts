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
    ],
  );
});
