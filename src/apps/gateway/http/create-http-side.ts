// The HTTP side made: tells HTTP/1.1 from HTTP/2 by the first bytes, keeps pools of upstream connections, bounds and counts connections.
import type { Socket } from "node:net";
import type { ConnectionSource } from "../inspect.ts";
import { createDeadlines } from "./deadlines.ts";
import type { ExchangeCounts, ExchangeParts } from "./exchange-parts.ts";
import type { HttpSide, HttpSideOptions, UpstreamTarget } from "./http-side.ts";
import { createHttp2Door } from "./serve-http2.ts";
import { serveHttp1, type Http1Parts, type ServedConnection } from "./serve-http1.ts";
import type { Upstream } from "./streams.ts";
import { createHttp1Upstream } from "./upstream-http1.ts";
import { createHttp2Upstream } from "./upstream-http2.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const nothing = Buffer.alloc(0);
/** Upstreams that are remembered; those of connections that ended are not. */
const poolsMax = 4096;

export function createHttpSide(options: HttpSideOptions): HttpSide {
  const { limits, nowMs } = options;
  const count: ExchangeCounts = {
    requests: 0,
    malformed: 0,
    blocked: 0,
    timeouts: 0,
    tunnels: 0,
    upstreamFailures: {},
  };
  const deadlines = createDeadlines(nowMs, limits.tickMs);
  const holds = { bytes: 0, bytesMax: limits.heldBytesTotalMax };
  const exchange: ExchangeParts = {
    inspector: options.inspector,
    forwarded: options.forwarded,
    isTrustedProxy: options.isTrustedProxy,
    onBodyTooLarge: options.onBodyTooLarge ?? "block",
    limits,
    holds,
    count,
    logger: options.logger,
  };
  const parse = { headersMax: limits.headersMax, doubleFraming: options.doubleFraming ?? "refuse" } as const;
  const http1: Http1Parts = { exchange, parse, nowMs };
  const http2 = createHttp2Door(exchange);
  const open = new Set<Socket>();
  const served = new Map<Socket, ServedConnection>();
  const pools = new Map<string, Upstream>();
  let connections = 0;
  let refused = 0;
  let isClosing = false;

  function make(target: UpstreamTarget): Upstream {
    return target.protocol === "h2c"
      ? createHttp2Upstream(target, limits, deadlines)
      : createHttp1Upstream(target, limits, deadlines);
  }

  function upstreamOf(socket: Socket, source: ConnectionSource): Upstream {
    const target = options.upstreamFor(source);
    if (target.isExclusive) {
      const upstream = make(target);
      socket.once("close", () => upstream.close());
      return upstream;
    }
    const known = pools.get(target.key);
    if (known !== undefined) return known;
    const made = make(target);
    if (pools.size >= poolsMax) {
      const [oldest] = pools;
      if (oldest !== undefined) {
        pools.delete(oldest[0]);
        oldest[1].close();
      }
    }
    pools.set(target.key, made);
    return made;
  }

  function serve(socket: Socket, source: ConnectionSource, first: Buffer): void {
    const upstream = upstreamOf(socket, source);
    const isHttp2 = first.length >= preface.length && first.subarray(0, preface.length).equals(preface);
    const connection = isHttp2
      ? http2.serve({ socket, source, upstream }, first)
      : serveHttp1(http1, { socket, source, upstream, deadline: deadlines.add() }, first);
    served.set(socket, connection);
    if (isClosing) connection.retire();
  }

  return {
    accept(socket, source, first) {
      if (isClosing || open.size >= limits.connectionsMax) {
        refused += 1;
        socket.on("error", () => undefined);
        socket.destroy();
        return;
      }
      connections += 1;
      open.add(socket);
      socket.once("close", () => {
        open.delete(socket);
        served.delete(socket);
      });
      sniff(socket, first ?? nothing, deadlines.add(), limits.headMsMax, (bytes) => serve(socket, source, bytes));
    },
    get figures() {
      return {
        connections,
        connectionsOpen: open.size,
        connectionsRefused: refused,
        requests: count.requests,
        malformed: count.malformed,
        blocked: count.blocked,
        upstreamFailures: { ...count.upstreamFailures },
        timeouts: count.timeouts,
        tunnels: count.tunnels,
        heldBytes: holds.bytes,
      };
    },
    async close(drainMs) {
      isClosing = true;
      for (const connection of served.values()) connection.retire();
      const untilMs = nowMs() + drainMs;
      while (open.size > 0 && nowMs() < untilMs) await new Promise((resolve) => setTimeout(resolve, 10));
      for (const socket of open) socket.destroy();
      for (const upstream of pools.values()) upstream.close();
      http2.close();
      deadlines.close();
    },
  };
}

/** Waits until the bytes are HTTP/2's preface or cannot be any more; a connection that says nothing is closed. */
function sniff(
  socket: Socket,
  first: Buffer,
  deadline: { arm(ms: number, late: () => void): void; drop(): void },
  msMax: number,
  done: (bytes: Buffer) => void,
): void {
  let bytes = first;
  const isUndecided = (): boolean => bytes.length < preface.length && preface.subarray(0, bytes.length).equals(bytes);
  if (first.length > 0 && !isUndecided()) {
    deadline.drop();
    return done(first);
  }
  function end(): void {
    deadline.drop();
    socket.off("data", onData);
    socket.off("end", onEnd);
    socket.off("close", onClose);
    socket.off("error", onError);
  }
  function onData(chunk: Buffer): void {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    if (isUndecided()) return;
    // Whoever takes it over begins to read when it is ready.
    socket.pause();
    end();
    done(bytes);
  }
  const onEnd = (): void => void socket.destroy();
  const onError = (): void => void socket.destroy();
  const onClose = (): void => end();
  socket.on("data", onData);
  socket.on("end", onEnd);
  socket.on("close", onClose);
  socket.on("error", onError);
  deadline.arm(msMax, () => socket.destroy());
  // Listeners that hand sockets on pause them.
  socket.resume();
}
