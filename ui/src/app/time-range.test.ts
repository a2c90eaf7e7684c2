import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import {
  absoluteRange,
  formatRange,
  parseRange,
  rangeEnds,
  rangeLabel,
  rangeQuery,
  scaleRange,
  shiftRange,
} from "./time-range.ts";

const now = Date.parse("2026-11-23T07:00:00.000Z");

test("refuses what is not a range", () => {
  for (const text of ["", "15", "m", "0m", "15 m", "-5m", "a..b", "2026-11-23T06:00:00Z", "1h..2h"]) {
    assert.equal(parseRange(text), undefined, text);
  }
});

test("relative ranges end now, absolute ones where they say", () => {
  assert.deepEqual(rangeEnds(parseRange("15m")!, now), [now - 900_000, now]);
  const absolute = parseRange("2026-11-23T06:30:00.000Z..2026-11-23T06:00:00.000Z")!;
  assert.deepEqual(rangeQuery(absolute), { since: "2026-11-23T06:00:00.000Z", until: "2026-11-23T06:30:00.000Z" });
  assert.deepEqual(rangeQuery(parseRange("24h")!), { since: "24h" });
});

test("what is written is read back the same", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 0, max: 4e12 }), (a, b) => {
      const range = absoluteRange(a, b);
      assert.deepEqual(parseRange(formatRange(range)), range);
    }),
  );
});

test("moves and zooms", () => {
  const range = parseRange("1h")!;
  assert.deepEqual(rangeEnds(shiftRange(range, -0.5, now), now), [now - 5_400_000, now - 1_800_000]);
  assert.deepEqual(rangeEnds(scaleRange(range, 0.5, now), now), [now - 2_700_000, now - 900_000]);
  const [since, until] = rangeEnds(scaleRange(range, 2, now), now);
  assert.equal(since, now - 5_400_000);
  assert.equal(until, now, "never past now");
});

test("labels read as sentences", () => {
  assert.equal(rangeLabel(parseRange("15m")!), "Last 15 minutes");
  assert.equal(rangeLabel(parseRange("1h")!), "Last hour");
});
