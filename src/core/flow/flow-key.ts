// Which parts of a connection make one row, by level (model/flow.ts): 0 five-tuple, 1 source port dropped, 2 pod pair and process,
// 3 workload pair, 4 namespace pair. Failed connects never climb above level 1 while there is room.
import type { RemoteEnd } from "../directory/remote-end.ts";
import type { FlowEnds } from "./flow-ends.ts";
import type { FlowKey, FlowProtocol, FlowReporter } from "./flow-entry.ts";

export const flowLevelMax = 4;

/** A connection as the levels see it. */
export interface FlowParts {
  readonly protocol: FlowProtocol;
  readonly isSource: boolean;
  readonly isFailed: boolean;
  readonly error: number;
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
}

/**
 * The key of a connection at a level. Who is at the other end is part of it at every level, so that an address which changes hands begins a
 * new row; the port is the one behind a dialled service.
 */
export function flowKeyOf(parts: FlowParts, level: number, reporter: FlowReporter, ends: FlowEnds): FlowKey {
  const { peer, remote, own } = ends;
  const destinationPort = level >= 4 ? 0 : parts.isSource ? (remote?.port ?? parts.remotePort) : parts.localPort;
  const sourcePort = level >= 1 ? 0 : parts.isSource ? parts.localPort : parts.remotePort;
  const side = `${parts.protocol} ${parts.isSource ? "s" : "d"} ${parts.isFailed ? parts.error : "e"} ${level}`;
  const { subject } = reporter;
  const addresses = { localAddress: parts.localAddress, remoteAddress: parts.remoteAddress };
  let text: string;
  if (level <= 2) {
    const who = `${reporter.key}${keyOf(own)}`;
    const other = `${peer?.key ?? ""}${keyOf(remote)}`;
    const { localAddress, remoteAddress } = parts;
    text =
      level === 2
        ? `${side}|${who}|${other}|${remoteAddress}|${destinationPort}`
        : `${side}|${who}|${reporter.pid}|${other}|${localAddress}|${remoteAddress}|${sourcePort}|${destinationPort}`;
  } else if (level === 3) {
    const who = own === undefined ? workloadOf(reporter) : workloadOfEnd(own);
    const other = remote === undefined ? (peer === undefined ? "" : workloadOf(peer)) : workloadOfEnd(remote);
    text = `${side}|${who}|${other}|${destinationPort}`;
  } else {
    const other =
      remote === undefined
        ? (peer?.subject.namespace ?? "")
        : `${remote.namespace} ${remote.kind === "External" ? "x" : ""}`;
    text = `${side}|${own?.namespace ?? subject.namespace}|${other}`;
  }
  const { protocol, isSource, isFailed, error } = parts;
  return { level, text, protocol, isSource, isFailed, error, sourcePort, destinationPort, ...addresses };
}

/** A connection as its key tells it, for another key of it. `dialledPort` is the destination's as the source sees it. */
export function partsOfKey(key: FlowKey, dialledPort: number): FlowParts {
  const { protocol, isSource, isFailed, error, localAddress, remoteAddress, sourcePort, destinationPort } = key;
  const localPort = isSource ? sourcePort : destinationPort;
  const remotePort = isSource ? dialledPort : sourcePort;
  return { protocol, isSource, isFailed, error, localAddress, localPort, remoteAddress, remotePort };
}

function keyOf(end: RemoteEnd | undefined): string {
  return end === undefined ? "" : ` ${end.key}`;
}

function workloadOf(reporter: FlowReporter): string {
  const { namespace, workloadKind, workload } = reporter.subject;
  return `${namespace}/${workloadKind}/${workload}`;
}

function workloadOfEnd({ namespace, kind, workload, service }: RemoteEnd): string {
  return `${namespace}/${kind}/${workload}/${service}`;
}

/** Two independent 32-bit FNV-1a hashes of a key's text as base 36: stable within one agent, for "same flow" in live views. */
export function flowIdOf(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x01000193) ^ (b >>> 15);
  }
  return (a >>> 0).toString(36) + (b >>> 0).toString(36).padStart(7, "0");
}
