// What the WAF's queries ask and answer.
import type { WorkloadKind } from "../../../model/identity.ts";
import type { Window, WindowRequest } from "./queries.ts";

export interface WafCounts {
  readonly blocked: number;
  readonly detected: number;
  readonly logged: number;
  readonly failed: number;
}

export interface WafRuleSum {
  readonly ruleId: number;
  readonly message: string;
  readonly severity: string;
  readonly points: number;
  readonly counts: WafCounts;
  /** The three that it matched most. */
  readonly variables: { name: string; count: number }[];
  readonly workloads: number;
  readonly sources: number;
}

export interface WafSourceSum {
  readonly cluster: string;
  readonly clientAddress: string;
  readonly namespace: string;
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
  readonly counts: WafCounts;
  readonly rules: number;
  readonly lastAt: string;
}

export interface WafWorkloadSum {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
  readonly service: string;
  /** Why the workload is not known; "" when it is. */
  readonly reason: string;
  readonly counts: WafCounts;
  /** That scored most often; 0: none did. */
  readonly topRule: number;
  /** Of its newest event. */
  readonly newestMode: "detect" | "block";
  readonly lastAt: string;
}

export interface WafSums {
  readonly buckets: { at: string; counts: WafCounts }[];
  readonly bucketSeconds: number;
  readonly rules: WafRuleSum[];
  readonly rulesOmitted: number;
  readonly sources: WafSourceSum[];
  readonly sourcesOmitted: number;
  readonly workloads: WafWorkloadSum[];
  readonly workloadsOmitted: number;
  readonly window: Window;
}

export interface WafRequestKey {
  readonly cluster: string;
  readonly transactionId: string;
  readonly timeMs: number;
}

export interface WafModeRequest extends WindowRequest {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
}

export interface WafModeGroup {
  readonly ruleId: number;
  readonly message: string;
  readonly path: string;
  readonly variable: string;
  readonly requests: number;
  readonly sources: number;
  readonly lastAt: string;
  readonly transactionId: string;
}

export interface WafModeSums {
  /** Events of the workload of any verdict: that there are some tells that a gateway looked. */
  readonly spoken: number;
  /** What blocking would have stopped. */
  readonly requests: number;
  readonly sources: number;
  readonly groups: WafModeGroup[];
  readonly groupsOmitted: number;
  readonly lookedAt: { readonly sinceMs: number; readonly untilMs: number };
  readonly window: Window;
}
