import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createFairQueue, inFairOrder } from "./fair-order.ts";

interface Item {
  readonly owners: readonly [string, number];
}

test("whatever was added and deleted, those go from a queue that stand last in fair order", () => {
  const step = fc.record({
    workload: fc.constantFrom("a", "b", "c"),
    process: fc.integer({ min: 1, max: 4 }),
    deletes: fc.boolean(),
    at: fc.nat(),
    count: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const queue = createFairQueue<Item>();
      const held: Item[] = [];
      for (const { workload, process, deletes, at, count } of steps) {
        if (deletes && held.length > 0) {
          const [item] = held.splice(at % held.length, 1) as [Item];
          queue.delete(item);
          queue.delete(item);
        } else {
          const item: Item = { owners: [workload, process] };
          held.push(item);
          queue.add(item, item.owners);
        }
        assert.equal(queue.size, held.length);
        assert.deepEqual([...queue.items()], held);
        assert.deepEqual(queue.victims(count), inFairOrder(held, ({ owners }) => owners).slice(-count));
      }
    }),
    { numRuns: 200 },
  );
});
