// Two rings into one order of time: what a process did before it became another program is told before that, however far one ring is behind.
// Events that the other ring may still hold something older for wait for the next look.
import type { SensorEvent } from "../../core/sense/sensor.ts";

/** One ring's events that were read and not told yet, each with its time in milliseconds since boot, fractions too: the wall clock may be set between two looks. */
export class Lane {
  events: SensorEvent[] = [];
  readonly #times: number[] = [];
  #newestMs = Number.NEGATIVE_INFINITY;

  get length(): number {
    return this.events.length;
  }

  /** Time of the newest event that was ever read. */
  get newestMs(): number {
    return this.#newestMs;
  }

  push(event: SensorEvent, timeMs: number): void {
    this.events.push(event);
    this.#times.push(timeMs);
    if (timeMs > this.#newestMs) this.#newestMs = timeMs;
  }

  timeAt(index: number): number {
    return this.#times[index] ?? Number.POSITIVE_INFINITY;
  }

  /** How many of the first are not younger than the horizon. */
  countUpTo(horizonMs: number): number {
    if (this.#newestMs <= horizonMs) return this.#times.length;
    const younger = this.#times.findIndex((timeMs) => timeMs > horizonMs);
    return younger === -1 ? this.#times.length : younger;
  }

  /** All that wait; the lane is empty then. */
  takeAll(): readonly SensorEvent[] {
    const { events } = this;
    this.events = [];
    this.#times.length = 0;
    return events;
  }

  forget(count: number): void {
    if (count === 0) return;
    this.events.splice(0, count);
    this.#times.splice(0, count);
  }
}

/** Processors write side by side: a ring is in order of time but for so much. */
export const disorderMs = 5;
/** A virtual processor that stands still in the midst of a record does so for less. */
export const holdUpMsMax = 500;

export interface Look {
  readonly lane: Lane;
  /** The ring may hold something older than now: more waits in it, or a record in it is not finished. */
  readonly isBehind: boolean;
}

/**
 * Up to which time everything of both rings has surely been read: what is younger waits in both, for a process's deeds stand in one of them and its birth in
 * the other. `lookedAtMs`: when the look began; what came while the rings were read may have stood in one of them only, as this thread may have stood still in
 * between. A lane that is full has to go on, however close together it was.
 */
export function horizonOf(looks: readonly Look[], lookedAtMs: number, laneMax: number): number {
  return looks.reduce(
    (horizonMs, { isBehind, lane }) =>
      isBehind ? Math.min(horizonMs, lane.newestMs - (lane.length >= laneMax ? 0 : disorderMs)) : horizonMs,
    lookedAtMs,
  );
}

/** Whether a ring is held up by an unfinished record; for so long at most, then its readers go on without it. */
export function createHoldUp(): (isHeldUp: boolean, nowMs: number) => boolean {
  let sinceMs: number | undefined;
  return (isHeldUp, nowMs) => {
    sinceMs = isHeldUp ? (sinceMs ?? nowMs) : undefined;
    return sinceMs !== undefined && nowMs - sinceMs < holdUpMsMax;
  };
}

/** Takes out what can be told, oldest first; on a tie the high ring's goes first. Each lane keeps its own order. */
export function takeInOrder(high: Lane, low: Lane, upToMs: number): readonly SensorEvent[] {
  const highCount = high.countUpTo(upToMs);
  const lowCount = low.countUpTo(upToMs);
  // Mostly there is nothing to be put between.
  if (highCount === 0 && lowCount === low.length) return low.takeAll();
  if (lowCount === 0 && highCount === high.length) return high.takeAll();
  const told: SensorEvent[] = [];
  let at = 0;
  for (let index = 0; index < lowCount; index += 1) {
    const timeMs = low.timeAt(index);
    for (; at < highCount && high.timeAt(at) <= timeMs; at += 1) told.push(high.events[at] as SensorEvent);
    told.push(low.events[index] as SensorEvent);
  }
  for (; at < highCount; at += 1) told.push(high.events[at] as SensorEvent);
  high.forget(highCount);
  low.forget(lowCount);
  return told;
}
