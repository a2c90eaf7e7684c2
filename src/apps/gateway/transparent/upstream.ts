// A connection to the application that looks as if the client had made it: its address, and its port when nobody else has that.
import { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { ownMark } from "../../../core/waf/transparent/limits.ts";
import { openUpstream } from "../../../edge/transparent/sockets.ts";
import type { Namespace } from "../../../edge/transparent/namespace.ts";

/** The client uses a port again whose last connection to the application has not quite ended: it mostly has a moment later. */
const takenWaitsMs = [2, 10, 50];

export interface UpstreamAddress {
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly serverAddress: string;
  readonly serverPort: number;
}

export interface AsClient {
  readonly socket: Socket;
  /** False: the client's address with another port. */
  readonly hasPort: boolean;
}

/** Connects; rejects with the socket's error, or the signal's reason when that is first. Throws Faults of edge/transparent into the promise. */
export async function connectAsClient(
  namespace: Namespace,
  to: UpstreamAddress,
  signal: AbortSignal,
): Promise<AsClient> {
  for (const waitMs of [...takenWaitsMs, undefined]) {
    const first = openUpstream(namespace, { address: to.clientAddress, port: to.clientPort, mark: ownMark });
    try {
      return { socket: await connected(first.descriptor, to, signal), hasPort: first.hasPort };
    } catch (error) {
      if (!first.hasPort || !isTaken(error)) throw error;
    }
    if (waitMs !== undefined) await delay(waitMs);
  }
  const other = openUpstream(namespace, { address: to.clientAddress, port: 0, mark: ownMark });
  return { socket: await connected(other.descriptor, to, signal), hasPort: false };
}

function isTaken(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code;
  return code === "EADDRNOTAVAIL" || code === "EADDRINUSE";
}

function connected(descriptor: number, to: UpstreamAddress, signal: AbortSignal): Promise<Socket> {
  // `manualStart`: nothing is read before it is connected.
  const options = { fd: descriptor, allowHalfOpen: true, manualStart: true };
  const socket = new Socket(options);
  return new Promise((resolve, reject) => {
    const end = (): void => {
      signal.removeEventListener("abort", onAbort);
      socket.off("error", onError);
      socket.off("connect", onConnect);
    };
    const onAbort = (): void => {
      end();
      socket.on("error", () => undefined);
      socket.destroy();
      reject(signal.reason instanceof Error ? signal.reason : new Error("given up"));
    };
    const onError = (error: Error): void => {
      end();
      reject(error);
    };
    const onConnect = (): void => {
      end();
      resolve(socket);
    };
    if (signal.aborted) return onAbort();
    signal.addEventListener("abort", onAbort);
    socket.on("error", onError);
    socket.on("connect", onConnect);
    socket.connect({ host: to.serverAddress, port: to.serverPort });
  });
}
