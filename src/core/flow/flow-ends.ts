// Who a conversation is between, as far as it is known: processes of this machine as the sensor names them, everything else by its address
// in the directory at the time when the conversation began.
import type { RemoteEnd, RemoteQuestion } from "../directory/remote-end.ts";
import type { Subject } from "../../model/identity.ts";
import type { FlowReporter } from "./flow-entry.ts";
import type { FlowParts } from "./flow-key.ts";

/** What the aggregator asks of the cluster's directory: once per new conversation, never per packet. */
export interface FlowDirectory {
  remoteEnd(question: RemoteQuestion): RemoteEnd;
  /** The service that leads to a port of the subject's pod, else its first one; "" when there is none. */
  serviceAt(
    subject: Subject,
    at: { readonly port: number; readonly protocol: string; readonly timeMs: number },
  ): string;
  /** Rises when answers may have changed. */
  readonly revision: number;
}

export interface FlowEnds {
  /** The local process at the other end, when this agent sees both. */
  readonly peer: FlowReporter | undefined;
  /** The other end by its address, when no known process of this machine is there. */
  readonly remote: RemoteEnd | undefined;
  /** The reporter's own end by its address: for a process whose owner is not known, in a pod that is. */
  readonly own: RemoteEnd | undefined;
}

export interface EndsQuestion {
  readonly parts: FlowParts;
  readonly reporter: FlowReporter;
  readonly peer: FlowReporter | undefined;
  readonly timeMs: number;
}

/** Loopback is this machine: no directory knows whose. */
export function endsOf(directory: FlowDirectory | undefined, question: EndsQuestion): FlowEnds {
  const { parts, reporter, peer, timeMs } = question;
  if (directory === undefined || isLoopbackAddress(parts.remoteAddress))
    return { peer, remote: undefined, own: undefined };
  const { protocol, isSource } = parts;
  const remote = isNamed(peer)
    ? undefined
    : directory.remoteEnd({ address: parts.remoteAddress, port: isSource ? parts.remotePort : 0, protocol, timeMs });
  if (isNamed(reporter)) return { peer, remote, own: undefined };
  const port = isSource ? 0 : parts.localPort;
  const own = directory.remoteEnd({ address: parts.localAddress, port, protocol, timeMs });
  return { peer, remote, own: own.pod === "" ? undefined : own };
}

/** Whether the process's owner is known for certain. */
export function isNamed(reporter: FlowReporter | undefined): boolean {
  return reporter !== undefined && reporter.subject.identityReason === "";
}

/** 127.0.0.0/8 and ::1. */
export function isLoopbackAddress(address: string): boolean {
  return address.startsWith("127.") || address === "::1";
}
