// Connections that are open now, judged by the policies of today and of tomorrow: how many would a change cut, and which.
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { TrackedConnection } from "../../../core/policy/compile/dataplane.ts";
import type { PolicyFlow } from "../../../core/policy/world.ts";
import { enforceLimits } from "./limits.ts";

export interface LiveJudgement {
  /** Connections with an end on this node that are allowed today. */
  readonly live: number;
  /** Of them those that the new policies deny. */
  readonly cut: readonly TrackedConnection[];
  /** Of them those whose verdict would not be known. */
  readonly uncertain: number;
  /** "10.1.0.1 -> 10.1.0.2:5432/tcp", the first few. */
  readonly examples: readonly string[];
}

/** By where it really goes: rules see packets after the translation of services' addresses. */
export function flowOf(connection: TrackedConnection): PolicyFlow {
  const { source, realDestination, protocol, sourcePort, realDestinationPort, destinationPort } = connection;
  const ends = {
    source: { endpoint: "", address: source },
    destination: { endpoint: "", address: realDestination },
    protocol,
  };
  // The tracker keeps type and code of ICMP where other protocols have their port.
  if (protocol === 1 || protocol === 58)
    return {
      ...ends,
      sourcePort: 0,
      destinationPort: 0,
      icmp: { type: destinationPort >> 8, code: destinationPort & 255 },
    };
  return { ...ends, sourcePort, destinationPort: realDestinationPort };
}

/** `before` undefined: nothing was enforced, so all that lives is allowed. `isOurs` says whether an address is of this node or its endpoints. */
export function judgeLive(
  connections: readonly TrackedConnection[],
  given: {
    readonly before: PolicyEngine | undefined;
    readonly after: PolicyEngine;
    readonly isOurs: (address: string) => boolean;
  },
): LiveJudgement {
  const { before, after, isOurs } = given;
  const cut: TrackedConnection[] = [];
  let live = 0;
  let uncertain = 0;
  for (const connection of connections) {
    if (connection.isOver === true) continue;
    if (!isOurs(connection.source) && !isOurs(connection.realDestination)) continue;
    const flow = flowOf(connection);
    if (before !== undefined && before.evaluate(flow).verdict === "deny") continue;
    live += 1;
    const { verdict } = after.evaluate(flow);
    if (verdict === "deny") cut.push(connection);
    else if (verdict === "unknown") uncertain += 1;
  }
  return { live, cut, uncertain, examples: cut.slice(0, enforceLimits.examplesMax).map(wordsOf) };
}

const names: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp", 58: "icmp", 132: "sctp" };

export function protocolName(protocol: number): string {
  return names[protocol] ?? String(protocol);
}

function wordsOf({ source, realDestination, realDestinationPort, protocol }: TrackedConnection): string {
  return `${source} -> ${realDestination}:${realDestinationPort}/${protocolName(protocol)}`;
}
