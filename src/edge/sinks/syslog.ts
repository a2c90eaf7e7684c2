// RFC 5424 messages over UDP, TCP and TLS. UDP is never acknowledged; over TCP and TLS nothing but the transport is, so what was written right before a
// connection broke is sent again on the next one.
import dgram from "node:dgram";
import net from "node:net";
import tls from "node:tls";
import { Fault, toFault } from "../../base/fault.ts";
import { parseAddress } from "../../base/ip.ts";
import type { SyslogTarget } from "../../model/sink.ts";
import { lineOf } from "./formats/line.ts";
import { octetCounted, syslogHeader } from "./formats/syslog.ts";
import { sinkLimits, type Outgoing, type SinkConnection } from "./sink.ts";
import { readLent, type SinkSurroundings } from "./surroundings.ts";

interface Wire extends AsyncDisposable {
  readonly batchMax: number;
  readonly detail: string;
  write(messages: readonly string[]): Promise<void>;
}

/** Rejects with a Fault when the authorities are not there or the address may not be connected to; a receiver that is away is told when events are sent. */
export async function openSyslog(target: SyslogTarget, surroundings: SinkSurroundings): Promise<SinkConnection> {
  surroundings.guard.checkHost(target.host);
  const wire = target.transport === "udp" ? udpWire(target, surroundings) : await streamWire(target, surroundings);
  return {
    batchMax: wire.batchMax,
    async send(events: readonly Outgoing[]) {
      let cut = 0;
      const messages = events.map((outgoing) => {
        const header = syslogHeader(outgoing.event, target.facility);
        const bytesMax = target.messageBytesMax - header.length;
        const { text, isCut } = lineOf(outgoing, target.format, { version: surroundings.version, bytesMax });
        if (isCut) cut += 1;
        return header + text;
      });
      try {
        await wire.write(messages);
      } catch (thrown) {
        throw faultOf(thrown, target);
      }
      return { detail: wire.detail, bytes: messages.reduce((sum, text) => sum + Buffer.byteLength(text), 0), cut };
    },
    [Symbol.asyncDispose]: () => wire[Symbol.asyncDispose](),
  };
}

function faultOf(thrown: unknown, { host, port, transport }: SyslogTarget): Fault {
  if (thrown instanceof Fault) return thrown;
  return new Fault(`${transport} ${host}:${port}: ${toFault(thrown).message}`, {
    code: "sinks/unreachable",
    kind: "unavailable",
    hint: "is the receiver listening, and does its certificate fit?",
    cause: thrown,
  });
}

/**
 * A connected socket, so that "port unreachable" comes back: while nothing is known of the receiver (the first message, and the first after such an answer) it is
 * waited for, later it is an error of the next message. The name is looked up again after one.
 */
function udpWire({ host, port }: SyslogTarget, { guard }: SinkSurroundings): Wire {
  let socket: dgram.Socket | undefined;
  let isUnknown = true;
  const complaint = complaintBox();

  async function ready(): Promise<dgram.Socket> {
    if (socket !== undefined) return socket;
    const { address, family } = await guard.resolve(host);
    const made = dgram.createSocket(family === 6 ? "udp6" : "udp4");
    made.on("error", (error) => complaint.put(error));
    await new Promise<void>((resolve, reject) => {
      made.once("error", reject);
      made.connect(port, address, () => {
        made.off("error", reject);
        resolve();
      });
    });
    socket = made;
    return made;
  }

  function drop(): void {
    socket?.close();
    socket = undefined;
    isUnknown = true;
    complaint.take();
  }

  return {
    batchMax: 1,
    detail: "sent; UDP is not acknowledged",
    async write(messages) {
      const open = await ready();
      for (const message of messages) {
        let error =
          complaint.take() ?? (await new Promise<Error | null>((resolve) => open.send(Buffer.from(message), resolve)));
        if (error === null && isUnknown) error = await complaint.wait(sinkLimits.complaintMs);
        if (error !== null) {
          drop();
          throw error;
        }
        isUnknown = false;
      }
    },
    [Symbol.asyncDispose]: () => Promise.resolve(drop()),
  };
}

/** Keeps the last error of a socket until it is taken. */
function complaintBox() {
  let kept: Error | null = null;
  let arrived = (): void => undefined;
  const take = (): Error | null => {
    const error = kept;
    kept = null;
    return error;
  };
  return {
    put(error: Error): void {
      kept = error;
      arrived();
    },
    take,
    async wait(waitMs: number): Promise<Error | null> {
      if (kept !== null) return take();
      await new Promise<void>((resolve) => {
        // After the timer sockets are looked at once more: an answer that is there already counts, however late we are.
        const timer = setTimeout(() => setImmediate(resolve), waitMs);
        arrived = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      return take();
    },
  };
}

async function streamWire(target: SyslogTarget, surroundings: SinkSurroundings): Promise<Wire> {
  const connect = await connector(target, surroundings);
  let socket: net.Socket | undefined;
  /** Written lately: it may not have arrived when the connection breaks. */
  let doubtful: { readonly bytes: Buffer; readonly atMs: number }[] = [];
  /** To be written once more on the next connection. */
  let again: Buffer[] = [];

  function lost(from: net.Socket): void {
    from.destroy();
    if (socket !== from) return;
    socket = undefined;
    again = [...again, ...young(doubtful).map(({ bytes }) => bytes)];
    doubtful = [];
  }

  async function ready(): Promise<net.Socket> {
    if (socket !== undefined) return socket;
    const made = await connect();
    // A receiver says nothing; what it does say is not kept.
    made.resume();
    made.on("error", () => lost(made));
    made.on("end", () => lost(made));
    made.on("close", () => lost(made));
    socket = made;
    return made;
  }

  return {
    batchMax: sinkLimits.batchMax,
    detail: `sent; ${target.transport === "tls" ? "TLS" : "TCP"} took it`,
    async write(messages) {
      const frames = Buffer.concat(messages.map(octetCounted));
      const open = await ready();
      const bytes = Buffer.concat([...again, frames]);
      try {
        await writeTo(open, bytes);
      } catch (error) {
        // The caller sends its own again; what was written shortly before may be lost with the connection.
        lost(open);
        throw error;
      }
      again = [];
      doubtful = [...young(doubtful), { bytes, atMs: performance.now() }];
    },
    [Symbol.asyncDispose]: async () => {
      const open = socket;
      socket = undefined;
      if (open === undefined) return;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(() => open.destroy(), sinkLimits.doubtMs);
        open.once("close", () => {
          clearTimeout(timer);
          resolve();
        });
        open.end();
      });
    },
  };
}

/** Those that are younger than the doubt lasts, the newest ones within a number of bytes. */
function young<T extends { readonly bytes: Buffer; readonly atMs: number }>(written: readonly T[]): T[] {
  const sinceMs = performance.now() - sinkLimits.doubtMs;
  let left: number = sinkLimits.doubtBytesMax;
  return written
    .toReversed()
    .filter(({ bytes, atMs }) => atMs > sinceMs && (left -= bytes.length) > 0)
    .toReversed();
}

async function writeTo(socket: net.Socket, bytes: Buffer): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(tooSlow("takes nothing")), sinkLimits.writeMsMax);
  const broken = (): void => reject(new Error("the connection was closed"));
  socket.once("close", broken);
  socket.write(bytes, (error) => (error === undefined || error === null ? resolve() : reject(error)));
  try {
    await promise;
  } finally {
    clearTimeout(timer);
    socket.off("close", broken);
  }
}

function tooSlow(what: string): Fault {
  const seconds = sinkLimits.writeMsMax / 1000;
  return new Fault(`the receiver ${what} within ${seconds} s`, { code: "sinks/timeout", kind: "unavailable" });
}

/** How to make a connection; the authorities are read once. */
async function connector(target: SyslogTarget, surroundings: SinkSurroundings): Promise<() => Promise<net.Socket>> {
  const { host, port, transport } = target;
  const { authorityFile, serverName } = target.tls;
  const options = { host, port, lookup: surroundings.guard.lookup, keepAlive: true, keepAliveInitialDelay: 30_000 };
  const ca = transport === "tls" && authorityFile !== "" ? await readLent(authorityFile, surroundings) : undefined;
  const name = serverName === "" ? host : serverName;
  const isName = parseAddress(name) === undefined;
  return async () => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const socket =
      transport === "tcp"
        ? net.connect(options, resolve)
        : tls.connect(
            {
              ...options,
              minVersion: "TLSv1.2",
              // A name is shown and held against the certificate; an address only held against it.
              ...(isName ? { servername: name } : {}),
              checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
              ...(ca === undefined ? {} : { ca }),
            },
            resolve,
          );
    socket.once("error", reject);
    const timer = setTimeout(() => reject(tooSlow("does not accept")), sinkLimits.connectMsMax);
    try {
      await promise;
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
      socket.off("error", reject);
    }
    return socket;
  };
}
