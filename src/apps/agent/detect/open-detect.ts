// Detection of the agent as it is put together: the engine, this machine's names, the configuration's limits. Absent where it is switched off.
import { hostname } from "node:os";
import { compileRules } from "../../../core/detect/compile-rules.ts";
import type { Detection, DetectLimits } from "../../../core/detect/contract.ts";
import { environmentNames } from "../../../core/detect/engine/environment-names.ts";
import { createDetector } from "../../../core/detect/create-detector.ts";
import type { Sensor } from "../../../core/sense/sensor.ts";
import { mountNamespaceOf } from "../../../edge/proc/posture/namespaces.ts";
import type { AgentConfig } from "../config.ts";
import { createDetectSide, neverDetecting, type DetectSide } from "./detect-side.ts";
import { supplyOfNode } from "./supply-of-node.ts";
import { readUserNames } from "./users.ts";

export interface OpenDetectNeeds {
  readonly sensor: Sensor;
  /** Why the sensor does not run; "" when it does. */
  readonly sensorDown: string;
  readonly bootTimeMs: number;
  readonly onDetection: (detection: Detection) => void;
  /** Other limits than the engine's own: of a node whose rows are compared, not read. */
  readonly limits?: Partial<DetectLimits>;
}

export async function openDetect({ detect }: Pick<AgentConfig, "detect">, needs: OpenDetectNeeds): Promise<DetectSide> {
  if (!detect.enabled) return neverDetecting("detection is switched off on this node (detect.enabled)");
  if (needs.sensorDown !== "") return neverDetecting(`nothing is seen on this node: ${needs.sensorDown}`);
  const { isKnown, userName, groupName } = readUserNames("");
  return await createDetectSide({
    folder: detect.rules,
    isBuiltin: detect.builtin,
    cpuShare: detect.cpuShare,
    compile: compileRules,
    createDetector: (options) => createDetector({ ...options, limits: { ...options.limits, ...needs.limits } }),
    onRules: (rules) => needs.sensor.askEnvironment?.(environmentNames(rules)),
    monotonicMs: () => performance.now(),
    workedMs: threadMs,
    supply: supplyOfNode(needs.sensor, isKnown),
    machine: {
      hostname: hostname(),
      bootMs: needs.bootTimeMs,
      userName,
      groupName,
      mountNamespace: nodeMountNamespace(),
    },
    onDetection: needs.onDetection,
  });
}

/** The first process's, as it is seen from here; where that may not be looked at, this one's. 0: neither. */
function nodeMountNamespace(): number {
  return mountNamespaceOf("/proc", 1) || mountNamespaceOf("/proc", process.pid);
}

/** Processor time of this thread: on a busy machine the clock on the wall would charge detection for others' work. */
function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
