// Connections that the kernel tracks, through ctnetlink: list, find by the answer's direction, delete one by one.
import type { Dataplane, TrackedConnection } from "../../../core/policy/compile/dataplane.ts";
import { addressBytes, addressText } from "./address-bytes.ts";
import { generalHeader, subsystem } from "./constants.ts";
import { errnos } from "./netlink/libc.ts";
import { attributesOf, u16be, u32be } from "./netlink/reader.ts";
import { NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST, type NetlinkSocket } from "./netlink/socket.ts";
import { createWriter, NLA_F_NESTED, type NetlinkWriter } from "./netlink/writer.ts";

const GET = 1;
const DELETE = 2;
const TUPLE_ORIGINAL = 1;
const TUPLE_REPLY = 2;
const STATUS = 3;
const PROTOCOL_INFO = 4;
/** enum tcp_conntrack: TIME_WAIT and CLOSE. */
const tcpStatesOver: readonly number[] = [7, 8];
const TUPLE_IP = 1;
const TUPLE_PROTO = 2;
const STATUS_ASSURED = 4;
const AF_INET = 2;
const AF_INET6 = 10;
const ICMP = 1;
const TCP = 6;
const ICMPV6 = 58;
/** Deletions that go into one datagram. */
const deletionsPerDatagram = 500;

type Ctnetlink = Pick<Dataplane, "connections" | "originalOf" | "cut">;

interface Tuple {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** Uses the socket of the table: each request is done when it returns. */
export function openConntrack(socket: NetlinkSocket): Ctnetlink {
  return {
    connections: (max) => {
      const writer = createWriter(64);
      writer.begin((subsystem.conntrack << 8) | GET, NLM_F_REQUEST | NLM_F_DUMP, generalHeader(0));
      writer.end();
      const connections: TrackedConnection[] = [];
      let more = 0;
      socket.scan(writer.take(), (message) => {
        if (connections.length >= max) {
          more += 1;
          return;
        }
        const connection = connectionOf(message.payload);
        if (connection !== undefined) connections.push(connection);
      });
      return { connections, more };
    },
    originalOf: (tuple) => {
      const answer = { ...tuple };
      const found = find(socket, {
        protocol: tuple.protocol,
        source: tuple.destination,
        sourcePort: tuple.destinationPort,
        destination: tuple.source,
        destinationPort: tuple.sourcePort,
      });
      if (found === undefined) return undefined;
      const isSame = found.destination === answer.destination && found.destinationPort === answer.destinationPort;
      return isSame ? undefined : { address: found.destination, port: found.destinationPort };
    },
    cut: (connections) => {
      let count = 0;
      for (let at = 0; at < connections.length; at += deletionsPerDatagram) {
        count += cutSome(socket, connections.slice(at, at + deletionsPerDatagram));
      }
      return count;
    },
  };
}

function cutSome(socket: NetlinkSocket, connections: readonly TrackedConnection[]): number {
  const writer = createWriter(connections.length * 128);
  for (const connection of connections) {
    const family = connection.source.includes(":") ? AF_INET6 : AF_INET;
    writer.begin((subsystem.conntrack << 8) | DELETE, NLM_F_REQUEST | NLM_F_ACK, generalHeader(family));
    writeTuple(writer, TUPLE_ORIGINAL, connection);
    writer.end();
  }
  if (connections.length === 0) return 0;
  return socket.request(writer.take()).answers.filter((answer) => answer.errno === 0).length;
}

/** The connection whose answers have this tuple. */
function find(socket: NetlinkSocket, reply: Tuple): TrackedConnection | undefined {
  const writer = createWriter(256);
  const family = reply.source.includes(":") ? AF_INET6 : AF_INET;
  writer.begin((subsystem.conntrack << 8) | GET, NLM_F_REQUEST, generalHeader(family));
  writeTuple(writer, TUPLE_REPLY, reply);
  writer.end();
  const { answers, messages } = socket.request(writer.take());
  if (answers.some((answer) => answer.errno !== 0 && answer.errno !== errnos.ENOENT)) return undefined;
  const [first] = messages;
  return first === undefined ? undefined : connectionOf(first.payload);
}

/** ICMP: `sourcePort` is the identifier, `destinationPort` type * 256 + code, as in TrackedConnection made here. */
function writeTuple(writer: NetlinkWriter, type: number, tuple: Tuple): void {
  const source = addressBytes(tuple.source);
  const destination = addressBytes(tuple.destination);
  if (source === undefined || destination?.length !== source.length) return;
  const isV4 = source.length === 4;
  const nest = writer.open(type | NLA_F_NESTED);
  const addresses = writer.open(TUPLE_IP | NLA_F_NESTED);
  writer.bytes(isV4 ? 1 : 3, source);
  writer.bytes(isV4 ? 2 : 4, destination);
  writer.close(addresses);
  const protocol = writer.open(TUPLE_PROTO | NLA_F_NESTED);
  writer.u8(1, tuple.protocol);
  if (tuple.protocol === ICMP || tuple.protocol === ICMPV6) {
    const first = tuple.protocol === ICMP ? 4 : 7;
    writer.u16be(first, tuple.sourcePort);
    writer.u8(first + 1, tuple.destinationPort >> 8);
    writer.u8(first + 2, tuple.destinationPort & 0xff);
  } else {
    writer.u16be(2, tuple.sourcePort);
    writer.u16be(3, tuple.destinationPort);
  }
  writer.close(protocol);
  writer.close(nest);
}

function tupleOf(bytes: Uint8Array | undefined): Tuple | undefined {
  if (bytes === undefined) return undefined;
  const parts = attributesOf(bytes);
  const addresses = attributesOf(parts.get(TUPLE_IP) ?? new Uint8Array(0));
  const protocols = attributesOf(parts.get(TUPLE_PROTO) ?? new Uint8Array(0));
  const isV4 = addresses.has(1);
  const source = addresses.get(isV4 ? 1 : 3);
  const destination = addresses.get(isV4 ? 2 : 4);
  const protocol = protocols.get(1)?.[0];
  if (source === undefined || destination === undefined || protocol === undefined) return undefined;
  const length = isV4 ? 4 : 16;
  if (source.length < length || destination.length < length) return undefined;
  const port = (type: number): number => u16be(protocols.get(type) ?? new Uint8Array(2));
  const byte = (type: number): number => protocols.get(type)?.[0] ?? 0;
  const icmp = protocol === ICMP ? 4 : protocol === ICMPV6 ? 7 : undefined;
  return {
    protocol,
    source: addressText(source, 0, length),
    destination: addressText(destination, 0, length),
    sourcePort: icmp === undefined ? port(2) : port(icmp),
    destinationPort: icmp === undefined ? port(3) : byte(icmp + 1) * 256 + byte(icmp + 2),
  };
}

/** From one message of ctnetlink; undefined when it is no connection that we can name. */
export function connectionOf(payload: Uint8Array): TrackedConnection | undefined {
  const attributes = attributesOf(payload.subarray(4));
  const original = tupleOf(attributes.get(TUPLE_ORIGINAL));
  const reply = tupleOf(attributes.get(TUPLE_REPLY));
  if (original === undefined || reply === undefined) return undefined;
  const status = attributes.get(STATUS);
  const tcp = attributesOf(
    attributesOf(attributes.get(PROTOCOL_INFO) ?? new Uint8Array(0)).get(1) ?? new Uint8Array(0),
  );
  return {
    ...original,
    realDestination: reply.source,
    realDestinationPort: original.protocol === ICMP || original.protocol === ICMPV6 ? 0 : reply.sourcePort,
    isAssured: status !== undefined && (u32be(status) & STATUS_ASSURED) !== 0,
    ...(original.protocol === TCP && tcpStatesOver.includes(tcp.get(1)?.[0] ?? 0) ? { isOver: true } : {}),
  };
}
