// How a listing widens, stops and says so: against a stand-in store that answers by the asked stretch.
import assert from "node:assert/strict";
import { test } from "node:test";
import { manualClock } from "../../../base/clock.ts";
import type { QueryOptions, TelemetryStore } from "../../../core/store/telemetry-store.ts";
import { decodePage } from "./cursor.ts";
import { listFlows } from "./flows.ts";
import { queryLimits } from "./limits.ts";
import { scanNewest } from "./scan.ts";

const nowMs = Date.parse("2026-11-23T12:00:00Z");
const hour = 3_600_000;
const everything = { is: "constant", value: true } as const;

interface Asked {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** A store whose one answer per statement is given by `answer`; remembers which stretches were asked. */
function standIn(
  answer: (asked: Asked) => { times: readonly number[]; rowsRead?: number; partial?: boolean; tookMs?: number },
) {
  const asked: Asked[] = [];
  const clock = manualClock(nowMs);
  const query = async (sql: string, options: QueryOptions = {}) => {
    if (sql.includes("FROM gaps"))
      return { rows: [], rowsRead: 0, bytesRead: 0, elapsedMs: 0, partial: false, partialBecause: "" };
    const stretch = { sinceMs: Number(options.params?.["p0"]), untilMs: Number(options.params?.["p1"]) };
    asked.push(stretch);
    const { times, rowsRead = 0, partial = false, tookMs = 0 } = answer(stretch);
    clock.advance(tookMs);
    const rows = times.map((time, index) => ({ _timeMs: time, ingest: 1, _tie: String(index), flowId: String(time) }));
    return {
      rows: rows.slice(0, options.rowsMax),
      rowsRead,
      bytesRead: 0,
      elapsedMs: 0,
      partial,
      partialBecause: partial ? "it would have read too many rows" : "",
    };
  };
  return { asked, parts: { store: { query } as unknown as TelemetryStore, clock, oldestKept: async () => undefined } };
}

const day = { sinceMs: nowMs - 24 * hour, untilMs: nowMs };
const request = { table: "flows", condition: everything, window: day, position: undefined, limit: 2 } as const;

test("rows of the newest stretch are enough", async () => {
  const { asked, parts } = standIn(() => ({ times: [nowMs - 1, nowMs - 2, nowMs - 3] }));
  const found = await scanNewest(parts, request);
  assert.deepEqual([found.rows.length, found.partialBecause, asked.length], [3, "", 1]);
  assert.equal((asked[0]?.untilMs ?? 0) - (asked[0]?.sinceMs ?? 0), queryLimits.listFirstMs);
});

test("a rare filter widens step by step and looks at each moment once", async () => {
  const { asked, parts } = standIn(() => ({ times: [] }));
  const found = await scanNewest(parts, request);
  assert.deepEqual([found.rows.length, found.partialBecause], [0, ""]);
  assert.equal(asked[0]?.untilMs, nowMs);
  assert.equal(asked.at(-1)?.sinceMs, day.sinceMs);
  for (const [index, stretch] of asked.entries()) assert.equal(stretch.untilMs, asked[index - 1]?.sinceMs ?? nowMs);
  assert.ok(asked.length <= 4);
});

for (const [name, answer] of [
  ["rows read", { times: [], rowsRead: queryLimits.listRowsToReadMax + 1 }],
  ["time", { times: [], tookMs: queryLimits.listMs + 1 }],
] as const) {
  test(`a spent budget of ${name} ends a listing with its place, and the next page goes on from there`, async () => {
    const { asked, parts } = standIn(() => answer);
    const early = await listFlows(parts, { q: "", limit: 10, since: "24h" });
    assert.equal(asked.length, 1);
    assert.equal(early.window.partial, true);
    assert.match(early.window.partialBecause, /looked back only to 2026-11-23T11:57:00/);
    assert.ok(early.next);
    assert.equal(decodePage(early.next).timeMs, (asked[0]?.sinceMs ?? 0) - 1);
    await listFlows(parts, { q: "", limit: 10, cursor: early.next });
    assert.equal(asked[1]?.untilMs, asked[0]?.sinceMs);
  });
}

test("a stretch that is too much for one statement is cut smaller and asked again", async () => {
  const { asked, parts } = standIn(({ sinceMs, untilMs }) => ({
    times: [],
    partial: untilMs - sinceMs > 2 * queryLimits.listStepMsMin,
  }));
  const found = await scanNewest(parts, { ...request, window: { sinceMs: nowMs - hour, untilMs: nowMs } });
  assert.equal(found.partialBecause, "");
  assert.equal(asked.at(-1)?.sinceMs, nowMs - hour);
  assert.equal((asked[1]?.untilMs ?? 0) - (asked[1]?.sinceMs ?? 0), queryLimits.listStepMsMin);
});

test("a stretch that is too much at its smallest ends the listing as partial", async () => {
  const { parts } = standIn(() => ({ times: [nowMs - 1], partial: true }));
  const found = await scanNewest(parts, request);
  assert.match(found.partialBecause, /too many rows/);
  assert.ok(found.lookedBackToMs > day.sinceMs);
});
