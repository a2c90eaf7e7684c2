// On the real kernel: elements that come and go at run time, and strangers who write into our table.
import assert from "node:assert/strict";
import { test } from "node:test";
import { silentLogger } from "../../../base/logger.ts";
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { NftRuleset, NftSet } from "../../../core/policy/compile/nft/ruleset.ts";
import { createBatch } from "./batch.ts";
import { clock, isAsItShould, openBox } from "./box.fixture.ts";
import { keptElements } from "./kept-elements.ts";
import { families, openNetlink } from "./netlink/socket.ts";
import { openNftables } from "./open-nftables.ts";
import { everyChain, everySet, everything, forward, keys, set } from "./rulesets.fixture.ts";
import { writeFull } from "./transaction.ts";

test("elements with a time are added, refreshed, listed, deleted, and kept when the table is written anew", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  for (const kernelRelease of ["6.12.0", "5.10.0-28-amd64"]) {
    const plane = box.another(kernelRelease);
    refreshAndKeep(plane);
    plane.remove();
  }
});

function refreshAndKeep(plane: Dataplane): void {
  plane.apply(everything);
  const pair = { key: ["10.0.0.1", "192.0.2.1"] } as const;
  plane.addElements([
    {
      set: "gr_dyn4",
      elements: [
        { ...pair, timeoutMs: 60_000 },
        { key: ["10.0.0.1", "192.0.2.2"], timeoutMs: 60_000 },
      ],
    },
    { set: "gr_dyn6", elements: [{ key: ["fd00::1", "2001:db8::1"], timeoutMs: 60_000 }] },
  ]);
  const left = (): number => plane.listElements("gr_dyn4").find((one) => one.key[1] === "192.0.2.1")?.timeoutMs ?? 0;
  const first = left();
  assert.ok(first > 0 && first <= 60_000, String(first));
  plane.addElements([{ set: "gr_dyn4", elements: [{ ...pair, timeoutMs: 600_000 }] }]);
  assert.ok(left() > 500_000, `refreshed: ${left()}`);
  plane.deleteElements([{ set: "gr_dyn4", elements: [{ key: ["10.0.0.1", "192.0.2.2"] }] }]);
  assert.equal(plane.listElements("gr_dyn4").length, 1);
  // More than one attribute holds, and more than is announced to ourselves.
  const many = Array.from({ length: 5000 }, (_, index) => ({
    key: ["10.0.0.9", `192.168.${index >> 8}.${index & 255}`],
    timeoutMs: 60_000,
  }));
  plane.addElements([{ set: "gr_dyn4", elements: many }]);
  assert.equal(plane.listElements("gr_dyn4").length, 5001);
  plane.deleteElements([{ set: "gr_dyn4", elements: many }]);
  isAsItShould(plane, everything);
  // Another kind of set under an old name.
  const sets = everySet.map((one) =>
    one.name === "gr_mark" ? { ...one, key: ["inet_service"] as const, elements: keys([1]) } : one,
  );
  const chains = everyChain.map((chain) => ({
    ...chain,
    rules: chain.rules.filter((one) => !JSON.stringify(one).includes("gr_mark")),
  }));
  assert.equal(plane.apply({ ...everything, digest: "anew", sets, chains }).how, "difference");
  assert.ok(left() > 500_000, `kept: ${left()}`);
  assert.deepEqual(plane.listElements("gr_dyn6")[0]?.key, ["fd00::1", "2001:db8::1"]);
  assert.throws(() => plane.listElements("gr_none"), { code: "dataplane/no-set" });
}

test("listed elements of every kind of set are those that were given", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  box.plane.apply(everything);
  const text = (given: NftSet["elements"]): readonly string[] => given.map((element) => JSON.stringify(element)).sort();
  for (const given of everySet)
    assert.deepEqual(text(box.plane.listElements(given.name)), text(given.elements), given.name);
});

test("a foreign flush and removal are noticed at once, our own changes are not, and the table is put back", async (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  const { plane } = box;
  plane.apply(everything);
  const told: string[] = [];
  const stop = plane.watch((change) => told.push(change.what));
  plane.apply({ ...everything, digest: "own" });
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.deepEqual(told, []);
  const intruder = box.another();
  intruder.addElements([{ set: "gr_v4", elements: keys(["10.9.9.9"]) }]);
  const before = Date.now();
  while (told.length === 0 && Date.now() - before < 30_000) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.match(told[0] ?? "", /1 objects? changed by .*\(process \d+\)/);
  const repaired = plane.apply({ ...everything, digest: "own" });
  assert.deepEqual([repaired.how, repaired.elementsDeleted, repaired.chainsWritten], ["difference", 1, 0]);
  isAsItShould(plane, { ...everything, digest: "own" });
  intruder.remove();
  assert.equal(plane.apply({ ...everything, digest: "own2" }).how, "full");
  assert.match(told[1] ?? "", /table removed/);
  stop();
});

test("whatever a stranger does to the table is mended by what differs, and nothing else is touched", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  const { plane } = box;
  plane.apply(everything);
  const stranger = box.another();
  const without = (name: string) => everyChain.filter((chain) => chain.name !== name);
  const changed = (name: string, rest: Partial<NftSet>) =>
    everySet.map((one) => (one.name === name ? { ...one, ...rest, version: 2 } : one));
  const cases: readonly (readonly [Partial<NftRuleset>, chains: number, added: number, deleted: number])[] = [
    [{ chains: everyChain.map((chain) => ({ ...chain, rules: [] })) }, 6, 0, 0],
    [{ chains: without("gr_output") }, 1, 0, 0],
    [{ chains: [...everyChain, { name: "gr_foreign", base: forward, rules: [] }] }, 0, 0, 0],
    [
      { chains: everyChain.map((chain) => (chain.base ? { ...chain, base: { ...chain.base, priority: 77 } } : chain)) },
      5,
      0,
      0,
    ],
    [{ sets: changed("gr_net4", { elements: keys(["10.0.0.1"], [{ low: "10.0.9.9", high: "10.0.9.20" }]) }) }, 0, 5, 2],
    [{ sets: changed("gr_netport4", { elements: [] }) }, 0, 2, 0],
    [{ sets: changed("gr_to4", { elements: [{ key: ["10.0.0.2"], data: { verdict: "accept" } }] }) }, 0, 6, 1],
    [{ sets: [...everySet, set("gr_foreign", ["mark"], keys([1]))] }, 0, 0, 0],
    [{ digest: "foreign" }, 0, 0, 0],
  ];
  for (const [foreign, chains, added, deleted] of cases) {
    stranger.apply({ ...everything, ...foreign });
    const report = plane.apply(everything);
    const what = JSON.stringify(foreign).slice(0, 200);
    assert.equal(report.how, "difference", what);
    assert.deepEqual(
      [report.chainsWritten, report.elementsAdded, report.elementsDeleted],
      [chains, added, deleted],
      what,
    );
    isAsItShould(plane, everything);
  }
});

test("a table written anew keeps what others put into dynamic sets", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  box.plane.apply(everything);
  box.plane.addElements([{ set: "gr_dyn6", elements: [{ key: ["fd00::1", "2001:db8::1"], timeoutMs: 60_000 }] }]);
  const socket = openNetlink({ family: families.netfilter, netns: box.namespace.path });
  const batch = createBatch();
  writeFull(batch, everything, keptElements(socket, everything));
  batch.send(socket);
  socket.close();
  isAsItShould(box.plane, everything);
  const [left] = box.plane.listElements("gr_dyn6");
  assert.deepEqual(left?.key, ["fd00::1", "2001:db8::1"]);
  assert.ok((left.timeoutMs ?? 0) > 50_000);
});

test("another table of the namespace may change as it likes", (context) => {
  const box = openBox(context);
  if (box === undefined) return;
  box.plane.apply(everything);
  const other = openNftables({ netns: box.namespace.path, table: "others", clock, logger: silentLogger });
  other.apply({ ...everything, table: { family: "inet", name: "others" } });
  assert.equal(box.plane.apply({ ...everything, digest: "d2" }).how, "difference");
  other.close();
});
