// The inventory against the recorded 1.36 cluster, and against objects that no cluster should send.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import * as fc from "fast-check";
import { skipUnless } from "../../../test/support/skip.ts";
import { inventoryKinds, InventoryObject, type InventoryKind } from "../../model/inventory.ts";
import { IdentityEntry } from "../../model/identity-entry.ts";
import { eventRowOf, readEvent } from "./event-row.ts";
import { createInventory, type Inventory } from "./inventory.ts";
import { labelsCutKey } from "./parse/raw.ts";

const folder = path.resolve(import.meta.dirname, "../../..", "../shared/data/kubernetes-1.36");
const nowMs = Date.parse("2026-11-23T05:00:00Z");

const recorded: Readonly<Record<InventoryKind, string>> = {
  Pod: "pods",
  Service: "services",
  EndpointSlice: "endpointslices.discovery.k8s.io",
  Namespace: "namespaces",
  Node: "nodes",
  Deployment: "deployments.apps",
  StatefulSet: "statefulsets.apps",
  DaemonSet: "daemonsets.apps",
  ReplicaSet: "replicasets.apps",
  Job: "jobs.batch",
  CronJob: "cronjobs.batch",
};

function read(file: string): string {
  return gunzipSync(readFileSync(path.join(folder, file))).toString();
}

function itemsOf(name: string): unknown[] {
  return (JSON.parse(read(`lists/${name}.json.gz`)) as { items: unknown[] }).items;
}

function listed(inventory: Inventory, kinds: readonly InventoryKind[]): void {
  for (const kind of kinds) {
    const found = itemsOf(recorded[kind]).map((raw) => inventory.read(kind, raw));
    inventory.replace(
      kind,
      found.filter((one) => one !== undefined),
      nowMs,
    );
  }
}

function needsVectors(context: TestContext): boolean {
  return skipUnless(context, existsSync(folder), "MISSING the recorded Kubernetes 1.36");
}

test("the recorded cluster: owners, services and identities, in whatever order kinds come", (context) => {
  if (!needsVectors(context)) return;
  const orders = [Object.keys(recorded), Object.keys(recorded).toReversed(), [...inventoryKinds]] as InventoryKind[][];
  for (const kinds of orders) {
    const inventory = createInventory("c");
    listed(inventory, kinds);
    const { identities } = inventory.drain(nowMs);
    const owners = Object.fromEntries(
      [...inventory.all("Pod")].map((pod) => [
        pod.name.replace(/-\d{8}-.*|-846.*|-drlmv/, ""),
        `${pod.workloadKind}/${pod.workload}${pod.workloadReason}`,
      ]),
    );
    assert.deepEqual(owners, {
      "node-agent": "DaemonSet/node-agent",
      broken: "Pod/broken",
      client: "Pod/client",
      "db-0": "StatefulSet/db",
      nightly: "CronJob/nightly",
      web: "Deployment/web",
    });
    const services = identities.put
      .filter(({ kind }) => kind === "service")
      .map(({ services: [name], workload, reason, ports }) => [name, workload, reason, ports[0]?.targetPort]);
    assert.deepEqual(
      new Set(services),
      new Set([
        ["db", "db", "", 5432],
        ["kubernetes", "", "endpoints of the service are no pods", 6443],
        ["web", "web", "", 8080],
      ]),
    );
    for (const entry of identities.put) IdentityEntry.parse(entry);
    for (const kind of inventoryKinds)
      for (const object of inventory.all(kind)) assert.deepEqual(InventoryObject.parse(object), { ...object });
    assert.equal(
      identities.put.find(({ pod }) => pod.startsWith("nightly")),
      undefined,
      "an ended pod has no address any more",
    );
    assert.deepEqual(inventory.counts(), {
      nodes: 1,
      namespaces: 5,
      workloads: 4,
      services: 3,
      pods: 7,
      podsNotReady: 1,
    });
    assert.equal(inventory.refused.size, 0);
    // The same again changes nothing.
    listed(inventory, kinds);
    const again = inventory.drain(nowMs + 1);
    assert.deepEqual([again.facts.length, again.identities], [0, { put: [], ended: [] }]);
  }
});

test("no argument, annotation or literal value is in what is kept; a variable's source is", (context) => {
  if (!needsVectors(context)) return;
  const inventory = createInventory("c");
  listed(inventory, [...inventoryKinds]);
  const kept = JSON.stringify(inventoryKinds.flatMap((kind) => [...inventory.all(kind)]));
  for (const word of ["last-applied", "createServer", "echo done", "managedFields", "kubectl.kubernetes.io"])
    assert.ok(!kept.includes(word), word);
  const db = inventory.find("Pod", "shop", "db-0");
  assert.ok(db?.kind === "Pod");
  assert.deepEqual(db.containers[0]?.environment, [{ name: "PASSWORD", from: "secret", reference: "db-credentials" }]);
  assert.ok(db.volumes.includes("secret/db-credentials"));
});

test("the recorded watch: roll-out, crash and delete in words; without slices the selectors join", (context) => {
  if (!needsVectors(context)) return;
  const inventory = createInventory("c");
  const words: string[] = [];
  for (const line of read("watch-pods.jsonl.gz").trim().split("\n")) {
    const { type, object } = JSON.parse(line) as { type: string; object: { metadata: { uid: string } } };
    if (type === "BOOKMARK") continue;
    const found = inventory.read("Pod", object);
    if (type === "DELETED") inventory.remove("Pod", object.metadata.uid, nowMs);
    else if (found !== undefined) inventory.put(found, nowMs);
  }
  const { facts } = inventory.drain(nowMs);
  for (const { action, object, change } of facts) words.push(`${action} ${object.name}: ${change}`);
  const all = words.join("\n");
  assert.match(all, /changed crasher: .*container .*: Error \(exit \d+\)/);
  assert.match(all, /restarts 0 -> 1/);
  assert.match(all, /CrashLoopBackOff/);
  assert.match(all, /removed crasher: $/m);
  assert.match(all, /changed web-\S+: .*ready/);
  assert.ok(
    facts.every(({ action, change }) => action !== "changed" || change !== ""),
    "every change has words",
  );
  // ReplicaSets were never listed: the owner is a guess that says so, and is amended when they come.
  const web = [...inventory.all("Pod")].find(({ name }) => name.startsWith("web-"));
  assert.match(web?.workloadReason ?? "", /guessed: ReplicaSet web-\S+ is not in the inventory/);
  assert.equal(web?.workload, "web");
  listed(inventory, ["ReplicaSet"]);
  assert.equal([...inventory.all("Pod")].find(({ name }) => name.startsWith("web-"))?.workloadReason, "");
});

test("selectors stand in for slices that cannot be read", (context) => {
  if (!needsVectors(context)) return;
  const inventory = createInventory("c");
  inventory.useSelectors("on");
  listed(
    inventory,
    inventoryKinds.filter((kind) => kind !== "EndpointSlice"),
  );
  const { identities } = inventory.drain(nowMs);
  const web = identities.put.find(({ key, services }) => key.startsWith("Service/") && services[0] === "web");
  assert.deepEqual([web?.workload, web?.ports[0]?.targetPort], ["web", 8080]);
});

test("events name the workload that they are about", (context) => {
  if (!needsVectors(context)) return;
  const inventory = createInventory("c");
  listed(inventory, [...inventoryKinds]);
  inventory.drain(nowMs);
  const surroundings = { view: inventory, nowMs, aheadMs: 0, fidelity: "foreign" } as const;
  const rows = itemsOf("events")
    .map(readEvent)
    .map((event) => {
      assert.ok(typeof event !== "string");
      return eventRowOf(event, surroundings);
    });
  const of = (reason: string, name: string) =>
    rows.find((row) => row.reason === reason && row.objectName.startsWith(name));
  assert.deepEqual(
    [of("Scheduled", "web-")?.workloadKind, of("Scheduled", "web-")?.workload, of("Scheduled", "web-")?.service],
    ["Deployment", "web", "web"],
  );
  assert.equal(of("BackOff", "crasher")?.identityReason, "the pod is not in the inventory");
  assert.equal(of("SuccessfulCreate", "nightly-")?.workloadKind, "CronJob");
  assert.equal(of("NodeReady", "gnode")?.workloadKind, "Host");
});

const bare = (name: string, rest: object = {}) => ({ metadata: { name, namespace: "n", uid: `u-${name}` }, ...rest });

test("bad objects are refused by themselves, each with its reason; names in any script are fine", () => {
  const inventory = createInventory("c");
  const bad = [undefined, 7, [], {}, { metadata: { name: "x" } }, { metadata: { uid: "y" } }, bare("x".repeat(254))];
  for (const raw of bad) assert.equal(inventory.read("Pod", raw), undefined);
  assert.equal(inventory.refused.get("Pod"), bad.length);
  assert.match(inventory.refusedBecause.get("Pod") ?? "", /longer than 253/);
  const found = inventory.read("Pod", bare("сервис-商店-🛒"));
  assert.equal(found?.object.name, "сервис-商店-🛒");
});

test("a thousand labels are kept, more are cut and counted; __proto__ is no label", () => {
  const inventory = createInventory("c");
  const labels = Object.fromEntries(Array.from({ length: 1234 }, (_, index) => [`label-${index}`, "v"]));
  const raw = JSON.parse(
    JSON.stringify({ metadata: { name: "p", uid: "u", labels } }).replace('"label-0"', '"__proto__"'),
  ) as unknown;
  const kept = inventory.read("Pod", raw)?.object.labels ?? {};
  assert.equal(Object.keys(kept).length, 1001);
  assert.equal(kept[labelsCutKey], "233");
  assert.equal(inventory.cuts.get("labels"), 233);
  assert.equal(Object.getPrototypeOf(kept), Object.prototype);
});

test("a pod on its node's network does not take the node's address from it; a removed and an ended pod end", () => {
  const inventory = createInventory("c");
  const pod = (phase: string) => bare("p", { spec: { hostNetwork: true }, status: { phase, podIP: "10.1.0.1" } });
  const put = (kind: InventoryKind, raw: unknown) => {
    const found = inventory.read(kind, raw);
    if (found !== undefined) inventory.put(found, nowMs);
  };
  put("Node", {
    metadata: { name: "n1", uid: "un" },
    status: {
      addresses: [
        { type: "InternalIP", address: "10.1.0.1" },
        { type: "Hostname", address: "n1" },
      ],
    },
  });
  put("Pod", pod("Running"));
  const first = inventory.drain(nowMs).identities.put;
  assert.deepEqual(
    first.map(({ key, hostNetwork, addresses }) => [key, hostNetwork, addresses]),
    [
      ["Pod/u-p", true, ["10.1.0.1"]],
      ["Node/n1", false, ["10.1.0.1"]],
    ],
  );
  put("Pod", pod("Succeeded"));
  assert.deepEqual(inventory.drain(nowMs + 5).identities.ended, [{ key: "Pod/u-p", atMs: nowMs + 5 }]);
  inventory.remove("Node", "un", nowMs + 6);
  assert.deepEqual(inventory.drain(nowMs + 6).identities.ended, [{ key: "Node/n1", atMs: nowMs + 6 }]);
});

test("whatever the server sends, reading never throws and gives what the model takes", () => {
  const metadata = fc.record(
    {
      name: fc.string({ minLength: 1 }),
      uid: fc.string({ minLength: 1 }),
      labels: fc.json().map((text) => JSON.parse(text) as unknown),
      ownerReferences: fc.jsonValue(),
    },
    { requiredKeys: ["name", "uid"] },
  );
  const part = fc.dictionary(
    fc.constantFrom(
      "containers",
      "replicas",
      "ports",
      "clusterIP",
      "conditions",
      "addresses",
      "podIPs",
      "containerStatuses",
      "selector",
      "template",
      "volumes",
      "nodeInfo",
      "capacity",
      "externalIPs",
      "type",
    ),
    fc.oneof(
      fc.jsonValue(),
      fc.array(
        fc.dictionary(
          fc.constantFrom("name", "port", "env", "state", "type", "status", "ip", "address", "containerPort", "secret"),
          fc.jsonValue(),
        ),
      ),
    ),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...inventoryKinds),
      metadata,
      part,
      part,
      fc.jsonValue(),
      (kind, meta, spec, status, endpoints) => {
        const inventory = createInventory("c");
        const found = inventory.read(kind, { metadata: meta, spec, status, endpoints, subsets: endpoints });
        if (found === undefined) return;
        InventoryObject.parse(found.object);
        inventory.put(found, nowMs);
        inventory.drain(nowMs);
      },
    ),
    { numRuns: 60 },
  );
  fc.assert(fc.property(fc.jsonValue(), (raw) => void readEvent(raw)));
});

test("listing and watching end in the same state, whatever the order (against a naive model)", () => {
  const step = fc.record({
    name: fc.constantFrom("a", "b", "c"),
    ready: fc.boolean(),
    isRemoved: fc.boolean(),
    address: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const watched = createInventory("c");
      const model = new Map<string, unknown>();
      const told = new Map<string, string>();
      for (const [index, { name, ready, isRemoved, address }] of steps.entries()) {
        const raw = bare(name, {
          status: { podIP: `10.0.0.${address}`, conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
        });
        const found = watched.read("Pod", raw);
        if (isRemoved) watched.remove("Pod", `u-${name}`, nowMs + index);
        else if (found !== undefined) watched.put(found, nowMs + index);
        if (isRemoved) model.delete(name);
        else model.set(name, raw);
        if (index % 3 !== 0) continue;
        const { put, ended } = watched.drain(nowMs + index).identities;
        for (const { key } of ended) told.delete(key);
        for (const entry of put) told.set(entry.key, entry.addresses.join());
      }
      const { put, ended } = watched.drain(nowMs + 100).identities;
      for (const { key } of ended) told.delete(key);
      for (const entry of put) told.set(entry.key, entry.addresses.join());
      const fresh = createInventory("c");
      fresh.replace(
        "Pod",
        [...model.values()].map((raw) => fresh.read("Pod", raw)).filter((one) => one !== undefined),
        nowMs,
      );
      const wanted = new Map(fresh.drain(nowMs).identities.put.map(({ key, addresses }) => [key, addresses.join()]));
      assert.deepEqual(told, wanted);
      assert.deepEqual(watched.counts(), fresh.counts());
    }),
  );
});
