// Records of watched calls -> events: arguments as numbers, what the descriptor stands for, credentials before and after.
import { watchedCalls, type CallEvent, type DescriptorFacts, type WatchedCall } from "../../core/sense/deed-events.ts";
import {
  flagsOf,
  header,
  processWords,
  rememberDeed,
  signedWide,
  timeMsOf,
  wide,
  type Source,
} from "./decode-source.ts";
import { argumentCounts } from "./deed-programs.ts";
import { kindNames } from "./descriptor-kinds.ts";
import { eventFlag, layout, limit } from "./layout.gen.ts";

const fields = layout.callEvent;

/** Returns undefined for a call that it does not know, or a record that says to be longer than it is. */
export function decodeCall(source: Source, at: number, length: number): CallEvent | undefined {
  const { words, halves } = source;
  const { bytes } = source.views;
  const call = watchedCalls[halves[(at + fields.call) >> 1] ?? 0];
  const textAt = at + fields.size;
  const pathAt = textAt + (halves[(at + fields.textBytes) >> 1] ?? 0);
  const end = pathAt + (halves[(at + fields.pathBytes) >> 1] ?? 0);
  if (call === undefined || end > at + length) return undefined;
  const flags = flagsOf(source, at);
  const who = source.texts.process(words, processWords, at >> 2);
  const asked = bytes.toString("utf8", textAt, pathAt);
  const path = untilNul(bytes.toString("utf8", pathAt, end));
  const descriptor = descriptorOf(source, at, path);
  const event: CallEvent = {
    type: "call",
    timeMs: timeMsOf(source, at),
    process: who.process,
    comm: who.comm,
    cgroupId: wide(words, at + header.cgroupId),
    call,
    way: (flags & eventFlag.ioUring) === 0 ? "syscall" : "io_uring",
    arguments: argumentsOf(words, at, call),
    result: signedWide(words, at + fields.result),
    // What has no text of its own is named by its descriptor: a module by its file, a socket by the name that was asked for.
    text: asked === "" && (call === "finit_module" || descriptor?.kind === "unix") ? path : asked,
    descriptor,
    credentials: (flags & eventFlag.credentials) === 0 ? undefined : credentialsOf(words, at),
    count: 1,
  };
  if (call === "pivot_root") source.context.hosts?.changed(words[(at + fields.mountNamespace) >> 2] ?? 0);
  const isWalked = descriptor?.kind === "unix" && path.startsWith("/");
  rememberDeed(source, { words, at, length }, at + fields.key, isWalked ? event : undefined);
  return event;
}

function argumentsOf(words: Uint32Array, at: number, call: WatchedCall): readonly number[] {
  const kept: number[] = [];
  const count = argumentCounts.get(call) ?? limit.callArguments;
  for (let index = 0; index < count; index += 1) kept.push(signedWide(words, at + fields.arguments + 8 * index));
  // An int that C hands over without its sign.
  if (call === "kill") kept[0] = (kept[0] ?? 0) | 0;
  return kept;
}

function credentialsOf(words: Uint32Array, at: number): CallEvent["credentials"] {
  return {
    uidBefore: words[(at + fields.uidBefore) >> 2] ?? 0,
    uidAfter: words[(at + fields.uidAfter) >> 2] ?? 0,
    capabilitiesBefore: wide(words, at + fields.capabilitiesBefore),
    capabilitiesAfter: wide(words, at + fields.capabilitiesAfter),
  };
}

function descriptorOf(source: Source, at: number, path: string): DescriptorFacts | undefined {
  const { words, halves, texts } = source;
  const kind = kindNames[halves[(at + fields.kind) >> 1] ?? 0];
  if (kind === undefined) return undefined;
  const isInternet = kind === "ipv4" || kind === "ipv6";
  return {
    number: words[(at + fields.descriptor) >> 2] ?? 0,
    kind,
    protocol: isInternet ? protocolOf(halves[(at + fields.protocol) >> 1] ?? 0) : "",
    path: kind === "unix" ? placeOfSocket(source, at, path) : path,
    tuple: isInternet
      ? {
          localAddress: texts.address(words, (at + fields.local) >> 2),
          localPort: halves[(at + fields.localPort) >> 1] ?? 0,
          remoteAddress: texts.address(words, (at + fields.remote) >> 2),
          remotePort: halves[(at + fields.remotePort) >> 1] ?? 0,
        }
      : undefined,
  };
}

/** Numbers of IANA; raw is ours. */
function protocolOf(number: number): DescriptorFacts["protocol"] {
  switch (number) {
    case 1:
    case 58:
      return "icmp";
    case 6:
      return "tcp";
    case 17:
      return "udp";
    case limit.protocolRaw:
      return "raw";
    default:
      return "unknown";
  }
}

/** The name of a Unix socket as a program pads it. */
function untilNul(text: string): string {
  const end = text.indexOf("\0");
  return end === -1 ? text : text.slice(0, end);
}

/** A runtime's socket behind a link is the runtime's socket. */
function placeOfSocket({ words, context }: Source, at: number, path: string): string {
  if (!path.startsWith("/") || context.places === undefined) return path;
  return context.places.resolve({
    pid: words[(at + header.tgid) >> 2] ?? 0,
    parentPid: words[(at + fields.parentTgid) >> 2] ?? 0,
    mountNamespace: words[(at + fields.mountNamespace) >> 2] ?? 0,
    path,
    followsLast: true,
  });
}
