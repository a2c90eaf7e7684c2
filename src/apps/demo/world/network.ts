// Connections of the simulated cluster, as the agents at both ends hear of them: clients dial cluster addresses, servers see pods.
import type { SensorEvent, SocketTuple, TcpEvent } from "../../../core/sense/sensor.ts";
import { hostGroupId } from "./processes.ts";
import { tell, type Pod, type SimNode, type SimProcess, type World } from "./state.ts";

/** One side of a connection. Without a node it is outside of the cluster: nobody hears its side. */
export interface End {
  readonly node: SimNode | undefined;
  readonly process: SimProcess | undefined;
  readonly cgroupId: number;
  readonly address: string;
  readonly pod: Pod | undefined;
}

export interface Connection {
  readonly client: End;
  readonly server: End;
  readonly clientTuple: SocketTuple;
  readonly serverTuple: SocketTuple;
  readonly clientSocket: number;
  readonly serverSocket: number;
  isOpen: boolean;
  /** From the client's point of view. */
  sent: number;
  received: number;
  retransmits: number;
  rttUs: number;
  sampledSent: number;
  sampledReceived: number;
  sampledRetransmits: number;
}

export const errors = { refused: 111, timedOut: 110 } as const;

/** Payload of a full segment. */
const segmentBytes = 1448;
const ephemeral = { first: 32_768, last: 60_999 } as const;

export function endOfPod(pod: Pod, process = pod.main): End {
  return { node: pod.node, process, cgroupId: pod.cgroupId, address: pod.address, pod };
}

export function endOfKubelet(node: SimNode): End {
  const { kubelet, address } = node;
  return { node, process: kubelet, cgroupId: hostGroupId(node, kubelet), address, pod: undefined };
}

export function endOutside(address: string): End {
  return { node: undefined, process: undefined, cgroupId: 0, address, pod: undefined };
}

export interface Dial {
  readonly client: End;
  readonly server: End;
  /** What the client connects to: a cluster address, a pod's, or one outside. */
  readonly address: string;
  readonly port: number;
  /** What the server listens on. */
  readonly targetPort: number;
}

export function nextPort(world: World, pod: Pod | undefined): number {
  if (pod === undefined) return world.random.int(ephemeral.first, ephemeral.last);
  pod.nextPort = pod.nextPort >= ephemeral.last ? ephemeral.first : pod.nextPort + 1;
  return pod.nextPort;
}

/** Opens it; both ends hear of it. */
export function connect(world: World, dial: Dial, timeMs: number): Connection {
  const { client, server, address, port, targetPort } = dial;
  const localPort = nextPort(world, client.pod);
  const isNear = client.node === server.node;
  world.nextSocketId += 2;
  const connection: Connection = {
    client,
    server,
    clientTuple: { localAddress: client.address, localPort, remoteAddress: address, remotePort: port },
    serverTuple: {
      localAddress: server.address,
      localPort: targetPort,
      remoteAddress: client.address,
      remotePort: localPort,
    },
    clientSocket: world.nextSocketId - 1,
    serverSocket: world.nextSocketId,
    isOpen: true,
    sent: 0,
    received: 0,
    retransmits: 0,
    rttUs: Math.round(
      world.random.latency(server.node === undefined || client.node === undefined ? 18_000 : isNear ? 90 : 350),
    ),
    sampledSent: 0,
    sampledReceived: 0,
    sampledRetransmits: 0,
  };
  tellTcp(world, connection, "tcp-open", timeMs);
  return connection;
}

/** What went over it since the last time. */
export function carry(connection: Connection, bytes: { readonly sent: number; readonly received: number }): void {
  connection.sent += Math.round(bytes.sent);
  connection.received += Math.round(bytes.received);
}

/** The agent's periodic look at an open connection. */
export function sample(world: World, connection: Connection, timeMs: number): void {
  if (!connection.isOpen) return;
  tellTcp(world, connection, "tcp-sample", timeMs);
  connection.sampledSent = connection.sent;
  connection.sampledReceived = connection.received;
  connection.sampledRetransmits = connection.retransmits;
}

/** Both ends hear of its end, once. */
export function close(world: World, connection: Connection, timeMs: number, wasReset?: "reset"): void {
  if (!connection.isOpen) return;
  connection.isOpen = false;
  tellTcp(world, connection, "tcp-close", timeMs, wasReset);
}

/** A connection that never was. */
export function fail(world: World, dial: Dial, error: number, timeMs: number): void {
  const { client, address, port } = dial;
  if (client.node === undefined || client.process === undefined) return;
  world.nextSocketId += 1;
  tell(world, client.node, {
    ...nothingCarried,
    type: "tcp-failed",
    timeMs: Math.floor(timeMs),
    process: client.process.key,
    comm: client.process.comm,
    cgroupId: client.cgroupId,
    socketId: world.nextSocketId,
    direction: "outbound",
    localAddress: client.address,
    localPort: nextPort(world, client.pod),
    remoteAddress: address,
    remotePort: port,
    error,
    retransmits: error === errors.timedOut ? 3 : 0,
  });
}

/** The first bytes that one end sends; the other end hears them half a round trip later. */
export function sendFirst(world: World, connection: Connection, from: "client" | "server", sent: FirstBytes): void {
  const { payload, timeMs } = sent;
  const halfMs = connection.rttUs / 2000;
  const isClient = from === "client";
  const base = { type: "first-bytes", payload } as const;
  const { client, server, clientTuple, serverTuple, clientSocket, serverSocket } = connection;
  tellEnd(world, client, timeMs + (isClient ? 0 : halfMs), (stamp) => ({
    ...base,
    ...stamp,
    ...clientTuple,
    socketId: clientSocket,
    direction: isClient ? "outbound" : "inbound",
  }));
  tellEnd(world, server, timeMs + (isClient ? halfMs : 0), (stamp) => ({
    ...base,
    ...stamp,
    ...serverTuple,
    socketId: serverSocket,
    direction: isClient ? "inbound" : "outbound",
  }));
}

export interface FirstBytes {
  readonly payload: Uint8Array;
  readonly timeMs: number;
}

interface Stamp {
  readonly timeMs: number;
  readonly sinceBootUs: number;
  readonly process: SimProcess["key"];
  readonly comm: string;
  readonly cgroupId: number;
}

/** Tells what `make` makes, if anybody listens at this end. */
export function tellEnd(world: World, end: End, timeMs: number, make: (stamp: Stamp) => SensorEvent): void {
  if (end.node === undefined || end.process === undefined) return;
  const { key, comm } = end.process;
  const sinceBootUs = Math.round((timeMs - world.bootMs) * 1000);
  tell(world, end.node, make({ timeMs: Math.floor(timeMs), sinceBootUs, process: key, comm, cgroupId: end.cgroupId }));
}

const nothingCarried = {
  bytesSent: 0,
  bytesReceived: 0,
  packetsSent: 0,
  packetsReceived: 0,
  retransmits: 0,
  rttUs: 0,
  error: 0,
  wasReset: false,
} as const;

type TcpType = Exclude<TcpEvent["type"], "tcp-failed"> | "tcp-sample";

function tellTcp(world: World, connection: Connection, type: TcpType, timeMs: number, wasReset?: "reset"): void {
  const isSample = type === "tcp-sample";
  const sent = connection.sent - (isSample ? connection.sampledSent : 0);
  const received = connection.received - (isSample ? connection.sampledReceived : 0);
  const retransmits = connection.retransmits - (isSample ? connection.sampledRetransmits : 0);
  const carried = {
    ...nothingCarried,
    rttUs: connection.rttUs,
    wasReset: wasReset === "reset",
    ...(type === "tcp-open" ? { rttUs: 0 } : {}),
  };
  const toServer = { bytes: sent, packets: packetsOf(sent, received) };
  const toClient = { bytes: received, packets: packetsOf(received, sent) };
  const { client, server, clientTuple, serverTuple, clientSocket, serverSocket } = connection;
  tellEnd(world, client, timeMs, (stamp) => ({
    ...carried,
    ...stamp,
    ...clientTuple,
    type,
    socketId: clientSocket,
    direction: "outbound",
    bytesSent: toServer.bytes,
    bytesReceived: toClient.bytes,
    packetsSent: toServer.packets,
    packetsReceived: toClient.packets,
    // The server's end sends again in its own direction: each end tells half of it.
    retransmits: Math.ceil(retransmits / 2),
  }));
  tellEnd(world, server, timeMs + connection.rttUs / 2000, (stamp) => ({
    ...carried,
    ...stamp,
    ...serverTuple,
    type,
    socketId: serverSocket,
    direction: "inbound",
    bytesSent: toClient.bytes,
    bytesReceived: toServer.bytes,
    packetsSent: toClient.packets,
    packetsReceived: toServer.packets,
    retransmits: Math.floor(retransmits / 2),
  }));
}

/** Segments with payload, and an acknowledgement for every second one of the other direction. */
function packetsOf(bytes: number, otherBytes: number): number {
  return Math.ceil(bytes / segmentBytes) + Math.ceil(otherBytes / segmentBytes / 2);
}
