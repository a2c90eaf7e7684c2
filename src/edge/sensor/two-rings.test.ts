// The order of what comes from two rings: nothing is lost, nothing goes ahead of what may still come.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { SensorEvent } from "../../core/sense/sensor.ts";
import { createHoldUp, disorderMs, holdUpMsMax, horizonOf, Lane, takeInOrder } from "./two-rings.ts";

function exitAt(timeMs: number, comm: string): SensorEvent {
  return { type: "exit", timeMs, comm, process: { pid: 1, startMs: 0 }, cgroupId: 0, exitCode: 0, signal: 0 };
}

function laneOf(events: readonly (readonly [timeMs: number, comm: string])[]): Lane {
  const lane = new Lane();
  for (const [timeMs, comm] of events) lane.push(exitAt(Math.floor(timeMs), comm), timeMs);
  return lane;
}

const all = Number.POSITIVE_INFINITY;
const namesOf = (events: readonly SensorEvent[]): readonly string[] => events.map(({ comm }) => comm);

test("two rings become one list in time order, fractions of a millisecond too, the high ring first on a tie", () => {
  const high = laneOf([
    [1, "a"],
    [3.5, "exec"],
    [9, "c"],
  ]);
  const low = laneOf([
    [0, "x"],
    [3.4, "before"],
    [3.6, "after"],
    [9, "z"],
  ]);
  const told = takeInOrder(high, low, all);
  assert.deepEqual(namesOf(told), ["x", "a", "before", "exec", "after", "c", "z"]);
  assert.equal(high.length + low.length, 0);
});

test("what is younger than the horizon waits in both", () => {
  const high = laneOf([
    [1, "fork"],
    [20, "exec"],
  ]);
  const low = laneOf([
    [5, "mount"],
    [21, "open"],
  ]);
  assert.deepEqual(namesOf(takeInOrder(high, low, 10)), ["fork", "mount"]);
  low.push(exitAt(15, "late"), 15);
  assert.deepEqual(namesOf(takeInOrder(high, low, 30)), ["exec", "open", "late"]);
});

test("nothing is lost, and each ring keeps its own order", () => {
  const times = fc.array(fc.nat(50));
  fc.assert(
    fc.property(times, times, fc.nat(50), (first, second, upToMs) => {
      const high = laneOf(first.map((time, index) => [time, `h${index}`]));
      const low = laneOf(second.map((time, index) => [time, `l${index}`]));
      const told = [...namesOf(takeInOrder(high, low, upToMs)), ...namesOf(takeInOrder(high, low, all))];
      assert.equal(told.length, first.length + second.length);
      for (const [letter, count] of [
        ["h", first.length],
        ["l", second.length],
      ] as const)
        assert.deepEqual(
          told.filter((name) => name.startsWith(letter)),
          Array.from({ length: count }, (_, index) => `${letter}${index}`),
        );
    }),
  );
});

test("a deed is not told before the fork of who did it, whichever ring is behind and whenever it was read", () => {
  const high = laneOf([
    [1, "fork"],
    [12, "late fork"],
  ]);
  const low = laneOf([
    [2, "open"],
    [14, "mount by the late one"],
  ]);
  const lanesMax = 4;
  const look = (behind: string, lookedAtMs: number) =>
    horizonOf(
      [
        { lane: high, isBehind: behind === "high" },
        { lane: low, isBehind: behind === "low" },
      ],
      lookedAtMs,
      lanesMax,
    );
  assert.deepEqual([look("", 13), look("high", 20), look("low", 20)], [13, 12 - disorderMs, 14 - disorderMs]);
  assert.deepEqual(namesOf(takeInOrder(high, low, look("low", 20))), ["fork", "open"]);
  assert.deepEqual(namesOf(takeInOrder(high, low, look("", 13))), ["late fork"]);
  assert.deepEqual(namesOf(takeInOrder(high, low, look("", 20))), ["mount by the late one"]);
});

test("a full lane goes on, however close together its events are", () => {
  const high = laneOf([[5, "fork"]]);
  const low = laneOf([
    [6, "open"],
    [7, "open"],
  ]);
  const looks = [
    { lane: high, isBehind: false },
    { lane: low, isBehind: true },
  ];
  assert.deepEqual([horizonOf(looks, 10, 3), horizonOf(looks, 10, 2)], [7 - disorderMs, 7]);
});

test("an unfinished record holds readers up, but not for ever", () => {
  const isHeldUp = createHoldUp();
  assert.deepEqual([isHeldUp(false, 0), isHeldUp(true, 1), isHeldUp(true, holdUpMsMax)], [false, true, true]);
  assert.equal(isHeldUp(true, holdUpMsMax + 1), false);
  assert.deepEqual([isHeldUp(false, 2000), isHeldUp(true, 2001)], [false, true]);
});
