// Random sets in random worlds: the compiled rules do what the evaluator says, however they came about, and in whatever order things were given.
import assert from "node:assert/strict";
import test from "node:test";
import * as fc from "fast-check";
import type { DirectionVerdict } from "../../../model/policy-verdict.ts";
import { createPolicyEngine } from "../evaluate/create-engine.ts";
import type { PolicyEngine } from "../evaluate/engine.ts";
import type { PolicyFlow, World, WorldEndpoint } from "../world.ts";
import { createNftCompiler } from "./create-compiler.ts";
import { elementText } from "./element-text.ts";
import { printRuleset } from "./nft/print.ts";
import type { NftRuleset } from "./nft/ruleset.ts";
import { type Packet, createSimulator } from "./nft/simulate.ts";
import { type Chance, chanceFrom, podOf, setOf, worldOf } from "./random.fixture.ts";
import { settingsFor } from "./settings.fixture.ts";

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
