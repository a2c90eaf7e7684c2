// A server with the embedded API server behind it: what the cluster has becomes clusters, objects, identities, rows and events.
import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { silentLogger } from "../../../base/logger.ts";
import { createIdentityHub } from "../../../core/directory/identity-hub.ts";
import type { AgentRecord } from "../../../core/state/ports.ts";
import { everything } from "../../../edge/kube-server/access.ts";
import type { KubeAccess } from "../../../edge/kube/access.ts";
import { httpsTransport } from "../../../edge/kube/https-transport.ts";
import { kubeLimits } from "../../../edge/kube/limits.ts";
import type { KubeTransport } from "../../../edge/kube/transport.ts";
import { startKubeServer, type KubeServer, type KubeServerOptions } from "../../../edge/kube-server/server.ts";
import { ServerConfig } from "../config.ts";
import { createMetrics } from "../metrics.ts";
import { emptyQueries } from "../../../../test/support/test-server.ts";
import type { FeedParts } from "./feed.ts";
import { openClusters } from "./open-clusters.ts";

const clock = { nowMs: () => Date.now() };

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 2400; tries += 1) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(25);
  }
  throw new Error(`never came: ${what}`);
}

async function world(context: TestContext, options: Partial<KubeServerOptions> = {}) {
  const data = await mkdtemp(path.join(tmpdir(), "garrison-clusters-"));
  await mkdir(path.join(data, "clusters"), { mode: 0o700 });
  const kube = await startKubeServer({
    clock,
    logger: silentLogger,
    gitVersion: "v1.36.3+garrison.simulated",
    ...options,
  });
  context.after(async () => {
    await kube.close();
    await rm(data, { recursive: true, force: true });
  });
  return { data, kube };
}

function put(kube: KubeServer): void {
  kube.store.put("Deployment", { metadata: { name: "web", namespace: "default", uid: "d1" }, spec: { replicas: 1 } });
  const owner = { apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "d1", controller: true };
  const rs = { metadata: { name: "web-5d9", namespace: "default", uid: "rs1", ownerReferences: [owner] } };
  kube.store.put("ReplicaSet", { ...rs, spec: { replicas: 1 } });
  kube.store.put("Pod", pod("web-5d9-x", "10.0.0.7"));
  kube.store.put("Service", {
    metadata: { name: "web", namespace: "default", uid: "s1" },
    spec: { clusterIP: "10.96.0.9", ports: [{ port: 80, targetPort: 8080 }], selector: { app: "web" } },
  });
  kube.store.put("EndpointSlice", {
    metadata: { name: "web-1", namespace: "default", uid: "e1", labels: { "kubernetes.io/service-name": "web" } },
    addressType: "IPv4",
    ports: [{ name: "", port: 8080, protocol: "TCP" }],
    endpoints: [
      {
        addresses: ["10.0.0.7"],
        conditions: { ready: true },
        targetRef: { kind: "Pod", name: "web-5d9-x", uid: "p-web-5d9-x" },
      },
    ],
  });
}

function pod(name: string, address: string, labels: Record<string, string> = { app: "web" }) {
  const owner = { apiVersion: "apps/v1", kind: "ReplicaSet", name: "web-5d9", uid: "rs1", controller: true };
  return {
    metadata: { name, namespace: "default", uid: `p-${name}`, labels, ownerReferences: [owner] },
    spec: {
      nodeName: "n1",
      containers: [{ name: "web", image: "shop/web:1", env: [{ name: "PASSWORD", value: "hunter2" }] }],
    },
    status: { phase: "Running", podIP: address, conditions: [{ type: "Ready", status: "True" }] },
  };
}

interface Row {
  readonly table: string;
  readonly text: string;
}

interface Over {
  readonly config?: object;
  readonly agents?: AgentRecord[];
  readonly overrides?: FeedParts["overrides"];
}

async function side(data: string, over: Over = {}) {
  const blocks: Row[] = [];
  const gaps: unknown[] = [];
  const identities = createIdentityHub();
  const metrics = createMetrics();
  const clusters = await openClusters({
    config: ServerConfig.parse({ data, ...over.config }),
    state: { agents: { list: async () => over.agents ?? [] } as never },
    queries: emptyQueries(),
    agents: {
      accept: async (_place, { table, body }) =>
        void blocks.push({ table, text: Buffer.from(body).toString("latin1") }),
      recordGap: async (_place, gap) => void gaps.push(gap),
    },
    identities,
    metrics,
    clock,
    logger: silentLogger,
    overrides: { limits: { ...kubeLimits, forbiddenMsMin: 100, forbiddenMsMax: 200 }, ...over.overrides },
  });
  return { clusters, blocks, gaps, identities, metrics };
}

test("a kubeconfig put into the folder is a cluster: objects, identities and rows, and gone when it is taken away", async (context) => {
  const { data, kube } = await world(context);
  put(kube);
  const { clusters, blocks, identities, metrics } = await side(data);
  await using _ = clusters;
  assert.deepEqual(await clusters.list(), []);
  const file = path.join(data, "clusters", "demo.kubeconfig");
  await writeFile(file, kube.kubeconfig("demo"), { mode: 0o600 });

  const shown = await until("the cluster", async () =>
    (await clusters.list()).find(({ state }) => state === "connected"),
  );
  assert.equal(shown.name, "demo");
  assert.equal(shown.simulated, true);
  assert.equal(shown.version, "v1.36.3+garrison.simulated");
  assert.equal(shown.counts?.pods, 1);
  assert.equal(shown.counts?.workloads, 1);
  assert.deepEqual(shown.gaps, []);
  const view = clusters.view("demo");
  assert.deepEqual(
    view?.podsOf({ namespace: "default", kind: "Deployment", name: "web" }).map(({ name }) => name),
    ["web-5d9-x"],
  );

  const entries = await until("identities", () => identities.snapshot("demo")?.entries);
  const service = entries.find(({ key }) => key === "Service/s1");
  assert.deepEqual(
    [service?.workload, service?.workloadKind, service?.ports],
    ["web", "Deployment", [{ protocol: "tcp", port: 80, targetPort: 8080 }]],
  );
  const rows = await until("rows", () => blocks.find(({ table }) => table === "inventory_events"));
  assert.match(rows.text, /shop\/web:1/);
  assert.ok(
    blocks.every(({ text }) => !text.includes("hunter2")),
    "a literal value of the environment is nowhere",
  );
  assert.match(metrics.render(), /garrison_inventory_objects\{cluster="demo",kind="Pod"\} 1/);

  // A change reaches the view, and what follows from it the identities.
  kube.store.put("Pod", pod("web-5d9-y", "10.0.0.8"));
  await until("the second pod", () =>
    identities.snapshot("demo")?.entries.find(({ key }) => key === "Pod/p-web-5d9-y"),
  );
  assert.equal(clusters.view("demo")?.counts().pods, 2);

  await rm(file);
  await until("the end of the cluster", async () => ((await clusters.list()).length === 0 ? true : undefined));
  assert.equal(identities.snapshot("demo"), undefined);
});

test("files that others could write, wrong ones and doubles are refused with the reason, the rest is read", async (context) => {
  const { data, kube } = await world(context);
  const place = (name: string) => path.join(data, "clusters", name);
  await writeFile(place("a.kubeconfig"), kube.kubeconfig("a"), { mode: 0o600 });
  await writeFile(place("a.yaml"), kube.kubeconfig("a"), { mode: 0o600 });
  await writeFile(place("open.yaml"), kube.kubeconfig("open"), { mode: 0o600 });
  await chmod(place("open.yaml"), 0o666);
  await writeFile(place("broken.yaml"), "a: [", { mode: 0o600 });
  const plugin = { name: "u", user: { exec: { apiVersion: "client.authentication.k8s.io/v1", command: "sh" } } };
  const exec = { ...JSON.parse(kube.kubeconfig("exec")), users: [plugin] };
  exec.contexts[0].context.user = "u";
  await writeFile(place("exec.yaml"), JSON.stringify(exec), { mode: 0o600 });
  const { clusters } = await side(data);
  await using _ = clusters;
  const listed = await until("all states", async () => {
    const all = await clusters.list();
    return all.every(({ state }) => state !== "connecting") ? all : undefined;
  });
  const states = listed.map(({ name, state }) => `${name} ${state}`);
  assert.deepEqual(states, ["a connected", "a refused", "broken refused", "exec refused", "open refused"]);
  const because = (name: string) => listed.findLast((cluster) => cluster.name === name)?.because ?? "";
  assert.match(because("a"), /has the name "a" already/);
  assert.match(because("open"), /everybody may write/);
  assert.match(because("broken"), /is not YAML/);
  assert.match(because("exec"), /run a program/);
  assert.equal(clusters.notices().length, 4);
});

test("a forbidden and an absent resource are gaps, the rest is there; rights that are given later heal by themselves", async (context) => {
  const { data, kube } = await world(context, { absent: ({ kind }) => kind === "CronJob" });
  put(kube);
  await writeFile(path.join(data, "clusters", "c.yaml"), kube.kubeconfig("c"), { mode: 0o600 });
  const resources = ["pods", "namespaces", "services", "nodes", "deployments", "replicasets"];
  kube.setRules("admin", [{ groups: ["*"], verbs: ["get", "list", "watch"], resources }]);
  const { clusters, identities } = await side(data);
  await using _ = clusters;
  const shown = await until("connected", async () =>
    (await clusters.list()).find(({ state }) => state === "connected"),
  );
  const states = new Map(shown.gaps.map(({ resource, state }) => [resource, state]));
  assert.equal(states.get("cronjobs.batch"), "absent");
  assert.equal(states.get("endpointslices.discovery.k8s.io"), "forbidden");
  assert.equal(states.has("pods"), false);
  assert.match(clusters.gapOf("c", "EndpointSlice"), /forbidden/);
  // Without slices the service's selector says who is behind it.
  const entry = await until("the service", () =>
    identities.snapshot("c")?.entries.find(({ key }) => key === "Service/s1"),
  );
  assert.equal(entry.workload, "web");
  assert.match(identities.snapshot("c")?.because ?? "", /endpointslices.discovery.k8s.io: forbidden/);

  kube.setRules("admin", everything);
  await until("all rights", async () => ((await clusters.list())[0]?.gaps.length === 1 ? true : undefined));
  assert.equal(clusters.gapOf("c", "EndpointSlice"), "");
  await until("no reason any more", () => (identities.snapshot("c")?.because === "" ? true : undefined));

  // Rights that are taken away in mid-watch: what is known stays, and is said to be old.
  kube.setRules("admin", []);
  kube.endWatches();
  const stale = await until("stale", async () => (await clusters.list()).find(({ state }) => state === "stale"));
  assert.match(stale.because, /forbidden/);
  assert.equal(clusters.view("c")?.counts().pods, 1);
});

test("policies that the cluster has itself: listed, followed, and not all of them when they may not be read", async (context) => {
  const { data, kube } = await world(context);
  const policy = (spec: object) => ({
    metadata: { name: "db", namespace: "default", uid: "p1", managedFields: [{}], annotations: { note: "long" } },
    spec,
    status: {},
  });
  kube.store.put("NetworkPolicy", policy({ podSelector: {} }));
  await writeFile(path.join(data, "clusters", "c.yaml"), kube.kubeconfig("c"), { mode: 0o600 });
  const { clusters, identities } = await side(data);
  await using _ = clusters;
  const own = await until("the policy", () => {
    const found = clusters.ownPolicies("c");
    return found?.policies.length === 1 && found.because === "" ? found : undefined;
  });
  assert.deepEqual(own.policies[0]?.manifest, {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "db", namespace: "default" },
    spec: { podSelector: {} },
  });
  kube.store.put("NetworkPolicy", policy({ podSelector: { matchLabels: { app: "db" } } }));
  const changed = await until("its change", () => {
    const found = clusters.ownPolicies("c");
    return found !== undefined && found.version > own.version ? found : undefined;
  });
  assert.match(JSON.stringify(changed.policies), /"app":"db"/);
  kube.store.removeKind("NetworkPolicy", "default", "db");
  await until("its end", () => (clusters.ownPolicies("c")?.policies.length === 0 ? true : undefined));
  kube.setRules("admin", [{ groups: ["*"], verbs: ["get", "list", "watch"], resources: ["pods", "namespaces"] }]);
  kube.endWatches();
  await until("forbidden", () => (/forbidden/.test(clusters.ownPolicies("c")?.because ?? "") ? true : undefined));
  assert.doesNotMatch(identities.snapshot("c")?.because ?? "", /networkpolicies/, "who is who does not depend on them");
  assert.equal(clusters.ownPolicies("nobody"), undefined);
});

test("a cluster that only agents tell of is shown as such", async (context) => {
  const { data } = await world(context);
  const agent = {
    cluster: "edge",
    node: "n1",
    serial: "1",
    expiresAtMs: Date.now(),
    revoked: false,
    lastSeenAtMs: Date.now(),
    report: undefined,
  };
  const { clusters } = await side(data, { agents: [agent] });
  await using _ = clusters;
  const [only] = await clusters.list();
  assert.deepEqual(
    [only?.name, only?.state, only?.because],
    ["edge", "agents-only", "no Kubernetes API is given for it"],
  );
  assert.deepEqual(
    (await clusters.machines("edge"))?.map(({ name }) => name),
    ["n1"],
  );
  assert.equal(await clusters.machines("nowhere"), undefined);
});

test("the operator's own kubeconfig: named by its context, wrong ones stop the start", async (context) => {
  const { data, kube } = await world(context);
  const file = path.join(data, "prod.yaml");
  await writeFile(file, kube.kubeconfig("admin@prod"), { mode: 0o600 });
  {
    const { clusters } = await side(data, { config: { kubeconfig: file } });
    await using _ = clusters;
    const [first] = await clusters.list();
    assert.match(first?.name ?? "", /prod/);
  }
  await assert.rejects(side(data, { config: { kubeconfig: path.join(data, "none.yaml") } }), {
    code: "kube/kubeconfig",
  });
});

test("a watch that ends with an error is a refused cluster with the reason, and comes back by itself", async (context) => {
  const { data, kube } = await world(context);
  put(kube);
  await writeFile(path.join(data, "clusters", "c.yaml"), kube.kubeconfig("c"), { mode: 0o600 });
  let isBroken = true;
  const limits = { ...kubeLimits, retryMsMax: 300 };
  const transport = (access: KubeAccess): KubeTransport => {
    const real = httpsTransport(access, limits);
    const get: KubeTransport["get"] = async (request) => {
      if (isBroken && request.path.startsWith("/api/v1/pods")) throw new TypeError("a bug");
      return await real.get(request);
    };
    return { ...real, get };
  };
  const { clusters } = await side(data, { overrides: { limits, transport } });
  await using _ = clusters;
  const stateIs = (wanted: string) => async () => (await clusters.list()).find(({ state }) => state === wanted);
  const refused = await until("refused", stateIs("refused"));
  assert.match(refused.because, /its watch ended: a bug/);
  isBroken = false;
  assert.equal((await until("connected", stateIs("connected"))).counts?.pods, 1);
});
