// Counts of repeats become events of what was told; what was pushed out is counted.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallEvent } from "../../core/sense/deed-events.ts";
import { createRepeatCache } from "./repeat-cache.ts";

const event = (text: string): CallEvent => ({
  type: "call",
  timeMs: 1,
  process: { pid: 1, startMs: 1 },
  comm: "a",
  cgroupId: 1,
  call: "unshare",
  way: "syscall",
  arguments: [],
  result: 0,
  text,
  descriptor: undefined,
  credentials: undefined,
  count: 1,
});

test("a total is told as what is new of it", () => {
  const cache = createRepeatCache();
  cache.remember(3, 7, event("a"));
  assert.deepEqual(cache.repeat({ low: 3, high: 7 }, 5, 20), { ...event("a"), timeMs: 20, count: 5, isRepeat: true });
  assert.equal(cache.repeat({ low: 3, high: 7 }, 5, 30), undefined);
  assert.equal(cache.repeat({ low: 3, high: 7 }, 9, 40)?.count, 4);
  assert.equal(cache.forgotten(), 0);
});

test("told again, its count begins anew", () => {
  const cache = createRepeatCache();
  cache.remember(3, 7, event("a"));
  cache.repeat({ low: 3, high: 7 }, 5, 20);
  cache.remember(3, 7, event("a"));
  assert.equal(cache.repeat({ low: 3, high: 7 }, 2, 30)?.count, 2);
});

test("two share a set; the third pushes the oldest out, and its counts are forgotten", () => {
  const cache = createRepeatCache();
  const keys = [1, 2, 3].map((high) => ({ low: 5, high }));
  for (const { low, high } of keys) cache.remember(low, high, event(String(high)));
  const told = keys.map((key) => {
    const repeated = cache.repeat(key, 1, 2);
    return repeated?.type === "call" ? repeated.text : undefined;
  });
  assert.deepEqual(told, [undefined, "2", "3"]);
  assert.equal(cache.forgotten(), 1);
});
