// What a drift event says: rule, title and severity by kind of item. Agents make events from it; the server and the console know drift by these rules.
import type { BaselineItemKind, BaselineMode } from "../../model/baseline.ts";
import type { severities } from "../../model/security-event.ts";

type Severity = (typeof severities)[number];

export interface DriftWords {
  readonly rule: string;
  readonly title: string;
  readonly severity: Severity;
}

const words = {
  executables: ["Drift: executable not in the baseline", "ran a program that it never ran before", "medium"],
  parents: ["Drift: parent not in the baseline", "started a program from another one than before", "low"],
  reads: ["Drift: read outside the baseline", "read where it never read before", "info"],
  writes: ["Drift: write outside the baseline", "wrote where it never wrote before", "medium"],
  loads: [
    "Drift: code loaded from outside the baseline",
    "loaded code from a place that it never used before",
    "medium",
  ],
  destinations: ["Drift: destination not in the baseline", "connected to where it never connected before", "medium"],
  listens: ["Drift: port not in the baseline", "was reached at a port that it never served before", "medium"],
  domains: ["Drift: DNS name not in the baseline", "asked for a name that it never asked for before", "low"],
} as const satisfies Record<BaselineItemKind, readonly [string, string, Severity]>;

export const driftRulePrefix = "Drift: ";
export const driftOverflowRule = "Drift: more than is told one by one";

/** Programs outside a baseline that protects weigh more: somebody decided that nothing else shall run. */
export function driftWords(kind: BaselineItemKind, workload: string, mode: BaselineMode): DriftWords {
  const [rule, what, severity] = words[kind];
  return {
    rule,
    title: `${workload} ${what}`,
    severity: mode === "protecting" && kind === "executables" ? "high" : severity,
  };
}
