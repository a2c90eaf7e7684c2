// For tests: random policy sets and worlds from a seed, small enough that everything meets everything.
import { parsePrefix } from "../../../base/ip.ts";
import type { EntityMatch, Policy, PolicySet, Prefix, Rule, SourcePlace } from "../model.ts";
import { allSelector, eq, has, not, or } from "../selector/build.ts";
import { selectorOf } from "../selector/canonical.ts";
import type { World, WorldEndpoint } from "../world.ts";

const place: SourcePlace = { file: "", document: 0, line: 1 };

/** Numbers from 0 to below 1, from a seed. */
export function chanceFrom(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  return {
    next,
    pick: <Item>(list: readonly Item[]): Item => list[Math.floor(next() * list.length)] as Item,
    some: <Item>(list: readonly Item[], share = 0.4): Item[] => list.filter(() => next() < share),
    maybe: <Item>(share: number, make: () => Item): Item | undefined => (next() < share ? make() : undefined),
  };
}

export type Chance = ReturnType<typeof chanceFrom>;

function prefix(text: string): Prefix {
  const range = parsePrefix(text);
  if (range === undefined) throw new Error(`no prefix: ${text}`);
  return { text, range };
}

const prefixes = [
  "10.0.0.0/8",
  "10.0.0.0/30",
  "10.0.0.4/31",
  "203.0.113.0/24",
  "203.0.113.7",
  "0.0.0.0/0",
  "fd00::/8",
  "2001:db8::/32",
].map(prefix);

const selectors = [
  allSelector,
  ...[
    eq("app", "web"),
    eq("app", "db"),
    has("app"),
    not(eq("app", "web")),
    or(eq("app", "db"), eq("zone", "b")),
    eq("pcns.team", "red"),
    eq("kind", "feed"),
  ].map((node) => selectorOf(node)),
];

function entityOf(chance: Chance, isDestination: boolean): EntityMatch {
  const optional = <Key extends string, Value>(key: Key, value: Value | undefined) =>
    value === undefined ? {} : ({ [key]: value } as Record<Key, Value>);
  const ports = () =>
    chance.some([{ from: 80, to: 80 }, { from: 443, to: 8080 }, { name: "web" }, { from: 53, to: 54 }], 0.4);
  return {
    ...optional(
      "nets",
      chance.maybe(0.25, () => chance.some(prefixes, 0.3)),
    ),
    ...optional(
      "notNets",
      chance.maybe(0.15, () => chance.some(prefixes, 0.2)),
    ),
    ...optional(
      "selector",
      chance.maybe(0.4, () => chance.pick(selectors)),
    ),
    ...optional(
      "notSelector",
      chance.maybe(0.1, () => chance.pick(selectors)),
    ),
    ...optional(
      "kinds",
      chance.maybe(0.15, () => chance.some(["workload", "node", "networkSet", "hostNetwork"] as const, 0.5)),
    ),
    ...optional("ports", chance.maybe(isDestination ? 0.4 : 0.05, ports)),
    ...optional("notPorts", chance.maybe(0.08, ports)),
    ...optional(
      "service",
      chance.maybe(0.06, () => ({ namespace: "a", name: chance.pick(["svc", "none"]) })),
    ),
    ...optional(
      "outsideOnly",
      chance.maybe(0.05, () => true as const),
    ),
  };
}

function ruleOf(chance: Chance, written: number): Rule {
  const icmp = () => ({ type: chance.pick([3, 8]), ...(chance.next() < 0.5 ? { code: chance.pick([0, 1]) } : {}) });
  const protocol = chance.maybe(0.6, () => chance.pick([1, 6, 6, 17, 58, 132]));
  const notProtocol = protocol === undefined ? chance.maybe(0.1, () => chance.pick([6, 17])) : undefined;
  const wantsIcmp = chance.next() < 0.1 ? icmp() : undefined;
  const refusesIcmp = chance.next() < 0.05 ? icmp() : undefined;
  const ipVersion = chance.maybe(0.1, () => chance.pick([4, 6] as const));
  return {
    action: chance.pick(["Allow", "Allow", "Allow", "Deny", "Deny", "Pass", "Log"]),
    written,
    name: "",
    ...(ipVersion === undefined ? {} : { ipVersion }),
    ...(protocol === undefined ? {} : { protocol }),
    ...(notProtocol === undefined ? {} : { notProtocol }),
    ...(wantsIcmp === undefined ? {} : { icmp: wantsIcmp }),
    ...(refusesIcmp === undefined ? {} : { notIcmp: refusesIcmp }),
    source: entityOf(chance, false),
    destination: entityOf(chance, true),
  };
}

function policyOf(chance: Chance, index: number, tiers: readonly string[]): Policy {
  const rules = () => Array.from({ length: Math.floor(chance.next() * 4) }, (_, at) => ruleOf(chance, at));
  const early = chance.maybe(0.1, () => chance.pick(["doNotTrack", "preDnat"] as const));
  const staged = chance.maybe(0.1, () => chance.pick(["Set", "Delete"] as const));
  return {
    id: `calico/GlobalNetworkPolicy/-/p${String(index)}`,
    dialect: "calico",
    kind: "GlobalNetworkPolicy",
    namespace: "",
    name: `p${String(index)}`,
    tier: chance.pick(tiers),
    order: chance.pick([1, 2, 3, Number.POSITIVE_INFINITY]),
    ...(staged === undefined ? {} : { staged }),
    selector: chance.pick(selectors),
    kinds:
      early === undefined
        ? chance.pick([["workload"], ["workload", "hostEndpoint"], ["workload", "hostEndpoint"], ["hostEndpoint"]])
        : ["hostEndpoint"],
    directions: early === undefined ? chance.pick([["ingress"], ["egress"], ["ingress", "egress"]]) : ["ingress"],
    ingress: rules(),
    egress: rules(),
    endsTier: chance.next() < 0.85,
    doNotTrack: early === "doNotTrack",
    preDnat: early === "preDnat",
    applyOnForward: early !== undefined || chance.next() < 0.3,
    place,
  };
}

export function setOf(chance: Chance): PolicySet {
  const tiers = [
    { name: "first", order: 10, defaultAction: chance.pick(["Pass", "Deny"] as const), place },
    { name: "default", order: 1_000_000, defaultAction: "Deny" as const, place },
    { name: "last", order: Number.POSITIVE_INFINITY, defaultAction: "Pass" as const, place },
  ];
  const names = tiers.map(({ name }) => name);
  const profile = {
    name: "kns.a",
    labelsToApply: { zone: "b" },
    ingress: [ruleOf(chance, 0), ruleOf(chance, 1)].filter(({ action }) => action !== "Pass"),
    egress: [ruleOf(chance, 0)].filter(({ action }) => action !== "Pass"),
    place,
  };
  return {
    tiers,
    policies: Array.from({ length: 1 + Math.floor(chance.next() * 6) }, (_, index) => policyOf(chance, index, names)),
    networkSets: [
      {
        namespace: "",
        name: "feed",
        labels: { kind: "feed", app: "web" },
        nets: chance.some(prefixes, 0.3),
        domains: [],
        place,
      },
    ],
    hostEndpoints:
      chance.next() < 0.5
        ? []
        : [
            {
              name: "uplink",
              labels: { app: chance.pick(["web", "db"]) },
              node: "here",
              interfaceName: chance.pick(["eth0", "*"]),
              expectedAddresses: ["172.16.0.1"],
              ports: [{ name: "web", protocol: 6, port: 81 }],
              profiles: chance.pick([[], ["projectcalico-default-allow"]]),
              place,
            },
          ],
    profiles: chance.next() < 0.2 ? [profile] : [],
  };
}

export function podOf(chance: Chance, index: number): WorldEndpoint {
  const isOld = chance.next() < 0.5;
  return {
    id: `pod/${index % 2 === 0 ? "a" : "b"}/p${String(index)}`,
    kind: "workload",
    namespace: index % 2 === 0 ? "a" : "b",
    name: `p${String(index)}`,
    labels: { ...(chance.next() < 0.8 ? { app: chance.pick(["web", "db", "job"]) } : {}), "pcns.team": "red" },
    serviceAccount: "default",
    addresses: [`10.0.0.${String(index + 1)}`, ...(isOld ? [] : [`fd00::${String(index + 1)}`])],
    ports: chance.some(
      [
        { name: "web", protocol: 6, port: 80 },
        { name: "web", protocol: 17, port: 53 },
      ],
      0.6,
    ),
    node: "here",
    workload: "",
    interfaceName: chance.next() < 0.7 ? `pod${String(index)}` : "",
  };
}

const node: WorldEndpoint = {
  id: "node/here",
  kind: "node",
  namespace: "",
  name: "here",
  labels: { app: "node" },
  serviceAccount: "",
  addresses: ["172.16.0.1"],
  ports: [],
  node: "here",
  workload: "",
  interfaceName: "",
};

export function worldOf(chance: Chance): World {
  return {
    namespaces: [
      { name: "a", labels: { team: "red" } },
      { name: "b", labels: { team: "blue" } },
    ],
    serviceAccounts: [],
    endpoints: [
      ...Array.from({ length: 6 }, (_, index) => podOf(chance, index)),
      node,
      { ...node, id: "node/far", name: "far", addresses: ["172.16.0.2"], node: "far" },
      {
        ...node,
        id: "pod/a/host",
        kind: "hostNetwork",
        namespace: "a",
        name: "host",
        labels: { app: "web" },
        addresses: ["172.16.0.2"],
        node: "far",
      },
    ],
    services: [
      {
        namespace: "a",
        name: "svc",
        addresses: [],
        backends: [
          { address: "10.0.0.1", protocol: 6, port: 80 },
          { address: "10.0.0.2", protocol: 17, port: 53 },
        ],
      },
    ],
    ranges: [],
    incomplete: "",
  };
}
