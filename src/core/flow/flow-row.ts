// From an entry to a row of `flows`: who is source and destination, the verdict with its reason, and what is merged away left empty.
import type { Row } from "../../model/table.ts";
import type { FlowEntry, FlowReporter } from "./flow-entry.ts";
import { flowIdOf } from "./flow-key.ts";

/** What is known of an address that is no process of this machine. */
export interface PeerFacts {
  /** The DNS name that the reporter's workload had resolved to it; "" when none was seen. */
  readonly domain: string;
}

/** errno.h of Linux: what a connect can end with. */
const errnoNames: Readonly<Record<number, string>> = {
  1: "EPERM",
  4: "EINTR",
  13: "EACCES",
  22: "EINVAL",
  32: "EPIPE",
  92: "ENOPROTOOPT",
  97: "EAFNOSUPPORT",
  98: "EADDRINUSE",
  99: "EADDRNOTAVAIL",
  100: "ENETDOWN",
  101: "ENETUNREACH",
  103: "ECONNABORTED",
  104: "ECONNRESET",
  110: "ETIMEDOUT",
  111: "ECONNREFUSED",
  112: "EHOSTDOWN",
  113: "EHOSTUNREACH",
};

const none: number[] = [];

interface Side {
  readonly kind: Row<"flows">["sourceKind"];
  readonly namespace: string;
  readonly workload: string;
  readonly pod: string;
  readonly reason: string;
}

/** The row of what was counted since the last one. */
export function flowRowOf(entry: FlowEntry, facts: PeerFacts): Row<"flows"> {
  const { key, reporter } = entry;
  const own = sideOf(reporter, key.level);
  const isLoopback = isLoopbackAddress(key.remoteAddress) && isLoopbackAddress(key.localAddress);
  const other = entry.peer === undefined ? outsideOf(isLoopback) : sideOf(entry.peer, key.level);
  const [source, destination] = key.isSource ? [own, other] : [other, own];
  const areAddressesKept = key.level <= 2;
  const ownAddress = areAddressesKept ? key.localAddress : "::";
  const otherAddress = areAddressesKept ? key.remoteAddress : "::";
  const isProcessKept = key.level <= 2;
  const verdict = verdictOf(entry);
  return {
    time: entry.firstMs,
    durationMs: Math.max(0, entry.lastMs - entry.firstMs),
    reporter: key.isSource ? "source" : "destination",
    ...verdict,
    level: key.level,
    merged: Math.max(1, entry.merged),
    protocol: key.protocol,
    sourceKind: source.kind,
    sourceNamespace: source.namespace,
    sourceWorkload: source.workload,
    sourcePod: source.pod,
    sourceAddress: key.isSource ? ownAddress : otherAddress,
    sourcePort: key.sourcePort,
    sourceReason: source.reason,
    sourceLabels: 0,
    sourceService: "",
    sourceImageDigest: "",
    destinationKind: destination.kind,
    destinationNamespace: destination.namespace,
    destinationWorkload: destination.workload,
    destinationPod: destination.pod,
    destinationAddress: key.isSource ? otherAddress : ownAddress,
    destinationPort: key.destinationPort,
    destinationReason: destination.reason,
    destinationLabels: 0,
    destinationService: "",
    destinationImageDigest: "",
    destinationDomain: key.isSource && key.level <= 3 ? facts.domain : "",
    process: isProcessKept ? reporter.process : "",
    executable: isProcessKept ? reporter.executable : "",
    pid: isProcessKept ? entry.pid : 0,
    container: key.level <= 2 ? reporter.subject.container : "",
    containerId: key.level <= 2 ? reporter.subject.containerId : "",
    image: key.level <= 3 ? reporter.subject.image : "",
    policies: none,
    policiesStaged: none,
    policyGeneration: 0,
    connectionsOpened: entry.connectionsOpened,
    connectionsClosed: entry.connectionsClosed,
    connectionsFailed: entry.connectionsFailed,
    resets: entry.resets,
    retransmits: entry.retransmits,
    packetsSent: entry.packetsSent,
    packetsReceived: entry.packetsReceived,
    bytesSent: entry.bytesSent,
    bytesReceived: entry.bytesReceived,
    rttUs: entry.rttUs,
    tls: entry.tls,
    serverName: entry.serverName,
    loopback: isLoopback,
    fidelity: reporter.fidelity,
    flowId: flowIdOf(key.text),
  };
}

function sideOf(reporter: FlowReporter, level: number): Side {
  const { subject } = reporter;
  return {
    kind: level <= 3 ? subject.workloadKind : "Unknown",
    namespace: subject.namespace,
    workload: level <= 3 ? subject.workload : "",
    pod: level <= 2 ? subject.pod : "",
    reason: level <= 3 ? subject.identityReason : "merged: namespace pair",
  };
}

/** The other end is no process that was seen. A loopback address is this machine, but whose is not known. */
function outsideOf(isLoopback: boolean): Side {
  return isLoopback
    ? { kind: "Unknown", namespace: "", workload: "", pod: "", reason: "the process at the other end was not seen" }
    : { kind: "External", namespace: "", workload: "", pod: "", reason: "" };
}

function verdictOf(entry: FlowEntry): Pick<Row<"flows">, "verdict" | "verdictBecause"> {
  const { key } = entry;
  if (key.isFailed) {
    const name = key.error === 0 ? "no answer" : (errnoNames[key.error] ?? `errno ${key.error}`);
    return { verdict: "unknown", verdictBecause: `connect failed: ${name}` };
  }
  if (key.protocol === "tcp") return { verdict: "allow", verdictBecause: "established" };
  if (!key.isSource) return { verdict: "allow", verdictBecause: "received" };
  if (entry.isAnswered) return { verdict: "allow", verdictBecause: "answered" };
  return { verdict: "unknown", verdictBecause: "UDP: sent, delivery not known" };
}

/** 127.0.0.0/8 and ::1. */
export function isLoopbackAddress(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
