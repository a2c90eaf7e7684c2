import assert from "node:assert/strict";
import { test } from "node:test";
import { boundedQueue } from "./bounded-queue.ts";

test("keeps order and hands out what was put in", () => {
  const queue = boundedQueue<number>(3);
  queue.push(1);
  queue.push(2);

  assert.deepEqual(queue.take(5), [1, 2]);
  assert.equal(queue.shift(), undefined);
});

test("pushes out the oldest when full, returns it and counts it", () => {
  const queue = boundedQueue<number>(2);

  assert.deepEqual(
    [1, 2, 3, 4].map((n) => queue.push(n)),
    [undefined, undefined, 1, 2],
  );
  assert.equal(queue.dropped, 2);
  assert.deepEqual(queue.take(2), [3, 4]);
});

test("keeps order while it grows, from wherever its first item stands, and not beyond its capacity", () => {
  const queue = boundedQueue<number>(1000);
  for (let n = 0; n < 40; n += 1) queue.push(n);
  queue.take(40);
  for (let n = 0; n < 1100; n += 1) queue.push(n);

  assert.equal(queue.size, 1000);
  assert.equal(queue.dropped, 100);
  assert.deepEqual(
    queue.take(2000),
    Array.from({ length: 1000 }, (_, index) => index + 100),
  );
});

test("refuses a capacity that is not a positive whole number", () => {
  for (const capacity of [0, -1, 1.5, Number.NaN]) {
    assert.throws(() => boundedQueue(capacity), RangeError);
  }
});
