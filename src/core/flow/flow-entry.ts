// One aggregated flow under one key: who, to whom, and what was counted since it was last told. Counters are deltas.
import type { Fidelity, Subject } from "../../model/identity.ts";
import type { Row } from "../../model/table.ts";
import type { RemoteEnd } from "../directory/remote-end.ts";
import type { FlowEnds } from "./flow-ends.ts";

/** The process that the events belong to. The agent may amend `subject` later; rows take it as it is when they are made. */
export interface FlowReporter {
  /** Equal for processes that may share a row at level 2: same subject, name and executable. */
  readonly key: string;
  readonly pid: number;
  readonly process: string;
  readonly executable: string;
  readonly fidelity: Fidelity;
  readonly subject: Subject;
}

export type FlowProtocol = "tcp" | "udp";

/** What the rows of an entry have in common; which parts count is the level's choice (flow-key.ts). */
export interface FlowKey {
  readonly level: number;
  readonly text: string;
  readonly protocol: FlowProtocol;
  readonly isSource: boolean;
  readonly isFailed: boolean;
  /** errno of failed connects; 0 otherwise. */
  readonly error: number;
  readonly localAddress: string;
  readonly remoteAddress: string;
  /** 0 when merged away. */
  readonly sourcePort: number;
  readonly destinationPort: number;
}

export interface FlowEntry {
  /** Another one when the other end became known after all. */
  key: FlowKey;
  /** Of the level's group; at level 3 and above one of several. */
  readonly reporter: FlowReporter;
  /** Who climbs together with it. Kept, because the reporter's subject may be amended. */
  readonly group: string;
  /** The local process at the other end, when this agent sees both. */
  peer: FlowReporter | undefined;
  /** The other end and the reporter's own by their addresses (flow-ends.ts), as they were when the first conversation began. */
  remote: RemoteEnd | undefined;
  readonly own: RemoteEnd | undefined;
  readonly beganMs: number;
  /** One of the connections' other ends: what peer look-ups at emission go by. */
  remotePort: number;
  localPort: number;
  /** Where its counts go since it was climbed away; undefined while it lives. */
  mergedInto: FlowEntry | undefined;
  /** The one process that contributed since the last row; 0 when several did. */
  pid: number;
  /** Rises with each row, so that a conversation is counted once per row. */
  epoch: number;
  isTold: boolean;
  isDirty: boolean;
  firstMs: number;
  lastMs: number;
  merged: number;
  connectionsOpened: number;
  connectionsClosed: number;
  connectionsFailed: number;
  resets: number;
  retransmits: number;
  packetsSent: number;
  packetsReceived: number;
  bytesSent: number;
  bytesReceived: number;
  rttUs: Record<string, number>;
  isAnswered: boolean;
  tls: Row<"flows">["tls"];
  serverName: string;
}

/** A fresh entry for conversations between these ends. */
export function newEntry(key: FlowKey, reporter: FlowReporter, ends: FlowEnds, timeMs: number): FlowEntry {
  return {
    key,
    reporter,
    group: groupOf(reporter),
    peer: ends.peer,
    remote: ends.remote,
    own: ends.own,
    beganMs: timeMs,
    remotePort: 0,
    localPort: 0,
    mergedInto: undefined,
    pid: 0,
    epoch: 1,
    isTold: false,
    isDirty: false,
    firstMs: timeMs,
    lastMs: timeMs,
    merged: 0,
    connectionsOpened: 0,
    connectionsClosed: 0,
    connectionsFailed: 0,
    resets: 0,
    retransmits: 0,
    packetsSent: 0,
    packetsReceived: 0,
    bytesSent: 0,
    bytesReceived: 0,
    rttUs: {},
    isAnswered: false,
    tls: "not-looked",
    serverName: "",
  };
}

/** The counters begin anew after a row was made, and what was seen of the row's connections goes with them; whose flow it is stays. */
export function resetEntry(entry: FlowEntry): void {
  entry.isDirty = false;
  entry.pid = 0;
  entry.epoch += 1;
  entry.merged = 0;
  entry.connectionsOpened = 0;
  entry.connectionsClosed = 0;
  entry.connectionsFailed = 0;
  entry.resets = 0;
  entry.retransmits = 0;
  entry.packetsSent = 0;
  entry.packetsReceived = 0;
  entry.bytesSent = 0;
  entry.bytesReceived = 0;
  entry.rttUs = {};
  entry.tls = "not-looked";
  entry.serverName = "";
}

/** What was seen of a connection, told on it or on its entry: "seen" outweighs "not-seen", and either outweighs "not-looked". */
export function showTls(on: Pick<FlowEntry, "tls" | "serverName">, tls: FlowEntry["tls"], serverName: string): void {
  if (tls !== "not-looked" && on.tls !== "seen") on.tls = tls;
  if (serverName !== "") on.serverName = serverName;
}

/** Moves everything `from` has counted to `to`, and whatever it would count later. */
export function mergeEntry(from: FlowEntry, to: FlowEntry): void {
  from.mergedInto = to;
  if (from.isAnswered) to.isAnswered = true;
  if (!from.isDirty) return;
  to.firstMs = to.isDirty ? Math.min(to.firstMs, from.firstMs) : from.firstMs;
  to.lastMs = to.isDirty ? Math.max(to.lastMs, from.lastMs) : from.lastMs;
  to.isDirty = true;
  to.pid = to.merged === 0 || to.pid === from.pid ? from.pid : 0;
  to.merged += from.merged;
  to.connectionsOpened += from.connectionsOpened;
  to.connectionsClosed += from.connectionsClosed;
  to.connectionsFailed += from.connectionsFailed;
  to.resets += from.resets;
  to.retransmits += from.retransmits;
  to.packetsSent += from.packetsSent;
  to.packetsReceived += from.packetsReceived;
  to.bytesSent += from.bytesSent;
  to.bytesReceived += from.bytesReceived;
  showTls(to, from.tls, from.serverName);
  for (const bucket of Object.keys(from.rttUs)) to.rttUs[bucket] = (to.rttUs[bucket] ?? 0) + (from.rttUs[bucket] ?? 0);
}

/** Who climbs together: a workload. */
export function groupOf(reporter: FlowReporter): string {
  const { namespace, workload, workloadKind } = reporter.subject;
  return `${namespace}/${workloadKind}/${workload}`;
}

/** What counts for an entry now, however often it was merged away. */
export function living(entry: FlowEntry): FlowEntry {
  let alive = entry;
  while (alive.mergedInto !== undefined) alive = alive.mergedInto;
  return alive;
}

/** Bucket of a round-trip time: i holds [2^(i/4), 2^((i+1)/4)) microseconds (model/flow.ts). `rttUs` is at least 1. */
export function rttBucket(rttUs: number): number {
  return Math.floor(4 * Math.log2(rttUs));
}
