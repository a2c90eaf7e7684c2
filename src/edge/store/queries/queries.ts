// What may be asked of the telemetry store, by name: one method per telemetry operation of the API. The shapes are those of
// apps/server/contract (the edge may not import it; test/scenarios/queries-contract.test.ts holds the two together).
import type { ResolvedWindow } from "../../../core/filter/window.ts";
import type { EventSum } from "../../../core/graph/attention-workloads.ts";
import type { FlowSums, HttpSums } from "../../../core/graph/graph-row.ts";
import type { GraphLevel } from "../../../model/graph.ts";
import type { SecurityPage } from "./security-feed.ts";
import type { WorkloadKind } from "../../../model/identity.ts";
import type {
  DetectionFound,
  DetectionPage,
  DetectionSum,
  DetectionTree,
  NoiseEvents,
  NoiseEventsRequest,
  NoiseSums,
  RelatedRequest,
  RuleSum,
  TreeRequest,
} from "./detections-nouns.ts";
import type { TreeLimits } from "./detection-tree.ts";
import type { AlarmSums, BaselineRequest, BaselineSums, DriftSums } from "./baselines-nouns.ts";
import type { ImageUse, ImageUseRequest, Reached } from "./images-nouns.ts";
import type { PostureListRequest, PostureRows, TouchSums, UsageRows } from "./profiles-nouns.ts";
import type { WafModeRequest, WafModeSums, WafRequestKey, WafSums } from "./waf-nouns.ts";
import type { InventoryKind, InventoryObject, Pod } from "../../../model/inventory.ts";
import type { EventKind, Shown, eventTables } from "../../../model/table.ts";
import type { Workload } from "../../../model/workload.ts";

export interface WindowRequest {
  /** RFC 3339, or relative to now: "15m", "24h". Overrides `last:` of the filter. */
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

export interface PageRequest extends WindowRequest {
  readonly q: string;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** What was really looked at. Times are RFC 3339. */
export interface Window {
  since: string;
  until: string;
  /** Since when the tables that were looked at hold data; absent while the store is empty. */
  dataSince?: string;
  partial: boolean;
  partialBecause: string;
  gaps: Shown<"gaps">[];
}

export interface Page<T> {
  rows: T[];
  next?: string;
  window: Window;
}

export interface TimelinePoint {
  time: string;
  allow: number;
  deny: number;
  unknown: number;
  connections: number;
  connectionsFailed: number;
  bytesSent: number;
  bytesReceived: number;
}

/** One event of any kind, with `kind` saying which noun it is. */
export type AnyEvent = { [Kind in EventKind]: Shown<(typeof eventTables)[Kind]> & { kind: Kind } }[EventKind];

export interface WorkloadParams {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: WorkloadKind;
  readonly name: string;
}

/** Rows lost at one node for one reason. */
export interface LossTotal {
  readonly cluster: string;
  readonly node: string;
  /** "ring-full", "queue-full" or "spool-full". */
  readonly reason: string;
  /** Of drops in the kernel's ring; else "". */
  readonly eventType: string;
  /** 0 when nobody could count. */
  readonly rows: number;
}

export interface ProcessNode {
  process: Shown<"process_events">;
  endedAt?: string;
  exitCode?: number;
  signal?: number;
}

export interface Peer {
  direction: "outbound" | "inbound";
  kind: WorkloadKind;
  namespace: string;
  workload: string;
  address: string;
  domain: string;
  port: number;
  protocol: string;
  processes: string[];
  connections: number;
  connectionsFailed: number;
  bytesSent: number;
  bytesReceived: number;
  rttUsMedian?: number;
  lastSeen: string;
}

export interface DnsName {
  question: string;
  questionType: string;
  count: number;
  failures: number;
  responseCodes: string[];
  answers: string[];
  latencyUsMedian: number;
  lastSeen: string;
}

/** What a graph is made from (core/graph), of the window that was really looked at. */
export interface GraphSums {
  readonly flows: readonly FlowSums[];
  readonly http: readonly HttpSums[];
  /** HTTP of a stretch of time before the window, to tell what is usual; empty where it was not looked at. */
  readonly usual: readonly HttpSums[];
  readonly lookedAt: ResolvedWindow;
  window: Window;
}

export interface GraphRequest extends WindowRequest {
  readonly q: string;
  readonly level: GraphLevel;
}

export interface OverviewNumbers {
  readonly warnings: readonly EventSum[];
  readonly detections: readonly EventSum[];
  readonly events: readonly { readonly kind: EventKind; readonly count: number }[];
  /** Kinds that could not be counted, and why. */
  readonly notCounted: readonly { readonly about: string; readonly because: string }[];
}

export interface HintRequest {
  readonly on: "flows" | "events" | "workloads";
  readonly field: string;
  readonly prefix: string;
  readonly q: string;
  readonly since?: string | undefined;
}

/** One part of a live stream, oldest row first. `cursor` is opaque text: give it back to go on without a hole, a restart later too. */
export interface StreamPart<T> {
  rows: T[];
  cursor: string;
  /** Rows that matched but were left out because more than `limit` had arrived. */
  skipped: number;
}

/** Where a new stream begins (cursor ""): with the newest `last` rows at or after `since`, or with nothing but what arrives from now on. */
export interface StreamStart {
  readonly last?: number;
  readonly since?: string | undefined;
}

export interface InventoryAsOfRequest {
  readonly cluster: string;
  readonly kind: InventoryKind;
  readonly atMs: number;
  readonly namespace?: string | undefined;
  readonly limit: number;
  readonly offset: number;
}

export interface InventoryAsOf {
  /** By namespace and name. */
  readonly objects: InventoryObject[];
  /** All that match, beyond this page too. */
  readonly total: number;
  /** Why the list may not be whole; empty when it is. */
  readonly because: string;
}

export interface WorkloadPods {
  readonly pods: { readonly pod: Pod; readonly endedAt?: string }[];
  readonly omitted: number;
  readonly because: string;
}

/** The newest row of an object as a restarted server compares it with what it finds. */
export interface BaselineObject {
  readonly uid: string;
  readonly kind: InventoryKind;
  readonly namespace: string;
  readonly name: string;
  readonly onNode: string;
  readonly workload: string;
  readonly workloadKind: string;
  /** MD5 of its JSON, lower-case hex. */
  readonly digest: string;
  readonly writtenAtMs: number;
}

export interface KeptKubernetesEvent {
  readonly timeMs: number;
  readonly reason: string;
  readonly objectKind: string;
  readonly objectName: string;
  readonly namespace: string;
  readonly message: string;
  readonly count: number;
}

export interface PolicyFlowsRequest extends WindowRequest {
  readonly cluster: string;
  readonly q: string;
  readonly limit: number;
}

export interface PolicyFlowEnd {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly workload: string;
  /** "" where only workloads are kept, and for ends that are no pods. */
  readonly pod: string;
  /** One that it had; "" where none is kept. */
  readonly address: string;
}

/** Recorded flows that policies cannot tell apart, added up; what both ends told is counted once. */
export interface PolicyFlowKey {
  readonly source: PolicyFlowEnd;
  readonly destination: PolicyFlowEnd;
  /** DNS names that the destination was resolved from, at most 16, by name. */
  readonly domains: readonly string[];
  readonly port: number;
  readonly protocol: string;
  readonly verdict: "allow" | "deny" | "unknown";
  /** Opened and failed ones. */
  readonly connections: number;
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
  /** UTC days on which it was seen. */
  readonly days: number;
}

export interface PolicyFlowKeys {
  /** The busiest first. */
  readonly keys: readonly PolicyFlowKey[];
  readonly omitted: number;
  readonly lookedAt: ResolvedWindow;
  readonly window: Window;
}

export interface PolicyRuleCount {
  readonly cluster: string;
  readonly ruleId: number;
  /** What a staged policy would have decided. */
  readonly isStaged: boolean;
  readonly connections: number;
}

export interface PolicyRuleCounts {
  readonly rules: readonly PolicyRuleCount[];
  /** Nodes that told which policies judged their flows; a cluster without is missing. */
  readonly reporters: readonly { readonly cluster: string; readonly nodes: number }[];
  /** Why numbers may be too large; "" when they are exact. */
  readonly cut: string;
  readonly window: Window;
}

/**
 * Every method throws a Fault: kind "usage" for a filter, window or cursor that cannot be understood (`where` = position), "not-found" for
 * a workload that was not seen, and whatever the store throws when it is away. A query that a guard rail ended answers with `window.partial`.
 */
export interface Queries {
  listFlows(query: PageRequest): Promise<Page<Shown<"flows">>>;
  flowTimeline(
    query: WindowRequest & { readonly q: string; readonly steps: number },
  ): Promise<{ stepMs: number; points: TimelinePoint[]; window: Window }>;
  /** `kinds`: comma-separated, empty = all. */
  listEvents(query: PageRequest & { readonly kinds: string }): Promise<Page<AnyEvent>>;
  listWorkloads(query: PageRequest): Promise<Page<Workload>>;
  getWorkload(params: WorkloadParams, query: WindowRequest): Promise<{ workload: Workload; window: Window }>;
  workloadProcesses(
    params: WorkloadParams,
    query: WindowRequest & { readonly limit: number },
  ): Promise<{ processes: ProcessNode[]; omitted: number; window: Window }>;
  workloadPeers(
    params: WorkloadParams,
    query: WindowRequest,
  ): Promise<{ peers: Peer[]; omitted: number; window: Window }>;
  workloadDns(
    params: WorkloadParams,
    query: WindowRequest,
  ): Promise<{ names: DnsName[]; omitted: number; window: Window }>;
  /** Sums per pair of ends from rollups; at endpoint level, or where the filter needs it, from raw rows of at most an hour. */
  graphSums(query: GraphRequest): Promise<GraphSums>;
  /** Warnings, detections and counts of events in the window. */
  overviewNumbers(query: WindowRequest & { readonly q: string }): Promise<OverviewNumbers>;
  /** Keys of recorded flows of one cluster. */
  policyFlowKeys(query: PolicyFlowsRequest): Promise<PolicyFlowKeys>;
  /** Connections by the rule that decided about them. */
  policyRuleCounts(query: WindowRequest & { readonly clusters: readonly string[] }): Promise<PolicyRuleCounts>;
  /** Requests that WAF rules spoke about, by time, rule, source and workload. */
  wafSums(query: WindowRequest & { readonly q: string }): Promise<WafSums>;
  wafRequest(key: WafRequestKey): Promise<{ readonly event: Shown<"waf_events"> | undefined; readonly window: Window }>;
  wafModeSums(query: WafModeRequest): Promise<WafModeSums>;
  /** Equal detections of a quarter of an hour are one. */
  listDetections(query: PageRequest): Promise<DetectionPage>;
  findDetection(id: string, eventsMax: number): Promise<DetectionFound | undefined>;
  relatedDetections(
    request: RelatedRequest,
  ): Promise<{ readonly rows: DetectionSum[]; readonly omitted: number; readonly window: Window }>;
  detectionTree(request: TreeRequest, limits: TreeLimits): Promise<DetectionTree>;
  detectionRuleSums(
    query: WindowRequest & { readonly rule?: string },
  ): Promise<{ readonly rules: RuleSum[]; readonly window: Window }>;
  noiseSums(query: { readonly q: string; readonly days: number }): Promise<NoiseSums>;
  noiseEvents(query: NoiseEventsRequest): Promise<NoiseEvents>;
  /** What workloads did, by image: learning (a week when nobody says), and the drift that agents told of. */
  baselineSums(request: BaselineRequest): Promise<BaselineSums>;
  baselineDrift(request: BaselineRequest & { readonly limit: number }): Promise<DriftSums>;
  baselineAlarms(request: BaselineRequest): Promise<AlarmSums>;
  /** Oldest first; without a window the last thirty days. */
  usageRows(params: WorkloadParams, query: WindowRequest): Promise<UsageRows>;
  /** The newest of each container; without a window the last three hours. */
  workloadPostures(params: WorkloadParams, query: WindowRequest): Promise<PostureRows>;
  listPostures(query: PostureListRequest): Promise<PostureRows>;
  /** Files, executables and protocols, for AppArmor. */
  touched(params: WorkloadParams, query: WindowRequest): Promise<TouchSums>;
  imageUse(query: ImageUseRequest): Promise<ImageUse>;
  reachedWorkloads(query: WindowRequest): Promise<Reached>;
  hints(query: HintRequest): Promise<{ hints: { value: string; count: number; note: string }[] }>;
  listGaps(query: PageRequest): Promise<{ rows: Shown<"gaps">[]; next?: string }>;
  inventoryAsOf(request: InventoryAsOfRequest): Promise<InventoryAsOf>;
  /** Since when anything of a cluster's inventory is kept, in milliseconds; undefined when nothing is. */
  inventorySince(cluster: string): Promise<number | undefined>;
  /** Pods of a workload that lived within the window. */
  workloadPods(
    params: WorkloadParams,
    window: { readonly sinceMs: number; readonly untilMs: number },
  ): Promise<WorkloadPods>;
  /** What the store believes to be alive in a cluster. */
  inventoryBaseline(cluster: string): Promise<readonly BaselineObject[]>;
  /** The newest Kubernetes events that were written from this place. */
  newestKubernetesEvents(place: {
    readonly cluster: string;
    readonly node: string;
  }): Promise<{ readonly newestMs: number | undefined; readonly events: readonly KeptKubernetesEvent[] }>;
  /** Window of an answer that other sources made: gaps of the tables in it, and since when they hold data. */
  windowOf(query: WindowRequest, tables: readonly string[]): Promise<Window & { sinceMs: number; untilMs: number }>;
  /** What was lost for want of room by gaps that end at or after `sinceMs`, the largest losses first, at most 5000 sums. */
  lossesSince(sinceMs: number): Promise<LossTotal[]>;
  /** Rows whose block arrived after `cursor` ("" = begin as `start` says). At most `limit` rows, the newest ones. */
  flowsSince(cursor: string, q: string, limit: number, start?: StreamStart): Promise<StreamPart<Shown<"flows">>>;
  /** Likewise for the comma-separated `kinds` (empty = all). */
  eventsSince(
    cursor: string,
    query: { readonly kinds: string; readonly q: string },
    limit: number,
    start?: StreamStart,
  ): Promise<StreamPart<AnyEvent>>;
  /** Security events after a position, for outputs: whole, in order, at most `limit`. */
  securityAfter(position: string, limit: number): Promise<SecurityPage>;
}
