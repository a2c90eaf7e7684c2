// Drains both rings on an adaptive timer in the thread that started it, and hands over batches in time order. Nothing wakes it: it looks.
import type { SensorEvent } from "../../core/sense/sensor.ts";
import { askedNames } from "./asked-environment.ts";
import { createDecode } from "./decode.ts";
import { wide, type DecodeContext } from "./decode-source.ts";
import type { HostFolders } from "./host-folders.ts";
import type { KernelObject } from "./kernel-object.ts";
import { eventType, layout } from "./layout.gen.ts";
import type { Libbpf } from "./libbpf.ts";
import type { PathPlaces } from "./path-places.ts";
import { createRepeatCache, type RepeatCache } from "./repeat-cache.ts";
import type { RingViews } from "./ring.ts";
import { createStringCache } from "./string-cache.ts";
import { createTextCache } from "./text-cache.ts";
import { createHoldUp, horizonOf, Lane, takeInOrder } from "./two-rings.ts";

export type OnBatch = (events: readonly SensorEvent[]) => void;

export interface RingReader {
  start(onBatch: OnBatch): void;
  /** Counts events that came another way (the inventory). */
  count(events: readonly SensorEvent[]): void;
  /** Which variables of environments execs are told with; none: the kernel copies nothing of them. */
  askEnvironment(names: ReadonlySet<string>): void;
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

const nameByType: readonly (string | undefined)[] = Object.entries({
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

export interface ReaderOptions {
  readonly places: PathPlaces;
  readonly hosts: HostFolders;
  readonly wholeEnvironment: NonNullable<DecodeContext["wholeEnvironment"]>;
  readonly repeatsEveryMs: number;
}

/** What the decoder is given, and the cache of repeats that it fills. */
function createContext(libbpf: Libbpf, object: KernelObject, options: ReaderOptions) {
  const { places, hosts, wholeEnvironment } = options;
  const plain: DecodeContext = {
    texts: createTextCache(),
    strings: createStringCache(),
    bootMs: bootEpochMs(libbpf),
    knowsUpper: object.knowsUpper,
  };
  const repeats = createRepeatCache((views) => createDecode(views, plain));
  const context: DecodeContext = {
    ...plain,
    places,
    hosts,
    wholeEnvironment,
    // Kept only where repeats are counted: what is kept is copied once more by the collector of garbage.
    ...(object.seen === undefined ? {} : { repeats }),
  };
  return { context, repeats };
}

/** From here on records carry environments, or do not; those between are read by the new names. */
function askFor(names: ReadonlySet<string>, context: DecodeContext, object: KernelObject): void {
  context.asked = askedNames(names);
  object.copyEnvironments(context.asked !== undefined);
}

export function createRingReader(libbpf: Libbpf, object: KernelObject, options: ReaderOptions): RingReader {
  const { context, repeats } = createContext(libbpf, object, options);
  const sweep = createSweeping(object, repeats, options.repeatsEveryMs);
  const collector = createCollector(object, context, libbpf.bootTimeMs);
  const lossesOf = (): Readonly<Record<string, number>> => ({
    ...collector.drops(),
    ...lookingDrops({ ...options, repeats }),
  });
  let drops: Readonly<Record<string, number>> = {};
  let cpuMs = 0;
  let pause = 0;
  let timer: NodeJS.Timeout | undefined;
  let bootClockAtMs = performance.now();
  let isStopped = false;

  function turn(onBatch: OnBatch): void {
    if (isStopped) return;
    const nowMs = performance.now();
    let total = 0;
    if (!collector.isEmpty() || sweep.isDue(nowMs)) {
      const before = libbpf.threadCpuMs();
      total = read(onBatch, nowMs);
      cpuMs += libbpf.threadCpuMs() - before;
    }
    if (isStopped) return;
    const next = pauseMs(total, pause);
    // The same timer where it will do: a new one costs more than all the rest of an idle turn.
    if (next === pause && timer !== undefined) timer.refresh();
    else timer = setTimeout(turn, next, onBatch);
    pause = next;
  }

  function read(onBatch: OnBatch, nowMs: number): number {
    if (nowMs - bootClockAtMs > bootClockEveryMs) {
      bootClockAtMs = nowMs;
      context.bootMs = bootEpochMs(libbpf);
    }
    options.places.newTurn();
    options.hosts.newTurn();
    let total = 0;
    for (let round = 0; round < readerLimits.batchesPerTurnMax; round += 1) {
      const read = collector.drain(onBatch);
      total += read;
      if (read < readerLimits.batchEventsMax) break;
    }
    if (!isStopped && sweep.isDue(nowMs)) {
      const repeated = sweep.step(nowMs);
      if (repeated.length > 0) {
        collector.count(repeated);
        onBatch(repeated);
      }
    }
    return total;
  }

  return {
    start: turn,
    count: collector.count,
    askEnvironment: (names) => askFor(names, context, object),
    stop: () => {
      if (isStopped) return;
      drops = lossesOf();
      isStopped = true;
      clearTimeout(timer);
    },
    eventsByType: () => collector.counts(),
    dropsByType: () => (isStopped ? drops : lossesOf()),
    cpuMs: () => cpuMs,
  };
}

/** What was told, but less of it than is there: by the names under which it is counted among the drops. */
export function lookingDrops(by: {
  readonly repeats: Pick<RepeatCache, "forgotten">;
  readonly places: Pick<PathPlaces, "unwalked">;
  readonly hosts: Pick<HostFolders, "unread">;
}): Readonly<Record<string, number>> {
  const counts = {
    "repeats-forgotten": by.repeats.forgotten(),
    "path-as-written": by.places.unwalked(),
    "host-path-unknown": by.hosts.unread(),
  };
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}

/** Every few seconds the kernel's counts of repeats, a slice per turn: returns the events that stand for them. */
function createSweeping(
  object: KernelObject,
  repeats: RepeatCache,
  everyMs: number,
): { isDue(nowMs: number): boolean; step(nowMs: number): readonly SensorEvent[] } {
  const { seen } = object;
  let nextAtMs = seen === undefined ? Number.POSITIVE_INFINITY : performance.now() + everyMs;
  return {
    isDue: (nowMs) => nowMs >= nextAtMs,
    step: (nowMs) => {
      const events: SensorEvent[] = [];
      const timeMs = Date.now();
      const isLast = seen?.step((key, total) => {
        const event = repeats.repeat(key, total, timeMs);
        if (event !== undefined) events.push(event);
      });
      if (isLast !== false) nextAtMs = nowMs + everyMs;
      return events;
    },
  };
}

/** Decodes what both rings hold into batches in time order, and counts. `nowMs`: milliseconds since boot, the clock of the events. */
function createCollector(object: KernelObject, context: DecodeContext, nowMs: () => number) {
  const high = new Lane();
  const low = new Lane();
  const counts: Record<string, number> = {};
  const readByType = new Float64Array(eventType.types);
  let undecoded = 0;
  let environmentsCut = 0;

  function intoLane(lane: Lane, views: RingViews): (at: number, length: number) => void {
    const decode = createDecode(views, context);
    return (at, length) => {
      const event = decode(at, length);
      if (event === undefined) {
        undecoded += 1;
        return;
      }
      const type = views.halves[(at + layout.eventHeader.type) >> 1] ?? 0;
      readByType[type] = (readByType[type] ?? 0) + 1;
      if (event.type === "exec" && event.environmentCut === true) environmentsCut += 1;
      lane.push(event, wide(views.words, at + layout.eventHeader.timeNs) / 1e6);
    };
  }
  const takeHigh = intoLane(high, object.ringHigh.views);
  const takeLow = intoLane(low, object.ringLow.views);
  const judge = createJudge(object, high, low);
  function count(events: readonly SensorEvent[]): void {
    for (const event of events) counts[event.type] = (counts[event.type] ?? 0) + 1;
  }

  return {
    drain(onBatch: OnBatch): number {
      const max = readerLimits.batchEventsMax;
      const lookedAtMs = nowMs();
      const lowRead = low.length < max ? object.ringLow.drain(max, takeLow) : 0;
      const highRead = high.length < max ? object.ringHigh.drain(max, takeHigh) : 0;
      const { upToMs, isStuck } = judge(lookedAtMs, { highRead, lowRead });
      const batch = takeInOrder(high, low, upToMs);
      if (batch.length > 0) onBatch(batch);
      // What waits behind an unfinished record is looked for soon, not after an idle pause.
      return lowRead + highRead + (isStuck ? 1 : 0);
    },
    count,
    isEmpty: (): boolean => high.length + low.length === 0 && object.ringHigh.isEmpty() && object.ringLow.isEmpty(),
    counts(): Readonly<Record<string, number>> {
      const all = { ...counts };
      for (const [type, name] of nameByType.entries()) {
        const read = readByType[type] ?? 0;
        if (name !== undefined && read > 0) all[name] = (all[name] ?? 0) + read;
      }
      return all;
    },
    drops(): Readonly<Record<string, number>> {
      const found: Record<string, number> = {};
      for (const [type, dropped] of object.drops().entries()) {
        if (dropped > 0) found[nameByType[type] ?? `type-${type}`] = dropped;
      }
      for (const [ability, missed] of Object.entries(object.misses())) found[`${ability}-missed`] = missed;
      if (undecoded > 0) found["undecoded"] = undecoded;
      if (environmentsCut > 0) found["environment-cut"] = environmentsCut;
      const namesLeftOut = context.asked?.leftOut ?? 0;
      if (namesLeftOut > 0) found["environment-names"] = namesLeftOut;
      return found;
    },
  };
}

/** After both rings were read: up to which time all is known. */
function createJudge(object: KernelObject, high: Lane, low: Lane) {
  const isHighHeldUp = createHoldUp();
  const isLowHeldUp = createHoldUp();
  return (lookedAtMs: number, read: { readonly highRead: number; readonly lowRead: number }) => {
    const max = readerLimits.batchEventsMax;
    const isLowStuck = isLowHeldUp(object.ringLow.isHeldUp(), lookedAtMs);
    const isHighStuck = isHighHeldUp(object.ringHigh.isHeldUp(), lookedAtMs);
    const looks = [
      { lane: high, isBehind: isHighStuck || read.highRead >= max || high.length >= max },
      { lane: low, isBehind: isLowStuck || read.lowRead >= max || low.length >= max },
    ];
    return { upToMs: horizonOf(looks, lookedAtMs, max), isStuck: isLowStuck || isHighStuck };
  };
}

/** Epoch milliseconds of the boot. The two clocks are read again when the thread stood still between them. */
function bootEpochMs(libbpf: Libbpf): number {
  let bestMs = 0;
  let leastApartMs = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < clockAttempts && leastApartMs > 1; attempt += 1) {
    const beforeMs = libbpf.bootTimeMs();
    const epochMs = Date.now();
    const apartMs = libbpf.bootTimeMs() - beforeMs;
    if (apartMs >= leastApartMs) continue;
    leastApartMs = apartMs;
    bestMs = epochMs - beforeMs - apartMs / 2;
  }
  return bestMs;
}

const clockAttempts = 5;

/** How many events a look should find: fewer cost more in looking than in reading. */
const eventsPerTurn = 256;

/**
 * How long to sleep after a look that found so many events: so long that the next one finds about 256, between 2 and 20 ms (what a process did is looked
 * up while it lives); while nothing happens ever longer, to 100 ms. The default low ring holds 150 ms of a flood of a million datagrams a second, so an idle pause loses nothing.
 */
export function pauseMs(eventsRead: number, pauseMsBefore: number): number {
  if (eventsRead === 0) return Math.min(Math.max(pauseMsBefore, 25) * 2, 100);
  return Math.min(Math.max(Math.floor((eventsPerTurn * Math.max(pauseMsBefore, 1)) / eventsRead), 2), 20);
}
