// Real packets through a router's table: rules decide, the kernel reports with the rule's id, connections are tracked and cut.
import assert from "node:assert/strict";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { silentLogger } from "../../../base/logger.ts";
import type { Dataplane, PacketBatch, PolicyPacket } from "../../../core/policy/compile/dataplane.ts";
import {
  logPrefix,
  type NftExpression,
  type NftRule,
  type NftRuleset,
} from "../../../core/policy/compile/nft/ruleset.ts";
import { openListeners, type Listener, type Listeners } from "../../../../test/support/netns/listeners.ts";
import { mayMakeNamespaces, runInNetns } from "../../../../test/support/netns/namespace.ts";
import { probe, probeAll, type Probe } from "../../../../test/support/netns/probes.ts";
import { openStar, type Star } from "../../../../test/support/netns/star.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { openNftables } from "./open-nftables.ts";
import { forward, keys, rule, ruleset, set, table } from "./rulesets.fixture.ts";

const missing = "root in a kernel with network namespaces, nf_tables and NFLOG";
const clock = { nowMs: () => Date.now() };
const silent = { timeoutMs: 250 };
const patient = { timeoutMs: 4000 };
const a4 = "10.1.0.2";
const b4 = "10.1.0.3";
const a6 = "fd01::2";
const b6 = "fd01::3";

interface World {
  readonly star: Star;
  readonly plane: Dataplane;
  readonly listeners: Listeners;
}

async function openWorld(
  context: TestContext,
  more: (star: Star) => readonly Listener[] = () => [],
): Promise<World | undefined> {
  if (!skipUnless(context, mayMakeNamespaces(), missing)) return undefined;
  const star = openStar({
    pods: [
      { name: "a", addresses: [a4, a6] },
      { name: "b", addresses: [b4, b6] },
    ],
  });
  const b = star.pod("b");
  const served = (["0.0.0.0", "::"] as const).flatMap((address): readonly Listener[] => [
    { in: b, address, port: 80, protocol: "tcp", echo: true },
    { in: b, address, port: 81, protocol: "tcp" },
    { in: b, address, port: 53, protocol: "udp" },
  ]);
  const listeners = await openListeners([...served, ...more(star)]);
  const plane = openNftables({ netns: star.router.path, table, clock, logger: silentLogger });
  context.after(async () => {
    plane.close();
    await listeners.close();
    star.close();
  });
  return { star, plane, listeners };
}

const accept: NftExpression = { do: "verdict", verdict: "accept" };
const drop: NftExpression = { do: "verdict", verdict: "drop" };
const established = rule({ do: "ct-state", states: ["established", "related"], operator: "eq" }, accept);

function logged(verdict: "allow" | "deny", ruleId: number, ...when: readonly NftExpression[]): NftRule {
  const prefix = logPrefix(verdict, "ingress", ruleId);
  return {
    ...rule(
      ...when,
      { do: "counter" },
      { do: "log", group: 4714, prefix, snapLength: 96, queueThreshold: 16 },
      verdict === "allow" ? accept : drop,
    ),
    ruleId,
  };
}

/** TCP and UDP of b by sets and maps, in both families; all else is denied. */
const policy: NftRuleset = ruleset({
  digest: "policy",
  sets: [
    set("gr_peers4", ["ipv4_addr"], keys([{ low: "10.1.0.0", high: "10.1.0.255" }]), { interval: true }),
    set("gr_peers6", ["ipv6_addr"], keys([a6])),
    set("gr_ports", ["inet_proto", "inet_service"], keys([6, { low: 80, high: 80 }], [17, 53]), { interval: true }),
    set("gr_to4", ["ipv4_addr"], [{ key: [b4], data: { verdict: "goto", chain: "gr_b" } }], { isMap: true }),
    set("gr_to6", ["ipv6_addr"], [{ key: [b6], data: { verdict: "goto", chain: "gr_b" } }], { isMap: true }),
  ],
  chains: [
    {
      name: "gr_forward",
      base: forward,
      rules: [
        established,
        rule({ do: "vmap", fields: ["ip daddr"], map: "gr_to4" }),
        rule({ do: "vmap", fields: ["ip6 daddr"], map: "gr_to6" }),
      ],
    },
    {
      name: "gr_b",
      rules: [
        logged(
          "allow",
          0xa4,
          { do: "lookup", fields: ["ip saddr"], set: "gr_peers4", operator: "eq" },
          { do: "lookup", fields: ["meta l4proto", "th dport"], set: "gr_ports", operator: "eq" },
        ),
        logged(
          "allow",
          0xa6,
          { do: "lookup", fields: ["ip6 saddr"], set: "gr_peers6", operator: "eq" },
          { do: "lookup", fields: ["meta l4proto", "th dport"], set: "gr_ports", operator: "eq" },
        ),
        logged("deny", 0xdd),
      ],
    },
  ],
});

async function until(isDone: () => boolean): Promise<void> {
  const startMs = performance.now();
  while (!isDone() && performance.now() - startMs < 5000) await new Promise((resolve) => setTimeout(resolve, 10));
}

test("packets are allowed and denied by sets, maps and chains, and each first packet is reported with its rule", async (context) => {
  const world = await openWorld(context);
  if (world === undefined) return;
  const { star, plane } = world;
  plane.apply(policy);
  const packets: PolicyPacket[] = [];
  let lost = 0;
  let unreadable = 0;
  const stop = await plane.packets((batch: PacketBatch) => {
    packets.push(...batch.packets);
    lost += batch.lost;
    unreadable += batch.unreadable;
  });
  const from = star.pod("a");
  const cases: readonly (readonly [Omit<Probe, "from">, "open" | "timeout", ruleId: number])[] = [
    [{ to: b4, port: 80, protocol: "tcp", sourcePort: 5001 }, "open", 0xa4],
    [{ to: b4, port: 81, protocol: "tcp", sourcePort: 5002 }, "timeout", 0xdd],
    [{ to: b4, port: 53, protocol: "udp", sourcePort: 5003 }, "open", 0xa4],
    [{ to: b6, port: 80, protocol: "tcp", sourcePort: 5004 }, "open", 0xa6],
    [{ to: b6, port: 81, protocol: "tcp", sourcePort: 5005 }, "timeout", 0xdd],
    [{ to: b6, port: 53, protocol: "udp", sourcePort: 5006 }, "open", 0xa6],
  ];
  const outcomes = await probeAll(
    cases.map(([one]) => ({ ...one, from })),
    { timeoutMs: 600 },
  );
  assert.deepEqual(
    outcomes,
    cases.map(([, outcome]) => outcome),
  );
  await until(() => packets.length >= cases.length);
  await stop();
  for (const [one, outcome, ruleId] of cases) {
    const found = packets.find((packet) => packet.sourcePort === one.sourcePort);
    assert.ok(found, JSON.stringify(one));
    assert.deepEqual(
      { ...found, timeMs: 0, bytes: found.bytes > 28 },
      {
        timeMs: 0,
        verdict: outcome === "open" ? "allow" : "deny",
        direction: "ingress",
        ruleId,
        source: one.to === b4 ? a4 : a6,
        destination: one.to,
        protocol: one.protocol === "tcp" ? 6 : 17,
        sourcePort: one.sourcePort,
        destinationPort: one.port,
        bytes: true,
        inInterface: star.linkOf("a"),
        outInterface: star.linkOf("b"),
      },
    );
  }
  assert.deepEqual([lost, unreadable], [0, 0]);
  const counters = new Map(plane.counters().map((counter) => [counter.ruleId, counter.packets]));
  assert.deepEqual([counters.get(0xa4), counters.get(0xa6)], [2, 2]);
  assert.ok((counters.get(0xdd) ?? 0) >= 2);
});

test("only one reader has the reports of a namespace, and stopping gives them free", async (context) => {
  const world = await openWorld(context);
  if (world === undefined) return;
  const stop = await world.plane.packets(() => undefined);
  await assert.rejects(
    world.plane.packets(() => undefined),
    { code: "dataplane/nflog" },
  );
  await stop();
  const again = await world.plane.packets(() => undefined);
  await again();
});

/** The policy with sets and a class chain of other names each time: all that packets go through comes and goes. */
function renamed(count: number): NftRuleset {
  const at = (name: string): string => (/^gr_(peers|ports|b)/.test(name) ? `${name}_${count}` : name);
  const text = JSON.stringify({ ...policy, digest: `d${count}` }, (key, value: unknown) =>
    (key === "name" || key === "set" || key === "chain") && typeof value === "string" ? at(value) : value,
  );
  const renamedPolicy = JSON.parse(text) as NftRuleset;
  // Without the shortcut for established connections each packet is judged.
  const chains = renamedPolicy.chains.map((chain) => ({
    ...chain,
    rules: chain.rules.filter((one) => one.expressions[0]?.do !== "ct-state"),
  }));
  return { ...renamedPolicy, chains };
}

test("a policy that changes while packets flow never lets a denied one through nor denies an allowed one", async (context) => {
  const world = await openWorld(context, (star) => [
    { in: star.pod("b"), address: "0.0.0.0", port: 54, protocol: "udp" },
  ]);
  if (world === undefined) return;
  const { star, plane, listeners } = world;
  plane.apply(renamed(0));
  const deniedPorts = new Set<number>();
  const stop = await plane.packets((batch) => {
    for (const packet of batch.packets) if (packet.verdict === "deny") deniedPorts.add(packet.destinationPort);
  });
  const load = path.resolve(import.meta.dirname, "../../sensor/udp-load.fixture.ts");
  const state = { running: 2, count: 0 };
  for (const port of ["53", "54"]) {
    const argv = [process.execPath, load, b4, port, "40000", "64", "1"] as const;
    runInNetns(star.pod("a"), [...argv], { stdio: "ignore" }).once("close", () => (state.running -= 1));
  }
  while (state.running > 0) {
    state.count += 1;
    // By turns by what was applied last, and by what the kernel says is there.
    const writer =
      state.count % 2 === 0 ? plane : openNftables({ netns: star.router.path, table, clock, logger: silentLogger });
    assert.equal(writer.apply(renamed(state.count)).how, "difference");
    if (writer !== plane) writer.close();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  await stop();
  assert.ok(state.count > 20, String(state.count));
  assert.ok(listeners.taken(2) > 0);
  assert.equal(listeners.taken(6), 0, "denied datagrams that arrived");
  assert.deepEqual([...deniedPorts], [54]);
});

test("tracked connections are listed, and one that is cut is judged anew", async (context) => {
  const world = await openWorld(context);
  if (world === undefined) return;
  const { star, plane } = world;
  plane.apply(policy);
  const from = star.pod("a");
  assert.equal(await probe({ from, to: b4, port: 53, protocol: "udp", sourcePort: 6001 }, patient), "open");
  assert.equal(await probe({ from, to: b6, port: 53, protocol: "udp", sourcePort: 6002 }, patient), "open");
  const listed = plane.connections(100).connections;
  const mine = listed.filter((one) => one.sourcePort === 6001 || one.sourcePort === 6002);
  assert.deepEqual(
    mine.map((one) => ({ ...one, isAssured: false })).sort((x, y) => x.sourcePort - y.sourcePort),
    [
      {
        protocol: 17,
        source: a4,
        destination: b4,
        sourcePort: 6001,
        destinationPort: 53,
        realDestination: b4,
        realDestinationPort: 53,
        isAssured: false,
      },
      {
        protocol: 17,
        source: a6,
        destination: b6,
        sourcePort: 6002,
        destinationPort: 53,
        realDestination: b6,
        realDestinationPort: 53,
        isAssured: false,
      },
    ],
  );
  assert.equal(plane.connections(1).more, listed.length - 1);
  // The policy changes; the old connection lives on by the established shortcut until it is cut.
  plane.apply({
    ...policy,
    digest: "closed",
    sets: policy.sets.map((one) => (one.name === "gr_ports" ? { ...one, version: 2, elements: [] } : one)),
  });
  assert.equal(await probe({ from, to: b4, port: 53, protocol: "udp", sourcePort: 6001 }, patient), "open");
  assert.equal(plane.cut(mine), 2);
  assert.equal(plane.cut(mine), 0);
  assert.equal(await probe({ from, to: b4, port: 53, protocol: "udp", sourcePort: 6001 }, silent), "timeout");
});

const linkAddress = "169.254.1.1";
const node4 = "10.255.255.254";
const node6 = "fd00:ffff::1";

test("a redirected client's aim is known by connection tracking", async (context) => {
  const world = await openWorld(context, ({ router }) =>
    [linkAddress, node4, node6].flatMap((address): readonly Listener[] => [
      { in: router, address, port: 15_353, protocol: "udp" },
      { in: router, address, port: 15_353, protocol: "tcp", echo: true },
    ]),
  );
  if (world === undefined) return;
  const { star, plane } = world;
  const redirect = (l4proto: string, port: number, address?: string): NftRule =>
    rule(
      { do: "compare", field: "meta l4proto", operator: "eq", value: l4proto },
      { do: "compare", field: "th dport", operator: "eq", value: port },
      { do: "redirect", port: 15_353, ...(address === undefined ? {} : { address }) },
    );
  const rules = ["udp", "tcp"].flatMap((l4) => [redirect(l4, 53), redirect(l4, 54, node4), redirect(l4, 54, node6)]);
  const base = { type: "nat", hook: "prerouting", priority: -101, policy: "accept" } as const;
  plane.apply(ruleset({ chains: [{ name: "gr_nat", base, rules }] }));
  const from = star.pod("a");
  const cases: readonly (readonly [to: string, port: number, protocol: "tcp" | "udp", at: string])[] = [
    ["8.8.8.8", 53, "udp", linkAddress],
    ["8.8.4.4", 53, "tcp", linkAddress],
    ["8.8.8.8", 54, "udp", node4],
    ["8.8.4.4", 54, "tcp", node4],
    ["2001:db8::8", 54, "udp", node6],
    ["2001:db8::8", 54, "tcp", node6],
  ];
  for (const [index, [to, port, protocol, destination]] of cases.entries()) {
    const sourcePort = 7001 + index;
    const name = `${to} ${port} ${protocol}`;
    assert.equal(await probe({ from, to, port, protocol, sourcePort }, patient), "open", name);
    const source = to.includes(":") ? a6 : a4;
    const seen = { protocol: protocol === "udp" ? 17 : 6, source, sourcePort, destination, destinationPort: 15_353 };
    assert.deepEqual(plane.originalOf(seen), { address: to, port }, name);
    assert.equal(plane.originalOf({ ...seen, sourcePort: 6999 }), undefined);
  }
  const direct: Probe = { from, to: node4, port: 15_353, protocol: "udp", sourcePort: 7100 };
  assert.equal(await probe(direct, patient), "open");
  const seen = { protocol: 17, source: a4, sourcePort: 7100, destination: node4, destinationPort: 15_353 };
  assert.equal(plane.originalOf(seen), undefined, "nobody redirected this one");
});

test("reject answers at once, notrack keeps a packet out of tracking, marks and limits hold", async (context) => {
  const world = await openWorld(context);
  if (world === undefined) return;
  const { star, plane } = world;
  const dport = (value: number): NftExpression => ({ do: "compare", field: "th dport", operator: "eq", value });
  const id = (ruleId: number, ...list: readonly NftExpression[]): NftRule => ({
    ...rule(...list, { do: "counter" }),
    ruleId,
  });
  plane.apply(
    ruleset({
      chains: [
        {
          name: "gr_raw",
          base: { type: "filter", hook: "prerouting", priority: -300, policy: "accept" },
          rules: [
            rule(dport(53), { do: "notrack" }),
            rule({ do: "set-mark", which: "meta", value: 0x0500, mask: 0xff00 }),
          ],
        },
        {
          name: "gr_forward",
          base: forward,
          rules: [
            id(1, { do: "ct-state", states: ["untracked"], operator: "eq" }),
            id(2, { do: "compare", field: "meta mark", operator: "eq", value: 0x0500, mask: 0xff00 }),
            id(3, { do: "compare", field: "meta iifname", operator: "eq", value: star.linkOf("a") }),
            id(4, { do: "compare", field: "meta iifname", operator: "eq", value: "gp*" }),
            id(5, { do: "compare", field: "meta iifname", operator: "ne", value: "gp*" }),
            id(6, { do: "range", field: "meta mark", operator: "eq", low: 0x0400, high: 0x0600 }),
            id(7, { do: "range", field: "th dport", operator: "ne", low: 1, high: 65_000 }),
            rule({ do: "compare", field: "meta l4proto", operator: "eq", value: "tcp" }, dport(80), {
              do: "reject",
              with: "tcp-reset",
            }),
            rule(dport(81), { do: "reject", with: "admin-prohibited" }),
          ],
        },
      ],
    }),
  );
  const from = star.pod("a");
  assert.deepEqual(
    await probeAll(
      [
        { from, to: b4, port: 80, protocol: "tcp" },
        { from, to: b6, port: 80, protocol: "tcp" },
        { from, to: b4, port: 81, protocol: "tcp" },
        { from, to: b4, port: 53, protocol: "udp", sourcePort: 8001 },
      ],
      patient,
    ),
    ["refused", "refused", "unreachable", "open"],
  );
  const counters = new Map(plane.counters().map((counter) => [counter.ruleId, counter.packets]));
  assert.equal(counters.get(1), 1);
  assert.ok((counters.get(2) ?? 0) >= 5);
  assert.ok((counters.get(3) ?? 0) >= 4);
  assert.ok((counters.get(4) ?? 0) > (counters.get(3) ?? 0));
  assert.equal(counters.get(5), 0);
  assert.equal(counters.get(6), counters.get(2));
  assert.equal(counters.get(7), 0);
  assert.equal(
    plane.connections(100).connections.some((one) => one.sourcePort === 8001),
    false,
  );
});
