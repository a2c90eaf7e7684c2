import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { inFairOrder } from "./fair-order.ts";
import { createFairPool } from "./fair-pool.ts";

interface Item {
  readonly owners: readonly [string, number];
  readonly number: number;
}

test("the oldest of whoever has the most goes; the few of others stay", () => {
  const pool = createFairPool<Item>();
  const add = (workload: string, process: number, number: number): void =>
    pool.add({ owners: [workload, process], number }, [workload, process]);
  add("quiet", 1, 0);
  for (let number = 1; number <= 5; number += 1) add("loud", 7, number);
  add("loud", 8, 6);
  const gone: number[] = [];
  while (pool.size > 3) {
    const victim = pool.victim() as Item;
    gone.push(victim.number);
    pool.delete(victim);
  }
  assert.deepEqual(gone, [1, 2, 3, 4]);
  assert.deepEqual(
    [...pool.items()].map(({ number }) => number),
    [0, 5, 6],
  );
});

test("owners have as much as their items weigh", () => {
  const step = fc.record({
    workload: fc.constantFrom("a", "b", "c"),
    process: fc.integer({ min: 1, max: 3 }),
    weight: fc.integer({ min: 1, max: 9 }),
    what: fc.constantFrom("add", "weigh", "delete"),
    at: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pool = createFairPool<Item>();
      const weights = new Map<Item, number>();
      steps.forEach(({ workload, process, weight, what, at }, number) => {
        const held = [...weights.keys()];
        const known = held[at % Math.max(held.length, 1)];
        const item: Item = what === "add" || known === undefined ? { owners: [workload, process], number } : known;
        if (item !== known) pool.add(item, item.owners);
        if (what === "delete" && item === known) {
          pool.delete(item);
          weights.delete(item);
        } else {
          pool.reweigh(item, weight - (weights.get(item) ?? 1));
          weights.set(item, weight);
        }
        const sumOf = (belongs: (owners: Item["owners"]) => boolean): number =>
          [...weights].reduce((sum, [{ owners }, each]) => sum + (belongs(owners) ? each : 0), 0);
        assert.equal(
          pool.weight,
          sumOf(() => true),
        );
        const victim = pool.victim();
        if (victim === undefined) return assert.equal(weights.size, 0);
        const ofWorkload = (name: string): number => sumOf((owners) => owners[0] === name);
        assert.equal(ofWorkload(victim.owners[0]), Math.max(...["a", "b", "c"].map(ofWorkload)));
        const ofProcess = (one: number): number =>
          sumOf((owners) => owners[0] === victim.owners[0] && owners[1] === one);
        assert.equal(ofProcess(victim.owners[1]), Math.max(...[1, 2, 3].map(ofProcess)));
      });
    }),
    { numRuns: 300 },
  );
});

test("after any adding and deleting the victim is of an owner with the most, and the first of its process", () => {
  const step = fc.record({
    workload: fc.constantFrom("a", "b", "c"),
    process: fc.integer({ min: 1, max: 3 }),
    deletes: fc.boolean(),
    at: fc.nat(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pool = createFairPool<Item>();
      const held: Item[] = [];
      steps.forEach(({ workload, process, deletes, at }, number) => {
        if (deletes && held.length > 0) {
          const [item] = held.splice(at % held.length, 1) as [Item];
          assert.equal(pool.delete(item), true);
          assert.equal(pool.delete(item), false);
        } else {
          const item: Item = { owners: [workload, process], number };
          held.push(item);
          pool.add(item, item.owners);
        }
        const victim = pool.victim();
        assert.equal(pool.size, held.length);
        if (victim === undefined) return assert.equal(held.length, 0);
        const sizeOf = (name: string): number => held.filter(({ owners }) => owners[0] === name).length;
        assert.equal(sizeOf(victim.owners[0]), Math.max(...["a", "b", "c"].map(sizeOf)));
        const inside = held.filter(({ owners }) => owners[0] === victim.owners[0]);
        const ofProcess = (one: number): readonly Item[] => inside.filter(({ owners }) => owners[1] === one);
        assert.equal(ofProcess(victim.owners[1]).length, Math.max(...[1, 2, 3].map((one) => ofProcess(one).length)));
        assert.equal(ofProcess(victim.owners[1])[0], victim);
        // Processes of different workloads have different numbers there.
        const apart = held.map((item) => {
          const [workload, process] = item.owners;
          return { item, owners: [workload, `${workload}${process}`] };
        });
        const last = inFairOrder(apart, ({ owners }) => owners).at(-1)?.item as Item;
        assert.equal(sizeOf(last.owners[0]), sizeOf(victim.owners[0]));
        const beside = held.filter(({ owners }) => owners[0] === last.owners[0]);
        const shares = [1, 2, 3].map((one) => beside.filter(({ owners }) => owners[1] === one));
        assert.equal(shares[last.owners[1] - 1]?.length, Math.max(...shares.map(({ length }) => length)));
        assert.equal(shares[last.owners[1] - 1]?.[0], last);
      });
    }),
    { numRuns: 300 },
  );
});
