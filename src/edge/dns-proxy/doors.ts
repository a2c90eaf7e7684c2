// The sockets that redirected questions arrive at: one of UDP and one of TCP per local address. Bound to a concrete address each, so that it is
// known where a packet arrived (connection tracking is asked by it) and answers leave from there, as the client's kernel expects them.
import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { createServer, type Server, type Socket as Connection } from "node:net";
import type { DnsProxyCounters, DnsProxyLimits } from "./limits.ts";

/** Where a question came from and arrived at. */
export interface Arrival {
  readonly protocol: "udp" | "tcp";
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
}

export interface DoorOptions {
  readonly limits: DnsProxyLimits;
  readonly counters: DnsProxyCounters;
  /** Whether a connection from this address shall be kept at all. */
  readonly isClient: (address: string) => boolean;
  /** Takes one message; calls `reply` at most once, `done` exactly once (with or without a reply before). */
  readonly onMessage: (message: {
    readonly bytes: Uint8Array;
    readonly arrival: Arrival;
    readonly reply: (bytes: Uint8Array) => void;
    readonly done: () => void;
  }) => void;
  /** The door stopped working by itself. */
  readonly onDown: (error: Error) => void;
}

export interface Door {
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Opens both doors of an address at the same port. Rejects with the system's error when the address or port is not to be had. */
export async function openDoor(at: { address: string; port: number }, options: DoorOptions): Promise<Door> {
  const udp = await openUdp(at, options);
  const { port } = udp.address();
  try {
    const tcp = await openTcp({ address: at.address, port }, options);
    return {
      address: at.address,
      port,
      close: async () => {
        udp.removeAllListeners("error");
        udp.close();
        await tcp.close();
      },
    };
  } catch (error) {
    udp.close();
    throw error;
  }
}

async function openUdp({ address, port }: { address: string; port: number }, options: DoorOptions): Promise<Socket> {
  const socket = createSocket({
    type: address.includes(":") ? "udp6" : "udp4",
    recvBufferSize: options.limits.receiveBytes,
  });
  socket.bind({ address, port, exclusive: true });
  await once(socket, "listening");
  const local = socket.address();
  let isClosed = false;
  socket.on("close", () => {
    isClosed = true;
  });
  socket.on("error", options.onDown);
  socket.on("message", (bytes, from) => {
    const arrival: Arrival = {
      protocol: "udp",
      source: from.address,
      sourcePort: from.port,
      destination: address,
      destinationPort: local.port,
    };
    const unsent = () => {
      options.counters.dropped.unsent += 1;
    };
    const reply = (answer: Uint8Array) => {
      // The door may have been closed while the question was asked.
      if (isClosed) return unsent();
      socket.send(answer, from.port, from.address, (error) => {
        if (error !== null && error !== undefined) unsent();
      });
    };
    options.onMessage({ bytes, arrival, reply, done: () => undefined });
  });
  return socket;
}

async function openTcp(
  { address, port }: { address: string; port: number },
  options: DoorOptions,
): Promise<{ close(): Promise<void> }> {
  const open = new Set<Connection>();
  const perClient = new Map<string, number>();
  const { limits, counters } = options;
  const server: Server = createServer({ noDelay: true, allowHalfOpen: true }, (connection) => {
    const source = connection.remoteAddress ?? "";
    const mine = perClient.get(source) ?? 0;
    const isRoom = open.size < limits.connectionsMax && mine < limits.connectionsPerClientMax;
    if (!options.isClient(source) || !isRoom) {
      counters.dropped[isRoom ? "unknown-client" : "too-many-connections"] += 1;
      connection.on("error", () => undefined);
      connection.destroy();
      return;
    }
    open.add(connection);
    perClient.set(source, mine + 1);
    connection.on("close", () => {
      open.delete(connection);
      const rest = (perClient.get(source) ?? 1) - 1;
      if (rest > 0) perClient.set(source, rest);
      else perClient.delete(source);
    });
    serve(connection, { address, port }, options);
  });
  server.listen({ host: address, port, exclusive: true });
  await once(server, "listening");
  server.on("error", options.onDown);
  return {
    close: () =>
      new Promise((resolve) => {
        for (const connection of open) connection.destroy();
        server.close(() => resolve());
      }),
  };
}

/** Messages with their length before them (RFC 1035 4.2.2), several at once (RFC 7766 6.2.1.1). */
function serve(connection: Connection, at: { address: string; port: number }, options: DoorOptions): void {
  const { limits, counters } = options;
  const arrival: Arrival = {
    protocol: "tcp",
    source: connection.remoteAddress ?? "",
    sourcePort: connection.remotePort ?? 0,
    destination: at.address,
    destinationPort: at.port,
  };
  let rest: Buffer = Buffer.alloc(0);
  let waiting = 0;
  let isAtEnd = false;
  const done = () => {
    waiting -= 1;
    if (isAtEnd && waiting === 0) connection.end();
    if (waiting < limits.inFlightPerConnectionMax && connection.isPaused()) {
      connection.resume();
      take();
    }
  };
  const reply = (answer: Uint8Array) => {
    if (connection.destroyed || connection.writableLength > limits.unreadBytesMax) {
      counters.dropped.unsent += 1;
      connection.destroy();
      return;
    }
    connection.write(Buffer.concat([Uint8Array.of(answer.length >> 8, answer.length & 0xff), answer]));
  };
  const take = () => {
    while (rest.length >= 2 && !connection.destroyed) {
      if (waiting >= limits.inFlightPerConnectionMax) return void connection.pause();
      const length = rest.readUInt16BE(0);
      if (length > limits.questionLengthMax || length < 12) {
        counters.dropped.malformed += 1;
        return void connection.destroy();
      }
      if (rest.length < length + 2) return;
      const bytes = rest.subarray(2, length + 2);
      rest = rest.subarray(length + 2);
      waiting += 1;
      options.onMessage({ bytes, arrival, reply, done });
    }
  };
  connection.setTimeout(limits.connectionIdleMs, () => connection.destroy());
  connection.on("error", () => connection.destroy());
  connection.on("end", () => {
    isAtEnd = true;
    if (waiting === 0) connection.end();
  });
  connection.on("data", (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    take();
  });
}
