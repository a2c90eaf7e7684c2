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

/** `decoderOf` is asked once, for the block of kept records. */
export function createRepeatCache(
  decoderOf: (views: RingViews) => (at: number, length: number) => SensorEvent | undefined,
): RepeatCache {
  const { sets } = repeatLimits;
  const places = 2 * sets;
  const lows = new Uint32Array(places);
  const highs = new Uint32Array(places);
  const told = new Uint32Array(places);
  /** Which half of a set is the newer one. */
  const halves = new Uint8Array(sets);
  const events = new Map<number, FileDeedEvent | CallEvent>();
  const records = createRecords(places);
  const decode = decoderOf(records.views);
  let forgotten = 0;

  function holds(place: number, low: number, high: number): boolean {
    return lows[place] === low && highs[place] === high;
  }

  /** -1: in neither place of its set. */
  function placeOf(low: number, high: number): number {
    const first = (low >>> 1) & (sets - 1);
    if (holds(first, low, high)) return first;
    return holds(first + sets, low, high) ? first + sets : -1;
  }

  function eventAt(place: number): FileDeedEvent | CallEvent | undefined {
    const kept = events.get(place);
    if (kept !== undefined) return kept;
    const at = records.at(place);
    const event = at === undefined ? undefined : decode(at, records.length(place));
    return event?.type === "file" || event?.type === "call" ? event : undefined;
  }

  return {
    remember(keyLow, keyHigh, record, event) {
      const set = (keyLow >>> 1) & (sets - 1);
      let place = set + sets * (halves[set] ?? 0);
      if (lows[place] !== 0 && !holds(place, keyLow, keyHigh)) {
        halves[set] = 1 - (halves[set] ?? 0);
        const newer = place;
        place = set + sets * (halves[set] ?? 0);
        // Told of long ago and again: it is known once.
        if (holds(newer, keyLow, keyHigh)) lows[newer] = 0;
      }
      lows[place] = keyLow;
      highs[place] = keyHigh;
      told[place] = 0;
      if (event !== undefined) events.set(place, event);
      else {
        if (events.size > 0) events.delete(place);
        records.write(place, record);
      }
    },
    repeat({ low, high }, total, timeMs) {
      const place = placeOf(low, high);
      const before = place === -1 ? 0 : (told[place] ?? 0);
      if (place !== -1 && total <= before) return undefined;
      const event = place === -1 ? undefined : eventAt(place);
      if (event === undefined) {
        forgotten += 1;
        return undefined;
      }
      told[place] = total;
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
  length(place: number): number;
}

/** From so many words on the machine's own copying is faster than a loop. */
const copiedOneByOneMax = 128;

function createRecords(places: number): Records {
  const buffer = new ArrayBuffer(repeatLimits.recordBytes);
  const words = new Uint32Array(buffer);
  const size = words.length;
  /** In words since the beginning, never turning back: exact for longer than any machine lives. */
  const positions = new Float64Array(places).fill(-1);
  const lengths = new Uint32Array(places);
  let written = 0;
  return {
    views: { bytes: Buffer.from(buffer), halves: new Uint16Array(buffer), words },
    write(place, { words: from, at, length }) {
      const count = (length + 3) >> 2;
      const first = at >> 2;
      let target = written % size;
      // No record is cut in two.
      if (target + count > size) {
        written += size - target;
        target = 0;
      }
      if (count > copiedOneByOneMax) words.set(from.subarray(first, first + count), target);
      else for (let index = 0; index < count; index += 1) words[target + index] = from[first + index] ?? 0;
      positions[place] = written;
      lengths[place] = length;
      // Records begin on eight bytes.
      written += count + (count & 1);
    },
    at(place) {
      const position = positions[place] ?? -1;
      return position < 0 || written - position > size ? undefined : (position % size) * 4;
    },
    length: (place) => lengths[place] ?? 0,
  };
}
