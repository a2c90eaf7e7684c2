// The sensor by configuration; one that cannot run is a sensor that says so, because the agent still has things to tell.
import { Fault, toFault } from "../../base/fault.ts";
import type { Sensor } from "../../core/sense/sensor.ts";
import type { AgentConfig } from "./config.ts";

/**
 * Of the ring for process and connection events. It must last while the agent waits for a processor: 30,000 events, half a second of 15,000
 * connections a second within one machine. Resident memory from the start.
 */
const ringHighBytesMax = 4 * 1024 * 1024;

const rungs = { auto: "best", kernel: "kernel", notified: "notified", polled: "polling" } as const;

/** Never rejects but with `fidelity: "kernel"` or "notified", which refuse to fall back. */
export async function openSensor(
  config: AgentConfig["sensor"],
  ownPid: number,
): Promise<{ sensor: Sensor; down: string }> {
  const { createSensor } = await import("../../edge/sensor/create-sensor.ts");
  try {
    const sensor = await createSensor({
      rung: rungs[config.fidelity],
      ringLowBytes: config.ringBytes,
      ringHighBytes: Math.min(config.ringBytes, ringHighBytesMax),
      sampleIntervalMs: config.sampleSeconds * 1000,
      pollIntervalMs: config.pollMs,
      excludedPid: ownPid,
      ...(config.cgroup === "" ? {} : { cgroupPath: config.cgroup }),
    });
    return { sensor, down: "" };
  } catch (error) {
    const fault = toFault(error);
    if (config.fidelity === "kernel" || config.fidelity === "notified" || fault.kind === "usage") {
      throw new Fault(`the sensor cannot run: ${fault.message}`, {
        code: "agent/sensor",
        kind: "unavailable",
        hint: fault.hint ?? "start as root, or allow the fallback with sensor.fidelity auto",
        cause: error,
      });
    }
    return { sensor: absentSensor(fault.message), down: fault.message };
  }
}

function absentSensor(because: string): Sensor {
  return {
    fidelity: "polled",
    fidelityBecause: `nothing is seen: ${because}`,
    capabilities: [{ name: "sensor", available: false, because }],
    start: async () => undefined,
    watchFirstBytes: () => undefined,
    stats: () => ({ eventsByType: {}, dropsByType: {}, cpuMs: 0 }),
    close: async () => undefined,
  };
}
