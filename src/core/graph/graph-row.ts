// What the graph is made from: sums of flows and of HTTP per pair of ends, each reporter's own, as the store adds them up.
import type { WorkloadKind } from "../../model/identity.ts";
import type { VerdictName } from "../../model/verdict.ts";

/** One end of a pair. Empty strings: not known, or not asked for (`pod` only at endpoint level). */
export interface GraphEnd {
  readonly kind: WorkloadKind;
  readonly namespace: string;
  readonly workload: string;
  /** The service that was dialled (destination), or one that selects it. */
  readonly service: string;
  readonly pod: string;
  /** DNS name of something outside. */
  readonly domain: string;
  /** Why it is not known; empty when it is. */
  readonly reason: string;
}

/** What one reporter counted. */
export interface FlowCounts {
  readonly rows: number;
  readonly opened: number;
  readonly failed: number;
  readonly resets: number;
  readonly retransmits: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

export interface FlowSums {
  readonly cluster: string;
  readonly source: GraphEnd;
  readonly destination: GraphEnd;
  readonly port: number;
  readonly protocol: string;
  readonly verdict: VerdictName;
  readonly atSource: FlowCounts;
  readonly atDestination: FlowCounts;
  /** Of both reporters together: a mean needs no reconciliation. */
  readonly rttUsSum: number;
  readonly rttCount: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** HTTP exchanges of one pair and one class of answers (2 = 2xx, 0 = no answer was seen). */
export interface HttpSums {
  readonly cluster: string;
  readonly source: GraphEnd;
  readonly destination: GraphEnd;
  readonly statusClass: number;
  readonly requestsAtSource: number;
  readonly requestsAtDestination: number;
  /** Bucket i holds [2^(i/4), 2^((i+1)/4)) microseconds, as model/flow.ts. */
  readonly latencyAtSource: Histogram;
  readonly latencyAtDestination: Histogram;
  readonly firstMs: number;
  readonly lastMs: number;
}

export type Histogram = Readonly<Record<string, number>>;
