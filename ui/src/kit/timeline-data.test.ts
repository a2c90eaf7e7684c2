import assert from "node:assert/strict";
import { test } from "node:test";
import { Gap } from "../../../src/model/gap.ts";
import {
  gapSpans,
  gapSummary,
  keptSinceMs,
  lessExactText,
  missingOf,
  keptText,
  stack,
  totalsOf,
} from "./timeline-data.ts";

function gap(seconds: number, durationMs: number, given: Partial<Gap> = {}): Gap {
  const time = new Date(seconds * 1000).toISOString();
  return Gap.parse({ time, durationMs, reason: "ring-full", counted: "exact", table: "flows", ...given });
}

test("stacks tallest first", () => {
  const points = [{ time: "1970-01-01T00:00:10.000Z", allow: 5, deny: 2, unknown: 1 }];
  assert.deepEqual(stack(points), [[10], [8], [3], [2]]);
  assert.deepEqual(totalsOf([...points, ...points]), { allow: 10, deny: 4, unknown: 2 });
});

test("overlapping gaps become one span, merged detail is none", () => {
  const gaps = [gap(30, 1000), gap(10, 5000), gap(12, 10_000), gap(11, 1000), gap(50, 1, { reason: "merged" })];
  assert.deepEqual(gapSpans(gaps), [
    [10_000, 22_000],
    [30_000, 31_000],
  ]);
});

test("says what is missing, and when nobody could count", () => {
  assert.equal(gapSummary([gap(1, 1, { rows: 7 })]), "1 gap: 7 rows lost (the kernel's buffer was full)");
  const uncounted = gap(2, 1, { reason: "agent-down", counted: "no" });
  assert.equal(
    gapSummary([gap(1, 1, { rows: 7 }), uncounted]),
    "2 gaps: 7 rows lost (the kernel's buffer was full), an unknown number (no agent ran)",
  );
  assert.equal(
    gapSummary([gap(1, 1, { rows: 1204 }), gap(2, 1, { counted: "no" })]),
    "2 gaps: at least 1,204 rows lost (the kernel's buffer was full)",
  );
});

test("a window that begins before anything was kept says where the data begins", () => {
  const window = { since: "2026-11-23T07:00:00.000Z", until: "2026-11-23T08:00:00.000Z" };
  for (const [dataSince, expected] of [
    [undefined, undefined],
    ["2026-11-22T00:00:00.000Z", undefined],
    ["2026-11-23T07:00:00.000Z", undefined],
    ["2026-11-23T07:55:00.000Z", Date.parse("2026-11-23T07:55:00.000Z")],
    ["2026-11-23T09:00:00.000Z", Date.parse(window.until)],
  ] as const)
    assert.equal(keptSinceMs({ ...window, dataSince }), expected);
  const at = new Date(2026, 10, 23, 7, 55, 12).getTime();
  assert.equal(keptText(at, at + 60_000), "Nothing kept before 07:55:12");
  assert.equal(keptText(at, at + 86_400_000), "Nothing kept before 2026-11-23 07:55:12");
});

test("what was told less exactly is not missing and never added to what is lost", () => {
  const detail = "files whose path is told as it was asked for: links on the way could not be followed";
  const paths = [20_000, 3213].map((rows) => ({ ...gap(1, 1, { rows, reason: "limit" }), detail }));
  const lost = gap(1, 1, { rows: 7, reason: "limit" });
  assert.equal(gapSummary([...paths, lost]), "1 gap: 7 rows lost (a limit was reached)");
  assert.equal(lessExactText([...paths, lost]), "23,213 files: the path as the program gave it");
  assert.deepEqual([gapSummary(paths), missingOf(paths), gapSpans(paths)], ["", [], []]);
  const unjudged = {
    ...gap(1, 1, { rows: 5, reason: "limit", counted: "no" }),
    detail: "events that no rule was asked about: x",
  };
  assert.match(gapSummary([unjudged]), /^1 gap: at least 5 events not shown to any rule/);
  assert.equal(lessExactText([lost, unjudged]), "");
});
