// Who is learnt now: workloads that a LearningWindow names, and the first minutes of every workload's image on this node.
import type { Subject } from "../../../model/identity.ts";
import { LearningWindow } from "../../../model/learning-window.ts";
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import { matches } from "../visibility.ts";
import { usageLimits } from "./limits.ts";

export const learningKind = "LearningWindow";

export interface LearningPlan {
  /** Takes the whole set of this node's windows; says what became of each. */
  apply(resources: readonly Resource[], nowMs: number): readonly ResourceStatus[];
  /** Also notes that the workload's image is seen: its first minutes begin. */
  wants(subject: Subject, nowMs: number): boolean;
  /** A window is open: whatever starts now shall be watched from its first program on. */
  expectsStarts(nowMs: number): boolean;
}

interface OpenWindow extends LearningWindow {
  readonly untilMs: number;
}

export function createLearningPlan(node: string, firstMinutes: number): LearningPlan {
  let windows: readonly OpenWindow[] = [];
  const firstSeenMs = new Map<string, number>();

  function isFirst({ namespace, workload, container, imageDigest, image }: Subject, nowMs: number): boolean {
    if (firstMinutes === 0) return false;
    const key = [namespace, workload, container, imageDigest || image].join("\u0000");
    const since = firstSeenMs.get(key);
    if (since !== undefined) return nowMs - since < firstMinutes * 60_000;
    firstSeenMs.set(key, nowMs);
    const [oldest] = firstSeenMs.keys();
    if (firstSeenMs.size > usageLimits.firstsMax && oldest !== undefined) firstSeenMs.delete(oldest);
    return true;
  }

  return {
    apply(resources, nowMs) {
      const accepted: OpenWindow[] = [];
      const statuses = resources.map((resource): ResourceStatus => {
        const { kind, scope, name, generation } = resource;
        const spec = LearningWindow.safeParse(resource.spec);
        const issue = spec.error?.issues[0];
        if (!spec.success) {
          const because = `${issue?.path.join(".") ?? "spec"}: ${issue?.message ?? "wrong"}`;
          return { kind, scope, name, generation, state: "refused", because };
        }
        const untilMs = Date.parse(spec.data.until);
        if (matches(spec.data.match.node, node)) accepted.push({ ...spec.data, untilMs });
        return { kind, scope, name, generation, state: "applied", because: untilMs <= nowMs ? "it has ended" : "" };
      });
      windows = accepted;
      return statuses;
    },
    wants(subject, nowMs) {
      const isNamed = windows.some(
        ({ match, untilMs }) =>
          nowMs < untilMs && matches(match.namespace, subject.namespace) && matches(match.workload, subject.workload),
      );
      return isFirst(subject, nowMs) || isNamed;
    },
    expectsStarts: (nowMs) => windows.some(({ untilMs }) => nowMs < untilMs),
  };
}
