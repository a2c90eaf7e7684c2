// The pure part of the reader: how long it sleeps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { pauseMs } from "./ring-reader.ts";

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
