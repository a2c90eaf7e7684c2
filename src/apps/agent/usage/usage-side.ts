// Learning and postures as one part of the agent: what it is given, and when it looks.
import type { SensorEvent } from "../../../core/sense/sensor.ts";
import type { Capability } from "../../../model/node.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import type { Row } from "../../../model/table.ts";
import type { ContainerProcess } from "../used-files.ts";
import { createLearning, type LearningParts } from "./learning.ts";
import { usageLimits } from "./limits.ts";
import { createPostureWatch, type PostureParts } from "./postures.ts";
import { createLearningPlan, learningKind } from "./windows.ts";

export interface UsageParts {
  readonly node: string;
  /** 0: only what a LearningWindow asks for. */
  readonly firstMinutes: number;
  readonly learning: Omit<LearningParts, "plan">;
  readonly posture: PostureParts;
  processes(): Iterable<ContainerProcess>;
}

export interface UsageSide {
  /** Takes those that are its own of all. */
  setResources(resources: readonly Resource[], nowMs: number): void;
  statuses(): readonly ResourceStatus[];
  take(events: readonly SensorEvent[], nowMs: number): void;
  /** Call about once a second. */
  tick(nowMs: number): void;
  readonly capabilities: readonly Capability[];
  /** What fell out since the last call, as rows. */
  takeGaps(nowMs: number): readonly Row<"gaps">[];
  close(nowMs: number): void;
}

export function createUsageSide(parts: UsageParts): UsageSide {
  const plan = createLearningPlan(parts.node, parts.firstMinutes);
  const learning = createLearning({ ...parts.learning, plan });
  const postures = createPostureWatch(parts.posture);
  let statuses: readonly ResourceStatus[] = [];
  let roundMs = Number.NEGATIVE_INFINITY;
  let gapsMs: number | undefined;
  let flushMs = Number.NEGATIVE_INFINITY;
  return {
    setResources(resources, nowMs) {
      statuses = plan.apply(
        resources.filter(({ kind }) => kind === learningKind),
        nowMs,
      );
    },
    statuses: () => statuses,
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
    takeGaps(nowMs) {
      const told: [Row<"gaps">["table"], number, string][] = [
        ["workload_usage", learning.takeOmitted(), "more containers than are learnt at a time"],
        ["container_postures", postures.takeOmitted(), "more containers than are looked at"],
      ];
      const window = { time: gapsMs ?? nowMs, durationMs: gapsMs === undefined ? 0 : Math.max(0, nowMs - gapsMs) };
      gapsMs = nowMs;
      return told.flatMap(([table, rows, detail]): Row<"gaps">[] =>
        rows === 0 ? [] : [{ ...window, table, reason: "limit", rows, counted: "estimate", detail }],
      );
    },
    close: (nowMs) => learning.close(nowMs),
  };
}
