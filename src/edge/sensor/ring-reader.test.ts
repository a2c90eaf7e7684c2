// The pure parts of the reader: how long it sleeps, and the order of what comes from two rings.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { SensorEvent } from "../../core/sense/sensor.ts";
import { mergeByTime, pauseMs } from "./ring-reader.ts";

test("the pause between reads shrinks with load", () => {
  const cases: readonly [eventsRead: number, before: number, pause: number][] = [
    [100_000, 100, 2],
    [64, 100, 5],
    [1, 100, 50],
    [0, 2, 50],
    [0, 50, 100],
    [0, 100, 100],
  ];
  for (const [eventsRead, before, pause] of cases) assert.equal(pauseMs(eventsRead, before), pause);
});

function exitAt(timeMs: number, comm: string): SensorEvent {
  return { type: "exit", timeMs, comm, process: { pid: 1, startMs: 0 }, cgroupId: 0, exitCode: 0, signal: 0 };
}

test("two rings merge into one list in time order, the first ring first on a tie", () => {
  const merged = mergeByTime(
    [exitAt(1, "a"), exitAt(3, "b"), exitAt(9, "c")],
    [exitAt(0, "x"), exitAt(3, "y"), exitAt(4, "z")],
  );
  assert.deepEqual(
    merged.map((event) => event.comm),
    ["x", "a", "b", "y", "z", "c"],
  );
});

test("merging loses nothing and keeps the order", () => {
  const times = fc.array(fc.nat(50)).map((list) => list.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(times, times, (first, second) => {
      const merged = mergeByTime(
        first.map((time) => exitAt(time, "first")),
        second.map((time) => exitAt(time, "second")),
      );
      assert.deepEqual(
        merged.map((event) => event.timeMs),
        [...first, ...second].toSorted((a, b) => a - b),
      );
    }),
  );
});
