// One table per point of the specification: manifests in the users' words, flows, verdicts.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PolicyFlow, World } from "../world.ts";
import {
  calico,
  cilium,
  clusterPolicy,
  clusterWith,
  flowOf,
  inWords,
  kubernetesPolicy,
  podLike,
} from "./test-cluster.ts";

interface Case {
  readonly says: string;
  readonly manifests: readonly object[];
  readonly world?: Partial<World>;
  /** Flow, verdict, and what the flow has beside its words. */
  readonly flows: readonly (readonly [string, string, Partial<PolicyFlow>?])[];
}

function check(cases: readonly Case[]): void {
  for (const { says, manifests, world, flows } of cases) {
    const { engine, problems } = clusterWith(manifests, world);
    assert.deepEqual(problems, [], says);
    for (const [text, expected, more] of flows)
      assert.equal(inWords(engine.evaluate(flowOf(text, more))), expected, `${says}: ${text}`);
  }
}

const namespaced = (name: string, spec: object) => calico("NetworkPolicy", name, spec, "red");
const global = (name: string, spec: object) => calico("GlobalNetworkPolicy", name, spec);
const tier = (name: string, order: number, defaultAction?: string) =>
  calico("Tier", name, { order, ...(defaultAction === undefined ? {} : { defaultAction }) });
const allow = { action: "Allow" };
const deny = { action: "Deny" };

test("tiers, orders, ties, pass and log", () => {
  check([
    {
      says: "the lower tier order is asked first, whatever the names",
      manifests: [
        tier("zz", 10),
        tier("aa", 20),
        global("zz.one", { tier: "zz", selector: "app == 'b'", ingress: [deny] }),
        global("aa.one", { tier: "aa", selector: "app == 'b'", ingress: [allow] }),
      ],
      flows: [
        ["red/a > red/b tcp 80", "deny ingress"],
        ["red/b > red/a tcp 80", "allow"],
      ],
    },
    {
      says: "orders decide in a tier; without one a policy is last",
      manifests: [
        global("late", { selector: "all()", ingress: [deny] }),
        global("early", { selector: "all()", order: 5, ingress: [{ ...allow, source: { selector: "app == 'a'" } }] }),
      ],
      flows: [
        ["red/a > red/b tcp 80", "allow"],
        ["blue/c > red/b tcp 80", "deny ingress"],
      ],
    },
    {
      says: "a tie goes by name, then namespace, then kind",
      manifests: [
        global("b-deny", { selector: "all()", order: 5, ingress: [deny] }),
        global("a-allow", { selector: "all()", order: 5, ingress: [allow] }),
      ],
      flows: [["red/a > red/b tcp 80", "allow"]],
    },
    {
      says: "Pass leaves the tier, Log goes on; the end of a tier with a policy denies unless the tier passes",
      manifests: [
        tier("first", 1),
        tier("second", 2, "Pass"),
        global("first.p", {
          tier: "first",
          selector: "app == 'b'",
          ingress: [{ action: "Log" }, { action: "Pass", protocol: "TCP" }, { ...deny, protocol: "TCP" }],
        }),
        global("second.p", { tier: "second", selector: "app == 'b'", ingress: [{ ...deny, protocol: "UDP" }] }),
      ],
      flows: [
        ["red/a > red/b tcp 80", "allow"],
        ["red/a > red/b udp 80", "deny ingress"],
        ["red/a > blue/c udp 80", "allow"],
      ],
    },
    {
      says: "types are inferred: no egress rules, no say about egress",
      manifests: [
        namespaced("in", { selector: "all()", ingress: [] }),
        namespaced("out", { selector: "app == 'b'", egress: [], types: ["Egress"] }),
      ],
      flows: [
        ["red/a > blue/c tcp 80", "allow"],
        ["red/b > blue/c tcp 80", "deny egress"],
        ["blue/c > red/a tcp 80", "deny ingress"],
      ],
    },
  ]);
});

test("peers: namespaces, selectors, service accounts, negations, nets, network sets", () => {
  const from = (source: object) => [namespaced("p", { selector: "app == 'b'", ingress: [{ ...allow, source }] })];
  check([
    {
      says: "a selector of a namespaced policy stays in its namespace",
      manifests: from({ selector: "has(app)" }),
      flows: [
        ["red/a > red/b tcp 80", "allow"],
        ["blue/c > red/b tcp 80", "deny ingress"],
      ],
    },
    {
      says: "with a namespace selector it does not; nets alone are not confined",
      manifests: from({ namespaceSelector: "team == 'two'" }),
      flows: [
        ["red/a > red/b tcp 80", "deny ingress"],
        ["blue/c > red/b tcp 80", "allow"],
      ],
    },
    {
      says: "nets match pods' addresses too, and selectors with nets only what both hold",
      manifests: from({ nets: ["10.0.1.0/24", "192.0.2.0/24"] }),
      flows: [
        ["blue/c > red/b tcp 80", "allow"],
        ["192.0.2.1 > red/b tcp 80", "allow"],
        ["red/a > red/b tcp 80", "deny ingress"],
      ],
    },
    {
      says: "notNets and notSelector; with notSelector a rule of a namespace stays in it",
      manifests: from({ notNets: ["10.0.1.0/24"], notSelector: "app == 'a'" }),
      flows: [
        ["blue/c > red/b tcp 80", "deny ingress"],
        ["red/a > red/b tcp 80", "deny ingress"],
        ["192.0.2.1 > red/b tcp 80", "deny ingress"],
      ],
    },
    {
      says: "service accounts by name and by label",
      manifests: from({ serviceAccounts: { names: ["a-account"], selector: "trust == 'high'" } }),
      flows: [
        ["red/a > red/b tcp 80", "allow"],
        ["blue/c > red/b tcp 80", "deny ingress"],
      ],
    },
    {
      says: "network sets are peers by prefix; their own namespace counts",
      manifests: [
        calico("GlobalNetworkSet", "partners", { nets: ["192.0.2.0/28", "2001:db8::/32"] }),
        {
          ...calico("NetworkSet", "near", { nets: ["198.51.100.0/24"] }, "red"),
          metadata: { name: "near", namespace: "red", labels: { kind: "partner" } },
        },
        global("p", { selector: "app == 'b'", ingress: [{ ...allow, source: { selector: "kind == 'partner'" } }] }),
      ],
      flows: [
        ["198.51.100.7 > red/b tcp 80", "allow"],
        ["192.0.2.1 > red/b tcp 80", "deny ingress"],
      ],
    },
    {
      says: "a pod that labels itself into another namespace is not believed",
      manifests: [global("p", { selector: "projectcalico.org/namespace == 'blue'", ingress: [] })],
      world: {
        endpoints: [
          {
            ...podLike("red", "liar", "10.0.5.1"),
            labels: { "projectcalico.org/namespace": "blue", "pcns.team": "two" },
          },
        ],
      },
      flows: [["192.0.2.1 > red/liar tcp 80", "allow"]],
    },
    {
      says: "::/0 holds no IPv4 address, 0.0.0.0/0 no IPv6 address",
      manifests: from({ nets: ["::/0"] }),
      flows: [
        ["192.0.2.1 > red/b tcp 80", "deny ingress"],
        ["2001:db8::1 > red/b tcp 80", "allow"],
      ],
    },
  ]);
});

test("ports, protocols, services, ICMP, IP versions, HTTP", () => {
  const rule = (more: object) => [namespaced("p", { selector: "app == 'b'", ingress: [{ ...allow, ...more }] })];
  const out = (more: object) => [
    namespaced("p", { selector: "app == 'a'", types: ["Egress"], egress: [{ ...allow, ...more }] }),
  ];
  check([
    {
      says: "named ports resolve on the destination, for the flow's protocol",
      manifests: rule({ protocol: "TCP", destination: { ports: ["web", "9000:9002"] } }),
      flows: [
        ["red/a > red/b tcp 8080", "allow"],
        ["red/a > red/b tcp 80", "deny ingress"],
        ["red/a > red/b tcp 9001", "allow"],
        ["red/a > red/b udp 8080", "deny ingress"],
      ],
    },
    {
      says: "on egress each peer has its own port of that name",
      manifests: out({ protocol: "TCP", destination: { ports: ["web"] } }),
      flows: [
        ["red/a > blue/c tcp 80", "allow"],
        ["red/a > red/b tcp 8080", "allow"],
        ["red/a > red/b tcp 80", "deny egress"],
        ["red/a > 192.0.2.1 tcp 80", "deny egress"],
      ],
    },
    {
      says: "a service is its backends, with their port at a destination; its own address is nobody's",
      manifests: out({ destination: { services: { name: "b", namespace: "red" } } }),
      flows: [
        ["red/a > red/b tcp 8080", "allow"],
        ["red/a > red/b tcp 81", "deny egress"],
        ["red/a > 10.9.0.1 tcp 80", "deny egress"],
      ],
    },
    {
      says: "ICMP by type and code; not recorded is unknown",
      manifests: rule({ protocol: "ICMP", icmp: { type: 8, code: 0 } }),
      flows: [
        ["red/a > red/b icmp", "allow", { icmp: { type: 8, code: 0 } }],
        ["red/a > red/b icmp", "deny ingress", { icmp: { type: 13, code: 0 } }],
        ["red/a > red/b icmp", "unknown ingress"],
        ["red/a > red/b tcp 8", "deny ingress"],
      ],
    },
    {
      says: "notProtocol and ipVersion",
      manifests: rule({ ipVersion: 6, notProtocol: "UDP" }),
      flows: [
        ["red/a > red/b tcp 80", "deny ingress"],
        ["red/a@fd00::1 > red/b tcp 80", "allow"],
        ["red/a@fd00::1 > red/b udp 80", "deny ingress"],
      ],
    },
    {
      says: "HTTP rules need the request",
      manifests: rule({ protocol: "TCP", http: { methods: ["GET"], paths: [{ prefix: "/api/" }] } }),
      flows: [
        ["red/a > red/b tcp 80", "unknown ingress"],
        ["red/a > red/b tcp 80", "allow", { http: { method: "GET", path: "/api/x?y=/z" } }],
        ["red/a > red/b tcp 80", "deny ingress", { http: { method: "PUT", path: "/api/x" } }],
      ],
    },
  ]);
});

test("DNS names: unknown when nobody looked, allowed by name, denied when the names are others", () => {
  const names = (list: readonly string[]) => [
    namespaced("p", {
      selector: "app == 'a'",
      types: ["Egress"],
      egress: [{ ...allow, destination: { domains: list } }],
    }),
  ];
  check([
    {
      says: "names of rules",
      manifests: names(["*.example.com"]),
      flows: [
        ["red/a > 192.0.2.1 tcp 443", "unknown egress"],
        ["red/a > 192.0.2.1 tcp 443", "allow", { domains: ["other.org", "a.b.example.com."] }],
        ["red/a > 192.0.2.1 tcp 443", "deny egress", { domains: ["example.com"] }],
        ["red/a > 192.0.2.1 tcp 443", "deny egress", { domains: [] }],
        // Answers inside the cluster fill no sets.
        ["red/a > blue/c tcp 443", "deny egress"],
      ],
    },
    {
      says: "names of network sets that a rule selects",
      manifests: [
        {
          ...calico("GlobalNetworkSet", "s", { allowedEgressDomains: ["example.com"] }),
          metadata: { name: "s", labels: { feed: "x" } },
        },
        global("p", {
          selector: "app == 'a'",
          types: ["Egress"],
          egress: [{ ...allow, destination: { selector: "feed == 'x'" } }],
        }),
      ],
      flows: [
        ["red/a > 192.0.2.1 tcp 443", "allow", { domains: ["example.com"] }],
        ["red/a > 192.0.2.1 tcp 443", "unknown egress"],
        ["red/a > 192.0.2.1 tcp 443", "deny egress", { domains: ["x.org"] }],
      ],
    },
  ]);
});

test("ClusterNetworkPolicy before and after NetworkPolicy; Cilium's flags", () => {
  const subject = { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: "b" } } } };
  const from = [{ namespaces: { matchLabels: { team: "two" } } }];
  const isolate = kubernetesPolicy("isolate", { podSelector: { matchLabels: { app: "b" } } });
  check([
    {
      says: "Admin accept wins over NetworkPolicy, Pass leaves it the word",
      manifests: [
        clusterPolicy("x", { tier: "Admin", priority: 1, subject, ingress: [{ action: "Accept", from }] }),
        isolate,
      ],
      flows: [
        ["blue/c > red/b tcp 80", "allow"],
        ["red/a > red/b tcp 80", "deny ingress"],
      ],
    },
    {
      says: "Baseline only sees what NetworkPolicy did not isolate",
      manifests: [clusterPolicy("x", { tier: "Baseline", priority: 1, subject, ingress: [{ action: "Deny", from }] })],
      flows: [
        ["blue/c > red/b tcp 80", "deny ingress"],
        ["red/a > red/b tcp 80", "allow"],
      ],
    },
    {
      says: "Cilium: a direction with rules denies by default, unless told not to; denials win",
      manifests: [
        cilium("x", {
          endpointSelector: { matchLabels: { app: "b" } },
          ingress: [{ fromEndpoints: [{}] }],
          ingressDeny: [{ fromEndpoints: [{ matchLabels: { app: "a" } }] }],
        }),
        cilium("y", {
          endpointSelector: { matchLabels: { app: "a" } },
          enableDefaultDeny: { ingress: false },
          ingress: [{ fromEndpoints: [{ matchLabels: { app: "none" } }] }],
        }),
      ],
      flows: [
        ["red/a > red/b tcp 80", "deny ingress"],
        ["blue/c > red/b tcp 80", "deny ingress"],
        ["blue/c > red/a tcp 80", "allow"],
      ],
    },
    {
      says: "Cilium: CIDRs do not hold what the cluster has",
      manifests: [
        cilium("x", { endpointSelector: { matchLabels: { app: "a" } }, egress: [{ toCIDR: ["0.0.0.0/0"] }] }),
      ],
      flows: [
        ["red/a > 192.0.2.1 tcp 443", "allow"],
        ["red/a > blue/c tcp 443", "deny egress"],
        ["red/a > 10.0.77.1 tcp 443", "unknown both"],
      ],
    },
  ]);
});
