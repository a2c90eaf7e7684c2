import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import type { TelemetryStore } from "../../../core/store/telemetry-store.ts";
import { queryLimits } from "./limits.ts";
import { oldestKept } from "./oldest-kept.ts";

const nowMs = Date.parse("2026-11-23T12:00:00Z");
const minute = 60_000;

function standIn(minutesAgo: Readonly<Record<string, number>>) {
  const state = { asked: 0, away: false };
  const clock = manualClock(nowMs);
  const query = async () => {
    state.asked += 1;
    if (state.away) throw new Error("away");
    const rows = Object.entries(minutesAgo).map(([name, ago]) => ({ name, oldestMs: ago && nowMs - ago * minute }));
    return { rows: [...rows, { name: "spans", oldestMs: 0 }] };
  };
  return { state, clock, kept: oldestKept({ query } as unknown as TelemetryStore, clock) };
}

test("the oldest of the asked tables; a rollup counts only where it reaches back further than its bucket", async () => {
  const { kept } = standIn({ flows: 50, process_events: 70, edges_1m: 51, edges_1h: 90, services_1h: 60 * 24 * 40 });
  for (const [tables, minutesAgo] of [
    [["flows"], 50],
    [["flows", "process_events"], 70],
    [["flows", "edges_1h"], 50],
    [["flows", "services_1h"], 60 * 24 * 40],
    [["spans", "flows"], 50],
  ] as const)
    assert.equal(await kept(tables), nowMs - minutesAgo * minute, tables.join());
});

test("detections are looked for since the store holds anything, not since the first of them, and kept no longer than their days", async () => {
  const days = (count: number): number => count * 24 * 60;
  for (const [minutesAgo, wanted] of [
    [{ security_events: 50, process_events: 56 }, 56],
    [{ security_events: 50, process_events: days(7), services_1h: days(40) }, days(40)],
    [{ security_events: days(1), services_1h: days(400) }, days(90)],
    [{ security_events: days(95), services_1h: days(400) }, days(95)],
  ] as const)
    assert.equal(
      await standIn(minutesAgo).kept(["security_events"]),
      nowMs - wanted * minute,
      JSON.stringify(minutesAgo),
    );
});

test("tables without a row say what the store says; an empty store says nothing", async () => {
  assert.equal(await standIn({ flows: 50, edges_1h: 60 }).kept(["spans"]), nowMs - 50 * minute);
  assert.equal(await standIn({}).kept(["flows"]), undefined);
});

test("asked once for a while, at once again after a failure", async () => {
  const { state, clock, kept } = standIn({ flows: 50 });
  await Promise.all([kept(["flows"]), kept(["spans"])]);
  assert.equal(state.asked, 1);
  clock.advance(queryLimits.oldestKeptMs);
  state.away = true;
  await assert.rejects(kept(["flows"]), /away/);
  state.away = false;
  assert.equal(await kept(["flows"]), nowMs - 50 * minute);
  assert.equal(state.asked, 3);
});
