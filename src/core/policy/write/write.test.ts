import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import { parseManifests } from "../parse/parse-policies.ts";
import type { PolicyFlow, World, WorldEndpoint } from "../world.ts";
import {
  writeDialects,
  type PeerDraft,
  type PolicyDraft,
  type PortDraft,
  type RuleDraft,
  type WriteDialect,
} from "./draft.ts";
import { cidrOf } from "./parts.ts";
import { writeDraft, type WriteOptions } from "./write-draft.ts";

function draftOf(rules: readonly RuleDraft[], more: Partial<PolicyDraft> = {}): PolicyDraft {
  return {
    namespace: "shop",
    name: "web",
    labels: { app: "web" },
    directions: ["ingress", "egress"],
    rules,
    annotations: {},
    ...more,
  };
}

function rule(
  direction: "ingress" | "egress",
  peer: PeerDraft,
  ports: readonly PortDraft[] = [],
  comment = "",
): RuleDraft {
  return { direction, peer, ports, comment };
}

const http: PortDraft = { protocol: 6, from: 80, to: 80 };
const others: PeerDraft = { kind: "pods", namespace: "other", labels: { app: "client" } };

/** Parsed again: the set and what was wrong. */
function readBack(draft: PolicyDraft, dialect: WriteDialect, options: WriteOptions = {}) {
  const { manifests, notes } = writeDraft(draft, dialect, options);
  const plain: unknown[] = JSON.parse(JSON.stringify(manifests));
  const parsed = parseManifests(
    plain.map((manifest, document) => ({ manifest, place: { file: "", document, line: 1 } })),
  );
  return { ...parsed, manifests: plain, notes };
}

test("a NetworkPolicy", () => {
  const rules = [
    rule("ingress", others, [http]),
    rule("egress", { kind: "nets", nets: ["10.0.0.0/8", "1.2.3.4"] }, [{ protocol: 17, from: 1000, to: 2000 }]),
    rule("egress", { kind: "domains", names: ["example.com"] }, [], "mail"),
    rule("egress", { kind: "any" }, [{ protocol: 1, from: 0, to: 65_535 }]),
  ];
  const { manifests, notes, problems } = readBack(draftOf(rules, { annotations: { a: "b" } }), "kubernetes");
  assert.deepEqual(problems, []);
  assert.deepEqual(manifests, [
    {
      apiVersion: "networking.k8s.io/v1",
      kind: "NetworkPolicy",
      metadata: { name: "web", namespace: "shop", annotations: { a: "b" } },
      spec: {
        podSelector: { matchLabels: { app: "web" } },
        policyTypes: ["Ingress", "Egress"],
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "other" } },
                podSelector: { matchLabels: { app: "client" } },
              },
            ],
            ports: [{ protocol: "TCP", port: 80 }],
          },
        ],
        egress: [
          {
            to: [{ ipBlock: { cidr: "10.0.0.0/8" } }, { ipBlock: { cidr: "1.2.3.4/32" } }],
            ports: [{ protocol: "UDP", port: 1000, endPort: 2000 }],
          },
        ],
      },
    },
  ]);
  assert.deepEqual(notes, [
    "Left out, and so denied: an egress rule with names of domains, which NetworkPolicy cannot hold (mail).",
    "Left out, and so denied: an egress rule with ICMP, which NetworkPolicy cannot hold.",
  ]);
});

test("a ClusterNetworkPolicy ends with a deny, says what it does not cover, and is split at the API's limits", () => {
  const one = readBack(draftOf([rule("ingress", others, [http], "clients")]), "cluster", {
    clusterTier: "Admin",
    priority: 7,
  });
  assert.deepEqual(one.problems, []);
  const [policy] = one.set.policies;
  assert.deepEqual([policy?.tier, policy?.order, policy?.name], ["kube-admin", 7, "shop-web"]);
  assert.deepEqual(
    policy?.ingress.map(({ action, name }) => [action, name]),
    [
      ["Allow", "clients"],
      ["Deny", "deny the rest"],
    ],
  );
  assert.ok(one.notes.some((note) => note.includes("from outside the cluster")));
  const many = Array.from({ length: 30 }, (_, index) =>
    rule("egress", others, [{ protocol: 6, from: index + 1, to: index + 1 }]),
  );
  const split = readBack(draftOf(many, { directions: ["egress"] }), "cluster", { priority: 1000 });
  assert.deepEqual(split.problems, []);
  assert.deepEqual(
    split.set.policies.map(({ name, order, egress }) => [
      name,
      order,
      egress.length,
      egress.some(({ action }) => action === "Deny"),
    ]),
    [
      ["shop-web-1", 999, 25, false],
      ["shop-web-2", 1000, 7, true],
    ],
  );
  const nets = readBack(draftOf([rule("ingress", { kind: "nets", nets: ["10.0.0.0/8"] })]), "cluster");
  assert.ok(
    nets.notes.some((note) =>
      note.startsWith("Left out, and so denied: an ingress rule with address ranges as source"),
    ),
  );
});

test("a Calico policy, in a tier of its own, staged", () => {
  const rules = [
    rule("ingress", { kind: "pods", namespace: "", labels: {} }, [
      http,
      { protocol: 6, from: 90, to: 99 },
      { protocol: 17, from: 0, to: 65_535 },
    ]),
    rule("egress", { kind: "nets", nets: ["10.0.0.0/8", "fd00::1"] }, [], "both kinds"),
    rule("egress", { kind: "domains", names: ["*.example.com"] }, [{ protocol: 6, from: 443, to: 443 }]),
    rule("egress", { kind: "any" }, [{ protocol: 1, from: 0, to: 65_535 }]),
  ];
  const { manifests, notes, problems } = readBack(draftOf(rules), "calico", {
    tier: "learned",
    order: 5,
    staged: "Learn",
  });
  assert.deepEqual(
    problems.map(({ code }) => code),
    ["policy/unknown-tier"],
  );
  assert.deepEqual(manifests, [
    {
      apiVersion: "projectcalico.org/v3",
      kind: "StagedNetworkPolicy",
      metadata: { name: "learned.web", namespace: "shop" },
      spec: {
        stagedAction: "Learn",
        tier: "learned",
        order: 5,
        selector: 'app == "web"',
        types: ["Ingress", "Egress"],
        ingress: [
          { action: "Allow", protocol: "TCP", source: { selector: "all()" }, destination: { ports: [80, "90:99"] } },
          { action: "Allow", protocol: "UDP", source: { selector: "all()" } },
        ],
        egress: [
          {
            action: "Allow",
            metadata: { annotations: { comment: "both kinds" } },
            destination: { nets: ["10.0.0.0/8"] },
          },
          {
            action: "Allow",
            metadata: { annotations: { comment: "both kinds" } },
            destination: { nets: ["fd00::1/128"] },
          },
          { action: "Allow", protocol: "TCP", destination: { domains: ["*.example.com"], ports: [443] } },
          { action: "Allow", protocol: "ICMP" },
        ],
      },
    },
  ]);
  assert.equal(notes.length, 1);
});

test("address ranges as all dialects take them", () => {
  const table = {
    "1.2.3.4": "1.2.3.4/32",
    "10.1.2.3/8": "10.0.0.0/8",
    "fd00::1": "fd00::1/128",
    "::ffff:10.0.0.0/104": "10.0.0.0/8",
    no: "no",
  };
  for (const [net, expected] of Object.entries(table)) assert.equal(cidrOf(net), expected);
});

const namespaces = ["shop", "other"];
const apps = ["web", "client", "db"];
const endpoints = namespaces.flatMap((namespace, first) =>
  apps.map((app, second): WorldEndpoint => {
    const name = `${app}-0`;
    return {
      id: `pod/${namespace}/${name}`,
      kind: "workload",
      namespace,
      name,
      labels: { app },
      serviceAccount: "default",
      addresses: [`10.0.${first}.${second + 1}`],
      ports: [],
      node: "n",
      workload: "",
      interfaceName: "",
    };
  }),
);
const world: World = {
  namespaces: namespaces.map((name) => ({ name, labels: { "kubernetes.io/metadata.name": name } })),
  serviceAccounts: [],
  endpoints,
  services: [],
  ranges: ["10.0.0.0/16"],
  incomplete: "",
};
const places = [
  ...endpoints.map(({ id, addresses }) => ({ endpoint: id, address: addresses[0] ?? "" })),
  { endpoint: "", address: "93.1.2.3" },
];

const peers: fc.Arbitrary<PeerDraft> = fc.oneof(
  fc
    .tuple(
      fc.constantFrom("", "shop", "other"),
      fc.constantFrom<Readonly<Record<string, string>>>({}, { app: "web" }, { app: "client" }),
    )
    .map(([namespace, labels]) => ({ kind: "pods" as const, namespace, labels })),
  fc
    .constantFrom(["93.0.0.0/8"], ["10.0.1.0/24"], ["10.0.0.0/30", "fd00::/8"])
    .map((nets) => ({ kind: "nets" as const, nets })),
  fc.constant({ kind: "any" as const }),
);
const ports = fc.constantFrom<readonly PortDraft[]>(
  [],
  [http],
  [{ protocol: 6, from: 0, to: 65_535 }],
  [http, { protocol: 17, from: 50, to: 60 }, { protocol: 132, from: 80, to: 81 }],
);
const directed = fc.constantFrom("ingress" as const, "egress" as const);
const drafts = fc
  .tuple(fc.array(fc.tuple(directed, peers, ports), { maxLength: 4 }), fc.uniqueArray(directed, { minLength: 1 }))
  .map(([list, directions]) =>
    draftOf(
      list.map(([direction, peer, some]) => rule(direction, peer, some)),
      { directions },
    ),
  );

/** What the draft itself says about the flow, in one direction at its subject: the meaning that all dialects must keep. */
function allows(draft: PolicyDraft, flow: PolicyFlow, direction: "ingress" | "egress"): boolean {
  const [near, far] = direction === "ingress" ? [flow.destination, flow.source] : [flow.source, flow.destination];
  if (near.endpoint !== "pod/shop/web-0" || !draft.directions.includes(direction)) return true;
  return draft.rules.some((each) => {
    if (each.direction !== direction) return false;
    const hasPort = each.ports.length === 0 || each.ports.some((port) => holds(port, flow));
    return hasPort && reaches(each.peer, far);
  });
}

function holds({ protocol, from, to }: PortDraft, flow: PolicyFlow): boolean {
  return protocol === flow.protocol && flow.destinationPort >= from && flow.destinationPort <= to;
}

function reaches(peer: PeerDraft, far: PolicyFlow["source"]): boolean {
  if (peer.kind === "any") return true;
  if (peer.kind === "nets") {
    const inside = {
      "93.0.0.0/8": "93.",
      "10.0.1.0/24": "10.0.1.",
      "10.0.0.0/30": "10.0.0.",
      "fd00::/8": "fd",
    } as const;
    return peer.nets.some((net) => far.address.startsWith(inside[net as keyof typeof inside]));
  }
  if (peer.kind === "domains") return false;
  const [, namespace, name = ""] = far.endpoint.split("/");
  const app = peer.labels["app"];
  return far.endpoint !== "" && namespace === (peer.namespace || "shop") && (app === undefined || name === `${app}-0`);
}

test("written, read back and judged, every dialect means what the draft says", () => {
  fc.assert(
    fc.property(fc.constantFrom(...writeDialects), drafts, (dialect, draft) => {
      const { set, problems, notes } = readBack(draft, dialect, { clusterTier: "Admin" });
      assert.deepEqual(problems, []);
      const engine = createPolicyEngine({ set, world });
      for (const source of places) {
        for (const destination of places) {
          for (const [protocol, destinationPort] of [
            [6, 80],
            [6, 81],
            [17, 53],
            [132, 80],
          ] as const) {
            const flow: PolicyFlow = { source, destination, protocol, sourcePort: 40_000, destinationPort };
            const verdict = engine.evaluate(flow).verdict;
            const expected = allows(draft, flow, "egress") && allows(draft, flow, "ingress");
            // ClusterNetworkPolicy has no sources but pods: it says so, and is judged for those.
            if (dialect === "cluster" && source.endpoint === "" && draft.directions.includes("ingress")) {
              assert.ok(notes.length > 0);
              continue;
            }
            const label = `${dialect} ${source.address} -> ${destination.address} ${protocol}/${destinationPort} ${JSON.stringify(draft.rules)}`;
            // Left out is denied: never the other way round.
            if (notes.some((note) => note.startsWith("Left out")) && verdict === "deny") continue;
            assert.equal(verdict, expected ? "allow" : "deny", label);
          }
        }
      }
    }),
    { numRuns: 150 },
  );
});
