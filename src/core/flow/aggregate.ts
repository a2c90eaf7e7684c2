// Flow aggregation in windows: connection events of this machine in, rows of `flows` out. Rows are deltas: rows of one flow add up.
// A new flow is told about a second after it began, then at each window's end. Bounded in keys, conversations and rows per window.
import type { SocketTuple, TcpEvent, TcpSampleEvent, UdpEvent } from "../sense/sensor.ts";
import type { Row } from "../../model/table.ts";
import { createConversations, type Conversation } from "./conversations.ts";
import {
  mergeEntry,
  newEntry,
  resetEntry,
  rttBucket,
  showTls,
  type FlowEntry,
  type FlowReporter,
} from "./flow-entry.ts";
import { flowKeyOf, flowLevelMax, type FlowParts } from "./flow-key.ts";
import { partsOfTcp, partsOfUdp } from "./flow-parts.ts";
import { flowRowOf } from "./flow-row.ts";
import { createLevelBook } from "./level-book.ts";
import { countClose, countSample } from "./tcp-counts.ts";

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
} as const;

export interface FlowAggregatorOptions {
  readonly windowMs?: number;
  readonly rowsPerWindowMax?: number;
  readonly entriesMax?: number;
  readonly conversationsMax?: number;
  /** The DNS name that this reporter's workload had resolved to an address; "" when none. Asked when a row is made. */
  readonly domainOf: (reporter: FlowReporter, address: string) => string;
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

export function createFlowAggregator(options: FlowAggregatorOptions): FlowAggregator {
  return new WindowedAggregator(options);
}

class WindowedAggregator implements FlowAggregator {
  readonly #options: FlowAggregatorOptions;
  readonly #windowMs: number;
  readonly #rowsMax: number;
  readonly #entriesMax: number;
  readonly #conversations;
  readonly #levels = createLevelBook();
  readonly #entries = new Map<string, FlowEntry>();
  #untold: FlowEntry[] = [];
  #dirtyCount = 0;
  #windowEndMs = 0;
  #nextSweepMs = 0;
  #rowsMerged = 0;
  #flowsOverLimit = 0;
  #climbs = "";

  constructor(options: FlowAggregatorOptions) {
    this.#options = options;
    this.#windowMs = options.windowMs ?? flowLimits.windowMs;
    this.#rowsMax = options.rowsPerWindowMax ?? flowLimits.rowsPerWindowMax;
    this.#entriesMax = options.entriesMax ?? flowLimits.entriesMax;
    this.#conversations = createConversations(options.conversationsMax ?? flowLimits.conversationsMax);
  }

  tcp(event: TcpEvent | TcpSampleEvent, reporterOf: (event: TcpEvent | TcpSampleEvent) => FlowReporter): void {
    const known = this.#conversations.find("tcp", event, event.process, event.socketId);
    if (event.type === "tcp-failed") {
      this.#countFailure(event, reporterOf(event));
      return;
    }
    const conversation = known ?? this.#begin(partsOfTcp(event), event, reporterOf(event), event.socketId);
    const entry = this.#touch(conversation, event.timeMs);
    if (event.type === "tcp-open") {
      entry.connectionsOpened += 1;
    } else if (event.type === "tcp-sample") {
      countSample(conversation, entry, event);
    } else {
      countClose(conversation, entry, event);
    }
    if (event.rttUs >= 1 && event.type !== "tcp-open") {
      const bucket = rttBucket(event.rttUs);
      entry.rttUs[bucket] = (entry.rttUs[bucket] ?? 0) + 1;
    }
  }

  udp(event: UdpEvent, reporterOf: (event: UdpEvent) => FlowReporter): void {
    const conversation =
      this.#conversations.find("udp", event, event.process, 0) ??
      this.#begin(partsOfUdp(event), event, reporterOf(event), 0);
    const entry = this.#touch(conversation, event.timeMs);
    if ((event.direction === "outbound") === conversation.isSource) {
      entry.packetsSent += event.packets;
      entry.bytesSent += event.bytes;
    } else {
      entry.packetsReceived += event.packets;
      entry.bytesReceived += event.bytes;
      if (conversation.isSource) entry.isAnswered = true;
    }
  }

  tls(tuple: SocketTuple, view: Row<"flows">["tls"], serverName: string): void {
    const conversation = this.#conversations.findOwnEnd("tcp", tuple);
    if (conversation === undefined) return;
    showTls(conversation, view, serverName);
    const entry = living(conversation.entry);
    // Counted in the row that is open: it is told there. Otherwise with this connection's next news.
    if (conversation.countedIn === entry && conversation.countedEpoch === entry.epoch) showTls(entry, view, serverName);
  }

  otherEnd(tuple: SocketTuple): FlowReporter | undefined {
    return this.#conversations.findOtherEnd("tcp", tuple)?.reporter;
  }

  flush(nowMs: number): Row<"flows">[] {
    if (this.#windowEndMs === 0) this.#windowEndMs = nowMs + this.#windowMs;
    if (nowMs >= this.#windowEndMs) return this.#endWindow(nowMs);
    const due: FlowEntry[] = [];
    const waiting: FlowEntry[] = [];
    for (const entry of this.#untold) {
      if (entry.mergedInto !== undefined || entry.isTold) continue;
      (nowMs - entry.firstMs >= flowLimits.firstRowAfterMs ? due : waiting).push(entry);
    }
    this.#untold = waiting;
    return due.map((entry) => this.#tell(entry));
  }

  drain(): Row<"flows">[] {
    const rows: Row<"flows">[] = [];
    for (const entry of this.#entries.values()) if (entry.isDirty) rows.push(this.#tell(entry));
    this.#untold = [];
    this.#dirtyCount = 0;
    return rows;
  }

  takeLosses(): FlowLosses | undefined {
    if (this.#rowsMerged === 0 && this.#flowsOverLimit === 0) return undefined;
    const losses = { rowsMerged: this.#rowsMerged, flowsOverLimit: this.#flowsOverLimit, detail: this.#climbs };
    this.#rowsMerged = 0;
    this.#flowsOverLimit = 0;
    this.#climbs = "";
    return losses;
  }

  stats() {
    return { entries: this.#entries.size, conversations: this.#conversations.size, climbed: this.#levels.climbed };
  }

  #begin(
    parts: FlowParts,
    event: TcpEvent | TcpSampleEvent | UdpEvent,
    reporter: FlowReporter,
    socketId: number,
  ): Conversation {
    const { protocol, isSource, localAddress, localPort, remoteAddress, remotePort } = parts;
    const peer = this.#conversations.findOtherEnd(protocol, parts)?.reporter;
    const conversation: Conversation = {
      protocol,
      process: event.process,
      socketId,
      reporter,
      // The two ends of one conversation never both begin it: the end that was seen first has said which one did.
      isSource,
      localAddress,
      localPort,
      remoteAddress,
      remotePort,
      entry: this.#entryOf(parts, reporter, peer, event.timeMs),
      countedIn: undefined,
      countedEpoch: 0,
      lastMs: event.timeMs,
      closedMs: 0,
      tls: "not-looked",
      serverName: "",
      sampledSent: 0,
      sampledReceived: 0,
      sampledPacketsSent: 0,
      sampledPacketsReceived: 0,
      sampledRetransmits: 0,
    };
    if (!this.#conversations.add(conversation) && event.timeMs >= this.#nextSweepMs) {
      // At most once a second: an unlisted conversation still counts, it only costs more and cannot name its other end.
      this.#nextSweepMs = event.timeMs + 1000;
      this.#conversations.sweep(
        event.timeMs,
        event.timeMs - flowLimits.udpIdleMsWhenFull,
        event.timeMs - flowLimits.tcpIdleMsMax,
      );
      this.#conversations.add(conversation);
    }
    return conversation;
  }

  /** The entry that counts for this conversation now, marked as having news. */
  #touch(conversation: Conversation, timeMs: number): FlowEntry {
    let { entry } = conversation;
    if (entry.mergedInto !== undefined || !entry.isDirty) {
      entry = this.#revive(conversation, timeMs);
    }
    if (timeMs > entry.lastMs) entry.lastMs = timeMs;
    conversation.lastMs = timeMs;
    if (conversation.countedIn !== entry || conversation.countedEpoch !== entry.epoch) {
      conversation.countedIn = entry;
      conversation.countedEpoch = entry.epoch;
      const { pid } = conversation.reporter;
      entry.pid = entry.merged === 0 || entry.pid === pid ? pid : 0;
      entry.merged += 1;
      entry.remotePort = conversation.remotePort;
      entry.localPort = conversation.localPort;
      showTls(entry, conversation.tls, conversation.serverName);
    }
    return entry;
  }

  #revive(conversation: Conversation, timeMs: number): FlowEntry {
    let entry = living(conversation.entry);
    const current = this.#entries.get(entry.key.text);
    if (current === undefined) {
      // It was forgotten while idle: it begins anew.
      entry.isTold = false;
      this.#admit(entry);
    } else if (current !== entry) {
      entry.mergedInto = current;
      entry = current;
    }
    conversation.entry = entry;
    if (!entry.isDirty) this.#startDelta(entry, timeMs);
    return entry;
  }

  #startDelta(entry: FlowEntry, timeMs: number): void {
    entry.isDirty = true;
    entry.firstMs = timeMs;
    entry.lastMs = timeMs;
    this.#dirtyCount += 1;
  }

  #entryOf(parts: FlowParts, reporter: FlowReporter, peer: FlowReporter | undefined, timeMs: number): FlowEntry {
    const level = this.#levelFor(parts, reporter);
    const key = flowKeyOf(parts, level, reporter, peer);
    const known = this.#entries.get(key.text);
    if (known !== undefined) return known;
    if (this.#dirtyCount >= this.#rowsMax && this.#climb()) return this.#entryOf(parts, reporter, peer, timeMs);
    if (this.#entries.size >= this.#entriesMax && level < flowLevelMax) {
      this.#flowsOverLimit += 1;
      const last = flowKeyOf(parts, flowLevelMax, reporter, peer);
      const overflow = this.#entries.get(last.text);
      if (overflow !== undefined) return overflow;
      return this.#admit(newEntry(last, reporter, timeMs), peer);
    }
    return this.#admit(newEntry(key, reporter, timeMs), peer);
  }

  #levelFor(parts: FlowParts, reporter: FlowReporter): number {
    if (parts.isFailed) return 1;
    if (this.#options.isDetailed?.(reporter) === true) return 0;
    return this.#levels.levelOf(groupOf(reporter));
  }

  #admit(entry: FlowEntry, peer?: FlowReporter): FlowEntry {
    if (peer !== undefined) entry.peer = peer;
    this.#entries.set(entry.key.text, entry);
    this.#levels.count(groupOf(entry.reporter), 1);
    if (!entry.isTold) this.#untold.push(entry);
    return entry;
  }

  /** Raises the noisiest group by a level and merges what it has. False when nobody can climb. */
  #climb(): boolean {
    const climbed = this.#levels.climb();
    if (climbed === undefined) return false;
    let merged = 0;
    for (const [text, entry] of this.#entries) {
      const { key, reporter } = entry;
      if (key.isFailed || key.level === 0 || key.level >= climbed.level || groupOf(reporter) !== climbed.group)
        continue;
      const parts = {
        ...key,
        localPort: key.isSource ? 0 : key.destinationPort,
        remotePort: key.isSource ? key.destinationPort : 0,
      };
      const higher = flowKeyOf(parts, climbed.level, reporter, entry.peer);
      let target = this.#entries.get(higher.text);
      if (target === undefined) {
        target = this.#admit(newEntry(higher, reporter, entry.firstMs), entry.peer);
        target.isTold = entry.isTold;
      }
      if (entry.isDirty) {
        merged += 1;
        this.#dirtyCount -= target.isDirty ? 1 : 0;
      }
      mergeEntry(entry, target);
      this.#entries.delete(text);
      this.#levels.count(climbed.group, -1);
    }
    this.#rowsMerged += merged;
    this.#climbs = `${climbed.group} is merged to level ${climbed.level}`;
    return true;
  }

  #countFailure(event: TcpEvent | TcpSampleEvent, reporter: FlowReporter): void {
    const entry = this.#entryOf(
      { ...partsOfTcp(event), isFailed: true, error: event.error },
      reporter,
      undefined,
      event.timeMs,
    );
    if (!entry.isDirty) this.#startDelta(entry, event.timeMs);
    entry.lastMs = Math.max(entry.lastMs, event.timeMs);
    entry.connectionsFailed += 1;
    entry.retransmits += event.retransmits;
    if (event.wasReset) entry.resets += 1;
    entry.pid = entry.merged === 0 || entry.pid === reporter.pid ? reporter.pid : 0;
    entry.merged += 1;
  }

  #endWindow(nowMs: number): Row<"flows">[] {
    this.#windowEndMs = nowMs + this.#windowMs;
    const rows: Row<"flows">[] = [];
    for (const [text, entry] of this.#entries) {
      if (entry.isDirty) rows.push(this.#tell(entry));
      else if (nowMs - entry.lastMs > flowLimits.entryIdleMsMax) {
        this.#entries.delete(text);
        this.#levels.count(groupOf(entry.reporter), -1);
      }
    }
    this.#untold = [];
    this.#dirtyCount = 0;
    if (rows.length < this.#rowsMax / 4) this.#levels.relax();
    this.#conversations.sweep(
      nowMs - flowLimits.closedKeptMs,
      nowMs - flowLimits.udpIdleMsMax,
      nowMs - flowLimits.tcpIdleMsMax,
    );
    return rows;
  }

  #tell(entry: FlowEntry): Row<"flows"> {
    entry.peer ??= this.#lateOtherEnd(entry);
    const domain = entry.key.isSource ? this.#options.domainOf(entry.reporter, entry.key.remoteAddress) : "";
    const row = flowRowOf(entry, { domain });
    entry.isTold = true;
    resetEntry(entry);
    return row;
  }

  /** The other end may have been seen after this one: its accept follows our connect. */
  #lateOtherEnd(entry: FlowEntry): FlowReporter | undefined {
    const { protocol, localAddress, remoteAddress } = entry.key;
    const { localPort, remotePort } = entry;
    return this.#conversations.findOtherEnd(protocol, { localAddress, localPort, remoteAddress, remotePort })?.reporter;
  }
}

/** Who climbs together: a workload. */
function groupOf(reporter: FlowReporter): string {
  const { namespace, workload, workloadKind } = reporter.subject;
  return `${namespace}/${workloadKind}/${workload}`;
}

function living(entry: FlowEntry): FlowEntry {
  let alive = entry;
  while (alive.mergedInto !== undefined) alive = alive.mergedInto;
  return alive;
}
