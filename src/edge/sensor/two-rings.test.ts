// The order of what comes from two rings: nothing is lost, nothing goes ahead of what may still come.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import type { SensorEvent } from "../../core/sense/sensor.ts";
import { createHoldUp, disorderMs, holdUpMsMax, horizonsOf, Lane, takeInOrder } from "./two-rings.ts";

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
  const told = takeInOrder(high, low, { highMs: all, lowMs: all });
  assert.deepEqual(namesOf(told), ["x", "a", "before", "exec", "after", "c", "z"]);
  assert.equal(high.length + low.length, 0);
});

test("while one ring is behind, what is younger than its horizon waits", () => {
  const high = laneOf([
    [1, "fork"],
    [20, "exec"],
  ]);
  const low = laneOf([[5, "mount"]]);
  assert.deepEqual(namesOf(takeInOrder(high, low, { highMs: 10, lowMs: all })), ["fork", "mount"]);
  low.push(exitAt(15, "open"), 15);
  assert.deepEqual(namesOf(takeInOrder(high, low, { highMs: 30, lowMs: all })), ["open", "exec"]);
});

test("nothing is lost, and each ring keeps its own order", () => {
  const times = fc.array(fc.nat(50));
  fc.assert(
    fc.property(times, times, fc.nat(50), fc.nat(50), (first, second, highMs, lowMs) => {
      const high = laneOf(first.map((time, index) => [time, `h${index}`]));
      const low = laneOf(second.map((time, index) => [time, `l${index}`]));
      const told = [
        ...namesOf(takeInOrder(high, low, { highMs, lowMs })),
        ...namesOf(takeInOrder(high, low, { highMs: all, lowMs: all })),
      ];
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

test("what came while the rings were read waits in both: a deed is not told before the fork of who did it", () => {
  const high = laneOf([
    [1, "fork"],
    [12, "late fork"],
  ]);
  const low = laneOf([
    [2, "open"],
    [13, "mount by the late one"],
  ]);
  const look = (isHighBehind: boolean, lookedAtMs: number) =>
    horizonsOf(
      { lane: high, isBehind: isHighBehind },
      { lane: low, isBehind: false },
      { lookedAtMs, areBothFull: false },
    );
  assert.deepEqual(namesOf(takeInOrder(high, low, look(false, 10))), ["fork", "open"]);
  assert.deepEqual(namesOf(takeInOrder(high, low, look(true, 20))), ["late fork"]);
  assert.deepEqual(look(true, 20).lowMs, 12 - disorderMs);
  assert.deepEqual(namesOf(takeInOrder(high, low, look(false, 20))), ["mount by the late one"]);
});

test("an unfinished record holds readers up, but not for ever", () => {
  const isHeldUp = createHoldUp();
  assert.deepEqual([isHeldUp(false, 0), isHeldUp(true, 1), isHeldUp(true, holdUpMsMax)], [false, true, true]);
  assert.equal(isHeldUp(true, holdUpMsMax + 1), false);
  assert.deepEqual([isHeldUp(false, 2000), isHeldUp(true, 2001)], [false, true]);
});
