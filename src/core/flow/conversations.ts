// Which conversation an event belongs to: local and remote end to its entry, in two cheap look-ups. Also the agent's list of local ends,
// so that a connection within this machine names the process at its other end. Bounded; idle ones leave.
import type { ProcessKey, SocketTuple } from "../sense/sensor.ts";
import type { FlowEntry, FlowProtocol, FlowReporter } from "./flow-entry.ts";

export interface Conversation extends SocketTuple {
  readonly protocol: FlowProtocol;
  readonly process: ProcessKey;
  readonly socketId: number;
  readonly reporter: FlowReporter;
  /** Whether the reporter's side began it. */
  readonly isSource: boolean;
  entry: FlowEntry;
  /** The entry and the epoch in which this conversation was counted last. */
  countedIn: FlowEntry | undefined;
  countedEpoch: number;
  lastMs: number;
  closedMs: number;
  /** What the first bytes of this very connection showed. */
  tls: FlowEntry["tls"];
  serverName: string;
  /** What samples have told already of a connection whose close will carry totals. */
  sampledSent: number;
  sampledReceived: number;
  sampledPacketsSent: number;
  sampledPacketsReceived: number;
  sampledRetransmits: number;
}

export interface Conversations {
  readonly size: number;
  find(protocol: FlowProtocol, tuple: SocketTuple, process: ProcessKey, socketId: number): Conversation | undefined;
  /** This end's conversation, whoever's it is. */
  findOwnEnd(protocol: FlowProtocol, tuple: SocketTuple): Conversation | undefined;
  /** The other end's conversation, when that end is on this machine too. */
  findOtherEnd(protocol: FlowProtocol, tuple: SocketTuple): Conversation | undefined;
  /** False when there is no room. */
  add(conversation: Conversation): boolean;
  /** Removes what was closed or idle before these times. */
  sweep(closedBeforeMs: number, idleUdpBeforeMs: number, idleTcpBeforeMs: number): void;
}

/** A linear chain per (remote address, both ports): nearly always of one. */
type Chains = Map<number, Conversation[]>;

export function createConversations(conversationsMax: number): Conversations {
  const byRemote: Record<FlowProtocol, Map<string, Chains>> = { tcp: new Map(), udp: new Map() };
  let size = 0;

  function chainOf(protocol: FlowProtocol, address: string, localPort: number, remotePort: number) {
    return byRemote[protocol].get(address)?.get(localPort * 65_536 + remotePort);
  }

  return {
    get size() {
      return size;
    },
    find(protocol, tuple, process, socketId) {
      const chain = chainOf(protocol, tuple.remoteAddress, tuple.localPort, tuple.remotePort);
      if (chain === undefined) return undefined;
      for (const candidate of chain) {
        if (candidate.socketId !== socketId || candidate.localAddress !== tuple.localAddress) continue;
        if (protocol === "tcp") return candidate;
        if (candidate.process.pid === process.pid && candidate.process.startMs === process.startMs) return candidate;
      }
      return undefined;
    },
    findOwnEnd(protocol, tuple) {
      const chain = chainOf(protocol, tuple.remoteAddress, tuple.localPort, tuple.remotePort);
      return chain?.find((candidate) => candidate.localAddress === tuple.localAddress);
    },
    findOtherEnd(protocol, tuple) {
      const chain = chainOf(protocol, tuple.localAddress, tuple.remotePort, tuple.localPort);
      return chain?.find((candidate) => candidate.localAddress === tuple.remoteAddress);
    },
    add(conversation) {
      if (size >= conversationsMax) return false;
      const { protocol, remoteAddress, localPort, remotePort } = conversation;
      let chains = byRemote[protocol].get(remoteAddress);
      if (chains === undefined) {
        chains = new Map();
        byRemote[protocol].set(remoteAddress, chains);
      }
      const ports = localPort * 65_536 + remotePort;
      const chain = chains.get(ports);
      if (chain === undefined) chains.set(ports, [conversation]);
      else chain.push(conversation);
      size += 1;
      return true;
    },
    sweep(closedBeforeMs, idleUdpBeforeMs, idleTcpBeforeMs) {
      for (const protocol of ["tcp", "udp"] as const) {
        const idleBeforeMs = protocol === "udp" ? idleUdpBeforeMs : idleTcpBeforeMs;
        const isOver = (one: Conversation) =>
          (one.closedMs > 0 && one.closedMs < closedBeforeMs) || one.lastMs < idleBeforeMs;
        for (const [address, chains] of byRemote[protocol]) {
          size -= sweepChains(chains, isOver);
          if (chains.size === 0) byRemote[protocol].delete(address);
        }
      }
    },
  };
}

/** Returns how many were removed. */
function sweepChains(chains: Chains, isOver: (conversation: Conversation) => boolean): number {
  let removed = 0;
  for (const [ports, chain] of chains) {
    const kept = chain.filter((conversation) => !isOver(conversation));
    if (kept.length === chain.length) continue;
    removed += chain.length - kept.length;
    if (kept.length === 0) chains.delete(ports);
    else chains.set(ports, kept);
  }
  return removed;
}
