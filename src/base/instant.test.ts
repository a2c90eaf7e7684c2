import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { formatInstant, parseDurationMs, parseInstantMs } from "./instant.ts";

test("instants agree with the platform's own dates", () => {
  const dates = fc.integer({ min: -62_000_000_000_000, max: 253_402_300_799_999 });
  fc.assert(
    fc.property(dates, (ms) => {
      const text = new Date(ms).toISOString();
      assert.equal(formatInstant(ms), text);
      assert.equal(parseInstantMs(text), ms);
    }),
  );
});

const instants: readonly (readonly [string, string | undefined])[] = [
  ["2026-11-23", "2026-11-23T00:00:00.000Z"],
  ["2026-11-23T07:05Z", "2026-11-23T07:05:00.000Z"],
  ["2026-11-23T07:05:01.123456789Z", "2026-11-23T07:05:01.123Z"],
  ["2026-11-23T07:05:01+02:00", "2026-11-23T05:05:01.000Z"],
  ["2026-11-23T00:05:01-09:30", "2026-11-23T09:35:01.000Z"],
  ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
  ["2026-02-29T00:00:00Z", undefined],
  ["2026-13-01", undefined],
  ["2026-11-23T24:00:00Z", undefined],
  ["2026-11-23T07:05:01+25:00", undefined],
  ["yesterday", undefined],
  ["", undefined],
];

test("instants as people write them", () => {
  for (const [text, expected] of instants) {
    const ms = parseInstantMs(text);
    assert.equal(ms === undefined ? undefined : formatInstant(ms), expected, text);
  }
});

const durations: readonly (readonly [string, number | undefined])[] = [
  ["15m", 900_000],
  ["1h30m", 5_400_000],
  ["250ms", 250],
  ["2d", 172_800_000],
  ["1w", 604_800_000],
  ["0s", 0],
  ["", undefined],
  ["15", undefined],
  ["15 m", undefined],
  ["-5m", undefined],
  ["1.5h", undefined],
  ["999999999999d", undefined],
];

test("durations as people write them", () => {
  for (const [text, expected] of durations) assert.equal(parseDurationMs(text), expected, text);
});
