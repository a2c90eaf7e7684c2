// The map of de-duplication is read in slices until its end, and then anew; only what was repeated is told.
import assert from "node:assert/strict";
import { test } from "node:test";
import { layout } from "./layout.gen.ts";
import type { Libbpf } from "./libbpf.ts";
import { createSeenSweep, sweepLimits } from "./seen-sweep.ts";

/** A map of `size` elements: number n has the id n and n % 3 repeats. */
function mapOf(size: number): Pick<Libbpf, "readBatch"> {
  return {
    readBatch: (_descriptor, position, { next, values, count }) => {
      const from = position === undefined ? 0 : new DataView(position.buffer).getUint32(0, true);
      const copied = Math.min(count, size - from);
      const view = new DataView(values.buffer);
      for (let index = 0; index < copied; index += 1) {
        view.setBigUint64(index * layout.seen.size, BigInt(from + index), true);
        view.setUint32(index * layout.seen.size + layout.seen.count, (from + index) % 3, true);
      }
      new DataView(next.buffer).setUint32(0, from + copied, true);
      return copied;
    },
  };
}

for (const size of [0, 5, sweepLimits.elementsPerStep, 3 * sweepLimits.elementsPerStep + 1]) {
  test(`${size} elements are told once a round, and again in the next`, () => {
    const sweep = createSeenSweep(mapOf(size) as Libbpf, 0);
    for (let round = 0; round < 2; round += 1) {
      const totals = new Map<number, number>();
      while (!sweep.step(({ low }, total) => totals.set(low, total)));
      assert.equal(
        totals.size,
        Array.from({ length: size }, (_, index) => index).filter((index) => index % 3 > 0).length,
      );
      for (const [low, total] of totals) assert.equal(total, low % 3);
    }
  });
}
