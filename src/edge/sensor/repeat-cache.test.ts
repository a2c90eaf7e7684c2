// Counts of repeats become events of what was told; what was pushed out is counted.
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CallEvent } from "../../core/sense/deed-events.ts";
import { createRepeatCache, repeatLimits, type RepeatCache, type RepeatRecord } from "./repeat-cache.ts";

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

/** A ring of one record, the text, from byte 8 on. */
function recordOf(text: string): RepeatRecord {
  const bytes = new Uint8Array(8 + Math.ceil(text.length / 4) * 4);
  bytes.set(Buffer.from(text), 8);
  return { words: new Uint32Array(bytes.buffer), at: 8, length: text.length };
}

/** Its decoder makes the event of the text that the record is. */
const cacheOfTexts = (): RepeatCache =>
  createRepeatCache(
    ({ bytes }) =>
      (at, length) =>
        event(bytes.toString("utf8", at, at + length)),
  );

function remember(cache: RepeatCache, low: number, high: number, text = String(high)): void {
  cache.remember(low, high, recordOf(text));
}

test("a record comes back as it was decoded, also a long one; an event that says more than its record as it is", () => {
  const cache = cacheOfTexts();
  const long = "a/b".repeat(1000);
  remember(cache, 9, 1, "other");
  remember(cache, 9, 1, long);
  assert.deepEqual(cache.repeat({ low: 9, high: 1 }, 2, 5), { ...event(long), timeMs: 5, count: 2, isRepeat: true });
  cache.remember(9, 1, recordOf("raw"), event("walked"));
  assert.deepEqual(cache.repeat({ low: 9, high: 1 }, 1, 6), { ...event("walked"), timeMs: 6, isRepeat: true });
  remember(cache, 9, 1, "again");
  assert.deepEqual(cache.repeat({ low: 9, high: 1 }, 1, 7), { ...event("again"), timeMs: 7, isRepeat: true });
});

test("a record that others were written over is forgotten, never another's", () => {
  const cache = cacheOfTexts();
  const text = "x".repeat(4093);
  const fitting = Math.floor(repeatLimits.recordBytes / 4096);
  for (let index = 0; index <= fitting; index += 1) remember(cache, 2 * index + 1, 7, text + index);
  assert.equal(cache.repeat({ low: 1, high: 7 }, 1, 2), undefined);
  assert.equal(cache.forgotten(), 1);
  for (let index = 3; index <= fitting; index += 1) {
    const repeated = cache.repeat({ low: 2 * index + 1, high: 7 }, 1, 2);
    assert.equal(repeated?.type === "call" ? repeated.text : undefined, text + index);
  }
});

test("what was the older one of its set and is told again is the newest", () => {
  const cache = cacheOfTexts();
  for (const high of [1, 2, 1, 3]) remember(cache, 5, high);
  assert.equal(cache.repeat({ low: 5, high: 2 }, 1, 2), undefined);
  assert.equal(cache.repeat({ low: 5, high: 1 }, 1, 2)?.count, 1);
  assert.equal(cache.repeat({ low: 5, high: 3 }, 1, 2)?.count, 1);
});

test("a total is told as what is new of it", () => {
  const cache = cacheOfTexts();
  remember(cache, 3, 7, "a");
  assert.deepEqual(cache.repeat({ low: 3, high: 7 }, 5, 20), { ...event("a"), timeMs: 20, count: 5, isRepeat: true });
  assert.equal(cache.repeat({ low: 3, high: 7 }, 5, 30), undefined);
  assert.equal(cache.repeat({ low: 3, high: 7 }, 9, 40)?.count, 4);
  assert.equal(cache.forgotten(), 0);
});

test("told again, its count begins anew", () => {
  const cache = cacheOfTexts();
  remember(cache, 3, 7, "a");
  cache.repeat({ low: 3, high: 7 }, 5, 20);
  remember(cache, 3, 7, "a");
  assert.equal(cache.repeat({ low: 3, high: 7 }, 2, 30)?.count, 2);
});

test("two share a set; the third pushes the oldest out, and its counts are forgotten", () => {
  const cache = cacheOfTexts();
  const keys = [1, 2, 3].map((high) => ({ low: 5, high }));
  for (const { low, high } of keys) remember(cache, low, high);
  const told = keys.map((key) => {
    const repeated = cache.repeat(key, 1, 2);
    return repeated?.type === "call" ? repeated.text : undefined;
  });
  assert.deepEqual(told, [undefined, "2", "3"]);
  assert.equal(cache.forgotten(), 1);
});
