// Bytes of a TCP connection into its entry: samples are deltas, a close carries totals.
import type { TcpEvent, TcpSampleEvent } from "../sense/sensor.ts";
import type { Conversation } from "./conversations.ts";
import type { FlowEntry } from "./flow-entry.ts";

/** Sent and received are from the source's point of view, whoever reports. */
function addBytes(conversation: Conversation, entry: FlowEntry, counts: Counts): void {
  const { isSource } = conversation;
  entry.bytesSent += isSource ? counts.sent : counts.received;
  entry.bytesReceived += isSource ? counts.received : counts.sent;
  entry.packetsSent += isSource ? counts.packetsSent : counts.packetsReceived;
  entry.packetsReceived += isSource ? counts.packetsReceived : counts.packetsSent;
  entry.retransmits += counts.retransmits;
}

interface Counts {
  readonly sent: number;
  readonly received: number;
  readonly packetsSent: number;
  readonly packetsReceived: number;
  readonly retransmits: number;
}

/** A sample carries what came since the last one. */
export function countSample(conversation: Conversation, entry: FlowEntry, event: TcpEvent | TcpSampleEvent): void {
  const { bytesSent: sent, bytesReceived: received, packetsSent, packetsReceived, retransmits } = event;
  conversation.sampledSent += sent;
  conversation.sampledReceived += received;
  conversation.sampledPacketsSent += packetsSent;
  conversation.sampledPacketsReceived += packetsReceived;
  conversation.sampledRetransmits += retransmits;
  addBytes(conversation, entry, { sent, received, packetsSent, packetsReceived, retransmits });
}

/** A close carries totals: what samples have told is taken off. */
export function countClose(conversation: Conversation, entry: FlowEntry, event: TcpEvent | TcpSampleEvent): void {
  entry.connectionsClosed += 1;
  if (event.wasReset) entry.resets += 1;
  conversation.closedMs = event.timeMs;
  addBytes(conversation, entry, {
    sent: Math.max(0, event.bytesSent - conversation.sampledSent),
    received: Math.max(0, event.bytesReceived - conversation.sampledReceived),
    packetsSent: Math.max(0, event.packetsSent - conversation.sampledPacketsSent),
    packetsReceived: Math.max(0, event.packetsReceived - conversation.sampledPacketsReceived),
    retransmits: Math.max(0, event.retransmits - conversation.sampledRetransmits),
  });
}
