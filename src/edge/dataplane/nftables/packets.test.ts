// Real packets through a router's table: rules decide, the kernel reports with the rule's id, and changes in mid-stream are never seen half.
import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { silentLogger } from "../../../base/logger.ts";
import type { PacketBatch, PolicyPacket } from "../../../core/policy/compile/dataplane.ts";
import type { NftExpression, NftRule, NftRuleset } from "../../../core/policy/compile/nft/ruleset.ts";
import { runInNetns } from "../../../../test/support/netns/namespace.ts";
import { probeAll, type Probe } from "../../../../test/support/netns/probes.ts";
import { openNftables } from "./open-nftables.ts";
import { forward, rule, ruleset, table } from "./rulesets.fixture.ts";
import { a4, a6, b4, b6, clock, openWorld, patient, policy } from "./world.fixture.ts";

async function until(isDone: () => boolean): Promise<void> {
  const startMs = performance.now();
  while (!isDone() && performance.now() - startMs < 30_000) await new Promise((resolve) => setTimeout(resolve, 10));
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
    { timeoutMs: 600, mustAnswer: (index) => cases[index]?.[1] === "open" },
  );
  assert.deepEqual(
    outcomes,
    cases.map(([, outcome]) => outcome),
  );
  // A first packet that is sent again is reported again: as many as the cases are not yet one of each.
  await until(() => cases.every(([{ sourcePort }]) => packets.some((packet) => packet.sourcePort === sourcePort)));
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
    // A sender that has ended refuses late answers by ICMP, which this policy denies too.
    for (const { verdict, protocol, destinationPort } of batch.packets)
      if (verdict === "deny" && protocol === 17) deniedPorts.add(destinationPort);
  });
  const load = path.resolve(import.meta.dirname, "../../sensor/udp-load.fixture.ts");
  const leastChanges = 21;
  const state = { running: 0, count: 0 };
  const send = (port: string): void => {
    state.running += 1;
    const argv = [process.execPath, load, b4, port, "40000", "64", "1"] as const;
    runInNetns(star.pod("a"), [...argv], { stdio: "ignore" }).once("close", () => {
      state.running -= 1;
      // How many changes a load sees depends on the machine: where it is over too early, another follows.
      if (state.count < leastChanges) send(port);
    });
  };
  for (const port of ["53", "54"]) send(port);
  while (state.running > 0) {
    state.count += 1;
    // By turns by what was applied last, and by what the kernel says is there.
    const writer =
      state.count % 2 === 0 ? plane : openNftables({ netns: star.router.path, table, clock, logger: silentLogger });
    assert.equal(writer.apply(renamed(state.count)).how, "difference");
    if (writer !== plane) writer.close();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await until(() => deniedPorts.size > 0 && listeners.taken(2) > 0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  await stop();
  assert.ok(state.count >= leastChanges, String(state.count));
  assert.ok(listeners.taken(2) > 0);
  assert.equal(listeners.taken(6), 0, "denied datagrams that arrived");
  assert.deepEqual([...deniedPorts], [54]);
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

test("limits let so many through, and the kernel's own addresses are told from others", async (context) => {
  const world = await openWorld(context);
  if (world === undefined) return;
  const { star, plane } = world;
  const udp: NftExpression = { do: "compare", field: "meta l4proto", operator: "eq", value: "udp" };
  const isLocal: NftExpression = { do: "compare", field: "fib daddr type", operator: "eq", value: "local" };
  const count = (ruleId: number, ...list: readonly NftExpression[]): NftRule => ({
    ...rule(...list, { do: "counter" }),
    ruleId,
  });
  const base = { type: "filter", hook: "prerouting", priority: -150, policy: "accept" } as const;
  plane.apply(
    ruleset({
      chains: [
        { name: "gr_pre", base, rules: [count(1, udp, isLocal)] },
        { name: "gr_forward", base: forward, rules: [count(2, udp, { do: "limit", perSecond: 1, burst: 5 })] },
      ],
    }),
  );
  const from = star.pod("a");
  const probes = [b4, "10.255.255.254"].flatMap((to): readonly Probe[] =>
    Array.from({ length: 20 }, () => ({ from, to, port: 9, protocol: "udp" })),
  );
  await probeAll(probes, { timeoutMs: 300 });
  const counters = new Map(plane.counters().map((counter) => [counter.ruleId, counter.packets]));
  assert.equal(counters.get(1), 20, "those to the router itself, not those to b");
  const limited = counters.get(2) ?? 0;
  assert.ok(limited >= 5 && limited < 20, String(limited));
});
