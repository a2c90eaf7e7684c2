// Random sets in random worlds: the compiled rules do what the evaluator says, however they came about, and in whatever order things were given.
import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import type { DirectionVerdict } from "../../../model/policy-verdict.ts";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import type { PolicyEngine } from "../evaluate/engine.ts";
import { parsePrefix } from "../../../base/ip.ts";
import type { EntityMatch, Policy, PolicySet, Prefix, Rule, SourcePlace } from "../model.ts";
import { eq, has, not, or } from "../selector/build.ts";
import { allSelector } from "../selector/build.ts";
import { selectorOf } from "../selector/canonical.ts";
import type { PolicyFlow, World, WorldEndpoint } from "../world.ts";
import { createNftCompiler } from "./create-compiler.ts";
import { elementText } from "./element-text.ts";
import { printRuleset } from "./nft/print.ts";
import type { NftRuleset } from "./nft/ruleset.ts";
import { type Packet, createSimulator } from "./nft/simulate.ts";
import { settingsFor } from "./test-settings.ts";

const place: SourcePlace = { file: "", document: 0, line: 1 };

/** Numbers from 0 to below 1, from a seed. */
function chanceFrom(seed: number) {
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

type Chance = ReturnType<typeof chanceFrom>;

function prefix(text: string): Prefix {
  const range = parsePrefix(text);
  assert.ok(range !== undefined);
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

function setOf(chance: Chance): PolicySet {
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

function podOf(chance: Chance, index: number): WorldEndpoint {
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

function worldOf(chance: Chance): World {
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

interface Case {
  readonly flow: PolicyFlow;
  readonly packet: Packet;
}

const outside = ["203.0.113.7", "198.51.100.9", "172.16.0.2", "2001:db8::7"];

function caseOf(chance: Chance, world: World): Case | undefined {
  const pods = world.endpoints.filter(({ kind }) => kind === "workload");
  const ends = [...pods.flatMap(({ addresses }) => addresses), ...outside, "172.16.0.1"];
  const source = chance.pick(ends);
  const destination = chance.pick(ends);
  const podAt = (address: string) => pods.find(({ addresses }) => addresses.includes(address));
  const isHere = (address: string) => address === "172.16.0.1";
  if (source.includes(":") !== destination.includes(":") || source === destination) return undefined;
  const [from, to] = [podAt(source), podAt(destination)];
  // What only passes this node by is nobody's here.
  if (from === undefined && to === undefined && !isHere(source) && !isHere(destination)) return undefined;
  const protocol = chance.pick([6, 6, 17, 132, source.includes(":") ? 58 : 1]);
  const hasPorts = protocol !== 1 && protocol !== 58;
  const icmp = hasPorts ? {} : { icmp: { type: chance.pick([3, 8]), code: chance.pick([0, 1]) } };
  const sourcePort = hasPorts ? chance.pick([80, 40_000]) : 0;
  const destinationPort = hasPorts ? chance.pick([80, 53, 443, 9999, 22, 81]) : 0;
  return {
    flow: {
      source: { endpoint: "", address: source },
      destination: { endpoint: "", address: destination },
      protocol,
      sourcePort,
      destinationPort,
      ...icmp,
    },
    packet: {
      way: isHere(source) ? "output" : isHere(destination) ? "input" : "forward",
      inInterface: isHere(source) ? "" : linkOf(from, source),
      outInterface: isHere(destination) ? "" : linkOf(to, destination),
      source,
      destination,
      protocol,
      sourcePort,
      destinationPort,
      ...icmp,
    },
  };
}

function linkOf(pod: WorldEndpoint | undefined, address: string): string {
  if (pod === undefined) return "eth0";
  return pod.interfaceName === "" ? `unknown${address}` : pod.interfaceName;
}

/** What decides about a packet, in the order of the kernel's chains. */
function expectedOf(engine: PolicyEngine, { flow, packet }: Case): readonly DirectionVerdict[] {
  const { egress, ingress } = engine.evaluate(flow);
  // A workload's packets to its own node: its egress policies and the setting decide, not host endpoints.
  if (packet.way === "input" && packet.inInterface !== "eth0") return [egress];
  const [host] = engine.set.hostEndpoints;
  if (host === undefined || packet.way !== "forward") return [egress, ingress];
  const through = (end: "source" | "destination") => ({
    ...flow,
    isForwarded: true as const,
    [end]: { endpoint: `hostEndpoint/${host.name}`, address: flow[end].address },
  });
  if (packet.inInterface === "eth0") return [engine.evaluate(through("destination")).ingress, ingress];
  return packet.outInterface === "eth0" ? [egress, engine.evaluate(through("source")).egress] : [egress, ingress];
}

function compared(engine: PolicyEngine, world: World, chance: Chance): number {
  const { ruleset, problems } = createNftCompiler().compile(engine, settingsFor(world));
  assert.deepEqual(problems, []);
  const simulator = createSimulator(ruleset);
  let known = 0;
  for (let index = 0; index < 60; index += 1) {
    const made = caseOf(chance, world);
    if (made === undefined) continue;
    const expected = expectedOf(engine, made);
    if (expected.some(({ verdict }) => verdict === "unknown")) continue;
    known += 1;
    const denied = expected.find(({ verdict }) => verdict === "deny");
    const got = simulator.run(made.packet);
    const { policies, hostEndpoints } = engine.set;
    const told = JSON.stringify({ packet: made.packet, got, expected, policies, hostEndpoints, world });
    assert.equal(got.verdict, denied === undefined ? "accept" : "drop", told);
    if (denied === undefined) continue;
    const letter = denied.direction === "egress" ? "e" : "i";
    const id = (denied.decidedBy?.ruleId ?? 0).toString(16).padStart(8, "0");
    assert.equal(got.reports.at(-1), `D|${letter}|${id}`, told);
  }
  return known;
}

test("compiled rules do what the evaluator says, and report the rule that it names", () => {
  let known = 0;
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const chance = chanceFrom(seed);
      const world = worldOf(chance);
      known += compared(createPolicyEngine({ set: setOf(chance), world }), world, chance);
    }),
    { numRuns: 400 },
  );
  assert.ok(known > 5000, `only ${String(known)} flows were known`);
});

test("a compiler that follows changes ends where a new one begins, and says truly what changed", () => {
  let quiet = 0;
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const chance = chanceFrom(seed);
      let world = worldOf(chance);
      let set = setOf(chance);
      const engine = createPolicyEngine({ set, world });
      const follower = createNftCompiler();
      let last = follower.compile(engine, settingsFor(world)).ruleset;
      for (let round = 0; round < 6; round += 1) {
        const index = Math.floor(chance.next() * 8);
        const pod = podOf(chance, index);
        const isGone = chance.next() < 0.3;
        engine.change(isGone ? { remove: [pod.id] } : { put: [pod] });
        const others = world.endpoints.filter(({ id }) => id !== pod.id);
        world = { ...world, endpoints: isGone ? others : [...others, pod] };
        if (chance.next() < 0.2) {
          set = setOf(chance);
          engine.setPolicies(set);
        }
        const next = follower.compile(engine, settingsFor(world), { endpoints: [pod.id] }).ruleset;
        const fresh = createNftCompiler().compile(createPolicyEngine({ set, world }), settingsFor(world)).ruleset;
        assert.equal(printRuleset({ ...next, digest: "" }), printRuleset({ ...fresh, digest: "" }));
        assert.equal(next.digest, fresh.digest);
        followed(last, next);
        if (next.chains.length === last.chains.length && next.chains.every((chain, at) => chain === last.chains[at]))
          quiet += 1;
        last = next;
      }
    }),
    { numRuns: 60 },
  );
  assert.ok(quiet > 30, `chains stayed in ${String(quiet)} rounds only`);
});

/** Elements before, with the change that the set tells, are the elements after. */
function followed(before: NftRuleset, after: NftRuleset): void {
  const old = new Map(before.sets.map((set) => [set.name, set]));
  for (const set of after.sets) {
    const known = old.get(set.name);
    if (known === undefined || known === set) continue;
    assert.ok(set.change !== undefined, set.name);
    assert.equal(set.change.fromVersion, known.version);
    const texts = new Set(known.elements.map(elementText));
    for (const element of set.change.deleted) assert.ok(texts.delete(elementText(element)), set.name);
    for (const element of set.change.added) texts.add(elementText(element));
    assert.deepEqual([...texts].sort(), set.elements.map(elementText).sort());
  }
}

test("the order of what is given does not matter", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const chance = chanceFrom(seed);
      const [world, set] = [worldOf(chance), setOf(chance)];
      const turned = {
        ...set,
        policies: set.policies.toReversed(),
        tiers: set.tiers.toReversed(),
      };
      const backwards = { ...world, endpoints: world.endpoints.toReversed(), services: world.services.toReversed() };
      const one = createNftCompiler().compile(createPolicyEngine({ set, world }), settingsFor(world)).ruleset;
      const other = createNftCompiler().compile(
        createPolicyEngine({ set: turned, world: backwards }),
        settingsFor(backwards),
      ).ruleset;
      assert.equal(printRuleset(other), printRuleset(one));
      assert.equal(other.digest, one.digest);
    }),
    { numRuns: 60 },
  );
});
