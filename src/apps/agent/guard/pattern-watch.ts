// Patterns that the kernel cannot look up (a wildcard in the middle), compared with every exec in user space: told after the fact, never stopped.
import type { ParsedRuntimePolicy, RuntimeRule, RuntimeSubject } from "../../../core/runtime-policy/model.ts";
import { globMatches, startOfPattern } from "../../../core/runtime-policy/rules-of.ts";
import { isSelected } from "../../../core/runtime-policy/select.ts";
import type { GuardedEvent } from "../../../core/sense/deed-events.ts";
import type { ExecEvent, SensorEvent } from "../../../core/sense/sensor.ts";

interface Watched {
  readonly policy: ParsedRuntimePolicy;
  readonly rule: RuntimeRule;
  readonly pattern: string;
}

export interface PatternWatch {
  setPolicies(policies: readonly ParsedRuntimePolicy[]): void;
  /** The events that stand for matches; `subjectOf` is asked only of programs whose path matches. */
  take(events: readonly SensorEvent[], subjectOf: (event: ExecEvent) => RuntimeSubject): readonly GuardedEvent[];
}

export function createPatternWatch(numberOf: (policy: ParsedRuntimePolicy, rule: RuntimeRule) => number): PatternWatch {
  let watched: readonly Watched[] = [];
  return {
    setPolicies(policies) {
      watched = policies.flatMap((policy) =>
        policy.rules.flatMap((rule): readonly Watched[] => {
          if (rule.kind !== "exec" || rule.subject.kind !== "pattern" || rule.action === "Allow") return [];
          const { pattern } = rule.subject;
          return startOfPattern(pattern) === undefined ? [{ policy, rule, pattern }] : [];
        }),
      );
    },
    take(events, subjectOf) {
      if (watched.length === 0) return [];
      const found: GuardedEvent[] = [];
      for (const event of events) {
        if (event.type !== "exec") continue;
        for (const { policy, rule, pattern } of watched) {
          if (!globMatches(pattern, event.path) || !isSelected(policy.target, subjectOf(event))) continue;
          const { timeMs, process, comm, cgroupId, path } = event;
          const own = {
            timeMs,
            process,
            comm,
            cgroupId,
            path,
            rule: numberOf(policy, rule),
            tuple: undefined,
          } as const;
          found.push({ type: "guarded", hook: "exec", outcome: "audited", plane: "kill", ...own });
        }
      }
      return found;
    },
  };
}
