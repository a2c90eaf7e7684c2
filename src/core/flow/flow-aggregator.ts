// What flow aggregation is for its users: events with their reporters in, rows out, losses told; and its limits.
import type { Row } from "../../model/table.ts";
import type { SocketTuple, TcpEvent, TcpSampleEvent, UdpEvent } from "../sense/sensor.ts";
import type { FlowDirectory } from "./flow-ends.ts";
import type { FlowReporter } from "./flow-entry.ts";

export const flowLimits = {
  windowMs: 15_000,
  firstRowAfterMs: 1000,
  /** Flows with something to tell in one window, before the noisiest climbs a level. */
  rowsPerWindowMax: 4000,
  /** Flows remembered, told or not. Beyond it new ones go to one row per namespace pair. */
  entriesMax: 16_000,
  conversationsMax: 32_768,
  /** A flow without news for this long is forgotten. */
  entryIdleMsMax: 120_000,
  closedKeptMs: 5000,
  udpIdleMsMax: 60_000,
  udpIdleMsWhenFull: 1000,
  tcpIdleMsMax: 3_600_000,
  /** A first row waits so long for an identity that is on its way, and later rows are amended for so long. */
  identityHoldMsMax: 2000,
  identityAmendMsMax: 60_000,
} as const;

export interface FlowAggregatorOptions {
  readonly windowMs?: number;
  readonly rowsPerWindowMax?: number;
  readonly entriesMax?: number;
  readonly conversationsMax?: number;
  /** The DNS name that this reporter's workload had resolved to an address; "" when none. Asked when a row is made. */
  readonly domainOf: (reporter: FlowReporter, address: string) => string;
  /** Who has which address in the cluster; absent: whatever is no process of this machine is external. */
  readonly directory?: FlowDirectory;
  /** True for workloads whose flows are kept at level 0 (five-tuples), on demand. */
  readonly isDetailed?: (reporter: FlowReporter) => boolean;
}

export interface FlowLosses {
  /** Rows that were merged into a higher level's row since the last call. */
  readonly rowsMerged: number;
  /** New flows that had to go to the namespace-pair row because no key was left. */
  readonly flowsOverLimit: number;
  readonly detail: string;
}

export interface FlowAggregator {
  /** `reporterOf` is asked only when the conversation is new. */
  tcp(event: TcpEvent | TcpSampleEvent, reporterOf: (event: TcpEvent | TcpSampleEvent) => FlowReporter): void;
  /** The hot path: two map look-ups for a known conversation. */
  udp(event: UdpEvent, reporterOf: (event: UdpEvent) => FlowReporter): void;
  /** What the first bytes of a connection showed. */
  tls(tuple: SocketTuple, view: Row<"flows">["tls"], serverName: string): void;
  /** The process at the other end of a connection within this machine, when it was seen. */
  otherEnd(tuple: SocketTuple): FlowReporter | undefined;
  /** Rows that are due at this time. Call a few times a second. */
  flush(nowMs: number): Row<"flows">[];
  /** Everything not told yet, for shutdown. */
  drain(): Row<"flows">[];
  takeLosses(): FlowLosses | undefined;
  stats(): { readonly entries: number; readonly conversations: number; readonly climbed: number };
}
