// Picks the best rung that this machine allows: the kernel's own means where they load, else polling, with the reason in plain words.
import type { Sensor } from "../../core/sense/sensor.ts";
import { Fault, toFault } from "../../base/fault.ts";
import { createKernelSensor, type KernelSensorOptions } from "./kernel-sensor.ts";
import { createPollingSensor } from "./polling-sensor.ts";

export interface SensorOptions extends KernelSensorOptions {
  /** "kernel" refuses to fall back and rejects instead; "polling" never tries the kernel. */
  readonly rung?: "best" | "kernel" | "polling";
  readonly pollIntervalMs?: number;
}

/** Rejects only with `rung: "kernel"`, or when the given options themselves are wrong ("sensor/attach": no such cgroup). */
export async function createSensor(options: SensorOptions = {}): Promise<Sensor> {
  const rung = options.rung ?? "best";
  if (rung === "polling") return polling(options, "polling was asked for");
  try {
    return await createKernelSensor(options);
  } catch (error) {
    const fault = toFault(error);
    if (
      rung === "kernel" ||
      (fault.code !== "sensor/load" && fault.code !== "sensor/no-library" && fault.code !== "sensor/ring")
    )
      throw fault;
    return polling(options, reasonOf(fault));
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
