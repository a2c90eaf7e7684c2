// What was told of files and calls lately, by the key of the kernel's de-duplication: a count of repeats names nothing else.
// Sets of two places, the older one leaves: what was pushed out by others is only counted.
import type { CallEvent, FileDeedEvent } from "../../core/sense/deed-events.ts";

const sets = 16_384;

export interface RepeatKey {
  readonly low: number;
  readonly high: number;
}

export interface RepeatCache {
  /** The key is a u64 as two words; its lowest bit is always set. */
  remember(keyLow: number, keyHigh: number, event: FileDeedEvent | CallEvent): void;
  /** The kernel counted `total` repeats since it told. An event that stands for those not told yet; undefined when there are none, or it is forgotten. */
  repeat(key: RepeatKey, total: number, timeMs: number): FileDeedEvent | CallEvent | undefined;
  /** How often a count named an event that is forgotten. */
  forgotten(): number;
}

export function createRepeatCache(): RepeatCache {
  const lows = new Uint32Array(2 * sets);
  const highs = new Uint32Array(2 * sets);
  const told = new Uint32Array(2 * sets);
  const events: (FileDeedEvent | CallEvent | undefined)[] = Array.from({ length: 2 * sets });
  let forgotten = 0;

  /** -1: in neither place of its set. */
  function placeOf(low: number, high: number): number {
    const first = (low >>> 1) & (sets - 1);
    if (lows[first] === low && highs[first] === high) return first;
    const second = first + sets;
    return lows[second] === low && highs[second] === high ? second : -1;
  }

  return {
    remember(keyLow, keyHigh, event) {
      const newest = (keyLow >>> 1) & (sets - 1);
      const older = newest + sets;
      if (events[newest] !== undefined && (lows[newest] !== keyLow || highs[newest] !== keyHigh)) {
        lows[older] = lows[newest] ?? 0;
        highs[older] = highs[newest] ?? 0;
        told[older] = told[newest] ?? 0;
        events[older] = events[newest];
      }
      lows[newest] = keyLow;
      highs[newest] = keyHigh;
      told[newest] = 0;
      events[newest] = event;
    },
    repeat({ low, high }, total, timeMs) {
      const place = placeOf(low, high);
      const event = place === -1 ? undefined : events[place];
      if (event === undefined) {
        forgotten += 1;
        return undefined;
      }
      const before = told[place] ?? 0;
      if (total <= before) return undefined;
      told[place] = total;
      return { ...event, timeMs, count: total - before, isRepeat: true };
    },
    forgotten: () => forgotten,
  };
}
