// Small random policy sets, worlds and flows that use every field of the model, for property tests. Few names, so that things meet.
import * as fc from "fast-check";
import type { EntityMatch, Policy, PolicySet, Rule } from "../../src/core/policy/model.ts";
import { and, eq, has, isIn, isNotIn, not, or } from "../../src/core/policy/selector/build.ts";
import { selectorOf } from "../../src/core/policy/selector/canonical.ts";
import type { Selector, SelectorNode } from "../../src/core/policy/selector/selector.ts";
import type { FlowEnd, PolicyFlow, World, WorldEndpoint } from "../../src/core/policy/world.ts";
import { place, prefixOf } from "./policy-world.ts";

const namespaceNames = ["red", "blue"] as const;
const colours = ["a", "b", "c"] as const;
const protocols = [1, 6, 17, 132] as const;
const portNumbers = [22, 53, 80, 443] as const;
const portNames = ["web", "dns"] as const;
const domainNames = ["example.com", "www.example.com", "other.org"] as const;
const prefixes = [
  "10.0.0.0/8",
  "10.0.0.0/24",
  "10.0.0.2/32",
  "10.0.1.0/24",
  "192.0.2.0/24",
  "0.0.0.0/0",
  "fd00::/8",
  "::/0",
];

/** Addresses of everything, and of nobody: outside, and inside the cluster's range. */
export const addressPool = [
  "10.0.0.1",
  "10.0.0.2",
  "10.0.0.3",
  "10.0.1.1",
  "10.0.1.2",
  "10.0.9.9",
  "192.0.2.7",
  "198.51.100.1",
  "fd00::1",
  "fd00::9",
];

const leaf: fc.Arbitrary<SelectorNode> = fc.oneof(
  fc.constantFrom(...colours).map((value) => eq("app", value)),
  fc.constantFrom(...namespaceNames).map((name) => eq("projectcalico.org/namespace", name)),
  fc.constantFrom(...colours).map((value) => eq("pcns.team", value)),
  fc.constantFrom("app", "tier", "projectcalico.org/namespace", "pcsa.role").map(has),
  fc.subarray([...colours], { minLength: 1 }).map((values) => isIn("app", values)),
  fc.subarray([...colours], { minLength: 1 }).map((values) => isNotIn("tier", values)),
  fc.constantFrom(...colours).map((value): SelectorNode => ({ op: "starts-with", key: "app", value })),
  fc.constant<SelectorNode>({ op: "all" }),
);

const node: fc.Arbitrary<SelectorNode> = fc.oneof(
  { weight: 4, arbitrary: leaf },
  { weight: 2, arbitrary: fc.tuple(leaf, leaf).map(([a, b]) => and(a, b)) },
  { weight: 1, arbitrary: fc.tuple(leaf, leaf).map(([a, b]) => or(a, b)) },
  { weight: 1, arbitrary: leaf.map(not) },
);
export const anySelector: fc.Arbitrary<Selector> = node.map(selectorOf);

const labels = fc.record(
  {
    app: fc.constantFrom(...colours),
    tier: fc.constantFrom(...colours),
    // Not believed of pods.
    "projectcalico.org/namespace": fc.constantFrom(...namespaceNames),
    "pcns.team": fc.constantFrom(...colours),
  },
  { requiredKeys: [] },
);

const port = fc.oneof(
  fc.constantFrom(...portNumbers).map((number) => ({ from: number, to: number })),
  fc.constant({ from: 50, to: 100 }),
  fc.constantFrom(...portNames).map((name) => ({ name })),
);
const kinds = fc.constantFrom(
  ["workload"] as const,
  ["workload", "hostEndpoint"] as const,
  ["node"] as const,
  ["networkSet"] as const,
);
const nets = fc.array(fc.constantFrom(...prefixes).map(prefixOf), { maxLength: 2 });

/** Mostly few fields, so that rules match at times. */
function entity(side: "source" | "destination"): fc.Arbitrary<EntityMatch> {
  const rare = <Value>(arbitrary: fc.Arbitrary<Value>, weight: number) =>
    fc.oneof({ weight: 20 - weight, arbitrary: fc.constant(undefined) }, { weight, arbitrary });
  return fc
    .record({
      selector: rare(anySelector, 8),
      notSelector: rare(anySelector, 1),
      nets: rare(nets, 3),
      notNets: rare(nets, 1),
      kinds: rare(kinds, 3),
      ports: rare(fc.array(port, { maxLength: 2 }), side === "destination" ? 5 : 1),
      notPorts: rare(fc.array(port, { maxLength: 2 }), 1),
      service: rare(
        fc.constantFrom("db", "gone").map((name) => ({ namespace: "red", name })),
        1,
      ),
      outsideOnly: rare(fc.constant(true as const), 1),
      domains: rare(fc.constantFrom(["example.com"], ["*.example.com", "other.org"]), side === "destination" ? 1 : 0),
    })
    .map((fields) => dropUndefined(fields) as EntityMatch);
}

function dropUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

const rule = (written: number): fc.Arbitrary<Rule> =>
  fc
    .record({
      action: fc.constantFrom("Allow", "Allow", "Allow", "Deny", "Pass", "Log"),
      protocol: fc.option(fc.constantFrom(...protocols), { nil: undefined, freq: 2 }),
      notProtocol: fc.option(fc.constantFrom(...protocols), { nil: undefined, freq: 9 }),
      ipVersion: fc.option(fc.constantFrom(4, 6), { nil: undefined, freq: 9 }),
      icmp: fc.option(fc.constantFrom({ type: 8 }, { type: 8, code: 0 }), { nil: undefined, freq: 12 }),
      http: fc.option(fc.constant({ methods: ["GET"], paths: [{ match: "prefix" as const, value: "/api" }] }), {
        nil: undefined,
        freq: 12,
      }),
      source: entity("source"),
      destination: entity("destination"),
    })
    .map((fields) => {
      const made = { ...dropUndefined(fields), written, name: "" } as Rule;
      const { domains, ...destination } = made.destination;
      // Names are for egress Allow rules; parsers refuse others.
      return domains !== undefined && made.action !== "Allow" ? { ...made, destination } : made;
    });

const rules = fc.array(fc.nat(), { maxLength: 3 }).chain((list) => fc.tuple(...list.map((_, index) => rule(index))));
const tiers = [
  { name: "first", order: 10, defaultAction: "Pass", place },
  { name: "default", order: 1_000_000, defaultAction: "Deny", place },
  { name: "last", order: Number.POSITIVE_INFINITY, defaultAction: "Deny", place },
] as const;

function policy(index: number): fc.Arbitrary<Policy> {
  return fc
    .record({
      tier: fc.constantFrom("first", "default", "default", "last"),
      order: fc.constantFrom(1, 1, 2, Number.POSITIVE_INFINITY),
      selector: anySelector,
      kinds: fc.constantFrom(
        ["workload"] as const,
        ["workload", "hostEndpoint"] as const,
        ["hostEndpoint", "node"] as const,
      ),
      directions: fc.constantFrom(["ingress"] as const, ["egress"] as const, ["ingress", "egress"] as const),
      ingress: rules,
      egress: rules,
      endsTier: fc.constantFrom(true, true, true, false),
      special: fc.constantFrom("", "", "", "", "doNotTrack", "preDnat"),
      staged: fc.constantFrom(undefined, undefined, undefined, undefined, "Set", "Delete", "Ignore") as fc.Arbitrary<
        Policy["staged"]
      >,
      // Staged policies and their targets meet by name.
      name: fc.constantFrom(`policy-${index}`, "shared"),
    })
    .map(({ special, staged, name, ...fields }): Policy => ({
      ...fields,
      id: `calico/${staged === undefined ? "" : "Staged"}GlobalNetworkPolicy/-/${name}-${index}`,
      dialect: "calico",
      kind: `${staged === undefined ? "" : "Staged"}GlobalNetworkPolicy`,
      namespace: "",
      name,
      ...(staged === undefined ? {} : { staged }),
      ingress: fields.ingress.map(withoutDomains),
      doNotTrack: special === "doNotTrack",
      preDnat: special === "preDnat",
      applyOnForward: special !== "",
      place,
    }));
}

function withoutDomains(made: Rule): Rule {
  const { domains: _, ...destination } = made.destination;
  return { ...made, destination };
}

const networkSet = (name: string, namespace: string) =>
  fc.record({
    namespace: fc.constant(namespace),
    name: fc.constant(name),
    labels,
    nets,
    domains: fc.constantFrom([], [], ["example.com"]),
    place: fc.constant(place),
  });

const profile = fc.record({
  name: fc.constant("kns.red"),
  labelsToApply: fc.constant({}),
  ingress: rules.map((list) => list.map((made): Rule => ({ ...withoutDomains(made), action: "Allow" }))),
  egress: fc.constant<readonly Rule[]>([{ action: "Allow", written: 0, name: "", source: {}, destination: {} }]),
  place: fc.constant(place),
});

export const anySet: fc.Arbitrary<PolicySet> = fc.record({
  tiers: fc.constant(tiers),
  policies: fc
    .nat({ max: 7 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => policy(index)))),
  networkSets: fc.tuple(networkSet("outside", ""), networkSet("inside", "red")),
  hostEndpoints: fc.tuple(
    fc.record({
      name: fc.constant("eth0"),
      labels,
      node: fc.constant("n2"),
      interfaceName: fc.constant("eth0"),
      expectedAddresses: fc.constant(["10.0.1.2"]),
      ports: fc.constant([{ name: "web", protocol: 6, port: 80 }]),
      profiles: fc.constantFrom([], ["projectcalico-default-allow"]),
      place: fc.constant(place),
    }),
    fc.record({
      name: fc.constant("all-n1"),
      labels,
      node: fc.constant("n1"),
      interfaceName: fc.constant("*"),
      expectedAddresses: fc.constant([]),
      ports: fc.constant([]),
      profiles: fc.constantFrom([], ["projectcalico-default-allow"]),
      place: fc.constant(place),
    }),
  ),
  profiles: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: fc.tuple(profile) }),
});

const endpointPlan = [
  { id: "pod/red/p1", kind: "workload", addresses: ["10.0.0.1"] },
  { id: "pod/red/p2", kind: "workload", addresses: ["10.0.0.2", "fd00::1"] },
  { id: "pod/blue/p3", kind: "workload", addresses: ["10.0.0.3"] },
  // The same address as p3, as after a restart that was seen half.
  { id: "pod/blue/p4", kind: "workload", addresses: ["10.0.0.3"] },
  { id: "pod/blue/p5", kind: "workload", addresses: [] },
  { id: "pod/blue/h1", kind: "hostNetwork", addresses: ["10.0.1.1"] },
  { id: "node/n1", kind: "node", addresses: ["10.0.1.1"] },
] as const;

export const endpointIds: readonly string[] = endpointPlan.map(({ id }) => id);

export function anyEndpoint(index: number): fc.Arbitrary<WorldEndpoint> {
  const plan = endpointPlan[index % endpointPlan.length] as (typeof endpointPlan)[number];
  const [, namespace = "", name = ""] = plan.kind === "node" ? ["", "", "n1"] : plan.id.split("/");
  return fc.record({ labels, node: fc.constantFrom("n1", "n2", "") }).map(({ labels, node }) => ({
    ...plan,
    namespace,
    name,
    labels,
    serviceAccount: plan.kind === "node" ? "" : "default",
    ports: [{ name: "web", protocol: 6, port: 80 }],
    node: plan.kind === "node" ? "n1" : plan.kind === "hostNetwork" ? "n1" : node,
    workload: "",
    interfaceName: "",
  }));
}

export const anyWorld: fc.Arbitrary<World> = fc.record({
  namespaces: fc.tuple(
    ...namespaceNames.map((name) =>
      fc.record({ name: fc.constant(name), labels: fc.record({ team: fc.constantFrom(...colours) }) }),
    ),
  ),
  serviceAccounts: fc.constantFrom([], [{ namespace: "red", name: "default", labels: { role: "a" } }]),
  endpoints: fc.tuple(...endpointPlan.map((_, index) => anyEndpoint(index))),
  services: fc.constantFrom(
    [],
    [
      {
        namespace: "red",
        name: "db",
        addresses: ["10.0.9.9"],
        backends: [{ address: "10.0.0.2", protocol: 6, port: 80 }],
      },
    ],
  ),
  ranges: fc.constantFrom([], ["10.0.0.0/8"]),
  incomplete: fc.constantFrom("", "", "", "pods: forbidden"),
});

const anyEnd: fc.Arbitrary<FlowEnd> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...endpointIds).map((endpoint) => ({ endpoint, address: "" })) },
  { weight: 4, arbitrary: fc.constantFrom(...addressPool).map((address) => ({ endpoint: "", address })) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.constantFrom(...endpointIds), fc.constantFrom(...addressPool))
      .map(([endpoint, address]) => ({ endpoint, address })),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom({ endpoint: "hostEndpoint/eth0", address: "" }, { endpoint: "pod/red/gone", address: "10.0.0.1" })
      .map((end) => (end.address === "" ? { ...end, address: "10.0.1.2" } : end)),
  },
);

export const anyFlow: fc.Arbitrary<PolicyFlow> = fc
  .record({
    source: anyEnd,
    destination: anyEnd,
    protocol: fc.constantFrom(...protocols),
    sourcePort: fc.constantFrom(0, 80, 40_000),
    destinationPort: fc.constantFrom(...portNumbers),
    icmp: fc.option(fc.constantFrom({ type: 8, code: 0 }, { type: 0, code: 0 }), { nil: undefined }),
    http: fc.option(fc.constantFrom({ method: "GET", path: "/api/v1" }, { method: "POST", path: "/" }), {
      nil: undefined,
    }),
    domains: fc.option(fc.subarray([...domainNames]), { nil: undefined }),
  })
  .map((fields) => dropUndefined(fields) as PolicyFlow);
