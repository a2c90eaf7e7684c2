// Learning and postures as one part of the agent: what it is given, and when it looks.
import type { SensorEvent } from "../../../core/sense/sensor.ts";
import type { Capability } from "../../../model/node.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import type { ContainerProcess } from "../used-files.ts";
import { createLearning, type LearningParts } from "./learning.ts";
import { usageLimits } from "./limits.ts";
import { createPostureWatch, type PostureParts } from "./postures.ts";
import { createLearningPlan } from "./windows.ts";

export interface UsageParts {
  readonly node: string;
  /** 0: only what a LearningWindow asks for. */
  readonly firstMinutes: number;
  readonly learning: Omit<LearningParts, "plan">;
  readonly posture: PostureParts;
  processes(): Iterable<ContainerProcess>;
}

export interface UsageLoss {
  readonly table: "workload_usage" | "container_postures";
  readonly rows: number;
  readonly detail: string;
}

export interface UsageSide {
  setResources(resources: readonly Resource[], nowMs: number): readonly ResourceStatus[];
  take(events: readonly SensorEvent[], nowMs: number): void;
  /** Call about once a second. */
  tick(nowMs: number): void;
  readonly capabilities: readonly Capability[];
  takeLosses(): readonly UsageLoss[];
  close(nowMs: number): void;
}

export function createUsageSide(parts: UsageParts): UsageSide {
  const plan = createLearningPlan(parts.node, parts.firstMinutes);
  const learning = createLearning({ ...parts.learning, plan });
  const postures = createPostureWatch(parts.posture);
  let roundMs = Number.NEGATIVE_INFINITY;
  let flushMs = Number.NEGATIVE_INFINITY;
  return {
    setResources: (resources, nowMs) => plan.apply(resources, nowMs),
    take: (events, nowMs) => learning.take(events, nowMs),
    tick(nowMs) {
      if (nowMs - roundMs >= usageLimits.roundMs) {
        roundMs = nowMs;
        const processes = [...parts.processes()];
        learning.round(processes, nowMs);
        postures.round(processes, nowMs);
      }
      postures.tick(nowMs);
      if (nowMs - flushMs < usageLimits.flushMs) return;
      flushMs = nowMs;
      learning.flush(nowMs);
    },
    get capabilities() {
      return learning.capabilities;
    },
    takeLosses() {
      const losses: UsageLoss[] = [
        { table: "workload_usage", rows: learning.takeOmitted(), detail: "more containers than are learnt at a time" },
        { table: "container_postures", rows: postures.takeOmitted(), detail: "more containers than are looked at" },
      ];
      return losses.filter(({ rows }) => rows > 0);
    },
    close: (nowMs) => learning.close(nowMs),
  };
}
