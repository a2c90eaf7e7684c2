// The embedded API server: the contract that a real one keeps too, and what only this one promises.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pino from "pino";
import { parse } from "yaml";
import { createApiClient, at, type WatchEvent } from "../../../test/support/kubernetes/api-client.ts";
import { until } from "../../../test/support/kubernetes/processes.ts";
import { kubernetesContract } from "../../../test/support/kubernetes-contract.ts";
import type { ServerUser } from "./access.ts";
import { startKubeServer, type KubeServer } from "./server.ts";

const logger = pino({ level: "silent" });
const limitedUser: ServerUser = { name: "limited", token: "limited-token-of-a-test", rules: [] };

async function start(options: Partial<Parameters<typeof startKubeServer>[0]> = {}): Promise<KubeServer> {
  const clock = { nowMs: Date.now };
  return await startKubeServer({
    clock,
    logger,
    gitVersion: "v1.36.3+garrison.simulated",
    bookmarkEveryMs: 500,
    ...options,
  });
}

function clientOf(server: KubeServer, token = server.token) {
  return createApiClient({ server: server.url, caPem: server.caPem, token });
}

describe("the contract, on the embedded server", () => {
  let server: KubeServer;
  let admin: ReturnType<typeof clientOf>;
  before(async () => {
    server = await start({ users: [limitedUser] });
    admin = clientOf(server);
  });
  after(async () => {
    admin.close();
    await server.close();
  });
  kubernetesContract(
    () => ({
      admin,
      async limited(namespace, resources, verbs) {
        server.setRules("limited", [{ groups: [""], resources, verbs, namespaces: [namespace] }]);
        return clientOf(server, limitedUser.token);
      },
      async expire() {
        server.compact();
      },
    }),
    () => true,
  );

  test("says what it is, and hands out a kubeconfig that works", async () => {
    assert.equal(at(await admin.get("/version"), "gitVersion"), "v1.36.3+garrison.simulated");
    const config: unknown = parse(server.kubeconfig("demo"));
    const token = at(config, "users", 0, "user", "token");
    const caPem = Buffer.from(
      String(at(config, "clusters", 0, "cluster", "certificate-authority-data")),
      "base64",
    ).toString();
    const client = createApiClient({
      server: String(at(config, "clusters", 0, "cluster", "server")),
      caPem,
      token: String(token),
    });
    assert.ok((await client.get("/api/v1/namespaces")).items?.length);
    client.close();
  });

  test("aggregated discovery holds the same resources as the plain one", async () => {
    const { token, caPem, url } = server;
    const { request } = await import("node:https");
    const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    const text = await new Promise<string>((resolve, reject) => {
      request(`${url}/apis`, { ca: caPem, headers: { authorization: `Bearer ${token}`, accept } }, (response) => {
        let body = "";
        response.on("data", (chunk: Buffer) => (body += chunk.toString()));
        response.on("end", () => resolve(body));
      })
        .on("error", reject)
        .end();
    });
    const list: unknown = JSON.parse(text);
    assert.equal(at(list, "kind"), "APIGroupDiscoveryList");
    const items = at(list, "items");
    assert.ok(Array.isArray(items));
    const apps = items.find((item) => at(item, "metadata", "name") === "apps") as unknown;
    const plain = at(await admin.get("/apis/apps/v1"), "resources") as unknown[];
    const aggregated = at(apps, "versions", 0, "resources") as unknown[];
    const names = plain.map((item) => String(at(item, "name"))).filter((name) => !name.includes("/"));
    assert.deepEqual(
      aggregated.map((item) => at(item, "resource")),
      names,
    );
  });

  test("no token and a wrong one", async () => {
    const nobody = createApiClient({ server: server.url, caPem: server.caPem });
    const wrong = clientOf(server, "wrong");
    assert.equal((await nobody.request("GET", "/api/v1/pods")).status, 403);
    assert.equal((await nobody.request("GET", "/version")).status, 200);
    assert.equal((await wrong.request("GET", "/version")).status, 401);
    nobody.close();
    wrong.close();
  });

  test("a watch whose rights are revoked ends", async () => {
    server.setRules("limited", [{ groups: [""], resources: ["nodes"], verbs: ["watch"] }]);
    const client = clientOf(server, limitedUser.token);
    const watch = await client.watch("/api/v1/nodes", () => undefined);
    server.setRules("limited", []);
    await watch.ended;
    assert.equal((await client.request("GET", "/api/v1/nodes?watch=true")).status, 403);
    client.close();
  });

  test("status is written by its own door only, and finalizers hold an object", async () => {
    const path = "/api/v1/nodes";
    await admin.create(path, {
      metadata: { name: "n1", finalizers: ["garrison.test/hold"] },
      spec: {},
      status: { phase: "one" },
    });
    await admin.request("PATCH", `${path}/n1`, { spec: { unschedulable: true }, status: { phase: "two" } });
    assert.deepEqual(at(await admin.get(`${path}/n1`), "status"), { phase: "one" });
    const patched = await admin.request("PATCH", `${path}/n1/status`, { spec: { x: 1 }, status: { phase: "three" } });
    assert.deepEqual(
      [at(patched.body, "status", "phase"), at(patched.body, "spec")],
      ["three", { unschedulable: true }],
    );
    assert.equal(at(await admin.get(`${path}/n1`), "metadata", "generation"), 2);
    await admin.remove(`${path}/n1`);
    assert.ok(at(await admin.get(`${path}/n1`), "metadata", "deletionTimestamp"));
    await admin.patch(`${path}/n1`, { metadata: { finalizers: null } });
    assert.equal((await admin.request("GET", `${path}/n1`)).status, 404);
  });

  test("bodies of a wrong kind, size or form are refused", async () => {
    const path = "/api/v1/namespaces/default/configmaps";
    const cases: readonly [string, object, string, number][] = [
      [path, { kind: "Secret", apiVersion: "v1", metadata: { name: "a" } }, "application/json", 400],
      [path, { metadata: { name: "a", labels: { x: 1 } } }, "application/json", 400],
      [path, { metadata: { name: "a" }, data: { x: "y".repeat(2_000_000) } }, "application/json", 413],
      [path, { metadata: { name: "a" } }, "application/x-protobuf", 415],
    ];
    for (const [to, body, type, code] of cases)
      assert.equal((await admin.request("POST", to, body, type)).status, code, JSON.stringify(body).slice(0, 80));
    assert.equal((await admin.request("PATCH", `${path}/a`, {}, "application/strategic-merge-patch+json")).status, 415);
  });
});

describe("the window of changes", () => {
  test("is bounded: a version that fell out is 410, a newer one goes on", async (context) => {
    const server = await start({ changesMax: 100 });
    context.after(() => server.close());
    const client = clientOf(server);
    for (let index = 0; index < 300; index += 1)
      server.store.put("ConfigMap", { metadata: { name: "a", namespace: "default" }, data: { index: String(index) } });
    const seen: WatchEvent[] = [];
    await client.watch("/api/v1/configmaps?resourceVersion=5", (event) => void seen.push(event));
    await until("the error came", 15_000, async () => (seen.length > 0 ? true : undefined));
    assert.equal(at(seen[0]?.object, "code"), 410);
    const late: WatchEvent[] = [];
    const watch = await client.watch(
      `/api/v1/configmaps?resourceVersion=${server.store.revision - 50}`,
      (event) => void late.push(event),
    );
    await until("fifty changes came", 15_000, async () => (late.length >= 50 ? true : undefined));
    assert.equal(late.length, 50);
    watch.close();
    client.close();
  });
});

test("one change is serialised once for all watchers", async (context) => {
  const server = await start();
  context.after(() => server.close());
  const client = clientOf(server);
  let serialised = 0;
  const counted = { toJSON: () => (serialised += 1) };
  const watches = [];
  let seen = 0;
  for (let index = 0; index < 20; index += 1)
    watches.push(await client.watch(`/api/v1/configmaps?resourceVersion=${server.store.revision}`, () => (seen += 1)));
  assert.equal(server.watches, 20);
  server.store.put("ConfigMap", { metadata: { name: "shared", namespace: "default" }, data: { counted } });
  await until("all saw it", 15_000, async () => (seen === 20 ? true : undefined));
  assert.equal(serialised, 1);
  for (const watch of watches) watch.close();
  client.close();
});
