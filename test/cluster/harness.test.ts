// The harness against its own promises: a real API server that can be asked, limited, restarted, hung and made to forget.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { at, createApiClient, readAccess, type WatchEvent } from "../support/kubernetes/api-client.ts";
import { until } from "../support/kubernetes/processes.ts";
import { clusterMissing, startTestCluster, type TestCluster } from "../support/kubernetes/start-test-cluster.ts";
import { skipUnless } from "../support/skip.ts";

const missing = await clusterMissing("api");
const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web" },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "web" } },
    template: {
      metadata: { labels: { app: "web" } },
      spec: { containers: [{ name: "web", image: "garrison.test/none:1" }] },
    },
  },
};
const configMaps = "/api/v1/namespaces/default/configmaps";

describe("a test cluster", () => {
  let cluster: TestCluster;
  const audited: unknown[] = [];
  // What the API server posts its audit events to.
  const sink = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const items = at(JSON.parse(text), "items");
      if (Array.isArray(items)) audited.push(...items);
      response.end();
    });
  });
  before(async () => {
    if (missing !== "") return;
    await new Promise<void>((resolve) => sink.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`;
    cluster = await startTestCluster({ wants: "api", controllers: "all", audit: { webhook: { url } } });
  });
  after(async () => {
    if (missing === "") await cluster.stop();
    sink.close();
    sink.closeAllConnections();
  });

  test("takes a namespace and a deployment, whose ReplicaSet a watch sees", async (context) => {
    if (!skipUnless(context, missing === "", missing)) return;
    const { admin } = cluster;
    await admin.create("/api/v1/namespaces", { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } });
    const path = "/apis/apps/v1/namespaces/shop";
    const seen: WatchEvent[] = [];
    const start = (await admin.get(`${path}/replicasets`)).metadata.resourceVersion;
    const watch = await admin.watch(`${path}/replicasets?resourceVersion=${start}`, (event) => seen.push(event));
    await admin.create(`${path}/deployments`, deployment);
    const first = await until("a ReplicaSet", 30_000, async () => seen[0]);
    assert.equal(first.type, "ADDED");
    assert.equal(at(first.object, "metadata", "ownerReferences", 0, "name"), "web");
    watch.close();
    await watch.ended;
    assert.match(cluster.version, /^v1\.\d+/);
    const again = createApiClient(await readAccess(cluster.kubeconfigPath));
    assert.equal((await again.get(`${path}/deployments/web`)).kind, "Deployment");
    again.close();
  });

  test("refuses who is unknown or limited, and follows changed rights", async (context) => {
    if (!skipUnless(context, missing === "", missing)) return;
    const pods = "/api/v1/pods";
    const anonymous = createApiClient({ server: cluster.address, caPem: cluster.caPem });
    assert.equal((await anonymous.request("GET", pods)).status, 403);
    assert.equal((await anonymous.request("GET", "/version")).status, 200);
    anonymous.close();

    const list = { apiGroups: [""], resources: ["pods"], verbs: ["list"] };
    const user = await cluster.userKubeconfig({ name: "reader", rules: [list] });
    const client = createApiClient(await readAccess(user.kubeconfigPath));
    const statusOf = async (path: string) => (await client.request("GET", path)).status;
    assert.deepEqual([await statusOf(pods), await statusOf("/api/v1/secrets")], [200, 403]);
    await user.setRules([{ ...list, resources: ["secrets"] }]);
    assert.deepEqual([await statusOf(pods), await statusOf("/api/v1/secrets")], [403, 200]);
    await user.revoke();
    assert.equal(await statusOf("/api/v1/secrets"), 403);
    await user.remove();
    await until("401", 30_000, async () => ((await statusOf(pods)) === 401 ? true : undefined));
    client.close();

    const local = await cluster.userKubeconfig({ name: "local", rules: [list], namespace: "default" });
    const both = [pods, "/api/v1/namespaces/default/pods"].map(
      async (path) => (await local.client.request("GET", path)).status,
    );
    assert.deepEqual(await Promise.all(both), [403, 200]);
    local.client.close();
  });

  test("tells the audit log and the webhook who did what", async (context) => {
    if (!skipUnless(context, missing === "" && cluster.isOwn, missing || "a cluster of our own")) return;
    const user = await cluster.userKubeconfig({ name: "audited", rules: [] });
    const { status } = await user.client.request("DELETE", "/api/v1/namespaces/kube-system/secrets/none");
    assert.equal(status, 403);
    const isIt = (event: unknown) =>
      at(event, "user", "username") === user.userName &&
      at(event, "verb") === "delete" &&
      at(event, "responseStatus", "code") === 403;
    await until("the webhook's event", 30_000, async () => audited.find(isIt));
    const log = await readFile(cluster.auditLogPath ?? "", "utf8");
    assert.ok(
      log
        .trim()
        .split("\n")
        .some((line) => isIt(JSON.parse(line))),
    );
    user.client.close();
  });

  test("keeps its objects and address over a restart, which ends watches", async (context) => {
    if (!skipUnless(context, missing === "" && cluster.isOwn, missing || "a cluster of our own")) return;
    const { admin } = cluster;
    await admin.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "kept" } });
    const watch = await admin.watch(configMaps, () => undefined);
    await cluster.stopApi();
    await watch.ended;
    await assert.rejects(admin.get(configMaps), /ECONNREFUSED/);
    await cluster.startApi();
    assert.equal((await admin.get(`${configMaps}/kept`)).metadata.name, "kept");
    assert.equal((await readAccess(cluster.kubeconfigPath)).server, cluster.address);
  });

  test("is taken when it is given, and then left alone", async (context) => {
    if (!skipUnless(context, missing === "" && cluster.isOwn, missing || "a cluster of our own")) return;
    process.env["GARRISON_TEST_KUBECONFIG"] = cluster.kubeconfigPath;
    context.after(() => delete process.env["GARRISON_TEST_KUBECONFIG"]);
    assert.equal(await clusterMissing("api"), "");
    const given = await startTestCluster({ wants: "api" });
    assert.deepEqual([given.isOwn, given.address, given.version], [false, cluster.address, cluster.version]);
    await assert.rejects(given.restartApi(), /not ours/);
    await given.stop();
    assert.equal((await cluster.admin.get("/api/v1/namespaces/default")).kind, "Namespace");
  });

  test("hangs when paused and goes on when resumed", async (context) => {
    if (!skipUnless(context, missing === "" && cluster.isOwn, missing || "a cluster of our own")) return;
    await cluster.pauseApi();
    context.after(() => cluster.resumeApi());
    let isAnswered = false;
    const asked = cluster.admin.get("/api/v1/namespaces/default").finally(() => (isAnswered = true));
    await wait(1500);
    assert.equal(isAnswered, false);
    cluster.resumeApi();
    assert.equal((await asked).metadata.name, "default");
  });

  test("breaks open watches when it is killed", async (context) => {
    if (!skipUnless(context, missing === "" && cluster.isOwn, missing || "a cluster of our own")) return;
    const watch = await cluster.admin.watch(configMaps, () => undefined);
    await cluster.killApi();
    await watch.ended;
    await assert.rejects(cluster.admin.get(configMaps), /ECONNREFUSED|ECONNRESET|hang up/);
    await cluster.startApi();
    assert.equal((await cluster.admin.get("/api/v1/namespaces/default")).kind, "Namespace");
  });

  test("answers 410 to a continue token and a resourceVersion from before", async (context) => {
    if (!skipUnless(context, missing === "" && cluster.isOwn, missing || "a cluster of our own")) return;
    const { admin } = cluster;
    for (const name of ["one", "two", "three"])
      await admin.create(configMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { name } });
    const page = await admin.get(`${configMaps}?limit=1`);
    const next = `${configMaps}?limit=1&continue=${encodeURIComponent(page.metadata.continue ?? "")}`;
    assert.equal((await admin.request("GET", next)).status, 200);
    await admin.remove(`${configMaps}/two`);
    await cluster.compact();
    assert.equal((await admin.request("GET", next)).status, 410);

    const old = (await admin.get(configMaps)).metadata.resourceVersion ?? "";
    await cluster.expireResourceVersions();
    const events: WatchEvent[] = [];
    const watch = await admin.watch(`${configMaps}?resourceVersion=${old}`, (event) => events.push(event));
    await watch.ended;
    assert.deepEqual(
      events.map(({ type, object }) => [type, at(object, "code")]),
      [["ERROR", 410]],
    );
  });
});
