// Policies of Kubernetes, Calico and Cilium through `garrison apply`: what is wrapped and how, and the command against a real server.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { testServer } from "../../../test/support/test-server.ts";
import { isNative, objectsOf, wrapped } from "./commands/native-policies.ts";

const entry = path.resolve(import.meta.dirname, "../../../bin/garrison.js");

test("an object is wrapped under its own name, without what the cluster added to it", () => {
  const object = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: {
      name: "web",
      namespace: "shop",
      uid: "u",
      resourceVersion: "7",
      managedFields: [],
      annotations: { "kubectl.kubernetes.io/last-applied-configuration": "{}" },
    },
    spec: { podSelector: {} },
    status: {},
  };
  const found = wrapped(object, "cluster/c");
  assert.ok(typeof found !== "string");
  assert.deepEqual([found.kind, found.scope, found.name], ["Policy", "cluster/c", "networkpolicy.shop.web"]);
  assert.deepEqual(found.spec["manifest"], {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "web", namespace: "shop" },
    spec: { podSelector: {} },
  });
});

test("what is none is told from what is", () => {
  assert.equal(isNative({ apiVersion: "garrison/v1", kind: "Visibility" }), false);
  assert.equal(isNative({ kind: "Visibility" }), false);
  assert.equal(isNative({ apiVersion: "v1", kind: "Pod" }), true);
  assert.deepEqual(objectsOf({ apiVersion: "v1", kind: "List", items: [1, 2] }), [1, 2]);
  const pod = wrapped({ apiVersion: "v1", kind: "Pod", metadata: { name: "a" } }, "global");
  assert.ok(typeof pod === "string");
  assert.match(pod, /Pod of v1 is not a policy object/);
  const nameless = wrapped({ apiVersion: "cilium.io/v2", kind: "CiliumNetworkPolicy" }, "global");
  assert.ok(typeof nameless === "string");
  assert.match(nameless, /^metadata: /);
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function garrison(data: string, words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [entry, ...words, "--data", data], (error, out, err) => {
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out, err });
    });
  });
}

test("a folder's policies are applied, shown in their own words, and deleted again", async () => {
  await using server = await testServer();
  const file = path.join(server.data, "policies.yaml");
  const policy = (name: string, spec: string) =>
    `apiVersion: projectcalico.org/v3\nkind: GlobalNetworkPolicy\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
  const text = [
    policy("first.all", "{ tier: first, selector: all(), types: [Ingress] }"),
    "apiVersion: projectcalico.org/v3\nkind: Tier\nmetadata: { name: first }\nspec: { order: 10 }\n",
    policy("broken", "{ selector: 'app ==' }"),
    "apiVersion: v1\nkind: List\nitems:\n  - apiVersion: networking.k8s.io/v1\n    kind: NetworkPolicy\n    metadata: { name: web, namespace: shop }\n    spec: { podSelector: {} }\n",
  ];
  await writeFile(file, text.join("---\n"));
  const applied = await garrison(server.data, ["apply", "-f", file, "--scope", "cluster/c"]);
  assert.equal(applied.code, 7, applied.err);
  assert.deepEqual(
    applied.out.split("\n").filter((line) => line.startsWith("Policy/")),
    [
      "Policy/calico-tier.first created",
      "Policy/calico-globalnetworkpolicy.first.all created",
      "Policy/networkpolicy.shop.web created",
    ],
  );
  assert.match(applied.err, /policies\.yaml:11: .*selector/);
  const shown = await garrison(server.data, ["get", "Policy"]);
  const rows = shown.out.split("\n").map((line) =>
    line
      .trim()
      .split(/\s{2,}/)
      .slice(0, 6),
  );
  assert.deepEqual(rows.slice(0, 4), [
    ["RESOURCE", "KIND", "NAMESPACE", "NAME", "TIER", "SCOPE"],
    ["calico-globalnetworkpolicy.first.all", "GlobalNetworkPolicy", "-", "first.all", "first", "cluster/c"],
    ["calico-tier.first", "Tier", "-", "first", "-", "cluster/c"],
    ["networkpolicy.shop.web", "NetworkPolicy", "shop", "web", "default", "cluster/c"],
  ]);
  await writeFile(file, text.filter((each) => !each.includes("broken")).join("---\n"));
  const again = await garrison(server.data, ["diff", "-f", file, "--scope", "cluster/c"]);
  assert.equal(again.code, 0, again.out + again.err);
  const absent = await garrison(server.data, ["delete", "Policy", "web", "--scope", "cluster/c"]);
  assert.equal(absent.code, 5);
  assert.match(absent.err, /there is no Policy web in scope cluster\/c\nhint: `garrison get Policy -o name` lists/);
  const names = await garrison(server.data, ["get", "Policy", "-o", "name"]);
  assert.ok(names.out.split("\n").includes("Policy/networkpolicy.shop.web"), names.out);
  const deleted = await garrison(server.data, ["delete", "-f", file, "--scope", "cluster/c"]);
  assert.equal(deleted.code, 0, deleted.err);
  assert.equal(deleted.out.split("\n").filter((line) => line.endsWith(" deleted")).length, 3);
});

test("what cannot be enforced of a runtime policy is said with its line when it is applied, the rest is taken", async () => {
  await using server = await testServer();
  const file = path.join(server.data, "runtime.yaml");
  await writeFile(
    file,
    [
      "apiVersion: networking.k8s.io/v1",
      "kind: NetworkPolicy",
      "metadata: { name: quiet, namespace: shop }",
      "spec: { podSelector: {} }",
      "---",
      "apiVersion: security.kubearmor.com/v1",
      "kind: KubeArmorPolicy",
      "metadata: { name: devices, namespace: shop }",
      "spec:",
      "  selector: { matchLabels: { app: web } }",
      "  device: { matchDevice: [] }",
      "  process: { matchPaths: [{ path: /usr/bin/nc }] }",
      "  action: Block",
      "---",
      "apiVersion: v1",
      "kind: List",
      "items:",
      "  - apiVersion: cilium.io/v1alpha1",
      "    kind: TracingPolicy",
      "    metadata: { name: one }",
      "    spec: { kprobes: [{ call: sys_mount }] }",
      "  - apiVersion: cilium.io/v1alpha1",
      "    kind: TracingPolicy",
      "    metadata: { name: two }",
      "    spec: { kprobes: [{ call: sys_mount }], uprobes: [{ path: /bin/sh }] }",
    ].join("\n"),
  );
  const { code, out, err } = await garrison(server.data, ["apply", "-f", file]);
  assert.equal(code, 7, err);
  assert.match(err, /^error: \S*runtime\.yaml:11 spec\.device: "device" is not understood$/m);
  assert.match(err, /^error: \S*runtime\.yaml:15 \S*spec\.uprobes: uprobes cannot be enforced here$/m);
  assert.doesNotMatch(err, /quiet|NetworkPolicy/);
  assert.match(out, /^RuntimePolicy\/kubearmorpolicy\.shop\.devices created$/m);
});
