// What policies need of an entry: labels, service account, named ports, namespaces, and endpoints of services that are no pods.
import assert from "node:assert/strict";
import { test } from "node:test";
import { identityLimits, IdentityEntry } from "../../model/identity-entry.ts";
import type { InventoryKind } from "../../model/inventory.ts";
import { createInventory } from "./inventory.ts";

const nowMs = Date.parse("2026-11-25T05:00:00Z");
const meta = (name: string, more: object = {}) => ({ name, uid: `u-${name}`, ...more });

function world() {
  const inventory = createInventory("c");
  const put = (kind: InventoryKind, raw: unknown) => {
    const found = inventory.read(kind, raw);
    assert.ok(found !== undefined, `${kind} is read`);
    inventory.put(found, nowMs);
  };
  return { inventory, put };
}

const podSpec = {
  serviceAccountName: "db",
  containers: [
    {
      name: "pg",
      image: "pg",
      ports: [{ name: "sql", containerPort: 5432 }, { containerPort: 9187 }],
    },
  ],
};

test("pods carry labels, service account and named ports; namespaces their labels; equal labels are one in memory", () => {
  const { inventory, put } = world();
  const labels = { app: "db", tier: "data" };
  for (const name of ["db-0", "db-1"])
    put("Pod", { metadata: meta(name, { namespace: "shop", labels: { ...labels } }), spec: podSpec, status: {} });
  put("Namespace", { metadata: meta("shop", { labels: { team: "blue" } }) });
  const { put: told } = inventory.drain(nowMs).identities;
  for (const entry of told) IdentityEntry.parse(entry);
  const [first, second] = told.filter(({ kind }) => kind === "pod");
  assert.deepEqual(first?.labels, labels);
  assert.equal(first.labels, second?.labels);
  assert.equal(first.serviceAccount, "db");
  assert.deepEqual(first.namedPorts, [{ name: "sql", protocol: "TCP", port: 5432 }]);
  assert.deepEqual(
    told.filter(({ kind }) => kind === "namespace").map(({ key, labels: own }) => [key, own]),
    [["Namespace/shop", { team: "blue" }]],
  );
});

test("a change of labels alone is told; a namespace that goes ends", () => {
  const { inventory, put } = world();
  const namespace = (team: string) => ({ metadata: meta("shop", { labels: { team } }) });
  put("Namespace", namespace("blue"));
  inventory.drain(nowMs);
  put("Namespace", namespace("red"));
  assert.deepEqual(
    inventory.drain(nowMs + 1).identities.put.map(({ labels }) => labels),
    [{ team: "red" }],
  );
  inventory.remove("Namespace", "u-shop", nowMs + 2);
  assert.deepEqual(inventory.drain(nowMs + 2).identities.ended, [{ key: "Namespace/shop", atMs: nowMs + 2 }]);
});

test("endpoints that are no pods stand in the service's entry, and a named target whose number differs says its name", () => {
  const { inventory, put } = world();
  const ports = [{ name: "https", port: 443, targetPort: "https", protocol: "TCP" }];
  put("Service", { metadata: meta("api", { namespace: "default" }), spec: { clusterIP: "10.96.0.1", ports } });
  const slice = (name: string, port: number, addresses: readonly string[]) => ({
    metadata: meta(name, { namespace: "default", labels: { "kubernetes.io/service-name": "api" } }),
    ports: [{ name: "https", port, protocol: "TCP" }],
    endpoints: [{ addresses, conditions: { ready: true } }],
  });
  const many = Array.from({ length: 60 }, (_, index) => `192.0.2.${index}`);
  put("EndpointSlice", slice("one", 6443, many));
  put("EndpointSlice", slice("two", 7443, many));
  const entry = inventory.drain(nowMs).identities.put.find(({ kind }) => kind === "service");
  assert.deepEqual(entry?.ports, [{ protocol: "tcp", port: 443, targetPort: 0, targetName: "https" }]);
  assert.deepEqual(entry.backends?.[0], { address: "192.0.2.0", protocol: "tcp", port: 6443 });
  assert.equal(entry.backends.length, identityLimits.backendsMax);
});
