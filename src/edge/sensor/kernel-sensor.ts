// The sensor on the kernel's own means: two rings drained by an adaptive timer in whatever thread started it, without wakeups.
// Promises events oldest first (to a millisecond across the rings), every loss counted by type, and nothing left attached after close.
import { fileURLToPath } from "node:url";
import type { Sensor } from "../../core/sense/sensor.ts";
import type { Capability } from "../../model/node.ts";
import { createHostFolders } from "./host-folders.ts";
import { loadKernelObject } from "./kernel-object.ts";
import { openLibbpf } from "./libbpf.ts";
import { readAsked } from "./proc-environment.ts";
import { cgroupMount, isFirstPidNamespace, readRunning } from "./proc.ts";
import { createPathPlaces } from "./path-places.ts";
import { createRingReader } from "./ring-reader.ts";
import { sweepLimits } from "./seen-sweep.ts";

export interface KernelSensorOptions {
  /** The v2 cgroup whose sockets and packets are seen; by default the root of the v2 hierarchy found in /proc/mounts. */
  readonly cgroupPath?: string;
  readonly ringHighBytes?: number;
  readonly ringLowBytes?: number;
  /** How often an open TCP connection reports its bytes; 0: only when it closes. */
  readonly sampleIntervalMs?: number;
  /** A process whose sockets, files and calls are not reported: the agent's own. */
  readonly excludedPid?: number;
  /** Tells every file deed and call, however often: for measuring. */
  readonly tellsRepeats?: boolean;
  /** How often counts of repeated file deeds and calls are told. */
  readonly repeatsEveryMs?: number;
  readonly objectPath?: string;
  readonly procPath?: string;
}

export const sensorLimits = {
  ringHighBytes: 4 * 1024 * 1024,
  ringLowBytes: 16 * 1024 * 1024,
  sampleIntervalMs: 10_000,
} as const;

const objectPathDefault = fileURLToPath(new URL("../../../bpf/objects/sensor.bpf.o", import.meta.url));

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
    tellsRepeats: options.tellsRepeats ?? false,
  });
  const places = createPathPlaces(procPath);
  const reader = createRingReader(libbpf, object, {
    places,
    hosts: createHostFolders(procPath),
    wholeEnvironment: (process, asked) => readAsked(procPath, process, asked),
    repeatsEveryMs: options.repeatsEveryMs ?? sweepLimits.everyMs,
  });
  return {
    fidelity: "kernel",
    fidelityBecause: "",
    capabilities: [...object.capabilities, hostPids(procPath), environments],
    start: async (onBatch) => {
      const running = readRunning(procPath, Date.now());
      reader.count(running);
      if (running.length > 0) onBatch(running);
      reader.start(onBatch);
    },
    watchFirstBytes: (cgroupIds) => object.watch(cgroupIds),
    askEnvironment: (names) => reader.askEnvironment(names),
    stats: () => ({ eventsByType: reader.eventsByType(), dropsByType: reader.dropsByType(), cpuMs: reader.cpuMs() }),
    close: async () => {
      reader.stop();
      places.close();
      object.close();
    },
  };
}

/** Of programs that start from now on: of what runs already no environment is read. */
const environments: Capability = {
  name: "environment",
  available: true,
  because: "only variables that a rule asks for by name; nothing is copied while no rule does",
};

/** The kernel's programs speak of host pids; in a pid namespace of its own the agent could not find them in /proc. */
function hostPids(procPath: string): Capability {
  const isHost = isFirstPidNamespace(procPath);
  return {
    name: "host-pids",
    available: isHost,
    because: isHost ? "" : "the agent runs in its own pid namespace: set hostPID",
  };
}
