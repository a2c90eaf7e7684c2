// What would allow a denied flow: said in words, and true: the policy that is written allows it once it is there, and nobody else more.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { createPolicyWorld, flowsOf } from "../../../../test/support/policy-world.ts";
import type { PolicySet } from "../model.ts";
import { parseManifests } from "../parse/parse-policies.ts";
import type { PolicyFlow } from "../world.ts";
import { createPolicyEngine } from "./create-engine.ts";
import type { PolicyEngine } from "./engine.ts";
import { calico, clusterPolicy, clusterWith, flowOf, kubernetesPolicy } from "./test-cluster.ts";

function withManifest(set: PolicySet, yaml: string): PolicySet {
  const builtIn = ["default", "kube-admin", "kube-baseline"];
  const tiers = set.tiers.filter(({ name }) => !builtIn.includes(name));
  const manifests = [
    ...tiers.map(({ name, order }) => calico("Tier", name, { order })),
    ...parseAllDocuments(yaml).map((document) => document.toJS() as unknown),
  ];
  const place = { file: "nearest.yaml", document: 0, line: 1 };
  const parsed = parseManifests(manifests.map((manifest) => ({ manifest, place })));
  assert.deepEqual(parsed.problems, [], yaml);
  return { ...set, policies: [...set.policies, ...parsed.set.policies] };
}

/** Applies the written policy of each denied direction; the flow must then be allowed. */
function applied(engine: PolicyEngine, flow: PolicyFlow): string {
  const { now, nearest } = engine.explain(flow);
  assert.equal(now.verdict, "deny");
  const written = nearest.filter(({ at }) => at === undefined);
  const set = written.reduce((before, { manifest }) => withManifest(before, manifest), engine.set);
  const before = engine.set;
  engine.setPolicies(set);
  const { verdict } = engine.evaluate(flow);
  engine.setPolicies(before);
  return verdict;
}

test("the written policy allows the flow, wherever the denial came from", () => {
  const isolate = kubernetesPolicy("isolate", { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  const admin = { tier: "Admin", priority: 5, subject: { namespaces: {} } };
  const cases: readonly (readonly [string, readonly object[]])[] = [
    ["red/a > red/b tcp 80", [isolate]],
    ["red/a > red/b sctp 80", [isolate]],
    ["red/a > blue/c udp 53", [isolate]],
    ["red/a > 192.0.2.9 tcp 443", [isolate]],
    ["2001:db8::7 > red/b@fd00::2 tcp 443", [isolate]],
    ["red/a > red/b icmp", [isolate]],
    [
      "red/a > red/b tcp 80",
      [calico("GlobalNetworkPolicy", "no", { order: 3, selector: "app == 'b'", ingress: [{ action: "Deny" }] })],
    ],
    [
      "red/a > red/b tcp 80",
      [calico("GlobalNetworkPolicy", "no", { selector: "app == 'b'", ingress: [{ action: "Deny" }] })],
    ],
    [
      "red/a > red/b tcp 80",
      [
        calico("Tier", "strict", { order: 7 }),
        calico("GlobalNetworkPolicy", "strict.no", { tier: "strict", order: 0, selector: "app == 'b'", ingress: [] }),
      ],
    ],
    [
      "red/a > red/b tcp 80",
      [clusterPolicy("no", { ...admin, ingress: [{ action: "Deny", from: [{ namespaces: {} }] }] })],
    ],
    [
      "red/a > red/b tcp 80",
      [clusterPolicy("no", { ...admin, tier: "Baseline", ingress: [{ action: "Deny", from: [{ namespaces: {} }] }] })],
    ],
  ];
  for (const [text, manifests] of cases) {
    const { engine, problems } = clusterWith(manifests);
    assert.deepEqual(problems, []);
    assert.equal(applied(engine, flowOf(text)), "allow", `${text} ${JSON.stringify(manifests)}`);
  }
});

test("denied flows of the seeded world: what is written allows them", () => {
  const shape = createPolicyWorld({ seed: 3, pods: 200, policies: 60, namespaces: 4 });
  const engine = createPolicyEngine(shape);
  const denied = flowsOf(shape, 400, 4)
    .filter((flow) => engine.evaluate(flow).verdict === "deny")
    .slice(0, 60);
  assert.ok(denied.length > 20);
  for (const flow of denied) assert.equal(applied(engine, flow), "allow", JSON.stringify(flow));
});

test("rules that nearly matched come first, by how little fails, each with the change in words", () => {
  const rule = (from: object, port: number) => ({ from: [{ podSelector: from }], ports: [{ port }] });
  const { engine } = clusterWith([
    kubernetesPolicy("db", {
      podSelector: { matchLabels: { app: "b" } },
      ingress: [
        rule({ matchLabels: { app: "none" } }, 22),
        rule({ matchLabels: { app: "a" } }, 5433),
        rule({ matchLabels: { app: "none" } }, 5432),
      ],
    }),
  ]);
  const { nearest } = engine.explain(flowOf("red/a > red/b tcp 5432"));
  assert.deepEqual(
    nearest.map(({ failed, change }) => [failed.join(" "), change]),
    [
      ["destination.ports", "add port 5432/TCP to rule 1 of red/db"],
      ["source.selector", "let the source also select red/Deployment/a in rule 2 of red/db"],
      ["", "add a policy for red/Deployment/b that allows ingress from red/Deployment/a on 5432/TCP"],
    ],
  );
  assert.deepEqual(engine.explain(flowOf("red/a > red/b tcp 5432"), { nearestMax: 0 }).nearest, []);
  assert.deepEqual(engine.explain(flowOf("red/a > red/b tcp 5433")).nearest, []);
});

test("a denial that nothing of ours may come before has words and no manifest", () => {
  const admin = { tier: "Admin", priority: 0, subject: { namespaces: {} } };
  const { engine } = clusterWith([
    clusterPolicy("no", { ...admin, ingress: [{ action: "Deny", from: [{ namespaces: {} }] }] }),
  ]);
  const [only] = engine.explain(flowOf("red/a > red/b tcp 80")).nearest;
  assert.equal(only?.manifest, "");
  assert.match(only?.change ?? "", /^add a policy for red\/Deployment\/b/);
});
