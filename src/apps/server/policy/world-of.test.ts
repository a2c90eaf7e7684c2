// A cluster's world: what the inventory and LocalEndpoints give, why it is not whole, and that what is unchanged is the same object again.
import assert from "node:assert/strict";
import { test } from "node:test";
import { shopClusters } from "../../../../test/support/policy-shop.ts";
import { createInventory } from "../../../core/inventory/inventory.ts";
import type { Resource } from "../../../model/resource.ts";
import { worldOf } from "./world-of.ts";

const whole = () => "";
const view = () => shopClusters().view("c");

function local(name: string, spec: object, scope = "node/c/n1"): Resource {
  const common = { apiVersion: "garrison/v1", generation: 1, author: "a", time: "2026-11-25T10:00:00.000Z" } as const;
  return { ...common, kind: "LocalEndpoint", scope, name, spec: { netns: name, name, ...spec }, deleted: false };
}

test("pods with labels, addresses, owners and named ports; namespaces with the label that Kubernetes gives them", () => {
  const world = worldOf({ cluster: "c", view: view(), local: [], gapOf: whole });
  const db = world.endpoints.find(({ id }) => id === "pod/shop/db-0");
  assert.deepEqual(
    { ...db },
    {
      id: "pod/shop/db-0",
      kind: "workload",
      namespace: "shop",
      name: "db-0",
      labels: { app: "db" },
      serviceAccount: "default",
      addresses: ["10.1.0.3"],
      ports: [{ name: "main", protocol: 6, port: 5432 }],
      node: "n1",
      workload: "StatefulSet/db",
      interfaceName: "",
    },
  );
  assert.deepEqual(world.namespaces.find(({ name }) => name === "shop")?.labels, {
    "kubernetes.io/metadata.name": "shop",
    team: "shop",
  });
});

test("services with their addresses and who stands behind them; nodes with theirs; pods that ended are gone", () => {
  const inventory = createInventory("c");
  const put = (kind: "Pod" | "Node" | "Service" | "EndpointSlice", raw: object) => {
    const found = inventory.read(kind, raw);
    assert.ok(found !== undefined, kind);
    inventory.put(found, 0);
  };
  const metadata = (name: string, more: object = {}) => ({ name, namespace: "shop", uid: `u-${name}`, ...more });
  put("Node", {
    metadata: { name: "n1", uid: "n1", labels: { zone: "a" } },
    spec: { podCIDRs: ["10.1.0.0/24"] },
    status: {
      addresses: [
        { type: "InternalIP", address: "192.168.0.1" },
        { type: "Hostname", address: "n1" },
      ],
    },
  });
  put("Pod", {
    metadata: metadata("done"),
    spec: { containers: [] },
    status: { phase: "Succeeded", podIP: "10.1.0.8" },
  });
  put("Pod", {
    metadata: metadata("proxy"),
    spec: { containers: [], hostNetwork: true },
    status: { phase: "Running" },
  });
  put("Service", {
    metadata: metadata("db"),
    spec: { clusterIP: "10.96.0.5", clusterIPs: ["10.96.0.5"], ports: [{ port: 5432 }] },
  });
  put("EndpointSlice", {
    metadata: metadata("db-1", { labels: { "kubernetes.io/service-name": "db" } }),
    ports: [{ name: "", protocol: "TCP", port: 5432 }],
    endpoints: [{ addresses: ["10.1.0.3"] }, { addresses: ["10.1.0.4"] }],
  });
  const world = worldOf({ cluster: "c", view: inventory, local: [], gapOf: whole });
  assert.deepEqual(
    world.endpoints.map(({ id, kind, addresses }) => [id, kind, addresses]),
    [
      ["pod/shop/proxy", "hostNetwork", []],
      ["node/n1", "node", ["192.168.0.1"]],
    ],
  );
  assert.deepEqual(world.ranges, ["10.1.0.0/24"]);
  assert.deepEqual(world.services, [
    {
      namespace: "shop",
      name: "db",
      addresses: ["10.96.0.5"],
      backends: [
        { address: "10.1.0.3", protocol: 6, port: 5432 },
        { address: "10.1.0.4", protocol: 6, port: 5432 },
      ],
    },
  ]);
});

test("a machine without Kubernetes has the endpoints that were written for it, and they are all", () => {
  const written = local("web", {
    namespace: "shop",
    labels: { app: "web" },
    namespaceLabels: { team: "a" },
    addresses: ["10.9.0.1"],
  });
  const world = worldOf({ cluster: "c", view: undefined, local: [written], gapOf: whole });
  assert.deepEqual(
    world.endpoints.map(({ id, node, addresses }) => [id, node, addresses]),
    [["pod/shop/web", "n1", ["10.9.0.1"]]],
  );
  assert.deepEqual(world.namespaces, [{ name: "shop", labels: { "kubernetes.io/metadata.name": "shop", team: "a" } }]);
  assert.equal(world.incomplete, "");
  const unknown = worldOf({ cluster: "c", view: undefined, local: [], gapOf: whole });
  assert.equal(unknown.incomplete, "no Kubernetes API is read for this cluster");
});

test("an endpoint of the inventory is not taken over by one that somebody wrote", () => {
  const written = local("db-0", { namespace: "shop", labels: { app: "web" } });
  const world = worldOf({ cluster: "c", view: view(), local: [written], gapOf: whole });
  assert.deepEqual(
    world.endpoints.filter(({ id }) => id === "pod/shop/db-0").map(({ labels }) => labels),
    [{ app: "db" }],
  );
});

test("why it is not whole, each reason once", () => {
  const world = worldOf({ cluster: "c", view: view(), local: [], gapOf: (kind) => (kind === "Node" ? "" : "stale") });
  assert.equal(world.incomplete, "stale");
});

test("an unchanged pod is the same endpoint again, a changed one is another", () => {
  const clusters = shopClusters();
  const look = () => worldOf({ cluster: "c", view: clusters.view("c"), local: [], gapOf: whole }).endpoints;
  const before = look();
  clusters.remove("web-2");
  clusters.put("shop", "web-2");
  const after = look();
  const same = after.filter((endpoint) => before.includes(endpoint)).map(({ name }) => name);
  assert.deepEqual(same.toSorted(), ["db-0", "probe-1", "web-1"]);
});
