// The pure parts of the reader: how long it sleeps, and under which names it tells what could not be looked at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lookingDrops, pauseMs } from "./ring-reader.ts";

test("the pause between reads shrinks with load", () => {
  const cases: readonly [eventsRead: number, before: number, pause: number][] = [
    [100_000, 100, 2],
    [2048, 100, 12],
    [64, 100, 20],
    [256, 5, 5],
    [1024, 8, 2],
    [1, 100, 20],
    [1, 0, 20],
    [0, 2, 50],
    [0, 50, 100],
    [0, 100, 100],
  ];
  for (const [eventsRead, before, pause] of cases) assert.equal(pauseMs(eventsRead, before), pause);
});

test("paths that were not walked and files whose place on the host is not known are among the drops", () => {
  const drops = (forgotten: number, unwalked: number, unread: number) =>
    lookingDrops({
      repeats: { forgotten: () => forgotten },
      places: { unwalked: () => unwalked },
      hosts: { unread: () => unread },
    });
  assert.deepEqual(drops(0, 0, 0), {});
  assert.deepEqual(drops(1, 2, 3), { "repeats-forgotten": 1, "path-as-written": 2, "host-path-unknown": 3 });
});
