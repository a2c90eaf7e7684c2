// Records of the kernel programs -> typed events. Reads in place; every string and payload that leaves is a copy or comes from a cache.
import type { SensorEvent } from "../../core/sense/sensor.ts";
import { eventFlag, eventType, layout } from "./layout.gen.ts";
import type { RingViews } from "./ring.ts";
import { startMsOf, type TextCache } from "./text-cache.ts";

export interface DecodeContext {
  readonly texts: TextCache;
  /** Milliseconds since the epoch at boot; moves when the wall clock is set. */
  bootMs: number;
}

export type Decode = (at: number, length: number) => SensorEvent | undefined;

const header = layout.eventHeader;
const processWords = { pid: header.tgid / 4, start: header.startNs / 4, comm: header.comm / 4 } as const;
const twoTo32 = 4294967296;

/** A decoder over one ring: `at` is the record's byte offset in the views. Returns undefined for a type or size it does not know. */
export function createDecode(views: RingViews, context: DecodeContext): Decode {
  const { words, halves } = views;
  const { texts } = context;

  function wide(at: number): number {
    const index = at >> 2;
    return (words[index + 1] ?? 0) * twoTo32 + (words[index] ?? 0);
  }
  function timeMs(at: number): number {
    return Math.floor(context.bootMs + wide(at + header.timeNs) / 1e6);
  }

  function udp(at: number): SensorEvent {
    const fields = layout.udpEvent;
    const who = texts.process(words, processWords, at >> 2);
    const flags = halves[(at + header.flags) >> 1] ?? 0;
    return {
      type: "udp",
      timeMs: timeMs(at),
      process: who.process,
      comm: who.comm,
      cgroupId: wide(at + header.cgroupId),
      localAddress: texts.address(words, (at + fields.local) >> 2),
      localPort: halves[(at + fields.localPort) >> 1] ?? 0,
      remoteAddress: texts.address(words, (at + fields.remote) >> 2),
      remotePort: halves[(at + fields.remotePort) >> 1] ?? 0,
      direction: (flags & eventFlag.inbound) === 0 ? "outbound" : "inbound",
      bytes: words[(at + fields.bytes) >> 2] ?? 0,
      packets: words[(at + fields.packets) >> 2] ?? 0,
    };
  }

  function tcp(at: number, type: "tcp-open" | "tcp-failed" | "tcp-close" | "tcp-sample"): SensorEvent {
    const fields = layout.tcpEvent;
    const who = texts.process(words, processWords, at >> 2);
    const flags = halves[(at + header.flags) >> 1] ?? 0;
    return {
      type,
      timeMs: timeMs(at),
      process: who.process,
      comm: who.comm,
      cgroupId: wide(at + header.cgroupId),
      socketId: wide(at + fields.socketId),
      localAddress: texts.address(words, (at + fields.local) >> 2),
      localPort: halves[(at + fields.localPort) >> 1] ?? 0,
      remoteAddress: texts.address(words, (at + fields.remote) >> 2),
      remotePort: halves[(at + fields.remotePort) >> 1] ?? 0,
      direction: directionOf(flags),
      bytesSent: wide(at + fields.bytesSent),
      bytesReceived: wide(at + fields.bytesReceived),
      packetsSent: words[(at + fields.packetsSent) >> 2] ?? 0,
      packetsReceived: words[(at + fields.packetsReceived) >> 2] ?? 0,
      retransmits: words[(at + fields.retransmits) >> 2] ?? 0,
      rttUs: words[(at + fields.rttUs) >> 2] ?? 0,
      error: words[(at + fields.error) >> 2] ?? 0,
      wasReset: (flags & eventFlag.reset) !== 0,
    };
  }

  return (at, length) => {
    if (length < header.size) return undefined;
    const type = halves[(at + header.type) >> 1] ?? 0;
    switch (type) {
      case eventType.udp:
        return length < layout.udpEvent.size ? undefined : udp(at);
      case eventType.tcpOpen:
        return length < layout.tcpEvent.size ? undefined : tcp(at, "tcp-open");
      case eventType.tcpFailed:
        return length < layout.tcpEvent.size ? undefined : tcp(at, "tcp-failed");
      case eventType.tcpClose:
        return length < layout.tcpEvent.size ? undefined : tcp(at, "tcp-close");
      case eventType.tcpSample:
        return length < layout.tcpEvent.size ? undefined : tcp(at, "tcp-sample");
      default:
        return decodeRare(type, { views, texts, at, length, timeMs: timeMs(at), wide });
    }
  };
}

function directionOf(flags: number): "outbound" | "inbound" | "unknown" {
  if ((flags & eventFlag.inbound) !== 0) return "inbound";
  return (flags & eventFlag.outbound) === 0 ? "unknown" : "outbound";
}

interface RareRecord {
  readonly views: RingViews;
  readonly texts: TextCache;
  readonly at: number;
  readonly length: number;
  readonly timeMs: number;
  readonly wide: (at: number) => number;
}

function decodeRare(type: number, record: RareRecord): SensorEvent | undefined {
  switch (type) {
    case eventType.exec:
      return record.length < layout.execEvent.size ? undefined : decodeExec(record);
    case eventType.fork:
      return record.length < layout.forkEvent.size ? undefined : decodeFork(record);
    case eventType.exit:
      return record.length < layout.exitEvent.size ? undefined : decodeExit(record);
    case eventType.dns:
    case eventType.firstBytes:
      return record.length < layout.payloadEvent.size ? undefined : decodePayload(type, record);
    case eventType.cgroupMade:
    case eventType.cgroupRemoved:
      return record.length < layout.cgroupEvent.size ? undefined : decodeCgroup(type, record);
    default:
      return undefined;
  }
}

function baseOf(record: RareRecord) {
  const who = record.texts.process(record.views.words, processWords, record.at >> 2);
  return {
    timeMs: record.timeMs,
    process: who.process,
    comm: who.comm,
    cgroupId: record.wide(record.at + header.cgroupId),
  };
}

function decodeExec(record: RareRecord): SensorEvent | undefined {
  const { at, views, wide } = record;
  const { words, halves, bytes } = views;
  const fields = layout.execEvent;
  const pathEnd = at + fields.size + (halves[(at + fields.pathBytes) >> 1] ?? 0);
  const argumentsEnd = pathEnd + (halves[(at + fields.argumentsBytes) >> 1] ?? 0);
  const end = argumentsEnd + (halves[(at + fields.cwdBytes) >> 1] ?? 0);
  if (end > at + record.length) return undefined;
  const flags = halves[(at + header.flags) >> 1] ?? 0;
  return {
    type: "exec",
    ...baseOf(record),
    parent: { pid: words[(at + fields.parentTgid) >> 2] ?? 0, startMs: startMsOf(wide(at + fields.parentStartNs)) },
    uid: words[(at + fields.uid) >> 2] ?? 0,
    gid: words[(at + fields.gid) >> 2] ?? 0,
    capabilities: wide(at + fields.capabilities),
    path: (flags & eventFlag.pathCut) === 0 ? bytes.toString("utf8", at + fields.size, pathEnd) : "",
    arguments: splitArguments(bytes.toString("utf8", pathEnd, argumentsEnd)),
    argumentsCut: (flags & eventFlag.cut) !== 0,
    workingDirectory: bytes.toString("utf8", argumentsEnd, end),
  };
}

/** The kernel's argument area: strings that each end in NUL; a cut last one has no end. */
export function splitArguments(area: string): readonly string[] {
  if (area === "") return [];
  return (area.endsWith("\0") ? area.slice(0, -1) : area).split("\0");
}

function decodeFork(record: RareRecord): SensorEvent {
  const { at, wide } = record;
  const { words } = record.views;
  const fields = layout.forkEvent;
  return {
    type: "fork",
    ...baseOf(record),
    parent: { pid: words[(at + fields.parentTgid) >> 2] ?? 0, startMs: startMsOf(wide(at + fields.parentStartNs)) },
    uid: words[(at + fields.uid) >> 2] ?? 0,
    gid: words[(at + fields.gid) >> 2] ?? 0,
  };
}

function decodeExit(record: RareRecord): SensorEvent {
  const status = record.views.words[(record.at + layout.exitEvent.exitCode) >> 2] ?? 0;
  const signal = status & 0x7f;
  return { type: "exit", ...baseOf(record), exitCode: signal === 0 ? (status >> 8) & 0xff : -1, signal };
}

function decodePayload(type: number, record: RareRecord): SensorEvent | undefined {
  const { at, texts, wide } = record;
  const { words, halves, bytes } = record.views;
  const fields = layout.payloadEvent;
  const start = at + fields.size;
  const end = start + (halves[(at + fields.payloadBytes) >> 1] ?? 0);
  if (end > at + record.length) return undefined;
  const flags = halves[(at + header.flags) >> 1] ?? 0;
  const direction = (flags & eventFlag.inbound) === 0 ? ("outbound" as const) : ("inbound" as const);
  const common = {
    ...baseOf(record),
    localAddress: texts.address(words, (at + fields.local) >> 2),
    localPort: halves[(at + fields.localPort) >> 1] ?? 0,
    remoteAddress: texts.address(words, (at + fields.remote) >> 2),
    remotePort: halves[(at + fields.remotePort) >> 1] ?? 0,
    direction,
    payload: new Uint8Array(bytes.subarray(start, end)),
  };
  if (type === eventType.dns) return { type: "dns", ...common, payloadCut: (flags & eventFlag.cut) !== 0 };
  return { type: "first-bytes", ...common, socketId: wide(at + fields.socketId) };
}

function decodeCgroup(type: number, record: RareRecord): SensorEvent | undefined {
  const { at, views } = record;
  const start = at + layout.cgroupEvent.size;
  const end = start + (views.words[(at + layout.cgroupEvent.pathBytes) >> 2] ?? 0);
  if (end > at + record.length) return undefined;
  return {
    type: type === eventType.cgroupMade ? "cgroup-made" : "cgroup-removed",
    ...baseOf(record),
    path: views.bytes.toString("utf8", start, end),
  };
}
