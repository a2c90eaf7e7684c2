import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createPolicyWorld, flowsOf } from "../../../../test/support/policy-world.ts";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import { matches } from "../selector/matches.ts";
import { parseSelector } from "../selector/parse-selector.ts";
import { parseManifests } from "../parse/parse-policies.ts";
import { coversRule, neverSelects, selectorCovers } from "./covers.ts";
import { checks } from "./checks.ts";
import { lint, type LintReport } from "./lint.ts";

const place = { file: "", document: 0, line: 1 };

function linted(...manifests: readonly object[]): LintReport {
  const parsed = parseManifests(manifests.map((manifest) => ({ manifest, place })));
  assert.deepEqual(
    parsed.problems.filter(({ severity }) => severity === "error"),
    [],
  );
  const engine = createPolicyEngine({ set: parsed.set, world: parsed.world });
  return lint({ set: parsed.set, engine, world: parsed.isGiven ? parsed.world : undefined });
}

const found = (...manifests: readonly object[]): readonly string[] =>
  linted(...manifests).findings.map(({ check, object, rule }) =>
    [check, object.split("/").at(-1), rule].filter((word) => word !== "").join(" "),
  );

function kubernetes(name: string, spec: object): object {
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: { name, namespace: "shop" }, spec };
}

function calico(kind: string, name: string, spec: object): object {
  const metadata = /^Global|^StagedGlobal|^Tier/.test(kind) ? { name } : { name, namespace: "shop" };
  return { apiVersion: "projectcalico.org/v3", kind, metadata, spec };
}

function pod(app: string, labels: Record<string, string> = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: app, namespace: "shop", labels: { app, ...labels } },
    spec: { containers: [{ name: "c", ports: [{ name: "http", containerPort: 8080 }] }] },
    status: { podIP: "10.0.0.1" },
  };
}

const from = (app: string, port: number | string) => ({
  from: [{ podSelector: { matchLabels: { app } } }],
  ports: [{ port }],
});
const web = { podSelector: { matchLabels: { app: "web" } } };
const allow = (rest: object) => ({ action: "Allow", protocol: "TCP", ...rest });

test("each check finds what it is for, and leaves a clean set alone", () => {
  const clean = kubernetes("web", { ...web, ingress: [from("api", 8080)] });
  const cases: readonly (readonly [string, readonly object[], readonly string[]])[] = [
    ["a clean set", [clean, pod("web"), pod("api")], []],
    [
      "the same rule twice",
      [kubernetes("web", { ...web, ingress: [from("api", 80), from("api", 80)] })],
      ["shadowed-rule web ingress[1]"],
    ],
    [
      "a deny behind an allow of everybody",
      [
        calico("NetworkPolicy", "web", {
          selector: "app == 'web'",
          ingress: [
            allow({ source: { selector: "app == 'a'" } }),
            { action: "Deny", protocol: "TCP", source: { selector: "app == 'a' && x == 'y'" } },
          ],
        }),
      ],
      ["shadowed-rule web ingress[1]"],
    ],
    [
      "another policy comes first",
      [
        calico("NetworkPolicy", "first", {
          order: 1,
          selector: "all()",
          ingress: [{ action: "Deny", protocol: "UDP" }],
        }),
        calico("NetworkPolicy", "second", {
          order: 2,
          selector: "app == 'web'",
          ingress: [{ action: "Allow", protocol: "UDP", destination: { ports: [53] } }],
        }),
      ],
      ["shadowed-rule second ingress[0]"],
    ],
    [
      "two policies that contradict",
      [
        calico("NetworkPolicy", "a", {
          order: 1,
          selector: "app == 'web'",
          ingress: [{ action: "Deny", protocol: "TCP", source: { selector: "app == 'x'" } }],
        }),
        calico("NetworkPolicy", "b", {
          order: 2,
          selector: "app == 'web'",
          ingress: [allow({ source: { selector: "app == 'x'" } })],
        }),
      ],
      ["contradictory-rules b ingress[0]", "shadowed-rule b ingress[0]"],
    ],
    [
      "a named port of an address block",
      [
        kubernetes("web", {
          ...web,
          policyTypes: ["Egress"],
          egress: [{ to: [{ ipBlock: { cidr: "198.51.100.0/24" } }], ports: [{ port: "http" }] }],
        }),
      ],
      ["dns-not-allowed web", "never-matches web egress[0]"],
    ],
    [
      "one label, two values",
      [
        calico("NetworkPolicy", "web", {
          selector: "app == 'web' && app == 'api'",
          ingress: [allow({ source: { selector: "x == 'y'" } })],
        }),
      ],
      ["never-matches web"],
    ],
    [
      "a block that is carved out",
      [
        calico("NetworkPolicy", "web", {
          selector: "app == 'web'",
          ingress: [allow({ source: { nets: ["10.0.0.0/24"], notNets: ["10.0.0.0/16"] } })],
        }),
      ],
      ["never-matches web ingress[0]"],
    ],
    [
      "nobody is selected",
      [kubernetes("web", { ...web, ingress: [from("api", 8080)] }), pod("api")],
      ["selects-nothing web"],
    ],
    ["nobody is the peer", [clean, pod("web")], ["peer-selects-nothing web ingress[0]"]],
    [
      "a namespace that is not there",
      [clean, { ...pod("web"), metadata: { name: "x", namespace: "shob" } }],
      ["peer-selects-nothing web ingress[0]", "selects-nothing web"],
    ],
    [
      "a port that nobody names",
      [kubernetes("web", { ...web, ingress: [from("api", "grpc")] }), pod("web"), pod("api")],
      ["named-port-unknown web ingress[0]"],
    ],
    ["everybody on every port", [kubernetes("web", { ...web, ingress: [{}] })], ["over-broad web ingress[0]"]],
    [
      "the whole internet",
      [kubernetes("web", { ...web, policyTypes: ["Egress"], egress: [{ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }] })],
      ["over-broad web egress[0]"],
    ],
    [
      "a deny for the whole cluster",
      [calico("GlobalNetworkPolicy", "deny", { types: ["Ingress"] })],
      ["selects-everything deny"],
    ],
    [
      "egress without DNS",
      [
        kubernetes("web", {
          ...web,
          policyTypes: ["Egress"],
          egress: [{ to: [{ podSelector: { matchLabels: { app: "db" } } }], ports: [{ port: 5432 }] }],
        }),
      ],
      ["dns-not-allowed web"],
    ],
    [
      "names without DNS, an error",
      [
        calico("NetworkPolicy", "web", {
          selector: "app == 'web'",
          egress: [allow({ destination: { domains: ["example.com"], ports: [443] } })],
        }),
      ],
      ["dns-not-allowed web"],
    ],
    [
      "DNS by another policy",
      [
        kubernetes("web", {
          ...web,
          policyTypes: ["Egress"],
          egress: [{ to: [{ podSelector: { matchLabels: { app: "db" } } }], ports: [{ port: 5432 }] }],
        }),
        kubernetes("dns", {
          podSelector: {},
          policyTypes: ["Egress"],
          egress: [{ ports: [{ protocol: "UDP", port: 53 }] }],
        }),
      ],
      [],
    ],
    [
      "two with one order where one denies",
      [
        calico("NetworkPolicy", "a", {
          order: 5,
          selector: "app == 'a'",
          ingress: [{ action: "Deny", protocol: "TCP", source: { selector: "x == 'y'" } }],
        }),
        calico("NetworkPolicy", "b", {
          order: 5,
          selector: "app == 'b'",
          ingress: [allow({ source: { selector: "y == 'z'" } })],
        }),
      ],
      ["same-order a"],
    ],
    ["a tier for nothing", [calico("Tier", "lonely", { order: 5 })], ["tier-without-policies lonely"]],
    [
      "staged, and enforced already",
      [
        calico("NetworkPolicy", "web", {
          selector: "app == 'web'",
          ingress: [allow({ source: { selector: "x == 'y'" } })],
        }),
        calico("StagedNetworkPolicy", "web", {
          stagedAction: "Set",
          selector: "app == 'web'",
          ingress: [allow({ source: { selector: "x == 'y'" } })],
        }),
      ],
      ["staged-leftover web"],
    ],
    [
      "a list that nobody asks",
      [calico("GlobalNetworkSet", "feed", { nets: ["198.51.100.0/24"] })],
      ["network-set-unused feed"],
    ],
    ["a label that is not the pod's to have", [pod("web", { "pcns.team": "payments" })], ["reserved-label web"]],
    [
      "a kind that was given up",
      [
        {
          apiVersion: "policy.networking.k8s.io/v1alpha1",
          kind: "AdminNetworkPolicy",
          metadata: { name: "old" },
          spec: { priority: 10, subject: { namespaces: { matchLabels: { a: "b" } } }, ingress: [] },
        },
      ],
      ["deprecated-kind old"],
    ],
  ];
  const missed = new Set<string>(checks.map(({ id }) => id));
  for (const [what, manifests, expected] of cases) {
    assert.deepEqual([...found(...manifests)].sort(), expected, what);
    for (const words of expected) missed.delete(words.split(" ")[0] ?? "");
  }
  assert.deepEqual([...missed], [], "checks without a case");
});

test("names without DNS are an error, egress without DNS a warning", () => {
  const names = calico("NetworkPolicy", "web", {
    selector: "app == 'web'",
    egress: [allow({ destination: { domains: ["example.com"] } })],
  });
  assert.equal(linted(names).findings[0]?.severity, "error");
});

test("without a world the checks that need one say so", () => {
  const { notLooked } = linted(kubernetes("web", { ...web, ingress: [from("api", 8080)] }));
  const expected = checks
    .filter(({ needsWorld }) => needsWorld)
    .map(({ id }) => ({ check: id, because: "no pods were given" }));
  assert.ok(expected.length >= 4);
  assert.deepEqual(notLooked, expected);
});

test("a rule that is said to be covered never matches what the other does not", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 100_000 }), (seed) => {
      const { set, world } = createPolicyWorld({ seed, pods: 30, policies: 40, namespaces: 2 });
      const [one, ...others] = set.policies.filter(({ directions }) => directions[0] === "ingress");
      if (one === undefined) return;
      const flows = flowsOf({ set, world }, 100, seed);
      const only = (rule: (typeof one.ingress)[number]) =>
        createPolicyEngine({
          set: { ...set, policies: [{ ...one, selector: parseSelector("all()"), ingress: [rule] }] },
          world,
        });
      for (const outer of one.ingress) {
        for (const inner of others.flatMap(({ ingress }) => ingress).slice(0, 20)) {
          if (!coversRule(outer, inner)) continue;
          const [wide, narrow] = [only(outer), only(inner)];
          for (const flow of flows) {
            if (narrow.evaluate(flow).ingress.verdict === "allow")
              assert.equal(wide.evaluate(flow).ingress.verdict, "allow");
          }
        }
      }
    }),
    { numRuns: 20 },
  );
});

test("selectors: what is said to cover covers, and what never selects never does", () => {
  const atom = fc.constantFrom(
    "a == '1'",
    "a == '2'",
    "a != '1'",
    "a in {'1','2'}",
    "a not in {'2'}",
    "has(a)",
    "!has(a)",
    "b == '1'",
    "b contains '1'",
    "b starts with '1'",
    "all()",
  );
  const text = fc.oneof(
    atom,
    fc.tuple(atom, atom, fc.constantFrom("&&", "||")).map(([one, other, op]) => `(${one}) ${op} (${other})`),
    fc.tuple(atom, atom, atom).map(([one, other, last]) => `((${one}) || (${other})) && (${last})`),
  );
  const values = [undefined, "1", "2", "12"];
  const labels = values.flatMap((a) =>
    values.map((b) => ({ ...(a === undefined ? {} : { a }), ...(b === undefined ? {} : { b }) })),
  );
  let [covered, never] = [0, 0];
  fc.assert(
    fc.property(text, text, (one, other) => {
      const [outer, inner] = [parseSelector(one), parseSelector(other)];
      if (selectorCovers(outer, inner)) {
        covered += 1;
        for (const set of labels)
          assert.ok(!matches(inner, set) || matches(outer, set), `${one} covers ${other}: ${JSON.stringify(set)}`);
      }
      if (!neverSelects(inner.node)) return;
      never += 1;
      for (const set of labels) assert.ok(!matches(inner, set), `${other} selects ${JSON.stringify(set)}`);
    }),
    { numRuns: 3000 },
  );
  assert.ok(covered > 50 && never > 5, `${covered} covered, ${never} never`);
});
