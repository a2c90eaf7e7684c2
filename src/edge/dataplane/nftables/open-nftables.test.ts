// On the real kernel, in namespaces of the test's own: what is applied is what is read back, all or nothing, differences only.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { Fault } from "../../../base/fault.ts";
import { silentLogger } from "../../../base/logger.ts";
import type { NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { clock, isAsItShould, openBox } from "./box.fixture.ts";
import { openNftables } from "./open-nftables.ts";
import { everyChain, everySet, everything, forward, keys, rule, ruleset, set, table } from "./rulesets.fixture.ts";

test("every expression and every kind of set comes back from the kernel as it was applied", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  const report = box.plane.apply(everything);
  assert.equal(report.how, "full");
  assert.equal(report.setsAdded, everySet.length);
  assert.equal(report.chainsWritten, everyChain.length);
  isAsItShould(box.plane, everything);
  assert.equal(box.plane.apply(everything).how, "nothing");
});

test("each set and each rule is also told apart from another one", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  box.plane.apply(everything);
  for (const [index, given] of everySet.entries()) {
    if (given.isDynamic === true) continue;
    const changed = everySet.with(index, { ...given, elements: given.elements.slice(1) });
    const found: readonly string[] = box.plane.readBack(
      { ...everything, sets: changed },
      { elements: true },
    ).differences;
    assert.equal(found.length, 1, given.name);
    assert.match(found[0] ?? "", new RegExp(`set ${given.name}: \\d entries too many`));
    const counted: readonly string[] = box.plane.readBack(
      { ...everything, sets: changed },
      { elements: false },
    ).differences;
    assert.equal(counted.length, 1, given.name);
  }
  for (const [at, chain] of everyChain.entries()) {
    for (const index of chain.rules.keys()) {
      const other = rule({ do: "compare", field: "meta mark", operator: "eq", value: 12_345 });
      const chains = everyChain.with(at, { ...chain, rules: chain.rules.with(index, other) });
      const found: readonly string[] = box.plane.readBack({ ...everything, chains }, { elements: false }).differences;
      assert.equal(found.length, 1, `${chain.name} ${index}`);
      assert.match(found[0] ?? "", new RegExp(`chain ${chain.name}: rule ${index}`));
    }
  }
});

test("a bad object leaves the old table as it was, and the fault names it", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  const good = ruleset({
    sets: [set("gr_a", ["ipv4_addr"], keys(["10.0.0.1"]))],
    chains: [{ name: "gr_c", rules: [] }],
  });
  box.plane.apply(good);
  const lookup = rule({ do: "lookup", fields: ["ip saddr"], set: "gr_nowhere", operator: "eq" });
  const loop = rule({ do: "verdict", verdict: "jump", chain: "gr_c" });
  const cases: readonly (readonly [NftRuleset, RegExp])[] = [
    [
      ruleset({ digest: "bad", sets: good.sets, chains: [{ name: "gr_c", rules: [rule(), lookup] }] }),
      /chain gr_c: rule 1/,
    ],
    [ruleset({ digest: "bad", chains: [{ name: "gr_c", base: forward, rules: [loop] }] }), /gr_c/],
    [
      ruleset({ digest: "bad", sets: [set("gr_a", ["ipv4_addr"], keys(["fd00::1"]))], chains: good.chains }),
      /set gr_a: element 0/,
    ],
    [ruleset({ digest: "bad", sets: [], chains: [{ name: "no good", rules: [] }] }), /no good/],
    [
      ruleset({
        digest: "bad",
        sets: [
          set(
            "gr_over",
            ["ipv4_addr"],
            keys([{ low: "10.0.0.0", high: "10.0.0.9" }], [{ low: "10.0.0.5", high: "10.0.0.20" }]),
            {
              interval: true,
            },
          ),
        ],
        chains: good.chains,
      }),
      /set gr_over/,
    ],
  ];
  for (const [bad, where] of cases) {
    assert.throws(
      () => box.plane.apply(bad),
      (error) => error instanceof Fault && error.code.startsWith("dataplane/") && where.test(error.message),
      String(where),
    );
    isAsItShould(box.plane, good);
  }
});

test("what was prepared for a ruleset that is then refused is taken back", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  const { plane } = box;
  // Only once it is hooked in does the kernel see that the new chain jumps to itself.
  const loop = { name: "gr_new", rules: [rule({ do: "verdict", verdict: "jump", chain: "gr_new" })] };
  const hooked = { name: "gr_top", base: forward, rules: [rule({ do: "verdict", verdict: "jump", chain: "gr_new" })] };
  const bad = ruleset({
    digest: "bad",
    sets: [set("gr_a", ["ipv4_addr"], keys(["10.0.0.1"])), set("gr_new", ["mark"], keys([1]))],
    chains: [hooked, loop],
  });
  assert.throws(() => plane.apply(bad), { code: "dataplane/refused" });
  assert.equal(plane.readBack(bad, { elements: true }).isThere, false);
  const good = ruleset({ sets: [set("gr_a", ["ipv4_addr"], keys(["10.0.0.2"]))], chains: [{ ...hooked, rules: [] }] });
  plane.apply(good);
  assert.throws(() => plane.apply(bad), { code: "dataplane/refused" });
  isAsItShould(plane, good);
  assert.equal(plane.apply(good).how, "nothing");
});

test("only the difference is written, by what the compiler noted and by content", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  const many = keys(...Array.from({ length: 3000 }, (_, index) => [`10.1.${index >> 8}.${index & 255}`]));
  const first = set("gr_big", ["ipv4_addr"], many);
  const base = ruleset({ sets: [first], chains: [{ name: "gr_c", rules: [] }] });
  assert.equal(box.plane.apply(base).how, "full");
  const added = keys(["10.2.0.1"]);
  const noted: NftSet = {
    ...first,
    version: 2,
    elements: [...many.slice(1), ...added],
    change: { fromVersion: 1, added, deleted: many.slice(0, 1) },
  };
  const second = { ...base, digest: "d2", sets: [noted] };
  const report = box.plane.apply(second);
  assert.deepEqual([report.how, report.elementsAdded, report.elementsDeleted], ["difference", 1, 1]);
  isAsItShould(box.plane, second);
  const third = { ...base, digest: "d3", sets: [{ ...first, version: 9, elements: many.slice(5) }] };
  const byContent = box.plane.apply(third);
  assert.deepEqual([byContent.how, byContent.elementsAdded, byContent.elementsDeleted], ["difference", 0, 5]);
  isAsItShould(box.plane, third);
});

test("sets and chains come and go in one transaction, and any two rulesets lead to each other", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  const jump = (chain: string) => rule({ do: "verdict", verdict: "jump", chain });
  const see = (name: string) => rule({ do: "lookup", fields: ["ip saddr"], set: name, operator: "eq" });
  const map = (chain: string) =>
    set("gr_map", ["ipv4_addr"], [{ key: ["10.0.0.1"], data: { verdict: "goto", chain } }], {
      isMap: true,
      version: chain.length,
    });
  const top = (...rules: ReturnType<typeof rule>[]) => ({
    name: "gr_top",
    base: { type: "filter", hook: "forward", priority: 0, policy: "accept" } as const,
    rules,
  });
  const use = rule({ do: "vmap", fields: ["ip daddr"], map: "gr_map" });
  const all: readonly NftRuleset[] = [
    ruleset({ digest: "0", chains: [] }),
    ruleset({
      digest: "1",
      sets: [map("gr_x")],
      chains: [top(use), { name: "gr_x", rules: [jump("gr_y")] }, { name: "gr_y", rules: [] }],
    }),
    ruleset({ digest: "2", sets: [map("gr_yy")], chains: [top(use, jump("gr_yy")), { name: "gr_yy", rules: [] }] }),
    ruleset({
      digest: "3",
      sets: [
        set("gr_s", ["ipv4_addr"], keys(["10.0.0.1"])),
        set("gr_n", ["ipv4_addr"], keys([{ low: "10.0.0.0", high: "10.0.0.9" }]), { interval: true }),
      ],
      chains: [top(see("gr_s"), see("gr_n"))],
    }),
    ruleset({
      digest: "4",
      sets: [
        set(
          "gr_n",
          ["ipv4_addr"],
          keys([{ low: "10.0.0.0", high: "10.0.0.19" }], [{ low: "10.0.0.20", high: "10.0.0.29" }]),
          { interval: true, version: 2 },
        ),
      ],
      chains: [top(see("gr_n"))],
    }),
    ruleset({ digest: "5", sets: [set("gr_s", ["ipv6_addr"], keys(["fd00::1"]))], chains: [] }),
    everything,
  ];
  for (const from of all) {
    for (const to of all) {
      box.plane.apply(from);
      box.plane.apply(to);
      isAsItShould(box.plane, to);
    }
  }
});

test("a chain that did not change keeps its counters, a restart finds what is there, and nobody's tables but ours go", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  box.plane.apply(everything);
  const other = openNftables({ netns: box.namespace.path, table: "others", clock, logger: silentLogger });
  const theirs: NftRuleset = { ...ruleset({ chains: [] }), table: { family: "inet", name: "others" } };
  other.apply(theirs);
  const restarted = box.another();
  // Only whose it is is written anew.
  const { how, ...written } = restarted.apply(everything);
  assert.deepEqual(
    [how, written.chainsWritten, written.setsAdded, written.elementsAdded, written.elementsDeleted],
    ["difference", 0, 0, 0, 0],
  );
  assert.equal(restarted.apply(everything).how, "nothing");
  assert.equal(restarted.apply({ ...everything, digest: "next" }).how, "difference");
  assert.deepEqual(restarted.counters(), [{ ruleId: 0x1f03c2d4, packets: 0, bytes: 0 }]);
  restarted.remove();
  restarted.remove();
  assert.equal(restarted.readBack(everything, { elements: true }).isThere, false);
  assert.deepEqual(restarted.counters(), []);
  assert.equal(other.readBack(theirs, { elements: true }).isThere, true);
  other.close();
});

test("the nft command reads what we wrote", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  const has = spawnSync("nft", ["--version"]).status === 0;
  if (!skipUnless(context, has, "the nft command (Debian: nftables), to read our table with")) return;
  box.plane.apply(everything);
  const listed = box.namespace.inside(() => spawnSync("nft", ["list", "table", "inet", table], { encoding: "utf8" }));
  assert.equal(listed.status, 0, listed.stderr);
  const lines = [
    "ct state established,related accept",
    "ip daddr vmap @gr_to4",
    "iifname . ip saddr vmap @gr_from",
    "ip saddr != @gr_net4 return",
    "meta l4proto . th dport @gr_protoports accept",
    'log prefix "D|i|1f03c2d4" group 4714 snaplen 128 queue-threshold 32 drop comment "rule 1f03c2d4"',
    "type filter hook forward priority filter - 5; policy accept;",
    "elements = { tcp . 80-90,",
    "type ipv4_addr . inet_proto . inet_service",
    'elements = { "gp0",',
    "elements = { 0x00000001, 0xfedcba98 }",
    "10.0.0.2 : goto gr_class",
    "meta mark & 0x0000ff00 == 0x00004000",
    'iifname != "gp*"',
    "fib daddr type local",
    "redirect to :15353",
    "dnat ip to 10.0.0.1:53",
    "dnat ip6 to [fd00::1]:53",
    "reject with tcp reset",
    "reject with icmpx admin-prohibited",
    "limit rate 100/second",
    "icmp type echo-request icmp code net-unreachable",
    "th dport 1000-2000",
    "notrack",
  ];
  for (const line of lines) assert.ok(listed.stdout.includes(line), `${line}\n${listed.stdout}`);
});

test("whoever lacks the right is told so, and a namespace that is not there is named", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  const { seteuid } = process;
  assert.ok(seteuid);
  seteuid(65_534);
  try {
    assert.throws(() => box.plane.apply(everything), { code: "dataplane/netlink", kind: "forbidden" });
    assert.throws(() => box.plane.connections(10), { code: "dataplane/netlink", kind: "forbidden" });
  } finally {
    seteuid(0);
  }
  const netns = "/run/netns/garrison-is-not-there";
  assert.throws(() => openNftables({ netns, table, clock, logger: silentLogger }), { code: "dataplane/netns" });
});

test("a table that another agent writes is told as that, and does not read back as ours", async (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  const chain = (value: number) => ({
    name: "gr_c",
    rules: [rule({ do: "compare", field: "meta mark", operator: "eq", value })],
  });
  const ours = ruleset({ chains: [chain(1)] });
  const other = box.another();
  box.plane.apply(ours);
  const told: (boolean | undefined)[] = [];
  const toldOf = async (act: () => void): Promise<boolean | undefined> => {
    const next = new Promise<void>((resolve) => {
      const stop = box.plane.watch(({ isOtherAgent }) => {
        told.push(isOtherAgent);
        stop();
        resolve();
      });
    });
    act();
    await next;
    return told.at(-1);
  };
  assert.equal(await toldOf(() => other.apply(ruleset({ digest: "d2", chains: [chain(2)] }))), true);
  box.plane.apply(ours);
  isAsItShould(box.plane, ours);
  // The very same rules, too: whoever wrote them will write them again.
  assert.equal(await toldOf(() => other.apply(ours)), true);
  assert.deepEqual(box.plane.readBack(ours, { elements: true }).differences, ["another agent wrote it last"]);
  box.plane.apply(ours);
  isAsItShould(box.plane, ours);
  assert.equal(await toldOf(() => other.remove()), undefined);
});
