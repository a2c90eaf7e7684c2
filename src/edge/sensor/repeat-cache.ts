// What was told of files and calls lately, by the key of the kernel's de-duplication: a count of repeats names nothing else.
// Sets of two places, the older one leaves; what they name lies as raw records in one block, round and round, and is decoded again only when a count comes:
// the events themselves, hundreds a second, can die young. What was pushed out by others is only counted.
import type { CallEvent, FileDeedEvent } from "../../core/sense/deed-events.ts";
import type { SensorEvent } from "../../core/sense/sensor.ts";
import type { RingViews } from "./ring.ts";

export const repeatLimits = { sets: 16_384, recordBytes: 4 * 1024 * 1024 } as const;

export interface RepeatKey {
  readonly low: number;
  readonly high: number;
}

/** A record in a ring: from byte `at` on, on eight bytes. */
export interface RepeatRecord {
  readonly words: Uint32Array;
  readonly at: number;
  readonly length: number;
}

export interface RepeatCache {
  /**
   * The key's lowest bit is always set. `event`: what the record alone does not say (a path that was walked); without it the record is kept, and
   * decoded when it is asked for.
   */
  remember(keyLow: number, keyHigh: number, record: RepeatRecord, event?: FileDeedEvent | CallEvent): void;
  /** The kernel counted `total` repeats since it told. An event that stands for those not told yet; undefined when there are none, or it is forgotten. */
  repeat(key: RepeatKey, total: number, timeMs: number): FileDeedEvent | CallEvent | undefined;
  /** How often a count named an event that is forgotten. */
  forgotten(): number;
}

/** A place's words; both of a set lie in one line of the processor's cache. `newer`, of a set's first: which of the two is the newer one. */
const field = { low: 0, high: 1, told: 2, length: 3, position: 4, round: 5, newer: 6 } as const;
const placeWords = 8;
const setWords = 2 * placeWords;

function firstOf(keyLow: number): number {
  return ((keyLow >>> 1) & (repeatLimits.sets - 1)) * setWords;
}

/** `decoderOf` is asked once, for the block of kept records. */
export function createRepeatCache(
  decoderOf: (views: RingViews) => (at: number, length: number) => SensorEvent | undefined,
): RepeatCache {
  const { sets } = repeatLimits;
  const slots = new Uint32Array(sets * setWords);
  const events = new Map<number, FileDeedEvent | CallEvent>();
  const records = createRecords(slots);
  const decode = decoderOf(records.views);
  let forgotten = 0;

  function holds(place: number, low: number, high: number): boolean {
    return slots[place + field.low] === low && slots[place + field.high] === high;
  }

  /** -1: in neither place of its set. */
  function placeOf(low: number, high: number): number {
    const first = firstOf(low);
    if (holds(first, low, high)) return first;
    return holds(first + placeWords, low, high) ? first + placeWords : -1;
  }

  function eventAt(place: number): FileDeedEvent | CallEvent | undefined {
    const kept = events.get(place);
    if (kept !== undefined) return kept;
    const at = records.at(place);
    const event = at === undefined ? undefined : decode(at, slots[place + field.length] ?? 0);
    return event?.type === "file" || event?.type === "call" ? event : undefined;
  }

  return {
    remember(keyLow, keyHigh, record, event) {
      const first = firstOf(keyLow);
      const older = 1 - (slots[first + field.newer] ?? 0);
      const newest = first + placeWords * (1 - older);
      let place = newest;
      if (slots[newest + field.low] !== 0 && !holds(newest, keyLow, keyHigh)) {
        place = first + placeWords * older;
        slots[first + field.newer] = older;
        // Told of long ago and again: it is known once.
        if (holds(newest, keyLow, keyHigh)) slots[newest + field.low] = 0;
      }
      slots[place + field.low] = keyLow;
      slots[place + field.high] = keyHigh;
      slots[place + field.told] = 0;
      if (event !== undefined) events.set(place, event);
      else {
        if (events.size > 0) events.delete(place);
        records.write(place, record);
      }
    },
    repeat({ low, high }, total, timeMs) {
      const place = placeOf(low, high);
      const before = place === -1 ? 0 : (slots[place + field.told] ?? 0);
      if (place !== -1 && total <= before) return undefined;
      const event = place === -1 ? undefined : eventAt(place);
      if (event === undefined) {
        forgotten += 1;
        return undefined;
      }
      slots[place + field.told] = total;
      return { ...event, timeMs, count: total - before, isRepeat: true };
    },
    forgotten: () => forgotten,
  };
}

interface Records {
  readonly views: RingViews;
  write(place: number, record: RepeatRecord): void;
  /** Where the record of the place lies; undefined when others were written over it. */
  at(place: number): number | undefined;
}

/** From so many words on the machine's own copying is faster than a loop. */
const copiedOneByOneMax = 128;

function createRecords(slots: Uint32Array): Records {
  const buffer = new ArrayBuffer(repeatLimits.recordBytes);
  const words = new Uint32Array(buffer);
  const size = words.length;
  let next = 0;
  /** How often the block was begun, from 1 on: 0 stands in places that were never written. */
  let round = 1;
  return {
    views: { bytes: Buffer.from(buffer), halves: new Uint16Array(buffer), words },
    write(place, { words: from, at, length }) {
      const count = (length + 3) >> 2;
      const first = at >> 2;
      // No record is cut in two.
      if (next + count > size) {
        next = 0;
        round += 1;
      }
      if (count > copiedOneByOneMax) words.set(from.subarray(first, first + count), next);
      else for (let index = 0; index < count; index += 1) words[next + index] = from[first + index] ?? 0;
      slots[place + field.length] = length;
      slots[place + field.position] = next;
      slots[place + field.round] = round;
      // Records begin on eight bytes.
      next += count + (count & 1);
    },
    at(place) {
      const position = slots[place + field.position] ?? 0;
      const age = round - (slots[place + field.round] ?? 0);
      return age === 0 || (age === 1 && position >= next) ? position * 4 : undefined;
    },
  };
}
