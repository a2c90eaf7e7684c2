// The sensor on the kernel's own means: two rings drained by an adaptive timer in whatever thread started it, without wakeups.
// Promises events oldest first (to a millisecond across the rings), every loss counted by type, and nothing left attached after close.
import { fileURLToPath } from "node:url";
import type { Sensor, SensorEvent } from "../../core/sense/sensor.ts";
import type { Capability } from "../../model/node.ts";
import { createDecode, type DecodeContext } from "./decode.ts";
import { loadKernelObject, type KernelObject } from "./kernel-object.ts";
import { eventType } from "./layout.gen.ts";
import { openLibbpf, type Libbpf } from "./libbpf.ts";
import { cgroupMount, readLink, readRunning } from "./proc.ts";
import { createTextCache } from "./text-cache.ts";

export interface KernelSensorOptions {
  /** The v2 cgroup whose sockets and packets are seen; by default the root of the v2 hierarchy found in /proc/mounts. */
  readonly cgroupPath?: string;
  readonly ringHighBytes?: number;
  readonly ringLowBytes?: number;
  /** How often an open TCP connection reports its bytes; 0: only when it closes. */
  readonly sampleIntervalMs?: number;
  /** A process whose sockets are not reported: the agent's own. */
  readonly excludedPid?: number;
  readonly objectPath?: string;
  readonly procPath?: string;
}

export const sensorLimits = {
  ringHighBytes: 4 * 1024 * 1024,
  ringLowBytes: 16 * 1024 * 1024,
  sampleIntervalMs: 10_000,
  batchEventsMax: 4096,
  /** Batches in one turn of the event loop, so that a flood cannot starve the thread's other work. */
  batchesPerTurnMax: 16,
} as const;

const bootClockEveryMs = 10_000;
const objectPathDefault = fileURLToPath(new URL("../../../bpf/objects/sensor.bpf.o", import.meta.url));

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
}).reduce<string[]>((names, [name, type]) => {
  names[type] = name;
  return names;
}, []);

/** Loads and attaches; rejects with a Fault that says what the kernel or the machine lacks. The rings fill from now on. */
export async function createKernelSensor(options: KernelSensorOptions = {}): Promise<Sensor> {
  const procPath = options.procPath ?? "/proc";
  const libbpf = openLibbpf();
  const object = loadKernelObject(libbpf, {
    objectPath: options.objectPath ?? objectPathDefault,
    cgroupPath: options.cgroupPath ?? cgroupMount(procPath),
    ringHighBytes: options.ringHighBytes ?? sensorLimits.ringHighBytes,
    ringLowBytes: options.ringLowBytes ?? sensorLimits.ringLowBytes,
    sampleIntervalMs: options.sampleIntervalMs ?? sensorLimits.sampleIntervalMs,
    excludedPid: options.excludedPid ?? 0,
  });
  const reader = createReader(libbpf, object);
  return {
    fidelity: "kernel",
    fidelityBecause: "",
    capabilities: [...object.capabilities, hostPids(procPath)],
    start: async (onBatch) => {
      const running = readRunning(procPath, Date.now());
      reader.count(running);
      if (running.length > 0) onBatch(running);
      reader.start(onBatch);
    },
    watchFirstBytes: (cgroupIds) => object.watch(cgroupIds),
    stats: () => ({ eventsByType: reader.eventsByType(), dropsByType: reader.dropsByType(), cpuMs: reader.cpuMs() }),
    close: async () => {
      reader.stop();
      object.close();
    },
  };
}

/** The kernel's programs speak of host pids; in a pid namespace of its own the agent could not find them in /proc. */
function hostPids(procPath: string): Capability {
  const isHost = readLink(`${procPath}/self/ns/pid`) === initialPidNamespace;
  return {
    name: "host-pids",
    available: isHost,
    because: isHost ? "" : "the agent runs in its own pid namespace: set hostPID",
  };
}

/** PROC_PID_INIT_INO: the number of the first pid namespace is fixed. */
const initialPidNamespace = "pid:[4026531836]";

type OnBatch = (events: readonly SensorEvent[]) => void;

function createReader(libbpf: Libbpf, object: KernelObject) {
  const context: DecodeContext = { texts: createTextCache(), bootMs: Date.now() - libbpf.bootTimeMs() };
  const decodeHigh = createDecode(object.ringHigh.views, context);
  const decodeLow = createDecode(object.ringLow.views, context);
  const high: SensorEvent[] = [];
  const low: SensorEvent[] = [];
  const counts: Record<string, number> = {};
  let drops: Readonly<Record<string, number>> = {};
  let undecoded = 0;
  let cpuMs = 0;
  let pause = 0;
  let timer: NodeJS.Timeout | undefined;
  let bootClockAtMs = performance.now();
  let isStopped = false;

  const takeHigh = (at: number, length: number): void => keep(high, decodeHigh(at, length));
  const takeLow = (at: number, length: number): void => keep(low, decodeLow(at, length));
  function keep(batch: SensorEvent[], event: SensorEvent | undefined): void {
    if (event === undefined) undecoded += 1;
    else batch.push(event);
  }

  function drainOnce(onBatch: OnBatch): number {
    high.length = 0;
    low.length = 0;
    const read =
      object.ringHigh.drain(sensorLimits.batchEventsMax, takeHigh) +
      object.ringLow.drain(sensorLimits.batchEventsMax, takeLow);
    const batch = mergeByTime(high, low);
    if (batch.length > 0) {
      countInto(counts, batch);
      onBatch(batch);
    }
    return read;
  }

  function turn(onBatch: OnBatch): void {
    if (isStopped) return;
    const before = libbpf.threadCpuMs();
    const nowMs = performance.now();
    if (nowMs - bootClockAtMs > bootClockEveryMs) {
      bootClockAtMs = nowMs;
      context.bootMs = Date.now() - libbpf.bootTimeMs();
    }
    let total = 0;
    for (let round = 0; round < sensorLimits.batchesPerTurnMax; round += 1) {
      const read = drainOnce(onBatch);
      total += read;
      if (read < sensorLimits.batchEventsMax) break;
    }
    cpuMs += libbpf.threadCpuMs() - before;
    if (isStopped) return;
    pause = pauseMs(total, pause);
    timer = setTimeout(turn, pause, onBatch);
  }

  function readDropsNow(): Readonly<Record<string, number>> {
    const found: Record<string, number> = {};
    for (const [type, dropped] of object.drops().entries())
      if (dropped > 0) found[nameByType[type] ?? `type-${type}`] = dropped;
    if (undecoded > 0) found["undecoded"] = undecoded;
    return found;
  }

  return {
    start: turn,
    count: (events: readonly SensorEvent[]) => countInto(counts, events),
    stop: () => {
      if (isStopped) return;
      drops = readDropsNow();
      isStopped = true;
      clearTimeout(timer);
    },
    eventsByType: () => ({ ...counts }),
    dropsByType: () => (isStopped ? drops : readDropsNow()),
    cpuMs: () => cpuMs,
  };
}

/**
 * How long to sleep after reading so many events: short under load, ever longer (to 100 ms) while nothing happens.
 * The default low ring holds 150 ms of a flood of a million datagrams a second, so an idle pause loses nothing.
 */
export function pauseMs(eventsRead: number, pauseMsBefore: number): number {
  if (eventsRead >= 1024) return 2;
  if (eventsRead >= 64) return 5;
  return eventsRead > 0 ? 25 : Math.min(Math.max(pauseMsBefore, 25) * 2, 100);
}

function countInto(counts: Record<string, number>, events: readonly SensorEvent[]): void {
  for (const event of events) counts[event.type] = (counts[event.type] ?? 0) + 1;
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
