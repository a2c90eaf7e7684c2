// Every operation of the contract table, whatever it is: no credential, each role, and the answer's shape. Generated from the table.
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, bearer, testServer, tokenFor } from "../../../test/support/test-server.ts";
import { api, type OperationName } from "./contract/api.ts";
import { Problem } from "./contract/common.ts";
import { roles, type Endpoint } from "./contract/endpoint.ts";

const params: Readonly<Record<string, string>> = {
  kind: "Visibility",
  name: "sample",
  cluster: "c",
  namespace: "shop",
  node: "n",
  id: "nobody",
};
const workloadKind = "Deployment";

function pathOf({ path }: Endpoint): string {
  const isWorkload = path.includes("/workloads/");
  return path.replace(/:(\w+)/g, (_, key: string) =>
    isWorkload && key === "kind" ? workloadKind : (params[key] ?? ""),
  );
}

const bodies: Partial<Record<OperationName, unknown>> = {
  createToken: { name: "t", role: "viewer" },
  createJoinToken: { cluster: "c" },
  applyResource: { kind: "Visibility", name: "sample", spec: {} },
  policyPreview: { cluster: "c" },
  policyRecommend: { cluster: "c", namespace: "shop" },
};

const operations = Object.entries(api) as [OperationName, Endpoint][];
const closed = operations.filter(([, { role }]) => role !== "open");

function requestOf(name: OperationName, endpoint: Endpoint, headers: Record<string, string>) {
  const path = pathOf(endpoint) + (name === "restoreResource" ? "?generation=1" : "");
  const body = bodies[name] ?? (endpoint.method === "POST" ? {} : undefined);
  return { method: endpoint.method, path, headers, ...(body === undefined ? {} : { body }) };
}

test("the table has operations of every kind of access", () => {
  assert.ok(closed.length > 25, String(closed.length));
  const found = new Set(operations.map(([, { role }]) => role));
  assert.deepEqual([...found].sort(), ["admin", "open", "operator", "session", "viewer"]);
});

test("without a credential nothing but the open operations answers", async () => {
  await using server = await testServer();
  for (const [name, endpoint] of closed) {
    for (const headers of [{}, bearer("gat_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), { authorization: "Basic YTpi" }]) {
      const answer = await ask(server, requestOf(name, endpoint, headers));
      assert.equal(answer.status, 401, name);
      assert.equal(Problem.parse(answer.json).code, "server/unauthenticated");
      assert.equal(answer.headers["content-type"], "application/problem+json");
      assert.equal(answer.headers["www-authenticate"], "Bearer");
    }
  }
  for (const path of ["/metrics", "/openapi.json"]) assert.equal((await ask(server, { path })).status, 401, path);
  assert.equal((await ask(server, { path: "/healthz" })).status, 200);
  assert.deepEqual((await ask(server, { path: "/readyz" })).json, { ready: true });
});

test("each role may exactly what the table says", { timeout: 60_000 }, async () => {
  await using server = await testServer();
  for (const role of roles) {
    const headers = bearer(await tokenFor(server, role));
    for (const [name, endpoint] of closed) {
      if (endpoint.stream === true) continue;
      const answer = await ask(server, requestOf(name, endpoint, headers));
      const need = endpoint.role === "session" || endpoint.role === "open" ? "viewer" : endpoint.role;
      const isAllowed = roles.indexOf(role) >= roles.indexOf(need);
      assert.equal(answer.status === 403, !isAllowed, `${role} ${name}: ${answer.status} ${answer.text}`);
      assert.notEqual(answer.status, 401, name);
      if (!isAllowed) assert.equal(answer.json["code"], "server/forbidden");
      if (answer.status >= 400) assert.ok(Problem.safeParse(answer.json).success, `${name}: ${answer.text}`);
    }
  }
});

test("a kind may ask for more than the operation does", async () => {
  await using server = await testServer();
  const body = { kind: "Retention", name: "default", spec: {} };
  const path = "/api/v1/resources/Retention/default";
  const operator = bearer(await tokenFor(server, "operator"));
  const refused = await ask(server, { method: "PUT", path, headers: operator, body });
  assert.equal(refused.status, 403);
  assert.equal((await ask(server, { method: "DELETE", path, headers: operator })).status, 403);
  assert.equal((await ask(server, { method: "PUT", path, headers: bearer(server.localToken), body })).status, 200);
  const ledger = await ask(server, { path: "/api/v1/ledger", headers: bearer(server.localToken) });
  const entries = ledger.json["entries"] as { action: string; target: string; outcome: string }[];
  assert.deepEqual(
    entries.filter(({ outcome }) => outcome === "refused").map(({ action, target }) => [action, target]),
    [
      ["deleteResource", path],
      ["applyResource", path],
    ],
  );
});
