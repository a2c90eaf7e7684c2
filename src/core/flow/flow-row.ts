// From an entry to a row of `flows`: who is source and destination, the verdict with its reason, and what is merged away left empty.
import type { Row } from "../../model/table.ts";
import type { RemoteEnd } from "../directory/remote-end.ts";
import { isLoopbackAddress, isNamed } from "./flow-ends.ts";
import type { FlowEntry, FlowReporter } from "./flow-entry.ts";
import { flowIdOf } from "./flow-key.ts";

export interface RowFacts {
  /** The DNS name that the reporter's workload had resolved to the other end; "" when none was seen. */
  readonly domain: string;
  /** The service that leads to the port of a destination on this machine; "" when it has none or is elsewhere. */
  readonly localService: string;
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
  readonly service: string;
  readonly imageDigest: string;
  readonly reason: string;
}

/** The row of what was counted since the last one. */
export function flowRowOf(entry: FlowEntry, facts: RowFacts): Row<"flows"> {
  const { key, reporter } = entry;
  const isLoopback = isLoopbackAddress(key.remoteAddress) && isLoopbackAddress(key.localAddress);
  const own = ownSide(entry);
  const other = otherSide(entry, isLoopback);
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
    sourceService: source.service,
    sourceImageDigest: source.imageDigest,
    destinationKind: destination.kind,
    destinationNamespace: destination.namespace,
    destinationWorkload: destination.workload,
    destinationPod: destination.pod,
    destinationAddress: key.isSource ? otherAddress : ownAddress,
    destinationPort:
      key.destinationPort === 0 || !key.isSource ? key.destinationPort : (entry.remote?.port ?? key.destinationPort),
    destinationReason: destination.reason,
    destinationLabels: 0,
    destinationService: key.level <= 3 ? facts.localService || destination.service : "",
    destinationImageDigest: destination.imageDigest,
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

/** The process's owner where it is certain, else the pod that has its address. */
function ownSide({ key, reporter, own }: FlowEntry): Side {
  return isNamed(reporter) || own === undefined ? sideOf(reporter, key.level) : sideOfEnd(own, key.level);
}

function otherSide({ key, peer, remote }: FlowEntry, isLoopback: boolean): Side {
  const isBetter = remote !== undefined && remote.kind !== "External" && remote.reason === "";
  if (peer !== undefined && (isNamed(peer) || !isBetter)) return sideOf(peer, key.level);
  return remote === undefined ? outsideOf(isLoopback) : sideOfEnd(remote, key.level);
}

function sideOf({ subject }: FlowReporter, level: number): Side {
  return {
    kind: level <= 3 ? subject.workloadKind : "Unknown",
    namespace: subject.namespace,
    workload: level <= 3 ? subject.workload : "",
    pod: level <= 2 ? subject.pod : "",
    service: level <= 3 ? subject.service : "",
    imageDigest: level <= 3 ? subject.imageDigest : "",
    reason: level <= 3 ? subject.identityReason : mergedReason,
  };
}

function sideOfEnd(end: RemoteEnd, level: number): Side {
  if (end.kind === "External" || level <= 2) return { ...end };
  const { namespace, kind, workload, service, reason } = end;
  const merged = { namespace, pod: "", imageDigest: "" };
  if (level >= 4) return { ...merged, kind: "Unknown", workload: "", service: "", reason: mergedReason };
  // Of ends that are not known several may be in one row: what is said of one holds for the others in kind only.
  return { ...merged, kind, workload, service, reason: reason === "" ? "" : `merged: ${reason}` };
}

const mergedReason = "merged: namespace pair";

/** The other end is no process that was seen. A loopback address is this machine, but whose is not known. */
function outsideOf(isLoopback: boolean): Side {
  const nobody = { namespace: "", workload: "", pod: "", service: "", imageDigest: "" };
  return isLoopback
    ? { ...nobody, kind: "Unknown", reason: "the process at the other end was not seen" }
    : { ...nobody, kind: "External", reason: "" };
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
