// Drains both rings on an adaptive timer in the thread that started it, and hands over batches in time order. Nothing wakes it: it looks.
import type { SensorEvent } from "../../core/sense/sensor.ts";
import { createDecode } from "./decode.ts";
import type { DecodeContext } from "./decode-source.ts";
import type { KernelObject } from "./kernel-object.ts";
import { eventType } from "./layout.gen.ts";
import type { Libbpf } from "./libbpf.ts";
import type { PathPlaces } from "./path-places.ts";
import { createRepeatCache, type RepeatCache } from "./repeat-cache.ts";
import { sweepLimits } from "./seen-sweep.ts";
import { createTextCache } from "./text-cache.ts";

export type OnBatch = (events: readonly SensorEvent[]) => void;

export interface RingReader {
  start(onBatch: OnBatch): void;
  /** Counts events that came another way (the inventory). */
  count(events: readonly SensorEvent[]): void;
  stop(): void;
  eventsByType(): Readonly<Record<string, number>>;
  dropsByType(): Readonly<Record<string, number>>;
  cpuMs(): number;
}

export const readerLimits = {
  batchEventsMax: 4096,
  /** Batches in one turn of the event loop, so that a flood cannot starve the thread's other work. */
  batchesPerTurnMax: 16,
} as const;

const bootClockEveryMs = 10_000;

const nameByType: readonly string[] = Object.entries({
  exec: eventType.exec,
  fork: eventType.fork,
  exit: eventType.exit,
  "tcp-open": eventType.tcpOpen,
  "tcp-failed": eventType.tcpFailed,
  "tcp-close": eventType.tcpClose,
  "tcp-sample": eventType.tcpSample,
  udp: eventType.udp,
  dns: eventType.dns,
  "first-bytes": eventType.firstBytes,
  "cgroup-made": eventType.cgroupMade,
  "cgroup-removed": eventType.cgroupRemoved,
  file: eventType.file,
  call: eventType.call,
}).reduce<string[]>((names, [name, type]) => {
  names[type] = name;
  return names;
}, []);

export function createRingReader(libbpf: Libbpf, object: KernelObject, places: PathPlaces): RingReader {
  const repeats = createRepeatCache();
  const context: DecodeContext = {
    texts: createTextCache(),
    bootMs: Date.now() - libbpf.bootTimeMs(),
    places,
    repeats,
  };
  const sweep = createSweeping(object, repeats);
  const collector = createCollector(object, context);
  const lossesOf = (): Readonly<Record<string, number>> => {
    const forgotten = repeats.forgotten();
    return forgotten === 0 ? collector.drops() : { ...collector.drops(), "repeats-forgotten": forgotten };
  };
  let drops: Readonly<Record<string, number>> = {};
  let cpuMs = 0;
  let pause = 0;
  let timer: NodeJS.Timeout | undefined;
  let bootClockAtMs = performance.now();
  let isStopped = false;

  function turn(onBatch: OnBatch): void {
    if (isStopped) return;
    const before = libbpf.threadCpuMs();
    const nowMs = performance.now();
    if (nowMs - bootClockAtMs > bootClockEveryMs) {
      bootClockAtMs = nowMs;
      context.bootMs = Date.now() - libbpf.bootTimeMs();
    }
    places.newTurn();
    let total = 0;
    for (let round = 0; round < readerLimits.batchesPerTurnMax; round += 1) {
      const read = collector.drain(onBatch);
      total += read;
      if (read < readerLimits.batchEventsMax) break;
    }
    if (!isStopped) {
      const repeated = sweep(nowMs);
      if (repeated.length > 0) {
        collector.count(repeated);
        onBatch(repeated);
      }
    }
    cpuMs += libbpf.threadCpuMs() - before;
    if (isStopped) return;
    pause = pauseMs(total, pause);
    timer = setTimeout(turn, pause, onBatch);
  }

  return {
    start: turn,
    count: collector.count,
    stop: () => {
      if (isStopped) return;
      drops = lossesOf();
      isStopped = true;
      clearTimeout(timer);
    },
    eventsByType: collector.counts,
    dropsByType: () => (isStopped ? drops : lossesOf()),
    cpuMs: () => cpuMs,
  };
}

/** Every ten seconds the kernel's counts of repeats, a slice per turn: returns the events that stand for them. */
function createSweeping(object: KernelObject, repeats: RepeatCache): (nowMs: number) => readonly SensorEvent[] {
  let nextAtMs = performance.now() + sweepLimits.everyMs;
  return (nowMs) => {
    if (object.seen === undefined || nowMs < nextAtMs) return [];
    const events: SensorEvent[] = [];
    const timeMs = Date.now();
    const isLast = object.seen.step((key, total) => {
      const event = repeats.repeat(key, total, timeMs);
      if (event !== undefined) events.push(event);
    });
    if (isLast) nextAtMs = nowMs + sweepLimits.everyMs;
    return events;
  };
}

/** Decodes what both rings hold into one batch in time order, and counts. */
function createCollector(object: KernelObject, context: DecodeContext) {
  const decodeHigh = createDecode(object.ringHigh.views, context);
  const decodeLow = createDecode(object.ringLow.views, context);
  const high: SensorEvent[] = [];
  const low: SensorEvent[] = [];
  const counts: Record<string, number> = {};
  let undecoded = 0;

  const takeHigh = (at: number, length: number): void => keep(high, decodeHigh(at, length));
  const takeLow = (at: number, length: number): void => keep(low, decodeLow(at, length));
  function keep(batch: SensorEvent[], event: SensorEvent | undefined): void {
    if (event === undefined) undecoded += 1;
    else batch.push(event);
  }
  function count(events: readonly SensorEvent[]): void {
    for (const event of events) counts[event.type] = (counts[event.type] ?? 0) + 1;
  }

  return {
    drain(onBatch: OnBatch): number {
      high.length = 0;
      low.length = 0;
      const read =
        object.ringHigh.drain(readerLimits.batchEventsMax, takeHigh) +
        object.ringLow.drain(readerLimits.batchEventsMax, takeLow);
      const batch = mergeByTime(high, low);
      if (batch.length > 0) {
        count(batch);
        onBatch(batch);
      }
      return read;
    },
    count,
    counts: (): Readonly<Record<string, number>> => ({ ...counts }),
    drops(): Readonly<Record<string, number>> {
      const found: Record<string, number> = {};
      for (const [type, dropped] of object.drops().entries()) {
        if (dropped > 0) found[nameByType[type] ?? `type-${type}`] = dropped;
      }
      for (const [ability, missed] of Object.entries(object.misses())) found[`${ability}-missed`] = missed;
      if (undecoded > 0) found["undecoded"] = undecoded;
      return found;
    },
  };
}

/**
 * How long to sleep after reading so many events: short under load, ever longer (to 100 ms) while nothing happens.
 * The default low ring holds 150 ms of a flood of a million datagrams a second, so an idle pause loses nothing.
 */
export function pauseMs(eventsRead: number, pauseMsBefore: number): number {
  if (eventsRead >= 1024) return 2;
  if (eventsRead >= 64) return 5;
  return eventsRead > 0 ? 50 : Math.min(Math.max(pauseMsBefore, 25) * 2, 100);
}

/** Merges two lists that are each in time order; on a tie `first` goes first. Returns one of them unchanged when the other is empty. */
export function mergeByTime(first: SensorEvent[], second: SensorEvent[]): SensorEvent[] {
  if (second.length === 0) return first;
  if (first.length === 0) return second;
  const merged: SensorEvent[] = [];
  let index = 0;
  for (const event of second) {
    let head = first[index];
    while (head !== undefined && head.timeMs <= event.timeMs) {
      merged.push(head);
      index += 1;
      head = first[index];
    }
    merged.push(event);
  }
  for (; index < first.length; index += 1) {
    const head = first[index];
    if (head !== undefined) merged.push(head);
  }
  return merged;
}
