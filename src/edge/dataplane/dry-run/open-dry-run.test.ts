import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import { everything, keys, ruleset, set } from "../nftables/rulesets.fixture.ts";
import { openDryRun } from "./open-dry-run.ts";

test("a dry run remembers what was applied, tells differences, and lets elements end", () => {
  const clock = manualClock(1000);
  const plane = openDryRun({ clock });
  assert.equal(plane.readBack(everything, { elements: true }).isThere, false);
  assert.equal(plane.apply(everything).how, "full");
  assert.equal(plane.apply(everything).how, "nothing");
  assert.deepEqual(plane.readBack(everything, { elements: true }).differences, []);
  plane.addElements([{ set: "gr_dyn4", elements: [{ key: ["10.0.0.1", "10.0.0.2"], timeoutMs: 50 }] }]);
  clock.advance(20);
  assert.deepEqual(plane.listElements("gr_dyn4"), [{ key: ["10.0.0.1", "10.0.0.2"], timeoutMs: 30 }]);
  clock.advance(30);
  assert.deepEqual(plane.listElements("gr_dyn4"), []);
  assert.throws(() => plane.addElements([{ set: "gr_none", elements: [] }]), { code: "dataplane/no-set" });
  const next = ruleset({ digest: "n", sets: [set("gr_v4", ["ipv4_addr"], keys(["10.0.0.9"]))], chains: [] });
  const report = plane.apply(next);
  assert.deepEqual([report.how, report.elementsAdded, report.elementsDeleted], ["difference", 1, 4]);
});

test("strangers and the kernel can be played", async () => {
  const plane = openDryRun({ clock: manualClock(5) });
  plane.apply(everything);
  const told: string[] = [];
  const stop = plane.watch((change) => told.push(change.what));
  plane.removeAsStranger();
  stop();
  plane.removeAsStranger();
  assert.deepEqual(told, ["table removed"]);
  let lost = 0;
  const end = await plane.packets((batch) => (lost += batch.lost));
  plane.report({ packets: [], lost: 3, unreadable: 0 });
  await end();
  plane.report({ packets: [], lost: 3, unreadable: 0 });
  assert.equal(lost, 3);
});
