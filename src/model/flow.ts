// Aggregated traffic for one key over one window, as one side (the reporter) saw it. A row is a delta: rows of one key add up.
import { z } from "zod";
import { address, choice, flag, histogram, text, time, u16, u32, u32s, u64, u8, word } from "./column.ts";
import { fidelities, originColumns, workloadKinds } from "./identity.ts";
import { verdictNames } from "./verdict.ts";

export const reporters = ["source", "destination"] as const;
export const protocols = ["tcp", "udp", "icmp", "sctp", "other"] as const;
/** Whether the first bytes were looked at, and what they showed. "not-looked" is not "not-seen". */
export const tlsViews = ["not-looked", "not-seen", "seen"] as const;

/** Aggregation level: what was merged. 0 five-tuple, 1 source port dropped, 2 pod pair, 3 workload pair, 4 namespace pair. */
export const flowLevels = [0, 1, 2, 3, 4] as const;

export const Flow = z.object({
  /** Start of the window. */
  time: time(),
  durationMs: u32(),
  ...originColumns,
  reporter: choice(reporters),
  verdict: choice(verdictNames),
  verdictBecause: word(),
  level: u8(),
  /** How many five-tuples were merged into this row. */
  merged: u32(),
  protocol: choice(protocols),

  sourceKind: choice(workloadKinds).default("Unknown"),
  sourceNamespace: word(),
  sourceWorkload: word(),
  sourcePod: word(),
  sourceAddress: address(),
  /** 0 when aggregated away (level 1 and up). */
  sourcePort: u16(),
  /** Why the source is not known; empty when it is. */
  sourceReason: word(),
  sourceLabels: u32(),
  /** A service that selects the source's pod; the first by name. */
  sourceService: word(),
  sourceImageDigest: word(),

  destinationKind: choice(workloadKinds).default("Unknown"),
  destinationNamespace: word(),
  destinationWorkload: word(),
  destinationPod: word(),
  destinationAddress: address(),
  destinationPort: u16(),
  destinationReason: word(),
  destinationLabels: u32(),
  /** The service that was dialled, else one that selects the destination's pod. */
  destinationService: word(),
  destinationImageDigest: word(),
  /** The DNS name that the reporter had resolved to this address, when it was seen. */
  destinationDomain: word(),

  /** The reporter's process: short name, path of its executable, and its container and image. */
  process: word(),
  executable: word(),
  pid: u32(),
  container: word(),
  containerId: word(),
  image: word(),

  policies: u32s(),
  policiesStaged: u32s(),
  policyGeneration: u32(),

  connectionsOpened: u32(),
  connectionsClosed: u32(),
  connectionsFailed: u32(),
  resets: u32(),
  retransmits: u32(),
  /** Sent = source to destination; received = destination to source. Bytes of payload. */
  packetsSent: u64(),
  packetsReceived: u64(),
  bytesSent: u64(),
  bytesReceived: u64(),
  /** Smoothed round-trip time in microseconds at close or sample: bucket i holds [2^(i/4), 2^((i+1)/4)). */
  rttUs: histogram(),

  tls: choice(tlsViews).default("not-looked"),
  serverName: word(),
  /** True for traffic whose both ends are on this machine's loopback. */
  loopback: flag(),
  fidelity: choice(fidelities).default("kernel"),
  /** The key's stable hash within one agent: for "same flow" in live views. */
  flowId: text(),
});
export type Flow = z.infer<typeof Flow>;
