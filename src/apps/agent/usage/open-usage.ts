// The agent's learning and postures with this machine's own means: kernel objects, /proc, the pipeline's containers.
import { arch } from "node:os";
import { fileURLToPath } from "node:url";
import type { Logger } from "../../../base/logger.ts";
import { toFault } from "../../../base/fault.ts";
import type { Architecture } from "../../../core/profile/system-calls.ts";
import type { Learner } from "../../../core/sense/learner.ts";
import type { SensorEvent } from "../../../core/sense/sensor.ts";
import { readSysctls } from "../../../edge/proc/posture/namespace-sysctls.ts";
import { mountNamespaceOf } from "../../../edge/proc/posture/namespaces.ts";
import { liveRoots, readPosture } from "../../../edge/proc/posture/read-posture.ts";
import type { AgentConfig } from "../config.ts";
import type { Outbox } from "../outbox.ts";
import type { Pipeline } from "../pipeline.ts";
import { createUsageSide, type UsageSide } from "./usage-side.ts";

const learnObject = fileURLToPath(new URL("../../../../bpf/objects/learn.bpf.o", import.meta.url));

/** Of Node's names of architectures. */
const architectureOf: Partial<Readonly<Record<string, Architecture>>> = { x64: "x86_64", arm64: "aarch64" };

export interface OpenUsage {
  readonly config: AgentConfig;
  readonly pipeline: Pick<Pipeline, "confinedProcesses" | "subjectOf">;
  readonly outbox: Pick<Outbox, "push">;
  readonly logger: Logger;
  /** false: the sensor sees a node that is not this machine. */
  readonly isThisMachine: boolean;
}

type OpenLearner = (options: { readonly objectPath: string; readonly hostMountNamespace: number }) => Learner;

/** A platform without koffi's native part still has postures. */
async function importLearner(): Promise<OpenLearner> {
  try {
    return (await import("../../../edge/sensor/learn/open-learner.ts")).openLearner;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

export async function openUsage({ config, pipeline, outbox, logger, isThisMachine }: OpenUsage): Promise<UsageSide> {
  // "polled" promises that no kernel program is loaded.
  const mayLearn = isThisMachine && config.sensor.fidelity !== "polled";
  const openLearner = mayLearn ? await importLearner() : undefined;
  // Where the first process may not be looked at, our own namespace is the best guess: never learnt is better than always.
  const hostMountNamespace = mountNamespaceOf("/proc", 1) || mountNamespaceOf("/proc", process.pid);
  return createUsageSide({
    node: config.node,
    firstMinutes: config.learn.firstMinutes,
    learning: {
      architecture: mayLearn ? architectureOf[arch()] : undefined,
      open: () => {
        if (openLearner === undefined) throw new Error("asked to learn where nothing may be loaded");
        return openLearner({ objectPath: learnObject, hostMountNamespace });
      },
      mountNamespaceOf: (pid) => mountNamespaceOf("/proc", pid),
      hostMountNamespace,
      tell: (row) => outbox.push("workload_usage", row),
      subjectOf: (event: SensorEvent) => {
        const subject = pipeline.subjectOf(event.process);
        return subject.containerId === "" ? undefined : subject;
      },
      failed: (error) => logger.warn({ error: toFault(error).message }, "system calls cannot be learnt on this node"),
    },
    posture: {
      read: (pid) => (isThisMachine ? readPosture({ ...liveRoots, sysctls: readSysctls }, pid) : undefined),
      tell: (row) => outbox.push("container_postures", row),
    },
    processes: () => (isThisMachine ? pipeline.confinedProcesses() : []),
  });
}
