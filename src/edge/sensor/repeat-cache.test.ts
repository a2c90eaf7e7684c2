// Counts of repeats become events of what was told; what was pushed out is counted.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallEvent, FileDeedEvent } from "../../core/sense/deed-events.ts";
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

test("a file deed comes back with every field of its own", () => {
  const cache = createRepeatCache();
  const deed: FileDeedEvent = {
    type: "file",
    timeMs: 1,
    process: { pid: 4, startMs: 70 },
    comm: "writer",
    cgroupId: 2 ** 40 + 1,
    deed: "rename",
    call: "renameat2",
    way: "io_uring",
    path: "/a",
    requestedPath: "a",
    targetPath: "/b",
    flags: 0xffff_ffff,
    mode: 0o644,
    device: 8,
    inode: 2 ** 45 + 3,
    error: 13,
    isUpper: true,
    kind: "directory",
    count: 1,
  };
  cache.remember(9, 1, event("other"));
  cache.remember(9, 1, deed);
  assert.deepEqual(cache.repeat({ low: 9, high: 1 }, 2, 5), { ...deed, timeMs: 5, count: 2, isRepeat: true });
  cache.remember(9, 1, event("again"));
  assert.deepEqual(cache.repeat({ low: 9, high: 1 }, 1, 6), { ...event("again"), timeMs: 6, isRepeat: true });
});

test("what was the older one of its set and is told again is the newest", () => {
  const cache = createRepeatCache();
  for (const high of [1, 2, 1, 3]) cache.remember(5, high, event(String(high)));
  assert.equal(cache.repeat({ low: 5, high: 2 }, 1, 2), undefined);
  assert.equal(cache.repeat({ low: 5, high: 1 }, 1, 2)?.count, 1);
  assert.equal(cache.repeat({ low: 5, high: 3 }, 1, 2)?.count, 1);
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
