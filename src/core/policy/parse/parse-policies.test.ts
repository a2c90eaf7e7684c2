import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { parsePolicies } from "./parse-policies.ts";
import { resourceNameOf } from "./resource-name.ts";
import { manifestOf, parseAll, told } from "./test-parse.ts";

const kubernetes = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" };
const calico = { apiVersion: "projectcalico.org/v3" };
const good = manifestOf({ ...kubernetes, name: "good", namespace: "ns", spec: { podSelector: {} } });

test("each object is refused by itself; what is not ours is ignored", () => {
  const parsed = parseAll(
    good,
    null,
    "text",
    [],
    { kind: "NetworkPolicy" },
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } },
    manifestOf({ ...calico, kind: "NetworkPolcy", spec: {} }),
    manifestOf({ ...kubernetes, name: "no spec", spec: {} }),
    { ...kubernetes, metadata: { name: "x" } },
  );
  const states = parsed.objects.map(({ state }) => state);
  assert.deepEqual(states, [
    "taken",
    "refused",
    "refused",
    "refused",
    "refused",
    "ignored",
    "refused",
    "refused",
    "refused",
  ]);
  assert.deepEqual(
    parsed.set.policies.map(({ id }) => id),
    ["kubernetes/NetworkPolicy/ns/good"],
  );
  const unknown = parsed.problems.find(({ code }) => code === "policy/unknown-kind");
  assert.match(unknown?.hint ?? "", /Did you mean projectcalico.org\/v3, kind NetworkPolicy\?/);
});

test("of two objects with one id the first counts", () => {
  const parsed = parseAll(good, good);
  assert.deepEqual(
    parsed.objects.map(({ state }) => state),
    ["taken", "refused"],
  );
  assert.match(parsed.problems[0]?.message ?? "", /stands more than once, first in t.yaml/);
});

test("a namespaced object without a namespace is in default; one of the cluster has none", () => {
  assert.equal(parseAll(manifestOf({ ...kubernetes, spec: {} })).set.policies[0]?.namespace, "default");
  const parsed = parseAll(manifestOf({ ...calico, kind: "GlobalNetworkPolicy", namespace: "ns", spec: {} }));
  assert.deepEqual(told(parsed), ["error policy/bad-value metadata.namespace"]);
});

const many = [
  good,
  manifestOf({ ...calico, kind: "Tier", name: "t", spec: { order: 3 } }),
  manifestOf({ ...calico, kind: "GlobalNetworkPolicy", name: "g", spec: { tier: "t", selector: "all()" } }),
  manifestOf({ ...calico, kind: "GlobalNetworkPolicy", name: "lost", spec: { tier: "nowhere" } }),
  manifestOf({ ...calico, kind: "NetworkSet", name: "s", namespace: "ns", spec: { nets: ["10.0.0.0/8"] } }),
  { apiVersion: "v1", kind: "Pod", metadata: { name: "p", namespace: "ns" }, status: { podIP: "10.0.0.1" } },
  { apiVersion: "v1", kind: "Namespace", metadata: { name: "ns" } },
];

test("the order of documents does not matter", () => {
  const strip = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value, (key, each: unknown) => (key === "place" ? undefined : each)));
  const expected = parseAll(...many);
  fc.assert(
    fc.property(fc.shuffledSubarray(many, { minLength: many.length }), (shuffled) => {
      const parsed = parseAll(...shuffled);
      assert.deepEqual(strip(parsed.set), strip(expected.set));
      assert.deepEqual(parsed.world, expected.world);
      assert.deepEqual(told(parsed), told(expected));
    }),
  );
});

const words = fc.constantFrom(
  "apiVersion",
  "kind",
  "metadata",
  "name",
  "namespace",
  "spec",
  "podSelector",
  "matchLabels",
  "ingress",
  "egress",
  "from",
  "to",
  "ports",
  "port",
  "action",
  "source",
  "destination",
  "selector",
  "nets",
  "protocol",
  "types",
  "tier",
  "order",
  "__proto__",
  "constructor",
  "endpointSelector",
  "specs",
  "items",
  "status",
  "labels",
  "matchExpressions",
  "key",
  "operator",
  "values",
  "toPorts",
  "fromEntities",
  "subject",
  "priority",
);
const scalars = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    0,
    80,
    -1,
    1e9,
    Number.NaN,
    "",
    "all()",
    "global()",
    "x",
    "TCP",
    "10.0.0.0/8",
    "::/0",
    "Allow",
    "Deny",
    "In",
  ),
  fc.string({ maxLength: 5 }),
);
const garbage = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    scalars,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(words, tie("value"), { maxKeys: 5 }),
  ),
})).value;
const heads = fc.constantFrom(
  ["networking.k8s.io/v1", "NetworkPolicy"],
  ["policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy"],
  ["policy.networking.k8s.io/v1alpha1", "AdminNetworkPolicy"],
  ["projectcalico.org/v3", "NetworkPolicy"],
  ["projectcalico.org/v3", "GlobalNetworkPolicy"],
  ["projectcalico.org/v3", "StagedKubernetesNetworkPolicy"],
  ["projectcalico.org/v3", "HostEndpoint"],
  ["projectcalico.org/v3", "Tier"],
  ["projectcalico.org/v3", "Profile"],
  ["cilium.io/v2", "CiliumNetworkPolicy"],
  ["v1", "Pod"],
  ["v1", "Service"],
  ["v1", "List"],
);

test("garbage is told, never thrown on", () => {
  fc.assert(
    fc.property(heads, garbage, garbage, ([apiVersion, kind], spec, rest) => {
      const more = typeof rest === "object" && rest !== null && !Array.isArray(rest) ? rest : { items: rest };
      const parsed = parseAll(garbage, {
        ...more,
        apiVersion,
        kind,
        metadata: { name: "x" },
        spec,
        specs: [spec],
        status: spec,
      });
      for (const policy of parsed.set.policies) assert.ok(policy.selector.text.length > 0);
    }),
    { numRuns: 2000 },
  );
});

test("what is wrong is told within limits", () => {
  const keys = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`k${index}`, 1]));
  const unknown = parseAll(
    manifestOf({ ...kubernetes, spec: { podSelector: {}, ...keys, ["x".repeat(1_000_000)]: 1 } }),
  );
  assert.equal(unknown.objects[0]?.state, "refused");
  assert.equal(unknown.problems.length, 20);
  const ports = Array.from({ length: 1000 }, () => ({ port: 0 }));
  const many = parseAll(manifestOf({ ...kubernetes, spec: { podSelector: {}, ingress: [{ ports }] } }));
  assert.equal(many.problems.length, 101);
  assert.equal(many.problems.filter(({ code }) => code === "policy/problem-limit").length, 1);
  const long = parseAll({
    apiVersion: "x".repeat(1_000_000),
    kind: "y".repeat(1_000_000),
    metadata: { name: "z".repeat(1_000_000) },
  });
  assert.ok((long.objects[0]?.id.length ?? 0) <= 400);
});

test("what a document says in its place is told with the file", () => {
  const document = {
    value: undefined,
    line: 4,
    errors: [{ line: 5, code: "bad-yaml", message: "no" }],
    lineOf: () => 4,
  };
  const parsed = parsePolicies([{ file: "a.yaml", text: "" }], () => [document]);
  assert.deepEqual(
    parsed.problems.map(({ code, place }) => [code, place]),
    [["policy/bad-yaml", { file: "a.yaml", document: 0, line: 5 }]],
  );
  assert.equal(parsed.isGiven, false);
});

test("resource names say dialect, kind, namespace and name", () => {
  const named = (apiVersion: string, kind: string, name: string, namespace?: string) =>
    resourceNameOf({ apiVersion, kind, metadata: { name, namespace } });
  assert.equal(named("networking.k8s.io/v1", "NetworkPolicy", "web", "shop"), "networkpolicy.shop.web");
  assert.equal(named("networking.k8s.io/v1", "NetworkPolicy", "web"), "networkpolicy.default.web");
  assert.equal(named("projectcalico.org/v3", "NetworkPolicy", "web", "shop"), "calico-networkpolicy.shop.web");
  assert.equal(
    named("crd.projectcalico.org/v1", "GlobalNetworkPolicy", "deny-all"),
    "calico-globalnetworkpolicy.deny-all",
  );
  assert.equal(named("cilium.io/v2", "CiliumNetworkPolicy", "a", "b"), "cilium-ciliumnetworkpolicy.b.a");
  assert.equal(named("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "a"), "clusternetworkpolicy.a");
  assert.throws(() => named("v1", "Pod", "a"), /not a policy object/);
  assert.throws(() => named("networking.k8s.io/v1", "NetworkPolicy", "x".repeat(250)), /more than 253/);
});
