// Servers inside test namespaces, run by a thread of their own so that a test's event loop may stand still: TCP that closes or echoes, UDP that echoes.
import { Worker } from "node:worker_threads";
import type { NetworkNamespace } from "./namespace.ts";

export interface Listener {
  readonly in: NetworkNamespace;
  /** One address, or all of a family: "0.0.0.0" or "::". */
  readonly address: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  /** TCP: answers each byte and keeps the connection, instead of closing it at once. UDP always echoes. */
  readonly echo?: boolean;
}

export interface ListenerOrder {
  readonly netns: string;
  readonly address: string;
  readonly port: number;
  readonly protocol: "tcp" | "udp";
  readonly echo: boolean;
}

export interface Listeners {
  /** Connections and datagrams taken so far, by the listener's index. */
  taken(index: number): number;
  close(): Promise<void>;
}

/** All are listening when it resolves; at most 4,000. */
export async function openListeners(listeners: readonly Listener[]): Promise<Listeners> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const taken = new Int32Array(new SharedArrayBuffer(Math.max(4, listeners.length * 4)));
  const orders = listeners.map((listener): ListenerOrder => ({
    netns: listener.in.path,
    address: listener.address,
    port: listener.port,
    protocol: listener.protocol,
    echo: listener.echo ?? false,
  }));
  const worker = new Worker(new URL("listeners.worker.ts", import.meta.url), { workerData: { orders, stop, taken } });
  const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    worker.once("message", () => resolve());
    worker.once("error", reject);
  });
  return {
    taken: (index) => Atomics.load(taken, index),
    close: async () => {
      Atomics.store(stop, 0, 1);
      await ended;
    },
  };
}
