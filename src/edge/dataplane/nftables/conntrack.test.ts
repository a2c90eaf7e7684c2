// Connections that the kernel tracks, of real packets: listed, cut, and where redirected ones wanted to go.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { NftRule } from "../../../core/policy/compile/nft/ruleset.ts";
import type { Listener } from "../../../../test/support/netns/listeners.ts";
import { probe, type Probe } from "../../../../test/support/netns/probes.ts";
import { rule, ruleset } from "./rulesets.fixture.ts";
import { a4, a6, b4, b6, openWorld, patient, policy, silent } from "./world.fixture.ts";

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
