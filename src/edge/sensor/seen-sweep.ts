// Reads the kernel's map of de-duplication in slices: how often each deed was repeated since it was told. The map is copied, never walked key by key.
import { layout } from "./layout.gen.ts";
import type { Libbpf } from "./libbpf.ts";

export const sweepLimits = { everyMs: 10_000, elementsPerStep: 8192 } as const;

export interface SeenSweep {
  /** Copies the next slice and tells every element with repeats. True when that was the last one; the next step begins anew. */
  step(onRepeated: (key: { readonly low: number; readonly high: number }, total: number) => void): boolean;
}

export function createSeenSweep(libbpf: Libbpf, descriptor: number): SeenSweep {
  const count = sweepLimits.elementsPerStep;
  const keys = new Uint8Array(layout.seenKey.size * count);
  const values = new Uint8Array(layout.seen.size * count);
  const words = new Uint32Array(values.buffer);
  const wordsEach = layout.seen.size / 4;
  const next = new Uint8Array(4);
  let position: Uint8Array | undefined;
  return {
    step(onRepeated) {
      const copied = libbpf.readBatch(descriptor, position, { next, keys, values, count });
      for (let index = 0; index < copied; index += 1) {
        const at = index * wordsEach;
        const total = words[at + layout.seen.count / 4] ?? 0;
        if (total > 0) onRepeated({ low: words[at] ?? 0, high: words[at + 1] ?? 0 }, total);
      }
      const isLast = copied < count;
      position = isLast ? undefined : Uint8Array.from(next);
      return isLast;
    },
  };
}
