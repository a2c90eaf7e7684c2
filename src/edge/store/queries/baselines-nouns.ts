// What baselines ask of the store, and what it answers: facts and lives of workloads by image, drift events by item.
import type { BaselineFact } from "../../../core/baseline/facts.ts";
import type { Alarm } from "../../../core/baseline/suspects.ts";
import type { BaselineItemKind } from "../../../model/baseline.ts";
import type { WorkloadKind } from "../../../model/identity.ts";
import type { Window, WindowRequest } from "./queries.ts";

/** One workload of one image; in a request: all that is given must hold. */
export interface BaselineWorkload {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: WorkloadKind;
  readonly workload: string;
  readonly imageDigest: string;
}

export interface BaselineRequest extends WindowRequest {
  readonly of: Partial<BaselineWorkload>;
  /** Only these: what is not needed is not looked at. All by default. */
  readonly kinds?: readonly BaselineItemKind[];
}

export interface WorkloadFact extends BaselineWorkload {
  readonly fact: BaselineFact;
}

/** How long, and in how many places, a workload was seen. */
export interface WorkloadLife extends BaselineWorkload {
  readonly image: string;
  readonly service: string;
  readonly hours: number;
  readonly replicas: number;
  /** Starts of containers (of units: of main processes) that were seen. */
  readonly starts: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

export interface BaselineSums {
  readonly facts: readonly WorkloadFact[];
  readonly lives: readonly WorkloadLife[];
  readonly livesOmitted: number;
  /** Kinds of which not all was looked at, and why. */
  readonly cut: readonly { readonly kind: BaselineItemKind; readonly because: string }[];
  /** Since when the table of a kind holds data, at the earliest the window's beginning; undefined: it holds none. */
  readonly keptSinceMs: Readonly<Record<BaselineItemKind, number | undefined>>;
  readonly lookedAt: { readonly sinceMs: number; readonly untilMs: number };
  readonly window: Window;
}

export interface DriftSum extends BaselineWorkload {
  readonly rule: string;
  /** Of the event's output fields; "" when it had none. */
  readonly itemKind: string;
  readonly item: string;
  readonly severity: string;
  readonly count: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly process: string;
  readonly evidence: string;
  readonly action: string;
}

/** Critical and high detections of rules (not drift) of one program within five minutes. */
export interface AlarmSums {
  readonly alarms: readonly Alarm[];
  /** Alarms that the limit left out: the older ones. */
  readonly omitted: number;
}

export interface DriftSums {
  readonly drift: readonly DriftSum[];
  readonly omitted: number;
  readonly window: Window;
}
