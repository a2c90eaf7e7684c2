// Flow aggregation in windows: connection events of this machine in, rows of `flows` out. Rows are deltas: rows of one flow add up.
// A new flow is told about a second after it began, then at each window's end. Bounded in keys, conversations and rows per window.
import type { Row } from "../../model/table.ts";
import type { SocketTuple, TcpEvent, TcpSampleEvent, UdpEvent } from "../sense/sensor.ts";
import { createAwaited } from "./awaited.ts";
import { createConversations, type Conversation } from "./conversations.ts";
import { flowLimits, type FlowAggregator, type FlowAggregatorOptions, type FlowLosses } from "./flow-aggregator.ts";
import { endsOf, type FlowEnds } from "./flow-ends.ts";
import {
  groupOf,
  living,
  mergeEntry,
  newEntry,
  resetEntry,
  rttBucket,
  showTls,
  type FlowEntry,
  type FlowReporter,
} from "./flow-entry.ts";
import { flowKeyOf, flowLevelMax, partsOfKey, type FlowParts } from "./flow-key.ts";
import { partsOfTcp, partsOfUdp } from "./flow-parts.ts";
import { flowRowOf } from "./flow-row.ts";
import { createLevelBook } from "./level-book.ts";
import { countClose, countSample } from "./tcp-counts.ts";

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
  readonly #awaited;
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
    this.#awaited = createAwaited(options.directory, (entry) => this.#rekey(entry));
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
    this.#awaited.settle(nowMs);
    if (nowMs >= this.#windowEndMs) return this.#endWindow(nowMs);
    const due: FlowEntry[] = [];
    const waiting: FlowEntry[] = [];
    for (const entry of this.#untold) {
      if (entry.mergedInto !== undefined || entry.isTold) continue;
      const isDue = nowMs - entry.firstMs >= flowLimits.firstRowAfterMs && !this.#awaited.isHeld(entry, nowMs);
      (isDue ? due : waiting).push(entry);
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
      entry: this.#entryOf(parts, reporter, this.#endsOf(parts, reporter, event.timeMs), event.timeMs),
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

  #endsOf(parts: FlowParts, reporter: FlowReporter, timeMs: number): FlowEnds {
    const peer = parts.isFailed ? undefined : this.#conversations.findOtherEnd(parts.protocol, parts)?.reporter;
    return endsOf(this.#options.directory, { parts, reporter, peer, timeMs });
  }

  #entryOf(parts: FlowParts, reporter: FlowReporter, ends: FlowEnds, timeMs: number): FlowEntry {
    const level = this.#levelFor(parts, reporter);
    const key = flowKeyOf(parts, level, reporter, ends);
    const known = this.#entries.get(key.text);
    if (known !== undefined) return known;
    if (this.#dirtyCount >= this.#rowsMax && this.#climb()) return this.#entryOf(parts, reporter, ends, timeMs);
    if (this.#entries.size >= this.#entriesMax && level < flowLevelMax) {
      this.#flowsOverLimit += 1;
      const last = flowKeyOf(parts, flowLevelMax, reporter, ends);
      return this.#entries.get(last.text) ?? this.#admit(newEntry(last, reporter, ends, timeMs));
    }
    return this.#admit(newEntry(key, reporter, ends, timeMs));
  }

  #levelFor(parts: FlowParts, reporter: FlowReporter): number {
    if (parts.isFailed) return 1;
    if (this.#options.isDetailed?.(reporter) === true) return 0;
    return this.#levels.levelOf(groupOf(reporter));
  }

  #admit(entry: FlowEntry): FlowEntry {
    this.#entries.set(entry.key.text, entry);
    this.#levels.count(entry.group, 1);
    if (!entry.isTold) this.#untold.push(entry);
    this.#awaited.add(entry);
    return entry;
  }

  #forget(text: string, entry: FlowEntry): void {
    this.#entries.delete(text);
    this.#levels.count(entry.group, -1);
  }

  /** Whose the other end is came late: the entry goes on under the key that it would have had. */
  #rekey(entry: FlowEntry): void {
    if (this.#entries.get(entry.key.text) !== entry) return;
    this.#forget(entry.key.text, entry);
    const { key, reporter } = entry;
    entry.key = flowKeyOf(partsOfKey(key, entry.remotePort), key.level, reporter, entry);
    const target = this.#entries.get(entry.key.text);
    if (target === undefined) {
      this.#entries.set(entry.key.text, entry);
      this.#levels.count(entry.group, 1);
    } else this.#merge(entry, target);
  }

  #merge(entry: FlowEntry, target: FlowEntry): void {
    if (entry.isDirty) this.#dirtyCount -= target.isDirty ? 1 : 0;
    mergeEntry(entry, target);
  }

  /** Raises the noisiest group by a level and merges what it has. False when nobody can climb. */
  #climb(): boolean {
    const climbed = this.#levels.climb();
    if (climbed === undefined) return false;
    let merged = 0;
    for (const [text, entry] of this.#entries) {
      const { key, reporter } = entry;
      if (key.isFailed || key.level === 0 || key.level >= climbed.level || entry.group !== climbed.group) continue;
      const higher = flowKeyOf(partsOfKey(key, key.destinationPort), climbed.level, reporter, entry);
      let target = this.#entries.get(higher.text);
      if (target === undefined) {
        target = this.#admit(newEntry(higher, reporter, entry, entry.firstMs));
        target.isTold = entry.isTold;
      }
      if (entry.isDirty) merged += 1;
      this.#merge(entry, target);
      this.#forget(text, entry);
    }
    this.#rowsMerged += merged;
    this.#climbs = `${climbed.group} is merged to level ${climbed.level}`;
    return true;
  }

  #countFailure(event: TcpEvent | TcpSampleEvent, reporter: FlowReporter): void {
    const parts = { ...partsOfTcp(event), isFailed: true, error: event.error };
    const entry = this.#entryOf(parts, reporter, this.#endsOf(parts, reporter, event.timeMs), event.timeMs);
    if (!entry.isDirty) this.#startDelta(entry, event.timeMs);
    entry.lastMs = Math.max(entry.lastMs, event.timeMs);
    entry.connectionsFailed += 1;
    entry.retransmits += event.retransmits;
    if (event.wasReset) entry.resets += 1;
    entry.pid = entry.merged === 0 || entry.pid === reporter.pid ? reporter.pid : 0;
    entry.merged += 1;
    entry.remotePort = event.remotePort;
  }

  #endWindow(nowMs: number): Row<"flows">[] {
    this.#windowEndMs = nowMs + this.#windowMs;
    const rows: Row<"flows">[] = [];
    const held: FlowEntry[] = [];
    for (const [text, entry] of this.#entries) {
      if (entry.isDirty) {
        if (!entry.isTold && this.#awaited.isHeld(entry, nowMs)) held.push(entry);
        else rows.push(this.#tell(entry));
      } else if (nowMs - entry.lastMs > flowLimits.entryIdleMsMax) this.#forget(text, entry);
    }
    this.#untold = held;
    this.#dirtyCount = held.length;
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
    const row = flowRowOf(entry, { domain, localService: this.#localService(entry) });
    entry.isTold = true;
    resetEntry(entry);
    return row;
  }

  /** Of a destination on this machine: the service that leads to its port, which may be another than the pod's first. */
  #localService({ key, reporter, peer, beganMs }: FlowEntry): string {
    const { directory } = this.#options;
    const destination = key.isSource ? peer : reporter;
    if (directory === undefined || destination === undefined || destination.subject.pod === "") return "";
    const { destinationPort: port, protocol } = key;
    return directory.serviceAt(destination.subject, { port, protocol, timeMs: beganMs });
  }

  /** The other end may have been seen after this one: its accept follows our connect. */
  #lateOtherEnd(entry: FlowEntry): FlowReporter | undefined {
    const { protocol, localAddress, remoteAddress } = entry.key;
    const { localPort, remotePort } = entry;
    return this.#conversations.findOtherEnd(protocol, { localAddress, localPort, remoteAddress, remotePort })?.reporter;
  }
}
