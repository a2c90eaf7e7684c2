// A cluster from its API server into the store and out of the server's API: now, as of a time, and over a restart.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLogger } from "../../src/base/logger.ts";
import { ServerConfig } from "../../src/apps/server/config.ts";
import { startServer, type RunningServer } from "../../src/apps/server/main.ts";
import { startKubeServer } from "../../src/edge/kube-server/server.ts";
import { ask, bearer } from "../support/test-server.ts";

async function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 2400; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(100);
  }
  throw new Error(`never came: ${what}`);
}

function start(data: string): Promise<RunningServer> {
  const config = ServerConfig.parse({ data, console: { port: 0 }, agents: { port: 0 }, shutdown: { drainSeconds: 1 } });
  return startServer(config, { logger: silentLogger, checksAnswers: true });
}

async function get<T>(server: RunningServer, path: string): Promise<T> {
  const answer = await ask(server, { path, headers: bearer(server.localToken) });
  assert.equal(answer.status, 200, `${path}: ${answer.text.slice(0, 500)}`);
  return answer.json as T;
}

interface Event {
  readonly action: string;
  readonly objectKind: string;
  readonly objectName: string;
  readonly change: string;
  readonly workload: string;
  readonly reason: string;
}

const eventsOf = async (server: RunningServer, kinds: string) =>
  (await get<{ rows: readonly Event[] }>(server, `/api/v1/events?kinds=${kinds}&since=1h&limit=500&q=`)).rows;

const inventoryRows = async (server: RunningServer) =>
  (await eventsOf(server, "inventory")).map(
    ({ action, objectKind, objectName }) => `${action} ${objectKind} ${objectName}`,
  );

interface Objects {
  readonly objects: readonly { readonly name: string }[];
  readonly total: number;
  readonly next?: string;
  readonly because: string;
}

function replicaSet() {
  const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "d1", controller: true };
  return {
    metadata: { name: "web-5d9", namespace: "default", uid: "rs1", ownerReferences: [owner] },
    spec: { replicas: 2 },
  };
}

function pod(name: string, image = "shop/web:1") {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-5d9", uid: "rs1", controller: true };
  return {
    metadata: { name, namespace: "default", uid: `u-${name}`, ownerReferences: [owner] },
    spec: { nodeName: "n1", containers: [{ name: "web", image }] },
    status: { phase: "Running", podIP: "10.0.0.7", conditions: [{ type: "Ready", status: "True" }] },
  };
}

function event(name: string, count: number) {
  return {
    metadata: { name: `${name.toLowerCase()}.1`, namespace: "default", uid: `e-${name}` },
    involvedObject: { kind: "Pod", namespace: "default", name: "web-5d9-a", uid: "u-web-5d9-a" },
    reason: name,
    message: "Back-off restarting: mysql -psecretpassword shop",
    type: "Warning",
    count,
    lastTimestamp: new Date().toISOString(),
  };
}

test(
  "a cluster is listed, changes, is asked as of a time, and a restart writes nothing twice",
  { timeout: 540_000 },
  async (context) => {
    const data = await mkdtemp(path.join(tmpdir(), "garrison-inventory-"));
    await mkdir(path.join(data, "clusters"), { mode: 0o700 });
    const kube = await startKubeServer({
      clock: { nowMs: () => Date.now() },
      logger: silentLogger,
      gitVersion: "v1.36.3",
    });
    context.after(async () => {
      await kube.close();
      await rm(data, { recursive: true, force: true });
    });
    kube.store.put("Deployment", { metadata: { name: "web", namespace: "default", uid: "d1" }, spec: { replicas: 2 } });
    kube.store.put("ReplicaSet", replicaSet());
    kube.store.put("Pod", pod("web-5d9-a"));
    kube.store.put("Pod", pod("web-5d9-b"));
    kube.store.put("Event", event("BackOff", 1));
    await writeFile(path.join(data, "clusters", "shop.kubeconfig"), kube.kubeconfig("shop"), { mode: 0o600 });
    let beforeChangeMs = 0;
    {
      await using server = await start(data);
      await until("both pods as rows", async () =>
        (await inventoryRows(server)).includes("added Pod web-5d9-b") ? true : undefined,
      );
      await sleep(50);
      beforeChangeMs = Date.now();
      await sleep(50);
      kube.store.put("Pod", pod("web-5d9-a", "shop/web:2"));
      const changed = await until("the change", async () =>
        (await eventsOf(server, "inventory")).find(({ action }) => action === "changed"),
      );
      assert.deepEqual(
        [changed.objectName, changed.change, changed.workload],
        ["web-5d9-a", "image web: shop/web:1 -> shop/web:2", "web"],
      );
      const now = await get<Objects>(server, "/api/v1/clusters/shop/objects/Pod?limit=1");
      assert.deepEqual([now.objects.map(({ name }) => name), now.total, now.because], [["web-5d9-a"], 2, ""]);
      const second = await get<Objects>(server, `/api/v1/clusters/shop/objects/Pod?limit=1&cursor=${now.next}`);
      assert.deepEqual(
        second.objects.map(({ name }) => name),
        ["web-5d9-b"],
      );
      const [told] = await eventsOf(server, "kubernetes");
      assert.deepEqual([told?.reason, told?.workload], ["BackOff", "web"]);
      assert.doesNotMatch(JSON.stringify(told), /secretpassword/);
      const { clusters } = await get<{ clusters: { name: string; state: string; inventorySince?: string }[] }>(
        server,
        "/api/v1/clusters",
      );
      assert.deepEqual(
        clusters.map(({ name, state }) => `${name} ${state}`),
        ["shop connected"],
      );
      assert.ok(clusters[0]?.inventorySince !== undefined);
    }
    // While nobody looks one pod goes and one event counts on.
    kube.store.removeKind("Pod", "default", "web-5d9-b");
    kube.store.put("Event", event("Unhealthy", 1));
    await using server = await start(data);
    await until("the removal", async () =>
      (await inventoryRows(server)).includes("removed Pod web-5d9-b") ? true : undefined,
    );
    const rows = (await inventoryRows(server)).filter((row) => row.includes(" Pod "));
    assert.deepEqual(rows.toSorted(), [
      "added Pod web-5d9-a",
      "added Pod web-5d9-b",
      "changed Pod web-5d9-a",
      "removed Pod web-5d9-b",
    ]);
    await until("the second event", async () =>
      (await eventsOf(server, "kubernetes")).some(({ reason }) => reason === "Unhealthy") ? true : undefined,
    );
    assert.deepEqual((await eventsOf(server, "kubernetes")).map(({ reason }) => reason).toSorted(), [
      "BackOff",
      "Unhealthy",
    ]);

    const at = new Date(beforeChangeMs).toISOString();
    const then = await get<Objects>(server, `/api/v1/clusters/shop/objects/Pod?at=${at}`);
    assert.deepEqual(
      then.objects.map((one) => [
        one.name,
        (one as unknown as { containers: { image: string }[] }).containers[0]?.image,
      ]),
      [
        ["web-5d9-a", "shop/web:1"],
        ["web-5d9-b", "shop/web:1"],
      ],
    );
    const early = await get<Objects>(server, "/api/v1/clusters/shop/objects/Pod?at=20h");
    assert.deepEqual([early.total, early.objects.length], [0, 0]);
    assert.match(early.because, /is kept since/);
    const page = await get<{
      workload?: { name: string };
      pods: { pod: { name: string }; endedAt?: string }[];
      because: string;
    }>(server, "/api/v1/workloads/shop/default/Deployment/web/objects?since=1h");
    assert.equal(page.workload?.name, "web");
    assert.deepEqual(
      page.pods.map((one) => [one.pod.name, one.endedAt !== undefined]),
      [
        ["web-5d9-a", false],
        ["web-5d9-b", true],
      ],
    );
    const missing = await ask(server, { path: "/api/v1/clusters/nowhere/nodes", headers: bearer(server.localToken) });
    assert.deepEqual([missing.status, missing.json["code"]], [404, "clusters/no-such-cluster"]);
  },
);
