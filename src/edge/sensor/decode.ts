// Records of the kernel programs -> typed events. Reads in place; every string and payload that leaves is a copy or comes from a cache.
import type { ExecEvent, ExecFacts, ProcessKey, SensorEvent } from "../../core/sense/sensor.ts";
import { takeAsked } from "./asked-environment.ts";
import { eventFlag, eventType, layout } from "./layout.gen.ts";
import { decodeCall } from "./decode-call.ts";
import { decodeFile } from "./decode-file.ts";
import { flagsOf, header, processWords, timeMsOf, wide, type DecodeContext, type Source } from "./decode-source.ts";
import type { RingViews } from "./ring.ts";
import { startMsOf } from "./text-cache.ts";

export type Decode = (at: number, length: number) => SensorEvent | undefined;

/** A decoder over one ring: `at` is the record's byte offset in the views. Returns undefined for a type or size it does not know. */
export function createDecode(views: RingViews, context: DecodeContext): Decode {
  const source: Source = { views, words: views.words, halves: views.halves, texts: context.texts, context };
  return (at, length) => {
    if (length < header.size) return undefined;
    const unit = decoders[source.halves[(at + header.type) >> 1] ?? 0];
    if (unit === undefined || length < unit.bytesMin) return undefined;
    return unit.decode(source, at, length);
  };
}

interface RecordDecoder {
  readonly bytesMin: number;
  readonly decode: (source: Source, at: number, length: number) => SensorEvent | undefined;
}

const decoders: readonly (RecordDecoder | undefined)[] = byType([
  [eventType.exec, layout.execEvent.size, decodeExec],
  [eventType.fork, layout.forkEvent.size, decodeFork],
  [eventType.exit, layout.exitEvent.size, decodeExit],
  [eventType.tcpOpen, layout.tcpEvent.size, (source, at) => decodeTcp(source, at, "tcp-open")],
  [eventType.tcpFailed, layout.tcpEvent.size, (source, at) => decodeTcp(source, at, "tcp-failed")],
  [eventType.tcpClose, layout.tcpEvent.size, (source, at) => decodeTcp(source, at, "tcp-close")],
  [eventType.tcpSample, layout.tcpEvent.size, (source, at) => decodeTcp(source, at, "tcp-sample")],
  [eventType.udp, layout.udpEvent.size, decodeUdp],
  [eventType.dns, layout.payloadEvent.size, decodeDns],
  [eventType.firstBytes, layout.payloadEvent.size, decodeFirstBytes],
  [eventType.file, layout.fileEvent.size, decodeFile],
  [eventType.call, layout.callEvent.size, decodeCall],
  [
    eventType.cgroupMade,
    layout.cgroupEvent.size,
    (source, at, length) => decodeCgroup(source, { at, length, type: "cgroup-made" }),
  ],
  [
    eventType.cgroupRemoved,
    layout.cgroupEvent.size,
    (source, at, length) => decodeCgroup(source, { at, length, type: "cgroup-removed" }),
  ],
]);

function byType(units: readonly (readonly [type: number, bytesMin: number, decode: RecordDecoder["decode"]])[]) {
  const table: (RecordDecoder | undefined)[] = Array.from({ length: eventType.types });
  for (const [type, bytesMin, decode] of units) table[type] = { bytesMin, decode };
  return table;
}

function baseOf(source: Source, at: number) {
  const who = source.texts.process(source.words, processWords, at >> 2);
  return {
    timeMs: timeMsOf(source, at),
    process: who.process,
    comm: who.comm,
    cgroupId: wide(source.words, at + header.cgroupId),
  };
}

/** The most frequent one: every field written out, because spreading costs more than all the rest of it. */
function decodeUdp(source: Source, at: number): SensorEvent {
  const { words, halves, texts } = source;
  const fields = layout.udpEvent;
  const who = texts.process(words, processWords, at >> 2);
  const flags = halves[(at + header.flags) >> 1] ?? 0;
  return {
    type: "udp",
    timeMs: timeMsOf(source, at),
    process: who.process,
    comm: who.comm,
    cgroupId: wide(words, at + header.cgroupId),
    localAddress: texts.address(words, (at + fields.local) >> 2),
    localPort: halves[(at + fields.localPort) >> 1] ?? 0,
    remoteAddress: texts.address(words, (at + fields.remote) >> 2),
    remotePort: halves[(at + fields.remotePort) >> 1] ?? 0,
    direction: (flags & eventFlag.inbound) === 0 ? "outbound" : "inbound",
    bytes: words[(at + fields.bytes) >> 2] ?? 0,
    packets: words[(at + fields.packets) >> 2] ?? 0,
  };
}

function decodeTcp(
  source: Source,
  at: number,
  type: "tcp-open" | "tcp-failed" | "tcp-close" | "tcp-sample",
): SensorEvent {
  const { words, halves, texts } = source;
  const fields = layout.tcpEvent;
  const who = texts.process(words, processWords, at >> 2);
  const flags = halves[(at + header.flags) >> 1] ?? 0;
  return {
    type,
    timeMs: timeMsOf(source, at),
    process: who.process,
    comm: who.comm,
    cgroupId: wide(words, at + header.cgroupId),
    socketId: wide(words, at + fields.socketId),
    localAddress: texts.address(words, (at + fields.local) >> 2),
    localPort: halves[(at + fields.localPort) >> 1] ?? 0,
    remoteAddress: texts.address(words, (at + fields.remote) >> 2),
    remotePort: halves[(at + fields.remotePort) >> 1] ?? 0,
    direction: directionOf(flags),
    bytesSent: wide(words, at + fields.bytesSent),
    bytesReceived: wide(words, at + fields.bytesReceived),
    packetsSent: words[(at + fields.packetsSent) >> 2] ?? 0,
    packetsReceived: words[(at + fields.packetsReceived) >> 2] ?? 0,
    retransmits: words[(at + fields.retransmits) >> 2] ?? 0,
    rttUs: words[(at + fields.rttUs) >> 2] ?? 0,
    error: words[(at + fields.error) >> 2] ?? 0,
    wasReset: (flags & eventFlag.reset) !== 0,
    ...((flags & eventFlag.untold) === 0 ? undefined : withoutConnect),
  };
}

const withoutConnect = { isWithoutConnect: true } as const;

function directionOf(flags: number): "outbound" | "inbound" | "unknown" {
  if ((flags & eventFlag.inbound) !== 0) return "inbound";
  return (flags & eventFlag.outbound) === 0 ? "unknown" : "outbound";
}

function decodeExec(source: Source, at: number, length: number): SensorEvent | undefined {
  const { words, halves } = source;
  const { bytes } = source.views;
  const fields = layout.execEvent;
  const pathEnd = at + fields.size + (halves[(at + fields.pathBytes) >> 1] ?? 0);
  const argumentsEnd = pathEnd + (halves[(at + fields.argumentsBytes) >> 1] ?? 0);
  const cwdEnd = argumentsEnd + (halves[(at + fields.cwdBytes) >> 1] ?? 0);
  const scriptEnd = cwdEnd + (halves[(at + fields.scriptBytes) >> 1] ?? 0);
  const end = scriptEnd + (words[(at + fields.environmentBytes) >> 2] ?? 0);
  if (end > at + length) return undefined;
  const flags = flagsOf(source, at);
  const who = source.texts.process(words, processWords, at >> 2);
  const pathAt = at + fields.size;
  return {
    type: "exec",
    timeMs: timeMsOf(source, at),
    process: who.process,
    comm: who.comm,
    cgroupId: wide(words, at + header.cgroupId),
    parent: {
      pid: words[(at + fields.parentTgid) >> 2] ?? 0,
      startMs: startMsOf(wide(words, at + fields.parentStartNs)),
    },
    uid: words[(at + fields.uid) >> 2] ?? 0,
    gid: words[(at + fields.gid) >> 2] ?? 0,
    capabilities: wide(words, at + fields.capabilities),
    path:
      (flags & eventFlag.pathCut) === 0
        ? source.context.strings.pair(source.views, pathAt, pathEnd, pathEnd).first
        : "",
    arguments: splitArguments(bytes.toString("utf8", pathEnd, argumentsEnd)),
    argumentsCut: (flags & eventFlag.cut) !== 0,
    workingDirectory: bytes.toString("utf8", argumentsEnd, cwdEnd),
    facts: factsOf(source, at, { flags, script: bytes.toString("utf8", cwdEnd, scriptEnd) }),
    ...environmentOf(source, { from: scriptEnd, end, flags, process: who.process }),
  };
}

interface EnvironmentPlace {
  readonly from: number;
  readonly end: number;
  readonly flags: number;
  readonly process: ProcessKey;
}

/** The asked variables, of what the kernel copied or, where that was cut, of what /proc still has. */
function environmentOf(
  { views, context }: Source,
  { from, end, flags, process }: EnvironmentPlace,
): Pick<ExecEvent, "environment" | "environmentCut"> | undefined {
  const { asked } = context;
  const isCut = (flags & eventFlag.environmentCut) !== 0;
  // Nothing was copied before the kernel's side was told.
  if (asked === undefined || (end === from && !isCut)) return undefined;
  const whole = isCut ? context.wholeEnvironment?.(process, asked) : undefined;
  if (whole !== undefined) return { environment: whole.variables, ...(whole.isCut ? cutEnvironment : undefined) };
  return { environment: takeAsked(views.bytes, from, end, asked), ...(isCut ? cutEnvironment : undefined) };
}

const cutEnvironment = { environmentCut: true } as const;

function factsOf({ words }: Source, at: number, known: { readonly flags: number; readonly script: string }): ExecFacts {
  const fields = layout.execEvent;
  const word = (offset: number): number => words[(at + offset) >> 2] ?? 0;
  return {
    device: word(fields.device),
    inode: wide(words, at + fields.inode),
    fileModifiedMs: Math.floor(wide(words, at + fields.modifiedNs) / 1e6),
    fileChangedMs: Math.floor(wide(words, at + fields.changedNs) / 1e6),
    isFileless: (known.flags & eventFlag.fileless) !== 0,
    isUpper: (known.flags & eventFlag.upper) !== 0,
    mountNamespace: word(fields.mountNamespace),
    pidNamespace: word(fields.pidNamespace),
    innerPid: word(fields.innerPid),
    processGroup: word(fields.processGroup),
    session: word(fields.session),
    loginUid: word(fields.loginUid),
    terminal: word(fields.terminal),
    capabilitiesPermitted: wide(words, at + fields.capabilitiesPermitted),
    capabilitiesInheritable: wide(words, at + fields.capabilitiesInheritable),
    seccompMode: word(fields.seccompMode),
    script: known.script,
  };
}

/** The kernel's argument area: strings that each end in NUL; a cut last one has no end. */
export function splitArguments(area: string): readonly string[] {
  if (area === "") return [];
  return (area.endsWith("\0") ? area.slice(0, -1) : area).split("\0");
}

function decodeFork(source: Source, at: number): SensorEvent {
  const { words } = source;
  const fields = layout.forkEvent;
  const who = source.texts.process(words, processWords, at >> 2);
  return {
    type: "fork",
    timeMs: timeMsOf(source, at),
    process: who.process,
    comm: who.comm,
    cgroupId: wide(words, at + header.cgroupId),
    parent: {
      pid: words[(at + fields.parentTgid) >> 2] ?? 0,
      startMs: startMsOf(wide(words, at + fields.parentStartNs)),
    },
    uid: words[(at + fields.uid) >> 2] ?? 0,
    gid: words[(at + fields.gid) >> 2] ?? 0,
  };
}

/** The status is what wait(2) reports: the signal in the low seven bits, else the code in the second byte. */
function decodeExit(source: Source, at: number): SensorEvent {
  const status = source.words[(at + layout.exitEvent.exitCode) >> 2] ?? 0;
  const signal = status & 0x7f;
  const who = source.texts.process(source.words, processWords, at >> 2);
  return {
    type: "exit",
    timeMs: timeMsOf(source, at),
    process: who.process,
    comm: who.comm,
    cgroupId: wide(source.words, at + header.cgroupId),
    exitCode: signal === 0 ? (status >> 8) & 0xff : -1,
    signal,
  };
}

function decodeDns(source: Source, at: number, length: number): SensorEvent | undefined {
  const packet = decodePayload(source, at, length);
  const flags = source.halves[(at + header.flags) >> 1] ?? 0;
  return packet && { type: "dns", ...packet, payloadCut: (flags & eventFlag.cut) !== 0 };
}

function decodeFirstBytes(source: Source, at: number, length: number): SensorEvent | undefined {
  const packet = decodePayload(source, at, length);
  return packet && { type: "first-bytes", ...packet, socketId: wide(source.words, at + layout.payloadEvent.socketId) };
}

function decodePayload(source: Source, at: number, length: number) {
  const { words, halves, texts } = source;
  const fields = layout.payloadEvent;
  const start = at + fields.size;
  const end = start + (halves[(at + fields.payloadBytes) >> 1] ?? 0);
  if (end > at + length) return undefined;
  const isInbound = ((halves[(at + header.flags) >> 1] ?? 0) & eventFlag.inbound) !== 0;
  return {
    ...baseOf(source, at),
    sinceBootUs: Math.floor(wide(words, at + header.timeNs) / 1000),
    localAddress: texts.address(words, (at + fields.local) >> 2),
    localPort: halves[(at + fields.localPort) >> 1] ?? 0,
    remoteAddress: texts.address(words, (at + fields.remote) >> 2),
    remotePort: halves[(at + fields.remotePort) >> 1] ?? 0,
    direction: isInbound ? ("inbound" as const) : ("outbound" as const),
    payload: new Uint8Array(source.views.bytes.subarray(start, end)),
  };
}

interface CgroupRecord {
  readonly at: number;
  readonly length: number;
  readonly type: "cgroup-made" | "cgroup-removed";
}

function decodeCgroup(source: Source, record: CgroupRecord): SensorEvent | undefined {
  const start = record.at + layout.cgroupEvent.size;
  const end = start + (source.words[(record.at + layout.cgroupEvent.pathBytes) >> 2] ?? 0);
  if (end > record.at + record.length) return undefined;
  return { type: record.type, ...baseOf(source, record.at), path: source.views.bytes.toString("utf8", start, end) };
}
