// Denied connections, from the kernel's reports to rows of `flows`: counted once however often the first packet is sent again, with both ends' identities
// and the rule. Bounded; what has no room is counted as a loss.
import type { PolicyPacket } from "../../../core/policy/compile/dataplane.ts";
import { flowIdOf } from "../../../core/flow/flow-key.ts";
import type { Row } from "../../../model/table.ts";
import { enforceLimits } from "./limits.ts";

/** One end as columns of a row. */
export interface DeniedEnd {
  readonly kind: Row<"flows">["sourceKind"];
  readonly namespace: string;
  readonly workload: string;
  readonly pod: string;
  readonly service: string;
  readonly imageDigest: string;
  readonly reason: string;
  /** The endpoint's id in the policies' world; "" when it is none. */
  readonly endpoint: string;
}

export interface DenyFlowOptions {
  /** `port` is 0 for the end that dialled. */
  readonly endOf: (question: {
    readonly address: string;
    readonly port: number;
    readonly protocol: string;
    readonly timeMs: number;
  }) => DeniedEnd;
  readonly wordsOf: (ruleId: number, endpoint: string) => string;
  readonly generation: () => number;
  readonly domainOf: (source: DeniedEnd, address: string) => string;
}

export interface DenyFlows {
  take(packet: PolicyPacket): void;
  /** Rows that are due: a new flow after a second, then one a window. */
  flush(nowMs: number): Row<"flows">[];
  drain(): Row<"flows">[];
  /** Reports that found no room since the last call. */
  takeLost(): number;
}

interface Entry {
  readonly key: string;
  readonly first: PolicyPacket;
  readonly source: DeniedEnd;
  readonly destination: DeniedEnd;
  firstMs: number;
  lastMs: number;
  connections: number;
  packets: number;
  bytes: number;
  sourcePort: number;
  isTold: boolean;
  dueMs: number;
}

const names: Readonly<Record<number, Row<"flows">["protocol"]>> = {
  1: "icmp",
  6: "tcp",
  17: "udp",
  58: "icmp",
  132: "sctp",
};

export function protocolWord(protocol: number): Row<"flows">["protocol"] {
  return names[protocol] ?? "other";
}

export function createDenyFlows(options: DenyFlowOptions): DenyFlows {
  const entries = new Map<string, Entry>();
  const tuples = createTuples();
  let lost = 0;

  function tell(entry: Entry): Row<"flows"> {
    const row = rowOf(entry, options);
    entry.isTold = true;
    entry.connections = 0;
    entry.packets = 0;
    entry.bytes = 0;
    return row;
  }

  return {
    take(packet) {
      const entry = entryOf(entries, options, packet);
      if (entry === undefined) {
        lost += 1;
        return;
      }
      if (entry.packets === 0) entry.firstMs = packet.timeMs;
      entry.lastMs = Math.max(entry.lastMs, packet.timeMs);
      entry.packets += 1;
      entry.bytes += packet.bytes;
      if (entry.sourcePort !== packet.sourcePort) entry.sourcePort = 0;
      if (tuples.isNew(`${entry.key} ${packet.sourcePort}`, packet.timeMs)) entry.connections += 1;
    },
    flush(nowMs) {
      const rows: Row<"flows">[] = [];
      for (const [key, entry] of entries) {
        if (nowMs < entry.dueMs) continue;
        entry.dueMs = nowMs + enforceLimits.denyWindowMs;
        if (entry.packets > 0) rows.push(tell(entry));
        else entries.delete(key);
      }
      tuples.forget(nowMs);
      return rows;
    },
    drain() {
      const rows = [...entries.values()].filter(({ packets }) => packets > 0).map(tell);
      entries.clear();
      return rows;
    },
    takeLost() {
      const count = lost;
      lost = 0;
      return count;
    },
  };
}

/** The entry that counts for a packet, made when it is the first of its key; undefined: no room. */
function entryOf(entries: Map<string, Entry>, { endOf }: DenyFlowOptions, packet: PolicyPacket): Entry | undefined {
  const { source, destination, protocol, destinationPort, direction, ruleId, timeMs } = packet;
  const key = `${protocol} ${direction} ${source} ${destination} ${destinationPort} ${ruleId}`;
  const known = entries.get(key);
  if (known !== undefined) return known;
  if (entries.size >= enforceLimits.denyKeysMax) return undefined;
  const question = { protocol: protocolWord(protocol), timeMs };
  const entry: Entry = {
    key,
    first: packet,
    source: endOf({ address: source, port: 0, ...question }),
    destination: endOf({ address: destination, port: destinationPort, ...question }),
    firstMs: timeMs,
    lastMs: timeMs,
    connections: 0,
    packets: 0,
    bytes: 0,
    sourcePort: packet.sourcePort,
    isTold: false,
    dueMs: timeMs + enforceLimits.denyFirstRowMs,
  };
  entries.set(key, entry);
  return entry;
}

/** Five-tuples of late, so that a packet that is sent again is the same connection. Forgotten, it counts as another one. */
function createTuples() {
  let now = new Set<string>();
  let before = new Set<string>();
  let turnMs = 0;
  return {
    isNew(tuple: string, timeMs: number): boolean {
      if (turnMs === 0) turnMs = timeMs;
      const isKnown = now.has(tuple) || before.has(tuple);
      if (now.size >= enforceLimits.tuplesMax) {
        before = now;
        now = new Set();
      }
      now.add(tuple);
      return !isKnown;
    },
    forget(nowMs: number): void {
      if (nowMs - turnMs < enforceLimits.tupleKeptMs) return;
      turnMs = nowMs;
      before = now;
      now = new Set();
    },
  };
}

function rowOf(entry: Entry, { wordsOf, generation, domainOf }: DenyFlowOptions): Row<"flows"> {
  const { first, source, destination } = entry;
  const isSource = first.direction === "egress";
  return {
    time: entry.firstMs,
    durationMs: Math.max(0, entry.lastMs - entry.firstMs),
    reporter: isSource ? "source" : "destination",
    verdict: "deny",
    verdictBecause: wordsOf(first.ruleId, isSource ? source.endpoint : destination.endpoint),
    level: 1,
    merged: Math.max(1, entry.connections),
    protocol: protocolWord(first.protocol),
    sourceKind: source.kind,
    sourceNamespace: source.namespace,
    sourceWorkload: source.workload,
    sourcePod: source.pod,
    sourceAddress: first.source,
    sourcePort: entry.sourcePort,
    sourceReason: source.reason,
    sourceLabels: 0,
    sourceService: source.service,
    sourceImageDigest: source.imageDigest,
    destinationKind: destination.kind,
    destinationNamespace: destination.namespace,
    destinationWorkload: destination.workload,
    destinationPod: destination.pod,
    destinationAddress: first.destination,
    destinationPort: first.destinationPort,
    destinationReason: destination.reason,
    destinationLabels: 0,
    destinationService: destination.service,
    destinationImageDigest: destination.imageDigest,
    destinationDomain: isSource ? domainOf(source, first.destination) : "",
    ...noProcess,
    policies: first.ruleId === 0 ? [] : [first.ruleId],
    policiesStaged: [],
    policyGeneration: generation(),
    ...noCounts,
    connectionsFailed: entry.connections,
    packetsSent: entry.packets,
    tls: "not-looked",
    serverName: "",
    loopback: false,
    fidelity: "kernel",
    flowId: flowIdOf(`deny ${entry.key}`),
  };
}

/** Packets are judged where no process is known. */
const noProcess = { process: "", executable: "", pid: 0, container: "", containerId: "", image: "" };

/** Bytes of payload: first packets have none that counts. */
const noCounts = {
  connectionsOpened: 0,
  connectionsClosed: 0,
  resets: 0,
  retransmits: 0,
  packetsReceived: 0,
  bytesSent: 0,
  bytesReceived: 0,
  rttUs: {},
};
