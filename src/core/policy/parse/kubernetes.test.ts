import assert from "node:assert/strict";
import { test } from "node:test";
import type { Policy, Rule } from "../model.ts";
import { manifestOf, parseAll, told } from "./test-parse.ts";

function policyOf(spec: object): Policy {
  const parsed = parseAll(
    manifestOf({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: "ns", spec }),
  );
  const [policy] = parsed.set.policies;
  assert.ok(policy !== undefined, told(parsed).join("; "));
  return policy;
}

function problemsOf(spec: object): readonly string[] {
  const parsed = parseAll(
    manifestOf({ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: "ns", spec }),
  );
  return [...told(parsed), parsed.objects[0]?.state ?? ""];
}

/** What a person would say of a rule. */
function short({ protocol, source, destination }: Rule): object {
  const end = ({ nets, notNets, selector, ports }: Rule["source"]) => ({
    ...(nets === undefined ? {} : { nets: nets.map(({ text }) => text) }),
    ...(notNets === undefined ? {} : { notNets: notNets.map(({ text }) => text) }),
    ...(selector === undefined ? {} : { selector: selector.text }),
    ...(ports === undefined ? {} : { ports }),
  });
  return { ...(protocol === undefined ? {} : { protocol }), source: end(source), destination: end(destination) };
}

const own = 'projectcalico.org/namespace == "ns"';

test("directions: given types, or ingress always and egress with egress rules", () => {
  const table: readonly (readonly [object, readonly string[]])[] = [
    [{}, ["ingress"]],
    [{ ingress: [] }, ["ingress"]],
    [{ egress: [] }, ["ingress"]],
    [{ egress: [{}] }, ["ingress", "egress"]],
    [{ policyTypes: [] }, ["ingress"]],
    [{ policyTypes: ["Egress"] }, ["egress"]],
    [{ policyTypes: ["Egress", "Ingress"] }, ["ingress", "egress"]],
  ];
  for (const [spec, directions] of table) {
    const policy = policyOf({ podSelector: {}, ...spec });
    assert.deepEqual(policy.directions, directions, JSON.stringify(spec));
    assert.deepEqual([policy.tier, policy.order, policy.kinds, policy.endsTier], ["default", 1000, ["workload"], true]);
  }
});

test("subjects are pods of the namespace", () => {
  const table: readonly (readonly [object, string])[] = [
    [{}, own],
    [{ matchLabels: { app: "web" } }, `(app == "web" && ${own})`],
    [{ matchExpressions: [{ key: "a", operator: "In", values: ["y", "x"] }] }, `(a in {"x", "y"} && ${own})`],
    [{ matchExpressions: [{ key: "a", operator: "NotIn", values: ["x"] }] }, `(a != "x" && ${own})`],
    [{ matchExpressions: [{ key: "a", operator: "Exists" }] }, `(has(a) && ${own})`],
    [{ matchExpressions: [{ key: "a", operator: "DoesNotExist" }] }, `(!has(a) && ${own})`],
    // What a pod carries under a reserved key is not believed.
    [{ matchLabels: { "pcns.team": "x" } }, "!all()"],
    [{ matchExpressions: [{ key: "pcsa.r", operator: "NotIn", values: ["x"] }] }, own],
  ];
  for (const [podSelector, text] of table) assert.equal(policyOf({ podSelector }).selector.text, text);
});

test("peers and ports become rules", () => {
  const table: readonly (readonly [object, readonly object[]])[] = [
    [{}, [{ source: {}, destination: {} }]],
    [{ from: [], ports: [] }, [{ source: {}, destination: {} }]],
    [{ from: null }, [{ source: {}, destination: {} }]],
    [{ from: [{ podSelector: {} }] }, [{ source: { selector: own }, destination: {} }]],
    [{ from: [{ namespaceSelector: {} }] }, [{ source: { selector: "all()" }, destination: {} }]],
    [{ from: [{ podSelector: {}, namespaceSelector: null }] }, [{ source: { selector: own }, destination: {} }]],
    [
      { from: [{ podSelector: { matchLabels: { a: "b" } }, namespaceSelector: { matchLabels: { t: "x" } } }] },
      [{ source: { selector: '(a == "b" && pcns.t == "x")' }, destination: {} }],
    ],
    [
      { from: [{ ipBlock: { cidr: "10.0.0.0/8" } }, { podSelector: {} }, { ipBlock: { cidr: "fd00::/8" } }] },
      [
        { source: { selector: own }, destination: {} },
        { source: { nets: ["10.0.0.0/8", "fd00::/8"] }, destination: {} },
      ],
    ],
    [
      { from: [{ ipBlock: { cidr: "10.0.0.0/8", except: ["10.1.0.0/16"] } }, { ipBlock: { cidr: "10.1.1.0/24" } }] },
      [
        { source: { nets: ["10.0.0.0/8"], notNets: ["10.1.0.0/16"] }, destination: {} },
        { source: { nets: ["10.1.1.0/24"] }, destination: {} },
      ],
    ],
    [{ ports: [{}] }, [{ protocol: 6, source: {}, destination: {} }]],
    [{ ports: [{ protocol: "SCTP" }] }, [{ protocol: 132, source: {}, destination: {} }]],
    [
      { ports: [{ port: 80 }, { port: 90, endPort: 99 }, { port: "http" }, { protocol: "UDP", port: 53 }] },
      [
        {
          protocol: 6,
          source: {},
          destination: { ports: [{ from: 80, to: 80 }, { from: 90, to: 99 }, { name: "http" }] },
        },
        { protocol: 17, source: {}, destination: { ports: [{ from: 53, to: 53 }] } },
      ],
    ],
    [{ ports: [{ port: 80 }, {}] }, [{ protocol: 6, source: {}, destination: {} }]],
    // Named ports are those of the pods that the policy applies to: address blocks as source do not matter.
    [
      { from: [{ ipBlock: { cidr: "10.0.0.0/8" } }], ports: [{ port: "http" }] },
      [{ protocol: 6, source: { nets: ["10.0.0.0/8"] }, destination: { ports: [{ name: "http" }] } }],
    ],
  ];
  for (const [rule, rules] of table) {
    assert.deepEqual(policyOf({ podSelector: {}, ingress: [rule] }).ingress.map(short), rules, JSON.stringify(rule));
  }
});

test("towards address blocks no named port resolves: such a rule matches nothing", () => {
  const ports = [{ port: "http" }];
  const peers = [{ ipBlock: { cidr: "10.0.0.0/8" } }, { podSelector: {} }];
  assert.deepEqual(policyOf({ podSelector: {}, egress: [{ to: peers, ports }] }).egress.map(short), [
    { protocol: 6, source: {}, destination: { selector: own, ports: [{ name: "http" }] } },
    { protocol: 6, source: {}, destination: { nets: ["10.0.0.0/8"], ports: [] } },
  ]);
});

test("::/0 is every IPv6 address and no IPv4 address", () => {
  const [rule] = policyOf({ podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "::/0" } }] }] }).ingress;
  const ranges = rule?.source.nets?.map(({ range }) => [range.low, range.high]);
  assert.deepEqual(ranges, [
    [
      [0, 0, 0, 0],
      [0, 0, 0xfffe, 0xffff_ffff],
    ],
    [
      [0, 0, 0x1_0000, 0],
      [0xffff_ffff, 0xffff_ffff, 0xffff_ffff, 0xffff_ffff],
    ],
  ]);
});

test("rules of a direction that does not count are left out, with a warning", () => {
  const spec = { podSelector: {}, policyTypes: ["Ingress"], egress: [{}] };
  assert.deepEqual(policyOf(spec).egress, []);
  assert.deepEqual(problemsOf(spec), ["warning policy/rules-without-type spec.egress", "taken"]);
});

test("wrong values refuse the object, with their path", () => {
  const ports = (port: object) => ({ podSelector: {}, ingress: [{ ports: [port] }] });
  const peer = (from: object) => ({ podSelector: {}, ingress: [{ from: [from] }] });
  const at = "spec.ingress[0]";
  const table: readonly (readonly [object, string])[] = [
    [ports({ port: 0 }), `${at}.ports[0].port`],
    [ports({ port: 65_536 }), `${at}.ports[0].port`],
    [ports({ port: 1.5 }), `${at}.ports[0].port`],
    [ports({ port: "80" }), `${at}.ports[0].port`],
    [ports({ port: "much-too-long-a-name" }), `${at}.ports[0].port`],
    [ports({ port: 80, endPort: 79 }), `${at}.ports[0].endPort`],
    [ports({ endPort: 79 }), `${at}.ports[0].endPort`],
    [ports({ port: "http", endPort: 79 }), `${at}.ports[0].endPort`],
    [ports({ protocol: "tcp" }), `${at}.ports[0].protocol`],
    [ports({ protocol: "ICMP" }), `${at}.ports[0].protocol`],
    [peer({}), `${at}.from[0]`],
    [peer({ ipBlock: {} }), `${at}.from[0].ipBlock`],
    [peer({ ipBlock: { cidr: "10.0.0.1" } }), `${at}.from[0].ipBlock.cidr`],
    [peer({ ipBlock: { cidr: "10.0.0.0/33" } }), `${at}.from[0].ipBlock.cidr`],
    [peer({ ipBlock: { cidr: "10.0.0.0/8", except: ["11.0.0.0/16"] } }), `${at}.from[0].ipBlock.except[0]`],
    [peer({ ipBlock: { cidr: "10.0.0.0/8", except: ["10.0.0.0/8"] } }), `${at}.from[0].ipBlock.except[0]`],
    [peer({ ipBlock: { cidr: "10.0.0.0/8" }, podSelector: {} }), `${at}.from[0].ipBlock`],
    [
      peer({ podSelector: { matchExpressions: [{ key: "a", operator: "In" }] } }),
      `${at}.from[0].podSelector.matchExpressions[0]`,
    ],
    [peer({ podSelector: { matchLabels: { a: true } } }), `${at}.from[0].podSelector.matchLabels.a`],
    [{ podSelector: {}, policyTypes: ["ingress"] }, "spec.policyTypes[0]"],
    [{ podSelecter: {} }, "spec.podSelecter"],
    [{ podSelector: {}, ingress: {} }, "spec.ingress"],
  ];
  for (const [spec, path] of table) {
    const [first, state] = problemsOf(spec);
    assert.ok(first?.startsWith("error ") && first.endsWith(` ${path}`), `${JSON.stringify(spec)}: ${String(first)}`);
    assert.equal(state, "refused", JSON.stringify(spec));
  }
});

test("10,000 values of a selector are over a limit that has a name", () => {
  const values = Array.from({ length: 10_000 }, (_, index) => `v${index}`);
  const spec = { podSelector: { matchExpressions: [{ key: "a", operator: "In", values }] } };
  assert.deepEqual(problemsOf(spec), [
    "error policy/list-limit spec.podSelector.matchExpressions[0].values",
    "refused",
  ]);
});

test("an unknown field in a rule makes it match nothing; the policy still isolates", () => {
  for (const rule of [
    { form: [] },
    { from: [{ podSelector: {}, zone: "a" }] },
    { ports: [{ port: 80, method: "GET" }] },
  ]) {
    const spec = { podSelector: {}, ingress: [rule] };
    const policy = policyOf(spec);
    assert.deepEqual(policy.directions, ["ingress"]);
    for (const each of policy.ingress) assert.deepEqual(each.source.nets, [], JSON.stringify(rule));
    assert.match(problemsOf(spec)[0] ?? "", /^error policy\/unknown-field/);
  }
});
