import assert from "node:assert/strict";
import { test } from "node:test";
import { type GapClass, gapCost } from "./gap-class.ts";
import type { Gap } from "./gap.ts";

const cases: readonly (readonly [Gap["reason"], string, GapClass, string])[] = [
  ["ring-full", "12 events of type exec", "lost", "rows"],
  ["ring-full", "files whose path is told as it was asked for", "lost", "rows"],
  ["agent-down", "", "lost", "rows"],
  ["limit", "", "lost", "rows"],
  ["limit", "more was done to files than is told of in one window", "lost", "rows"],
  ["limit", "more containers than are learnt at a time", "lost", "containers"],
  ["limit", "files whose path is told as it was asked for: links on the way", "less-exact", "files"],
  [
    "limit",
    "detections of one rule and workload beyond their rate; the next one says how many: Miner 3",
    "less-exact",
    "repeated detections",
  ],
  [
    "limit",
    "parts of open sequences and counters of rules that fell out of their limits",
    "less-exact",
    "parts of sequences",
  ],
  ["limit", "no key was left: merged into namespace pairs", "less-exact", "flows"],
  ["limit", "7 events that no rule was asked about: detection had used up its share", "unjudged", "events"],
  ["merged", "level 2", "less-exact", "rows"],
];

test("each gap has a class and a unit, by its reason and how its words begin", () => {
  for (const [reason, detail, wanted, unit] of cases) {
    const found = gapCost({ reason, detail });
    assert.deepEqual([found.class, found.unit[1]], [wanted, unit], `${reason} ${detail}`);
    assert.equal(found.cost !== "", wanted === "less-exact");
  }
});
