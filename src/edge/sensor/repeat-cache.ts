// What was told of files and calls lately, by the key of the kernel's de-duplication: a count of repeats names nothing else.
// A direct-mapped table of a fixed size: what another event pushed out is only counted.
import type { CallEvent, FileDeedEvent } from "../../core/sense/deed-events.ts";

const slots = 16_384;

export interface RepeatCache {
  /** The key is a u64 as two words; its lowest bit is always set. */
  remember(keyLow: number, keyHigh: number, event: FileDeedEvent | CallEvent): void;
  /** The kernel counted `total` repeats since it told. An event that stands for those not told yet; undefined when there are none, or it is forgotten. */
  repeat(
    key: { readonly low: number; readonly high: number },
    total: number,
    timeMs: number,
  ): FileDeedEvent | CallEvent | undefined;
  /** Repeats of forgotten events. */
  forgotten(): number;
}

export function createRepeatCache(): RepeatCache {
  const lows = new Uint32Array(slots);
  const highs = new Uint32Array(slots);
  const told = new Uint32Array(slots);
  const events: (FileDeedEvent | CallEvent | undefined)[] = Array.from({ length: slots });
  let forgotten = 0;
  return {
    remember(keyLow, keyHigh, event) {
      const slot = (keyLow >>> 1) & (slots - 1);
      lows[slot] = keyLow;
      highs[slot] = keyHigh;
      told[slot] = 0;
      events[slot] = event;
    },
    repeat({ low, high }, total, timeMs) {
      const slot = (low >>> 1) & (slots - 1);
      const event = lows[slot] === low && highs[slot] === high ? events[slot] : undefined;
      if (event === undefined) {
        forgotten += 1;
        return undefined;
      }
      const before = told[slot] ?? 0;
      if (total <= before) return undefined;
      told[slot] = total;
      return { ...event, timeMs, count: total - before };
    },
    forgotten: () => forgotten,
  };
}
