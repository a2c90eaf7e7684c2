// The inventory door against a real API server: list and watch, a change within a second, pauses, restarts, lost history, rights that go and come.
import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLogger } from "../../src/base/logger.ts";
import { createIdentityHub } from "../../src/core/directory/identity-hub.ts";
import { startFeed, type Feed } from "../../src/apps/server/clusters/feed.ts";
import { kubeLimits } from "../../src/edge/kube/limits.ts";
import { clusterMissing, startTestCluster, type TestCluster } from "../support/kubernetes/start-test-cluster.ts";
import { skipUnless } from "../support/skip.ts";
import { emptyQueries } from "../support/test-server.ts";

const missing = await clusterMissing("api");

async function until<T>(what: string, look: () => T | undefined): Promise<T> {
  for (let tries = 0; tries < 6000; tries += 1) {
    const found = look();
    if (found !== undefined) return found;
    await sleep(10);
  }
  throw new Error(`never came: ${what}`);
}

/** The waits of a test: seconds where the product waits minutes. */
const limits = {
  ...kubeLimits,
  pingMs: 1000,
  pingMsMax: 1500,
  forbiddenMsMin: 300,
  forbiddenMsMax: 600,
  retryMsMax: 1000,
};

function watch(kubeconfig: string) {
  const identities = createIdentityHub();
  const tables: string[] = [];
  const gaps: string[] = [];
  const feed = startFeed({
    cluster: "real",
    source: { kind: "file", file: kubeconfig, context: "", plugins: "refused" },
    random: Math.random,
    queries: emptyQueries(),
    agents: {
      accept: async (_place, { table, rows }) => void tables.push(...Array.from({ length: rows }, () => table)),
      recordGap: async (_place, { table }) => void gaps.push(table),
    },
    identities,
    clock: { nowMs: () => Date.now() },
    logger: silentLogger,
    overrides: { limits },
  });
  return { feed, identities, tables, gaps };
}

const has = (feed: Feed, name: string) => feed.inventory.find("Service", "default", name) !== undefined;

describe("the inventory, on a real API server", () => {
  let cluster: TestCluster;
  before(async () => {
    if (missing === "") cluster = await startTestCluster({ wants: "api" });
  });
  after(async () => {
    if (missing === "") await cluster.stop();
  });
  const isThere = (context: TestContext) => skipUnless(context, missing === "", missing);
  const services = "/api/v1/namespaces/default/services";
  const service = (name: string) => ({
    apiVersion: "v1",
    kind: "Service",
    metadata: { name },
    spec: { selector: { app: name }, ports: [{ port: 80 }] },
  });
  const make = (name: string) => cluster.admin.create(services, service(name));

  test("everything that it has is listed; a change arrives", async (context) => {
    if (!isThere(context)) return;
    const { feed, identities, tables } = watch(cluster.kubeconfigPath);
    await until("the first look", () => (feed.isSettled ? true : undefined));
    assert.equal(feed.server.version, cluster.version);
    context.diagnostic(
      `gaps on ${cluster.version}: ${feed.health.gaps.map(({ resource, state }) => `${resource} ${state}`).join(", ") || "none"}`,
    );
    assert.deepEqual(feed.health.gaps, []);
    assert.ok(has(feed, "kubernetes"));
    const sentMs = performance.now();
    await make("arrives");
    await until("the service", () => (has(feed, "arrives") ? true : undefined));
    const seenMs = performance.now() - sentMs;
    await until("its identity", () =>
      identities.snapshot("real")?.entries.find(({ services: [name] }) => name === "arrives"),
    );
    context.diagnostic(
      `a change is in the inventory after ${Math.round(seenMs)} ms, told as identity after ${Math.round(performance.now() - sentMs)} ms (goal 1000 ms)`,
    );
    await until("rows", () => (tables.includes("inventory_events") ? true : undefined));
    await cluster.admin.remove(`${services}/arrives`);
    await until("its end", () => (has(feed, "arrives") ? undefined : true));
    assert.ok(Math.abs(feed.server.clockAheadMs ?? 99_999) < 5000);
    await feed.stop();
  });

  test("a server that hangs is away, what was known stays, and all goes on when it answers again", async (context) => {
    if (!isThere(context)) return;
    const { feed } = watch(cluster.kubeconfigPath);
    await until("the first look", () => (feed.isSettled ? true : undefined));
    await cluster.pauseApi();
    await until("away", () => (feed.server.state === "away" ? true : undefined));
    assert.ok(has(feed, "kubernetes"));
    cluster.resumeApi();
    await until("back", () => (feed.server.state === "connected" ? true : undefined));
    await make("after-pause");
    await until("the service", () => (has(feed, "after-pause") ? true : undefined));
    await feed.stop();
  });

  test("a restart, and history that was lost: nothing is missed", async (context) => {
    if (!isThere(context)) return;
    const { feed } = watch(cluster.kubeconfigPath);
    await until("the first look", () => (feed.isSettled ? true : undefined));
    await cluster.stopApi();
    await sleep(500);
    await cluster.startApi();
    await make("after-restart");
    await until("the service", () => (has(feed, "after-restart") ? true : undefined));
    await cluster.expireResourceVersions();
    await make("after-expiry");
    await cluster.admin.remove(`${services}/after-restart`);
    await until("the second service", () =>
      has(feed, "after-expiry") && !has(feed, "after-restart") ? true : undefined,
    );
    await feed.stop();
  });

  test("limited rights are gaps, the rest is read; rights that are given and taken away show", async (context) => {
    if (!isThere(context)) return;
    const rule = (resources: string[]) => ({ apiGroups: ["", "apps"], resources, verbs: ["get", "list", "watch"] });
    const user = await cluster.userKubeconfig({ name: "limited-inventory", rules: [rule(["services", "namespaces"])] });
    const { feed } = watch(user.kubeconfigPath);
    await until("the first look", () => (feed.isSettled ? true : undefined));
    const forbidden = feed.health.gaps.filter(({ state }) => state === "forbidden").map(({ resource }) => resource);
    assert.ok(forbidden.includes("pods") && forbidden.includes("deployments.apps"), forbidden.join());
    assert.ok(has(feed, "kubernetes"));
    await user.setRules([rule(["services", "namespaces", "pods"])]);
    await until("pods", () => (feed.health.isListed("Pod") ? true : undefined));
    await user.revoke();
    // An open watch goes on, as in real life; the next one is refused.
    await cluster.restartApi();
    await until("forbidden", () =>
      feed.health.gaps.find(({ resource, state }) => resource === "pods" && state === "forbidden") ? true : undefined,
    );
    assert.ok(has(feed, "kubernetes"), "what was known stays");
    await feed.stop();
  });
});
