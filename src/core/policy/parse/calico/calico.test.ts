import assert from "node:assert/strict";
import { test } from "node:test";
import { manifestOf, parseAll, told } from "../test-parse.ts";
import { objectVectors, ruleVectors } from "./vectors.ts";

const apiVersion = "projectcalico.org/v3";
const clusterKinds = [
  "GlobalNetworkPolicy",
  "StagedGlobalNetworkPolicy",
  "GlobalNetworkSet",
  "HostEndpoint",
  "Profile",
  "Tier",
];

function policyWith(field: string, rule: object, namespaced = false): object {
  const kind = namespaced ? "NetworkPolicy" : "GlobalNetworkPolicy";
  return manifestOf({ apiVersion, kind, ...(namespaced ? { namespace: "ns" } : {}), spec: { [field]: [rule] } });
}

test("rules are taken and refused as the field's validator does", () => {
  for (const { rule, isGood, egress, namespaced } of ruleVectors) {
    const parsed = parseAll(policyWith(egress ? "egress" : "ingress", rule, namespaced));
    const state = parsed.objects[0]?.state;
    assert.equal(state, isGood ? "taken" : "refused", `${JSON.stringify(rule)}: ${told(parsed).join("; ")}`);
    assert.equal(parsed.problems.length > 0, !isGood, JSON.stringify(rule));
  }
});

test("objects are taken and refused as the field's validator does", () => {
  for (const { kind, name = "x", labels, spec, isGood } of objectVectors) {
    const namespace = clusterKinds.includes(kind) ? {} : { namespace: "ns" };
    const manifest = {
      apiVersion,
      kind,
      metadata: { name, ...namespace, ...(labels === undefined ? {} : { labels }) },
      spec,
    };
    const parsed = parseAll(manifest);
    const state = parsed.objects[0]?.state;
    assert.equal(
      state,
      isGood ? "taken" : "refused",
      `${kind} ${name} ${JSON.stringify(spec)}: ${told(parsed).join("; ")}`,
    );
  }
});

/** Text of the selectors of a rule's source, in a policy of namespace "ns" or of the cluster. */
function sourceOf(source: object, namespaced: boolean): readonly (string | undefined)[] {
  const policy = parseAll(policyWith("ingress", { action: "Allow", source }, namespaced)).set.policies[0];
  const match = policy?.ingress[0]?.source;
  return [match?.selector?.text, match?.notSelector?.text];
}

const own = 'projectcalico.org/namespace == "ns"';

test("ends of rules in a namespace are confined to it as soon as a selector speaks, and only then", () => {
  const table: readonly (readonly [object, boolean, string | undefined, string?])[] = [
    [{ selector: "a == 'b'" }, true, `(a == "b" && ${own})`],
    [{ selector: "a == 'b'" }, false, 'a == "b"'],
    [{ notSelector: "a == 'b'" }, true, own, 'a == "b"'],
    [{ notSelector: "a == 'b'" }, false, undefined, 'a == "b"'],
    [{ nets: ["10.0.0.0/8"] }, true, undefined],
    [{ namespaceSelector: "all()" }, true, "has(projectcalico.org/namespace)"],
    [{ namespaceSelector: "global()" }, true, "!has(projectcalico.org/namespace)"],
    [{ namespaceSelector: "t == 'x'", selector: "a == 'b'" }, true, '(a == "b" && pcns.t == "x")'],
    [{ serviceAccounts: { names: ["one", "two"] } }, false, 'projectcalico.org/serviceaccount in {"one", "two"}'],
    [
      { serviceAccounts: { names: ["one"], selector: "r == 'x'" } },
      true,
      `(pcsa.r == "x" && ${own} && projectcalico.org/serviceaccount == "one")`,
    ],
    [{ selector: "" }, true, undefined],
    [{ selector: "all()" }, true, own],
  ];
  for (const [source, namespaced, selector, notSelector] of table) {
    assert.deepEqual(sourceOf(source, namespaced), [selector, notSelector], JSON.stringify(source));
  }
});

test("types are inferred from what is written", () => {
  const rule = [{ action: "Allow" }];
  const table: readonly (readonly [object, readonly string[]])[] = [
    [{}, ["ingress"]],
    [{ ingress: rule }, ["ingress"]],
    [{ egress: rule }, ["egress"]],
    [{ ingress: rule, egress: rule }, ["ingress", "egress"]],
    [{ types: ["Egress"], ingress: rule }, ["egress"]],
  ];
  for (const [spec, directions] of table) {
    const policy = parseAll(manifestOf({ apiVersion, kind: "GlobalNetworkPolicy", spec })).set.policies[0];
    assert.deepEqual(policy?.directions, directions, JSON.stringify(spec));
    if (!directions.includes("ingress")) assert.deepEqual(policy.ingress, []);
  }
});

test("a policy of a tier that nobody has is refused by name, the rest goes on", () => {
  const parsed = parseAll(
    manifestOf({ apiVersion, kind: "GlobalNetworkPolicy", name: "a", spec: { tier: "securty" } }),
    manifestOf({ apiVersion, kind: "GlobalNetworkPolicy", name: "b", spec: { tier: "security" } }),
    manifestOf({ apiVersion, kind: "Tier", name: "security", spec: { order: 5 } }),
  );
  assert.deepEqual(
    parsed.set.policies.map(({ name }) => name),
    ["b"],
  );
  assert.deepEqual(told(parsed), ["error policy/unknown-tier spec.tier"]);
  assert.match(parsed.problems[0]?.hint ?? "", /Did you mean security\?/);
  assert.deepEqual(
    parsed.set.tiers.map(({ name }) => name),
    ["security", "kube-admin", "default", "kube-baseline"],
  );
});

test("an unknown condition fails closed: an allow matches nothing, all else denies", () => {
  const [allow, deny, pass] = ["Allow", "Deny", "Pass"].map((action) => {
    const parsed = parseAll(policyWith("ingress", { action, source: { nets: ["10.0.0.0/8"], newThing: 1 } }));
    assert.deepEqual(told(parsed), ["error policy/unknown-field spec.ingress[0].source.newThing"]);
    return parsed.set.policies[0]?.ingress[0];
  });
  assert.deepEqual([allow?.action, allow?.source.nets], ["Allow", []]);
  for (const rule of [deny, pass]) assert.deepEqual([rule?.action, rule?.source, rule?.destination], ["Deny", {}, {}]);
});

test("what is stored in the cluster and what people write is the same object", () => {
  const spec = { selector: "all()" };
  const parsed = parseAll(
    manifestOf({ apiVersion, kind: "GlobalNetworkPolicy", spec }),
    manifestOf({ apiVersion: "crd.projectcalico.org/v1", kind: "GlobalNetworkPolicy", spec }),
  );
  assert.deepEqual(
    parsed.objects.map(({ state }) => state),
    ["taken", "refused"],
  );
  assert.deepEqual(told(parsed), ["error policy/duplicate "]);
});

test("a staged policy of Kubernetes' own kind is one, in the envelope", () => {
  const spec = { stagedAction: "Learn", podSelector: { matchLabels: { app: "web" } }, policyTypes: ["Egress"] };
  const policy = parseAll(manifestOf({ apiVersion, kind: "StagedKubernetesNetworkPolicy", namespace: "ns", spec })).set
    .policies[0];
  assert.equal(policy?.staged, "Learn");
  assert.equal(policy.dialect, "calico");
  assert.equal(policy.order, 1000);
  assert.deepEqual(policy.directions, ["egress"]);
});

test("policies before NAT and without tracking are of host endpoints, and no end of a tier", () => {
  const spec = { preDNAT: true, applyOnForward: true, ingress: [{ action: "Allow" }] };
  const policy = parseAll(manifestOf({ apiVersion, kind: "GlobalNetworkPolicy", spec })).set.policies[0];
  assert.deepEqual(policy?.kinds, ["hostEndpoint"]);
  assert.equal(policy.endsTier, false);
  assert.equal(policy.order, Infinity);
});

test("labels of objects as they are stored lie in an annotation", () => {
  const stored = (annotation: string) => ({
    apiVersion: "crd.projectcalico.org/v1",
    kind: "GlobalNetworkSet",
    metadata: { name: "x", labels: { a: "b" }, annotations: { "projectcalico.org/metadata": annotation } },
    spec: { nets: ["10.0.0.0/8"] },
  });
  const [set] = parseAll(stored('{"creationTimestamp":null,"labels":{"role":"feed"}}')).set.networkSets;
  assert.deepEqual(set?.labels, { a: "b", role: "feed" });
  assert.equal(parseAll(stored("{")).objects[0]?.state, "refused");
});
