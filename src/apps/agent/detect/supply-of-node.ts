// What this node's sensor tells, in the words of rules: a rule that asks for more is blind here, and says so.
import type { Supply } from "../../../core/detect/contract.ts";
import { supplyOfSensor } from "../../../core/detect/supply.ts";
import { watchedCalls } from "../../../core/sense/deed-events.ts";
import type { Sensor } from "../../../core/sense/sensor.ts";

/** What stands in for kernel programs tells of changes of identity and ptrace only. */
const untoldOfNotified = new Map(
  watchedCalls
    .filter((call) => call !== "ptrace" && !/^set(?:fs|re|res)?[ug]id$/.test(call))
    .map((call) => [call, "without kernel programs this call is not told"]),
);

/** By the sensor's own word about its abilities. Simulated sensors tell what their maker lets them tell: nothing is called blind for them. */
export function supplyOfNode(sensor: Pick<Sensor, "fidelity" | "capabilities">, hasUsers: boolean): Supply {
  const { fidelity, capabilities } = sensor;
  const isSimulated = fidelity === "simulated";
  const has = (name: string) =>
    isSimulated || capabilities.some((capability) => capability.name === name && capability.available);
  const isKernel = fidelity !== "polled";
  return supplyOfSensor({
    fidelity: fidelity === "notified" ? "notified" : isKernel ? "kernel" : "polled",
    hasFiles: isKernel && has("files"),
    hasCalls: isKernel && has("calls"),
    // Told with the same kernel programs as the deeds.
    hasExecFacts: fidelity !== "notified" && isKernel && has("exec") && has("files"),
    hasEnvironment: isKernel && has("environment"),
    hasDns: isKernel && has("packets"),
    hasUdp: isKernel && has("packets"),
    hasContainers: true,
    // Mounts and starts come from the container runtime, once it answers; what is privileged from the kernel.
    hasContainerDetails: true,
    // Without pods their fields are empty, which is no blindness.
    inKubernetes: true,
    hasUsers,
    missingCalls: fidelity === "notified" ? untoldOfNotified : new Map(),
  });
}
