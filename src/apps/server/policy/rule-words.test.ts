// Rules in words: what each part of a rule reads like, for written rules of every dialect and for drafts.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseManifests } from "../../../core/policy/parse/parse-policies.ts";
import { wordsOf, wordsOfDraft } from "./rule-words.ts";

const place = { file: "", document: 0, line: 0 };

function calico(rule: object, direction: "ingress" | "egress"): string {
  const spec = { selector: "all()", types: [direction === "ingress" ? "Ingress" : "Egress"], [direction]: [rule] };
  const manifest = { apiVersion: "projectcalico.org/v3", kind: "GlobalNetworkPolicy", metadata: { name: "p" }, spec };
  const { set, problems } = parseManifests([{ manifest, place }]);
  const [policy] = set.policies;
  assert.ok(policy !== undefined, JSON.stringify(problems));
  return wordsOf(policy, direction, 0);
}

test("rules of the canonical model", () => {
  const cases = [
    [{ action: "Allow" }, "ingress", "from anywhere"],
    [
      { action: "Deny", protocol: "TCP", destination: { ports: [80, "8000:8100", "web"] } },
      "ingress",
      "from anywhere on port 80, 8000-8100, web/tcp",
    ],
    [{ action: "Allow", protocol: "UDP", source: { selector: "app == 'a'" } }, "ingress", 'from app == "a" on udp'],
    [
      { action: "Allow", source: { nets: ["10.0.0.0/8"], notNets: ["10.1.0.0/16"] } },
      "ingress",
      "from 10.0.0.0/8 except 10.1.0.0/16",
    ],
    [{ action: "Allow", protocol: "ICMP", icmp: { type: 8 } }, "ingress", "from anywhere on icmp type 8"],
    [
      { action: "Allow", ipVersion: 6, protocol: "TCP", destination: { notPorts: [22] } },
      "ingress",
      "from anywhere on any port/tcp except 22 IPv6",
    ],
    [{ action: "Allow", destination: { services: { name: "db", namespace: "shop" } } }, "egress", "to service shop/db"],
    [{ action: "Allow", destination: { domains: ["*.example.com"] } }, "egress", "to *.example.com"],
    [
      { action: "Deny", source: { selector: "app == 'a'" }, destination: { nets: ["0.0.0.0/0"] } },
      "egress",
      'to 0.0.0.0/0 from app == "a"',
    ],
  ] as const;
  for (const [rule, direction, expected] of cases) assert.equal(calico(rule, direction), expected);
});

test("one written rule that became several is told as its alternatives", () => {
  const manifest = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "p", namespace: "shop" },
    spec: {
      podSelector: {},
      ingress: [
        {
          from: [{ ipBlock: { cidr: "10.0.0.0/8" } }, { ipBlock: { cidr: "192.168.0.0/16" } }],
          ports: [{ port: 80 }, { port: 53, protocol: "UDP" }],
        },
      ],
    },
  };
  const [policy] = parseManifests([{ manifest, place }]).set.policies;
  assert.ok(policy !== undefined);
  const words = wordsOf(policy, "ingress", 0).split(" or ");
  assert.deepEqual(words.toSorted(), [
    "from 10.0.0.0/8, 192.168.0.0/16 on port 53/udp",
    "from 10.0.0.0/8, 192.168.0.0/16 on port 80/tcp",
  ]);
});

test("drafts", () => {
  const port = { protocol: 6, from: 443, to: 443 };
  const cases = [
    [{ kind: "pods", namespace: "", labels: {} }, [port], "from all pods on 443/tcp"],
    [{ kind: "pods", namespace: "shop", labels: { app: "a" } }, [], "from pods app=a in shop on any port"],
    [{ kind: "nets", nets: ["10.0.0.1/32"] }, [{ protocol: 17, from: 0, to: 65_535 }], "from 10.0.0.1/32 on udp"],
    [{ kind: "any" }, [{ ...port, to: 450 }], "from anywhere on 443-450/tcp"],
  ] as const;
  for (const [peer, ports, expected] of cases)
    assert.equal(wordsOfDraft({ direction: "ingress", peer, ports, comment: "" }), expected);
});
