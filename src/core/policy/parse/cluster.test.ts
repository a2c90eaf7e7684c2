import assert from "node:assert/strict";
import { test } from "node:test";
import type { Policy, Rule } from "../model.ts";
import { manifestOf, parseAll, told } from "./test-parse.ts";

const group = "policy.networking.k8s.io";

function clusterOf(spec: object, kind = "ClusterNetworkPolicy", name = "x") {
  const version = kind === "ClusterNetworkPolicy" ? "v1alpha2" : "v1alpha1";
  const base =
    kind === "ClusterNetworkPolicy"
      ? { tier: "Admin", priority: 10 }
      : kind === "AdminNetworkPolicy"
        ? { priority: 10 }
        : {};
  const parsed = parseAll(
    manifestOf({
      apiVersion: `${group}/${version}`,
      kind,
      name,
      spec: { ...base, subject: { namespaces: {} }, ...spec },
    }),
  );
  return { policy: parsed.set.policies[0], problems: told(parsed), state: parsed.objects[0]?.state };
}

function rulesOf(policy: Policy | undefined, direction: "ingress" | "egress"): readonly Rule[] {
  assert.ok(policy !== undefined);
  return policy[direction];
}

test("tiers, priorities and directions", () => {
  const rule = { action: "Deny", from: [{ namespaces: {} }] };
  const admin = clusterOf({ ingress: [rule] }).policy;
  assert.deepEqual(
    [admin?.tier, admin?.order, admin?.directions, admin?.kinds],
    ["kube-admin", 10, ["ingress"], ["workload"]],
  );
  const baseline = clusterOf({ tier: "Baseline", egress: [{ action: "Accept", to: [{ namespaces: {} }] }] }).policy;
  assert.deepEqual([baseline?.tier, baseline?.directions], ["kube-baseline", ["egress"]]);
  assert.deepEqual(clusterOf({}).policy?.directions, []);
  assert.equal(clusterOf({}, "BaselineAdminNetworkPolicy", "default").policy?.tier, "kube-baseline");
});

test("peers and protocols of egress rules", () => {
  const to = [
    { namespaces: { matchLabels: { t: "x" } } },
    { pods: { namespaceSelector: {}, podSelector: { matchLabels: { a: "b" } } } },
    { nodes: { matchLabels: { r: "y" } } },
    { networks: ["10.0.0.0/8"] },
    { domainNames: ["*.Example.com."] },
  ];
  const protocols = [
    { tcp: { destinationPort: { number: 80 } } },
    { udp: { destinationPort: { range: { start: 1, end: 9 } } } },
    { sctp: {} },
  ];
  const rules = rulesOf(clusterOf({ egress: [{ name: "r", action: "Accept", to, protocols }] }).policy, "egress");
  assert.equal(rules.length, 15);
  assert.deepEqual([rules[0]?.name, rules[0]?.action, rules[0]?.written], ["r", "Allow", 0]);
  const ends = rules
    .filter(({ protocol }) => protocol === 6)
    .map(({ destination: { selector, kinds, nets, domains } }) => [
      selector?.text,
      kinds?.[0],
      nets?.[0]?.text,
      domains?.[0],
    ]);
  assert.deepEqual(ends, [
    ['pcns.t == "x"', "workload", undefined, undefined],
    ['a == "b"', "workload", undefined, undefined],
    ['r == "y"', "node", undefined, undefined],
    [undefined, undefined, "10.0.0.0/8", undefined],
    [undefined, undefined, undefined, "*.example.com"],
  ]);
  const ports = [6, 17, 132].map((number) => rules.find(({ protocol }) => protocol === number)?.destination.ports);
  assert.deepEqual(ports, [[{ from: 80, to: 80 }], [{ from: 1, to: 9 }], undefined]);
});

test("a named port counts for whatever protocol the pod has it for", () => {
  const rule = { action: "Accept", from: [{ namespaces: {} }], protocols: [{ destinationNamedPort: "http" }] };
  const rules = rulesOf(clusterOf({ ingress: [rule] }).policy, "ingress");
  assert.deepEqual(
    rules.map(({ protocol, destination }) => [protocol, destination.ports]),
    [6, 17, 132].map((p) => [p, [{ name: "http" }]]),
  );
});

test("what is not known fails closed: accepts match nothing, denies and passes deny all", () => {
  const strange: readonly object[] = [
    { from: [{ planets: {} }] },
    { from: [{}] },
    { from: [{ namespaces: {} }, { services: {} }] },
    { from: [{ namespaces: {} }], protocols: [{ icmp: {} }] },
    { from: [{ namespaces: {} }], protocols: [{ tcp: { flags: ["SYN"] } }] },
    { from: [{ namespaces: {} }], protocols: [{ tcp: { destinationPort: { list: [1] } } }] },
    { from: [{ namespaces: {} }], when: "night" },
    { from: [{ pods: { podSelector: {}, namespaceSelector: {}, serviceAccountSelector: {} } }] },
  ];
  for (const rest of strange) {
    for (const action of ["Accept", "Deny", "Pass"]) {
      const { policy, problems, state } = clusterOf({ ingress: [{ action, ...rest }] });
      const rules = rulesOf(policy, "ingress");
      const label = `${action} ${JSON.stringify(rest)}`;
      assert.equal(state, "taken", label);
      assert.match(problems[0] ?? "", /^error policy\/unknown-/, label);
      assert.equal(rules.length, 1, label);
      if (action === "Accept") assert.deepEqual([rules[0]?.action, rules[0]?.source], ["Allow", { nets: [] }], label);
      else assert.deepEqual([rules[0]?.action, rules[0]?.source, rules[0]?.destination], ["Deny", {}, {}], label);
    }
  }
});

test("wrong values and broken limits refuse the object", () => {
  const from = [{ namespaces: {} }];
  const many = <T>(item: T) => Array.from({ length: 26 }, () => item);
  const table: readonly (readonly [object, string])[] = [
    [{ priority: 1001 }, "spec.priority"],
    [{ priority: -1 }, "spec.priority"],
    [{ tier: "Default" }, "spec.tier"],
    [{ subject: {} }, "spec.subject"],
    [{ subject: { namespaces: {}, pods: { namespaceSelector: {}, podSelector: {} } } }, "spec.subject"],
    [{ ingress: [{ action: "Allow", from }] }, "spec.ingress[0].action"],
    [{ ingress: [{ action: "Accept", from: [] }] }, "spec.ingress[0].from"],
    [{ ingress: [{ action: "Accept" }] }, "spec.ingress[0].from"],
    [{ ingress: many({ action: "Accept", from }) }, "spec.ingress"],
    [{ ingress: [{ action: "Accept", from: many({ namespaces: {} }) }] }, "spec.ingress[0].from"],
    [{ ingress: [{ action: "Accept", from, protocols: many({ tcp: {} }) }] }, "spec.ingress[0].protocols"],
    [
      { ingress: [{ action: "Accept", from, protocols: [{ tcp: { destinationPort: { number: 0 } } }] }] },
      "spec.ingress[0].protocols[0].tcp.destinationPort.number",
    ],
    [
      {
        ingress: [
          { action: "Accept", from, protocols: [{ tcp: { destinationPort: { range: { start: 9, end: 9 } } } }] },
        ],
      },
      "spec.ingress[0].protocols[0].tcp.destinationPort.range",
    ],
    [{ egress: [{ action: "Deny", to: [{ domainNames: ["example.com"] }] }] }, "spec.egress[0].to[0].domainNames"],
    [
      {
        egress: [
          { action: "Accept", to: [{ networks: ["10.0.0.0/8"] }], protocols: [{ destinationNamedPort: "http" }] },
        ],
      },
      "spec.egress[0].protocols[0].destinationNamedPort",
    ],
    [{ egress: [{ action: "Accept", to: [{ networks: ["10.0.0.0"] }] }] }, "spec.egress[0].to[0].networks[0]"],
  ];
  for (const [spec, path] of table) {
    const { problems, state } = clusterOf(spec);
    assert.equal(state, "refused", JSON.stringify(spec));
    assert.ok(
      problems.some((problem) => problem.endsWith(` ${path}`)),
      `${JSON.stringify(spec)}: ${problems.join("; ")}`,
    );
  }
});

test("the two predecessors", () => {
  const ports = [
    { portNumber: { port: 80 } },
    { portRange: { protocol: "UDP", start: 1, end: 9 } },
    { namedPort: "http" },
  ];
  const rules = rulesOf(
    clusterOf({ ingress: [{ action: "Pass", from: [{ namespaces: {} }], ports }] }, "AdminNetworkPolicy").policy,
    "ingress",
  );
  assert.deepEqual(
    rules.map(({ action, protocol, destination }) => [action, protocol, destination.ports]),
    [
      ["Pass", 6, [{ from: 80, to: 80 }]],
      ["Pass", 17, [{ from: 1, to: 9 }]],
      ...[6, 17, 132].map((protocol) => ["Pass", protocol, [{ name: "http" }]]),
    ],
  );
  assert.equal(clusterOf({}, "BaselineAdminNetworkPolicy", "other").state, "refused");
  const pass = { ingress: [{ action: "Pass", from: [{ namespaces: {} }] }] };
  assert.equal(clusterOf(pass, "BaselineAdminNetworkPolicy", "default").state, "refused");
  const strange = { ingress: [{ action: "Deny", from: [{ namespaces: { sameLabels: ["a"] } }] }] };
  const closed = clusterOf(strange, "AdminNetworkPolicy");
  assert.equal(closed.state, "taken");
  assert.deepEqual(
    rulesOf(closed.policy, "ingress").map(({ action, source }) => [action, source]),
    [["Deny", {}]],
  );
});

test("early ClusterNetworkPolicies have ports, as the admin policies have; not both", () => {
  const rule = { action: "Accept", from: [{ namespaces: {} }], ports: [{ portNumber: { protocol: "UDP", port: 53 } }] };
  const rules = rulesOf(clusterOf({ ingress: [rule] }).policy, "ingress");
  assert.deepEqual(
    rules.map(({ protocol, destination }) => [protocol, destination.ports]),
    [[17, [{ from: 53, to: 53 }]]],
  );
  assert.equal(clusterOf({ ingress: [{ ...rule, protocols: [{ tcp: {} }] }] }).state, "refused");
});
