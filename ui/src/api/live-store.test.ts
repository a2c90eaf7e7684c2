import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { LiveStore } from "./live-store.ts";

function storeOf(rowsMax: number) {
  const frames: (() => void)[] = [];
  const store = new LiveStore<number>({ keyOf: String, rowsMax, schedule: (callback) => frames.push(callback) });
  const frame = (): void => frames.splice(0).forEach((callback) => callback());
  const view = (): (number | undefined)[] => Array.from({ length: store.snapshot().count }, (_, i) => store.rowAt(i));
  return { store, frame, view, frames };
}

test("shows newest first, older pages after", () => {
  const { store, frame, view } = storeOf(100);
  store.pushOlder([5, 4, 3]);
  store.pushNewer([6, 7]);
  store.pushOlder([2, 1]);
  frame();
  assert.deepEqual(view(), [7, 6, 5, 4, 3, 2, 1]);
});

test("the overlap of first page and stream is shown once", () => {
  const { store, frame, view } = storeOf(100);
  store.pushNewer([3, 4]);
  store.pushOlder([4, 3, 2]);
  store.pushNewer([4, 5]);
  frame();
  assert.deepEqual(view(), [5, 4, 3, 2]);
});

test("one notification per frame, whatever the number of pushes", () => {
  const { store, frame, frames } = storeOf(100);
  let notified = 0;
  store.subscribe(() => (notified += 1));
  for (let i = 0; i < 50; i += 1) store.pushNewer([i]);
  assert.equal(frames.length, 1);
  frame();
  assert.equal(notified, 1);
});

test("a held view keeps its rows and counts what waits", () => {
  const { store, frame, view } = storeOf(100);
  store.pushNewer([1, 2]);
  frame();
  store.hold(true);
  store.pushNewer([3, 4, 5], 2);
  frame();
  assert.deepEqual(view(), [2, 1]);
  assert.equal(store.snapshot().pending, 3);
  assert.equal(store.snapshot().skipped, 2);
  store.pushOlder([0]);
  frame();
  assert.deepEqual(view(), [2, 1, 0]);
  store.hold(false);
  frame();
  assert.deepEqual(view(), [5, 4, 3, 2, 1, 0]);
  assert.equal(store.snapshot().pending, 0);
});

test("never holds more than its limit; every row is shown, waiting or counted as let go", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20 }),
      fc.array(
        fc.record({ newer: fc.integer({ min: 0, max: 9 }), older: fc.integer({ min: 0, max: 9 }), held: fc.boolean() }),
      ),
      (rowsMax, steps) => {
        const { store, frame, view } = storeOf(rowsMax);
        let top = 1000;
        let bottom = 1000;
        for (const step of steps) {
          store.hold(step.held);
          store.pushNewer(Array.from({ length: step.newer }, () => ++top));
          store.pushOlder(Array.from({ length: step.older }, () => bottom--));
          frame();
          const rows = view();
          const { pending, evicted, count } = store.snapshot();
          assert.ok(count <= rowsMax);
          assert.ok(!rows.includes(undefined));
          assert.deepEqual(
            rows,
            [...rows].sort((a, b) => b! - a!),
          );
          const waiting = Math.min(pending, rowsMax);
          assert.equal(count + waiting + evicted, top - bottom);
        }
      },
    ),
  );
});

test("a late row goes where its time belongs, but not among rows that a held view shows", () => {
  const frames: (() => void)[] = [];
  const store = new LiveStore<number>({
    keyOf: String,
    timeOf: (row) => row,
    rowsMax: 100,
    schedule: (callback) => frames.push(callback),
  });
  const view = (): (number | undefined)[] => {
    frames.splice(0).forEach((callback) => callback());
    return Array.from({ length: store.snapshot().count }, (_, i) => store.rowAt(i));
  };
  store.pushNewer([10, 20, 40]);
  store.pushNewer([30]);
  assert.deepEqual(view(), [40, 30, 20, 10]);
  store.hold(true);
  assert.deepEqual(view(), [40, 30, 20, 10]);
  store.pushNewer([60]);
  store.pushNewer([35, 50]);
  assert.deepEqual(view(), [40, 30, 20, 10]);
  store.hold(false);
  assert.deepEqual(view(), [60, 50, 35, 40, 30, 20, 10]);
  assert.ok(store.has(35) && !store.has(36));
});
