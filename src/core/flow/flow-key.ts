// Which parts of a connection make one row, by level (model/flow.ts): 0 five-tuple, 1 source port dropped, 2 pod pair and process,
// 3 workload pair, 4 namespace pair. Failed connects never climb above level 1 while there is room.
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

/** The key of a connection at a level. `peer` is the process at the other end when it is on this machine and known. */
export function flowKeyOf(
  parts: FlowParts,
  level: number,
  reporter: FlowReporter,
  peer: FlowReporter | undefined,
): FlowKey {
  const destinationPort = level >= 4 ? 0 : parts.isSource ? parts.remotePort : parts.localPort;
  const sourcePort = level >= 1 ? 0 : parts.isSource ? parts.localPort : parts.remotePort;
  const side = `${parts.protocol} ${parts.isSource ? "s" : "d"} ${parts.isFailed ? parts.error : "e"} ${level}`;
  const { subject } = reporter;
  const addresses = { localAddress: parts.localAddress, remoteAddress: parts.remoteAddress };
  let text: string;
  if (level <= 1) {
    const { localAddress, remoteAddress } = parts;
    text = `${side}|${reporter.key}|${reporter.pid}|${peer?.key ?? ""}|${localAddress}|${remoteAddress}|${sourcePort}|${destinationPort}`;
  } else if (level === 2) {
    text = `${side}|${reporter.key}|${peer?.key ?? ""}|${parts.remoteAddress}|${destinationPort}`;
  } else if (level === 3) {
    text = `${side}|${workloadOf(reporter)}|${peer === undefined ? "" : workloadOf(peer)}|${destinationPort}`;
  } else {
    text = `${side}|${subject.namespace}|${peer?.subject.namespace ?? ""}`;
  }
  const { protocol, isSource, isFailed, error } = parts;
  return { level, text, protocol, isSource, isFailed, error, sourcePort, destinationPort, ...addresses };
}

function workloadOf(reporter: FlowReporter): string {
  const { namespace, workloadKind, workload } = reporter.subject;
  return `${namespace}/${workloadKind}/${workload}`;
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
