// Listening sockets: opened once by the main thread, each connection given to the worker whose turn it is. Unix sockets leave no file behind.
import { once } from "node:events";
import { chmodSync, lstatSync, unlinkSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Fault } from "../../base/fault.ts";
import type { ConnectionSource, DoorName } from "./inspect.ts";

export type ListenAddress =
  | { readonly kind: "tcp"; readonly host: string; readonly port: number }
  | { readonly kind: "unix"; readonly path: string };

/** "host:port", "[::1]:port", ":port", "port", "unix:PATH". Throws the Fault "gateway/address". */
export function parseListenAddress(text: string): ListenAddress {
  if (text.startsWith("unix:")) {
    const path = text.slice(5).replace(/^\/\/(?=\/)/, "");
    if (path !== "" && path.length < 100) return { kind: "unix", path };
  }
  const found = /^(?:(\[[0-9a-fA-F:.]+\]|[^:[\]]*):)?(\d{1,5})$/.exec(text);
  const port = Number(found?.[2] ?? Number.NaN);
  if (found !== null && port <= 65_535) {
    const host = (found[1] ?? "").replaceAll(/[[\]]/g, "");
    return { kind: "tcp", host: host === "" ? "127.0.0.1" : host, port };
  }
  throw new Fault(`${text} is no address to listen on`, {
    code: "gateway/address",
    kind: "usage",
    hint: "write HOST:PORT, [IPV6]:PORT, or unix:PATH with a path under 100 characters",
  });
}

export interface Listener {
  /** As people write it, with the port that was chosen. */
  readonly text: string;
  close(): void;
}

/** `take` gets paused sockets. Throws the Fault "gateway/listen". */
export async function listenOn(
  address: ListenAddress,
  door: DoorName,
  take: (socket: Socket, source: ConnectionSource) => void,
): Promise<Listener> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => {
    // A connection that broke before anybody had it.
    socket.on("error", () => undefined);
    take(socket, sourceOf(socket, door));
  });
  try {
    if (address.kind === "unix") {
      await removeStale(address.path);
      server.listen({ path: address.path });
    } else server.listen({ host: address.host, port: address.port, backlog: 1024 });
    await once(server, "listening");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    throw new Fault(
      `cannot listen on ${textOf(address, undefined)}: ${code === "EADDRINUSE" ? "it is taken" : message}`,
      {
        code: "gateway/listen",
        kind: "unavailable",
        hint:
          code === "EADDRINUSE"
            ? "another process listens there: name another address, or stop it"
            : "is it an address of this machine, and may you use it?",
      },
    );
  }
  if (address.kind === "unix") chmodSync(address.path, 0o660);
  // Out of descriptors or the like: those that come are lost, the listener stays.
  server.on("error", () => undefined);
  return { text: textOf(address, server), close: () => void server.close() };
}

function sourceOf(socket: Socket, door: DoorName): ConnectionSource {
  return {
    door,
    clientAddress: plain(socket.remoteAddress ?? ""),
    clientPort: socket.remotePort ?? 0,
    serverAddress: plain(socket.localAddress ?? ""),
    serverPort: socket.localPort ?? 0,
    isTls: false,
  };
}

/** A listener on [::] sees IPv4 clients as ::ffff:a.b.c.d. */
function plain(address: string): string {
  return address.startsWith("::ffff:") && address.includes(".") ? address.slice(7) : address;
}

function textOf(address: ListenAddress, server: Server | undefined): string {
  if (address.kind === "unix") return `unix:${address.path}`;
  const port = (server?.address() as AddressInfo | null | undefined)?.port ?? address.port;
  return address.host.includes(":") ? `[${address.host}]:${port}` : `${address.host}:${port}`;
}

/** A socket's file that nobody listens on is left from a killed process; anything else stays. */
async function removeStale(path: string): Promise<void> {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts === undefined || !facts.isSocket()) return;
  const isAlive = await new Promise<boolean>((resolve) => {
    const probe = connect({ path });
    probe.once("connect", () => {
      probe.destroy();
      resolve(true);
    });
    probe.once("error", () => resolve(false));
  });
  if (!isAlive) unlinkSync(path);
}
