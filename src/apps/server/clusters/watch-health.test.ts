// How well a cluster is watched: times in which nobody could look are gaps, and what the server lost is not known any more.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { ResourceState } from "../../../edge/kube/watch-resource.ts";
import { createWatchHealth } from "./watch-health.ts";

function world() {
  let nowMs = 1_000_000;
  const health = createWatchHealth(["Pod"], { nowMs: () => nowMs });
  const say = (state: ResourceState, afterMs = 0) => {
    nowMs += afterMs;
    health.report("Pod", { state, resource: "pods", because: "" });
  };
  return { health, say };
}

test("a list that is made anew for long is a gap from its beginning", () => {
  const { health, say } = world();
  say("listing");
  say("current", 60_000);
  assert.deepEqual(health.gapRows(), []);
  say("listing", 1000);
  say("current", 20_000);
  const [row] = health.gapRows();
  assert.deepEqual([row?.time, row?.durationMs, row?.reason], [1_061_000, 20_000, "inventory-down"]);
});

test("what the server does not have any more is not listed until it is listed again", () => {
  const { health, say } = world();
  const heard = (["listing", "current", "forbidden", "absent", "listing", "current"] as const).map((state) => {
    say(state);
    return health.isListed("Pod");
  });
  assert.deepEqual(heard, [false, true, true, false, false, true]);
});
