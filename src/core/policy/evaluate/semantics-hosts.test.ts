// Host endpoints, nodes, pods in their node's network, and staged policies.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PolicyFlow } from "../world.ts";
import { calico, clusterWith, flowOf, inWords, kubernetesPolicy } from "./test-cluster.ts";

type Asked = readonly (readonly [string, string, Partial<PolicyFlow>?])[];

function check(manifests: readonly object[], flows: Asked): void {
  const { engine, problems } = clusterWith(manifests);
  assert.deepEqual(problems, []);
  for (const [text, expected, more] of flows)
    assert.equal(inWords(engine.evaluate(flowOf(text, more))), expected, text);
}

const host = (name: string, spec: object) => ({
  ...calico("HostEndpoint", name, spec),
  metadata: { name, labels: { role: "host" } },
});
const eth0 = host("eth0", { node: "two", interfaceName: "eth0", expectedIPs: ["192.168.0.2"] });
const global = (name: string, spec: object) =>
  calico("GlobalNetworkPolicy", name, { selector: "role == 'host'", ...spec });
const allowTcp = { action: "Allow", protocol: "TCP" };
const deny = { action: "Deny" };
const isForwarded = { isForwarded: true } as const;

test("a named host endpoint denies by default, but for failsafe ports", () => {
  check(
    [eth0],
    [
      ["192.0.2.1 > 192.168.0.2 tcp 80", "deny ingress"],
      ["192.0.2.1 > 192.168.0.2 tcp 22", "allow"],
      ["192.168.0.2 > 192.0.2.1 tcp 443", "deny egress"],
      ["192.168.0.2 > 192.0.2.1 udp 53", "allow"],
      ["192.0.2.1 > hostEndpoint/eth0 tcp 80", "deny ingress"],
      // The other node has none: nobody judges it.
      ["192.0.2.1 > 192.168.0.1 tcp 80", "allow"],
    ],
  );
});

test("failsafes come before every policy, also before denials, and say so", () => {
  const { engine } = clusterWith([
    eth0,
    global("lock-out", { order: 1, types: ["Ingress", "Egress"], ingress: [deny], egress: [deny] }),
  ]);
  const verdict = engine.explain(flowOf("192.0.2.1 > 192.168.0.2 tcp 22")).now.ingress;
  assert.deepEqual(
    [verdict.verdict, verdict.decidedBy?.rule, verdict.steps.at(-1)?.outcome],
    ["allow", -3, "failsafe"],
  );
});

test("a host endpoint with the allowing profile is open until a policy applies", () => {
  const open = host("open", { node: "two", interfaceName: "*", profiles: ["projectcalico-default-allow"] });
  check([open], [["192.0.2.1 > 192.168.0.2 tcp 80", "allow"]]);
  check(
    [open, global("some", { ingress: [allowTcp] })],
    [
      ["192.0.2.1 > 192.168.0.2 tcp 80", "allow"],
      ["192.0.2.1 > 192.168.0.2 udp 80", "deny ingress"],
    ],
  );
});

test("forwarded traffic meets only policies that apply on forward, and no failsafe", () => {
  const plain = global("plain", { ingress: [deny] });
  const forward = global("forward", { applyOnForward: true, ingress: [allowTcp] });
  const text = "192.0.2.1 > hostEndpoint/eth0@10.0.0.2";
  check(
    [eth0, plain],
    [
      [`${text} tcp 80`, "allow", isForwarded],
      [`${text} tcp 22`, "allow", isForwarded],
    ],
  );
  check(
    [eth0, forward],
    [
      [`${text} tcp 80`, "allow", isForwarded],
      [`${text} udp 68`, "deny ingress", isForwarded],
      ["192.0.2.1 > 192.168.0.2 udp 68", "allow"],
    ],
  );
});

test("doNotTrack and preDNAT are asked first and end no tier", () => {
  const untracked = global("untracked", {
    order: 500,
    applyOnForward: true,
    doNotTrack: true,
    ingress: [{ ...allowTcp, destination: { ports: [80] } }],
  });
  const before = global("before", {
    order: 400,
    applyOnForward: true,
    preDNAT: true,
    ingress: [{ ...deny, protocol: "TCP", destination: { ports: [80, 81] } }],
  });
  const normal = global("normal", { order: 1, ingress: [{ ...allowTcp, destination: { ports: ["81:82"] } }] });
  check(
    [eth0, untracked, before, normal],
    [
      ["192.0.2.1 > 192.168.0.2 tcp 80", "allow"],
      ["192.0.2.1 > 192.168.0.2 tcp 81", "deny ingress"],
      ["192.0.2.1 > 192.168.0.2 tcp 82", "allow"],
      ["192.0.2.1 > 192.168.0.2 tcp 83", "deny ingress"],
    ],
  );
});

test("host endpoints of all interfaces, and of one that names no address", () => {
  const wild = host("wild", { node: "two", interfaceName: "*" });
  const bare = host("bare", { node: "two", interfaceName: "eth1" });
  check([wild], [["192.0.2.1 > 192.168.0.2 tcp 80", "deny ingress"]]);
  // Whether the address is on eth1 is not known, and the two answers differ.
  check([bare], [["192.0.2.1 > 192.168.0.2 tcp 80", "unknown ingress"]]);
  check([bare, wild], [["192.0.2.1 > 192.168.0.2 tcp 80", "deny ingress"]]);
});

test("a node always reaches its own pods; pods in its network are as the node", () => {
  const isolate = [
    kubernetesPolicy("isolate", { podSelector: {} }),
    kubernetesPolicy("isolate", { podSelector: {}, policyTypes: ["Ingress", "Egress"] }, "blue"),
  ];
  check(isolate, [
    ["node/one > red/b tcp 80", "allow"],
    ["192.168.0.1 > red/b tcp 80", "allow"],
    ["blue/h > red/b tcp 80", "allow"],
    ["node/two > red/b tcp 80", "deny ingress"],
    // Neither subject nor peer, though its namespace is isolated.
    ["192.0.2.1 > blue/h tcp 80", "allow"],
    ["blue/h > 192.0.2.1 tcp 80", "allow"],
    ["red/a > red/a tcp 80", "deny ingress"],
  ]);
});

test("selectors of host endpoints as peers; the addresses are theirs", () => {
  const policy = calico("GlobalNetworkPolicy", "p", {
    selector: "app == 'b'",
    ingress: [{ action: "Allow", source: { selector: "role == 'host'" } }],
  });
  check(
    [eth0, policy],
    [
      ["192.168.0.2 > red/b tcp 80", "deny egress"],
      ["red/a > red/b tcp 80", "deny ingress"],
      ["hostEndpoint/eth0 > red/b tcp 6443", "allow"],
    ],
  );
});

test("staged policies decide in their lane only: added, replaced, removed, ignored", () => {
  const spec = { selector: "app == 'b'", ingress: [deny] };
  const enforced = calico("NetworkPolicy", "p", spec, "red");
  const staged = (name: string, more: object) => calico("StagedNetworkPolicy", name, { ...spec, ...more }, "red");
  const flow = flowOf("red/a > red/b tcp 80");
  const cases = [
    { manifests: [staged("new", { stagedAction: "Set" })], now: "allow", would: "deny" },
    { manifests: [staged("new", { stagedAction: "Learn" })], now: "allow", would: "deny" },
    { manifests: [staged("new", { stagedAction: "Ignore" })], now: "allow", would: "allow" },
    { manifests: [enforced, staged("p", { stagedAction: "Set", ingress: [allowTcp] })], now: "deny", would: "allow" },
    {
      manifests: [enforced, calico("StagedNetworkPolicy", "p", { stagedAction: "Delete" }, "red")],
      now: "deny",
      would: "allow",
    },
    {
      manifests: [
        kubernetesPolicy("p", { podSelector: {} }),
        calico("StagedKubernetesNetworkPolicy", "p", { stagedAction: "Set", podSelector: {}, ingress: [{}] }, "red"),
      ],
      now: "deny",
      would: "allow",
    },
  ];
  for (const { manifests, now, would } of cases) {
    const { engine, problems } = clusterWith(manifests);
    assert.deepEqual(problems, []);
    const { now: is, staged: pending } = engine.explain(flow);
    assert.deepEqual([is.verdict, pending?.verdict], [now, would], JSON.stringify(manifests));
  }
});

test("where only staged policies apply to an endpoint its tier is skipped", () => {
  const { engine } = clusterWith([
    calico("StagedGlobalNetworkPolicy", "p", { selector: "app == 'b'", ingress: [], types: ["Ingress"] }),
  ]);
  const { ingress } = engine.explain(flowOf("red/a > red/b tcp 80")).now;
  assert.deepEqual([ingress.verdict, ingress.decidedBy?.rule], ["allow", -2]);
});
