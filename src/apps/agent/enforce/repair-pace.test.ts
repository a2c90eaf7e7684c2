// How often somebody else's changes are met: another agent after three times, anybody after more, and pauses grow while it goes on.
import assert from "node:assert/strict";
import { test } from "node:test";
import { enforceLimits } from "./limits.ts";
import { createRepairPace } from "./repair-pace.ts";

const { otherAgentRepairsMax, repairsPerMinuteMax, repairPauseMsMin, repairPauseMsMax } = enforceLimits;

test("another agent is met after a few repairs and named; somebody else after more", () => {
  for (const isOtherAgent of [true, false]) {
    const pace = createRepairPace();
    const most = isOtherAgent ? otherAgentRepairsMax : repairsPerMinuteMax;
    for (let index = 0; index < most; index += 1) assert.ok(pace.mayRepair(1000 + index, isOtherAgent), String(index));
    assert.equal(pace.mayRepair(2000, isOtherAgent), false);
    assert.equal(pace.rival(2000) === "", !isOtherAgent);
    assert.equal(pace.rival(62_001), "");
    assert.equal(pace.heldUntilMs(2000), 2000 + repairPauseMsMin);
    assert.match(pace.because(), isOtherAgent ? /^another agent writes this table/ : /^somebody else keeps writing/);
  }
});

test("pauses grow to their most while it goes on after each, also where they are longer than the minute that is counted", () => {
  const pace = createRepairPace();
  let nowMs = 1000;
  for (let index = 0; index < otherAgentRepairsMax; index += 1) assert.ok(pace.mayRepair(nowMs, true));
  const pauses: number[] = [];
  for (let round = 0; round < 9; round += 1) {
    assert.equal(pace.mayRepair(nowMs, true), false);
    const heldMs = pace.heldUntilMs(nowMs);
    pauses.push(heldMs - nowMs);
    assert.equal(pace.mayRepair(heldMs - 1, true), false);
    assert.match(pace.because(), /^another agent/);
    nowMs = heldMs + 200;
  }
  const grown = pauses.map((_, index) => Math.min(repairPauseMsMin * 2 ** index, repairPauseMsMax));
  assert.deepEqual(pauses, grown);
  assert.ok(pace.mayRepair(nowMs + 120_000, true), "after a quiet minute it begins anew");
});
