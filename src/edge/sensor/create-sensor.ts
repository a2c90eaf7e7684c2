// Picks the best rung that this machine allows: the kernel's own programs where they load, else its notifications where they are given (root), else polling;
// with the reason in plain words.
import type { Sensor } from "../../core/sense/sensor.ts";
import { Fault, toFault } from "../../base/fault.ts";
import type { KernelSensorOptions } from "./kernel-sensor.ts";
import { createPollingSensor } from "./polling-sensor.ts";
import { isFirstPidNamespace } from "./proc.ts";

export interface SensorOptions extends KernelSensorOptions {
  /** "kernel" and "notified" refuse to fall back and reject instead; "polling" tries neither. */
  readonly rung?: "best" | "kernel" | "notified" | "polling";
  readonly pollIntervalMs?: number;
}

/** Rejects only with `rung: "kernel"` or "notified", or when the given options themselves are wrong ("sensor/attach": no such cgroup). */
export async function createSensor(options: SensorOptions = {}): Promise<Sensor> {
  const rung = options.rung ?? "best";
  if (rung === "polling") return polling(options, "polling was asked for");
  // The kernel's programs would tell of other processes than /proc: numbers that mean one here would be given another's names.
  if (rung === "best" && !isFirstPidNamespace(options.procPath ?? "/proc")) return polling(options, otherPids);
  if (rung === "notified") return await notified(options, "the kernel's programs were not asked for");
  try {
    const { createKernelSensor } = await importKernelRung();
    return await createKernelSensor(options);
  } catch (error) {
    const fault = toFault(error);
    if (rung === "kernel" || !reasonsToPoll.has(fault.code)) throw fault;
    return await notifiedOrPolling(options, reasonOf(fault));
  }
}

/** Rejects with the Fault "sensor/notify" or "sensor/no-library". */
async function notified(options: SensorOptions, because: string): Promise<Sensor> {
  // Newer kernels notify others than root, too; but of others' processes neither files nor arguments could be read.
  if (process.geteuid?.() !== 0)
    throw new Fault("not root", {
      code: "sensor/notify",
      kind: "unavailable",
      hint: "it needs root in the machine's first user namespace (CAP_NET_ADMIN, CAP_SYS_ADMIN, CAP_AUDIT_READ)",
    });
  if (!isFirstPidNamespace(options.procPath ?? "/proc"))
    throw new Fault(otherPids, { code: "sensor/notify", kind: "unavailable" });
  const { createNotifiedSensor } = await importNotifiedRung();
  const { procPath, pollIntervalMs, excludedPid } = options;
  return createNotifiedSensor({
    because,
    ...(procPath === undefined ? {} : { procPath }),
    ...(pollIntervalMs === undefined ? {} : { pollIntervalMs }),
    ...(excludedPid === undefined ? {} : { excludedPid }),
  });
}

async function notifiedOrPolling(options: SensorOptions, because: string): Promise<Sensor> {
  if (process.geteuid?.() !== 0) return polling(options, because);
  try {
    return await notified(options, because);
  } catch (error) {
    return polling(options, `${because}; and without notifications: ${toFault(error).message}`);
  }
}

const otherPids =
  "the agent is not in the machine's first process namespace: set hostPID; in a node that is itself a container (kind) there is no other way";

const reasonsToPoll: ReadonlySet<string> = new Set(["sensor/load", "sensor/no-library", "sensor/ring"]);

function importKernelRung(): Promise<typeof import("./kernel-sensor.ts")> {
  return withKoffi(() => import("./kernel-sensor.ts"));
}

function importNotifiedRung(): Promise<typeof import("./notified/notified-sensor.ts")> {
  return withKoffi(() => import("./notified/notified-sensor.ts"));
}

/** Loaded only when wanted: a platform without koffi's native part can still poll. */
async function withKoffi<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    throw new Fault("native calls (koffi) cannot be loaded on this platform", {
      code: "sensor/no-library",
      kind: "unavailable",
      hint: "Install on a platform that koffi is built for, or accept polling of /proc.",
      cause: error,
    });
  }
}

function reasonOf(fault: Fault): string {
  return process.geteuid?.() === 0 ? fault.message : `not root: ${fault.message}`;
}

function polling(options: SensorOptions, because: string): Sensor {
  return createPollingSensor({
    because,
    ...(options.procPath === undefined ? {} : { procPath: options.procPath }),
    ...(options.pollIntervalMs === undefined ? {} : { intervalMs: options.pollIntervalMs }),
    ...(options.excludedPid === undefined ? {} : { excludedPid: options.excludedPid }),
  });
}
