import assert from "node:assert/strict";
import { test } from "node:test";
import { formatInstant, parseInstantMs } from "../../base/instant.ts";
import { parseFilter } from "./parse.ts";
import { resolveWindow, type WindowParameters } from "./window.ts";

const nowMs = parseInstantMs("2026-11-23T12:00:00Z") ?? 0;

const cases: readonly (readonly [string, WindowParameters, string, string])[] = [
  ["", {}, "2026-11-23T11:00:00.000Z", "2026-11-23T12:02:00.000Z"],
  ["last:15m", {}, "2026-11-23T11:45:00.000Z", "2026-11-23T12:02:00.000Z"],
  ["last:15m", { since: "2h" }, "2026-11-23T10:00:00.000Z", "2026-11-23T12:02:00.000Z"],
  ["since:2h until:1h", {}, "2026-11-23T10:00:00.000Z", "2026-11-23T11:00:00.000Z"],
  ["until:2026-11-23T10:00:00Z last:30m", {}, "2026-11-23T09:30:00.000Z", "2026-11-23T10:00:00.000Z"],
  ["", { since: "2026-11-22", until: "2026-11-23" }, "2026-11-22T00:00:00.000Z", "2026-11-23T00:00:00.000Z"],
];

test("the window that is asked for", () => {
  for (const [q, given, since, until] of cases) {
    const window = resolveWindow(parseFilter(q).window, given, nowMs);
    assert.deepEqual([formatInstant(window.sinceMs), formatInstant(window.untilMs)], [since, until], q);
  }
});

const refused: readonly WindowParameters[] = [
  { since: "soon" },
  { since: "1h", until: "2h" },
  { since: "2020-01-01" },
  { since: "2027-01-01" },
];

test("windows that make no sense are refused", () => {
  for (const given of refused) assert.throws(() => resolveWindow({}, given, nowMs), { code: "filter/bad-window" });
});
