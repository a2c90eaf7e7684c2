// What the queries about detections ask and answer.
import type { ResolvedWindow } from "../../../core/filter/window.ts";
import type { Fidelity, WorkloadKind } from "../../../model/identity.ts";
import type { securityActions, severities } from "../../../model/security-event.ts";
import type { Shown } from "../../../model/table.ts";
import type { ProcessNode, Window, WindowRequest } from "./queries.ts";

export type Severity = (typeof severities)[number];
export type SecurityAction = (typeof securityActions)[number];

/** Equal detections of one slot: rule, workload and process. Words are those of the newest one. */
export interface DetectionSum {
  readonly id: string;
  readonly firstAt: string;
  readonly lastAt: string;
  readonly count: number;
  readonly severity: Severity;
  readonly source: string;
  readonly rule: string;
  readonly title: string;
  readonly message: string;
  readonly tags: string[];
  readonly techniques: string[];
  readonly action: SecurityAction;
  readonly actions: SecurityAction[];
  readonly policy: string;
  readonly receipt: string;
  readonly cluster: string;
  readonly node: string;
  readonly namespace: string;
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
  readonly identityReason: string;
  readonly pod: string;
  readonly pods: number;
  readonly container: string;
  readonly image: string;
  readonly process: string;
  readonly processId: string;
  readonly executable: string;
  readonly ancestors: string[];
  readonly fidelity: Fidelity;
}

export interface DetectionPage {
  readonly rows: DetectionSum[];
  readonly next?: string;
  readonly totals: Record<Severity, number>;
  readonly window: Window;
}

export interface DetectionFound {
  readonly sum: DetectionSum;
  /** The newest ones first. */
  readonly events: Shown<"security_events">[];
  readonly eventsTotal: number;
}

export interface RelatedRequest {
  readonly sum: Pick<DetectionSum, "id" | "cluster" | "node" | "namespace" | "workload" | "workloadKind">;
  readonly window: ResolvedWindow;
  readonly limit: number;
}

export interface TreeRequest {
  readonly cluster: string;
  readonly node: string;
  readonly processId: string;
  /** Of the detection's events. */
  readonly window: ResolvedWindow;
}

export interface Deed {
  readonly what: string;
  readonly count: number;
}

export interface TreeNode extends ProcessNode {
  /** 0: the asked process; ancestors below, descendants above. */
  readonly generation: number;
  readonly files: Deed[];
  readonly connections: Deed[];
  readonly names: Deed[];
  readonly deedsOmitted: number;
}

export interface DetectionTree {
  readonly nodes: TreeNode[];
  /** Descendants that are not listed. */
  readonly omitted: number;
  readonly because: string;
}

export interface RuleSum {
  readonly rule: string;
  readonly source: string;
  readonly severity: Severity;
  readonly techniques: string[];
  readonly tags: string[];
  /** Of the newest one: the policy or baseline by which it was told; "" for a rule of detection. */
  readonly policy: string;
  readonly count: number;
  readonly lastAt: string;
}

export interface NoiseSum {
  readonly cluster: string;
  readonly namespace: string;
  readonly workload: string;
  readonly workloadKind: WorkloadKind;
  readonly rule: string;
  readonly severity: Severity;
  readonly count: number;
  /** By the day's number since the epoch (UTC). */
  readonly perDay: ReadonlyMap<number, number>;
  readonly last24h: number;
  readonly lastAt: string;
}

export interface NoiseSums {
  readonly rows: NoiseSum[];
  readonly omitted: number;
  /** All detections by cluster, those that `rows` leave out too. */
  readonly clusters: {
    readonly cluster: string;
    readonly perDay: ReadonlyMap<number, number>;
    readonly last24h: number;
  }[];
  readonly lookedAt: ResolvedWindow;
  readonly window: Window;
}

export interface NoiseEventsRequest extends WindowRequest {
  readonly cluster: string;
  readonly rule: string;
}

/** One detection of a rule with what an exception could name. */
export interface NoiseEvent {
  readonly id: string;
  readonly timeMs: number;
  readonly count: number;
  readonly severity: Severity;
  readonly namespace: string;
  readonly workload: string;
  readonly process: string;
  readonly processId: string;
  readonly executable: string;
  readonly ancestors: readonly string[];
  readonly image: string;
  readonly outputFields: readonly string[];
}

export interface NoiseEvents {
  /** The newest ones first. */
  readonly events: readonly NoiseEvent[];
  readonly total: number;
  /** Processes of the cluster that other rules spoke of, with the worst severity. */
  readonly spokenOf: ReadonlyMap<string, Severity>;
  readonly window: Window;
}
