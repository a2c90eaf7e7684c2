// The HTTP side made: tells HTTP/1.1 from HTTP/2 by the first bytes, keeps pools of upstream connections, bounds and counts connections.
import type { Socket } from "node:net";
import { toFault } from "../../../base/fault.ts";
import type { ConnectionSource } from "../inspect.ts";
import { createDeadlines, type Deadline, type DeadlineBook } from "./deadlines.ts";
import type { ExchangeParts } from "./exchange-parts.ts";
import type { HttpSide, HttpSideOptions, UpstreamTarget } from "./http-side.ts";
import { guarded } from "./guarded.ts";
import { createHoldBook } from "./hold.ts";
import { createHttp2Door, type Http2Door } from "./serve-http2.ts";
import { serveHttp1, type Http1Parts, type ServedConnection } from "./serve-http1.ts";
import type { Upstream } from "./streams.ts";
import { createHttp1Upstream } from "./upstream-http1.ts";
import { createHttp2Upstream } from "./upstream-http2.ts";

const preface = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");
const nothing = Buffer.alloc(0);
/** Upstreams that are remembered; those of connections that ended are not. */
const poolsMax = 4096;

interface Side {
  readonly options: HttpSideOptions;
  readonly http1: Http1Parts;
  readonly http2: Http2Door;
  readonly deadlines: DeadlineBook;
  readonly open: Set<Socket>;
  readonly served: Map<Socket, ServedConnection>;
  readonly pools: Map<string, Upstream>;
  connections: number;
  refused: number;
  isClosing: boolean;
}

export function createHttpSide(options: HttpSideOptions): HttpSide {
  const { limits, nowMs } = options;
  const exchange = exchangeParts(options);
  const side: Side = {
    options,
    http1: {
      exchange,
      parse: { headersMax: limits.headersMax, doubleFraming: options.doubleFraming ?? "refuse" },
      nowMs,
    },
    http2: createHttp2Door(exchange),
    deadlines: createDeadlines(nowMs, limits.tickMs, (error) => {
      exchange.count.errors += 1;
      options.logger.error({ error: toFault(error).message }, "a deadline could not be kept");
    }),
    open: new Set(),
    served: new Map(),
    pools: new Map(),
    connections: 0,
    refused: 0,
    isClosing: false,
  };
  return {
    accept: (socket, source, first) => accept(side, socket, source, first ?? nothing),
    get figures() {
      const { requests, malformed, blocked, timeouts, tunnels, errors, upstreamFailures } = exchange.count;
      return {
        connections: side.connections,
        connectionsOpen: side.open.size,
        connectionsRefused: side.refused,
        requests,
        malformed,
        blocked,
        timeouts,
        tunnels,
        errors,
        upstreamFailures: { ...upstreamFailures },
        heldBytes: exchange.holds.bytes + exchange.looks.bytes,
      };
    },
    close: (drainMs) => close(side, drainMs),
  };
}

function exchangeParts(options: HttpSideOptions): ExchangeParts {
  const { limits, inspector, forwarded, isTrustedProxy, logger } = options;
  return {
    inspector,
    forwarded,
    isTrustedProxy,
    onBodyTooLarge: options.onBodyTooLarge ?? "block",
    limits,
    holds: createHoldBook(limits.heldBytesTotalMax),
    looks: { bytes: 0, bytesMax: limits.lookedBytesTotalMax },
    count: { requests: 0, malformed: 0, blocked: 0, timeouts: 0, tunnels: 0, errors: 0, upstreamFailures: {} },
    logger,
  };
}

function accept(side: Side, socket: Socket, source: ConnectionSource, first: Buffer): void {
  const { limits } = side.options;
  if (side.isClosing || side.open.size >= limits.connectionsMax) {
    side.refused += 1;
    socket.on("error", () => undefined);
    socket.destroy();
    return;
  }
  side.connections += 1;
  side.open.add(socket);
  socket.once("close", () => {
    side.open.delete(socket);
    side.served.delete(socket);
  });
  const begin = (bytes: Buffer): void => serve(side, socket, source, bytes);
  sniff(
    { socket, first, deadline: side.deadlines.add(), msMax: limits.headMsMax },
    guarded(side.http1.exchange, socket, begin),
  );
}

function serve(side: Side, socket: Socket, source: ConnectionSource, first: Buffer): void {
  const upstream = upstreamOf(side, socket, source);
  const isHttp2 = first.length >= preface.length && first.subarray(0, preface.length).equals(preface);
  const connection = isHttp2
    ? side.http2.serve({ socket, source, upstream }, first)
    : serveHttp1(side.http1, { socket, source, upstream, deadline: side.deadlines.add() }, first);
  side.served.set(socket, connection);
  if (side.isClosing) connection.retire();
}

function upstreamOf(side: Side, socket: Socket, source: ConnectionSource): Upstream {
  const target = side.options.upstreamFor(source);
  if (target.isExclusive) {
    const upstream = makeUpstream(side, target);
    socket.once("close", () => upstream.close());
    return upstream;
  }
  const known = side.pools.get(target.key);
  if (known !== undefined) return known;
  const made = makeUpstream(side, target);
  if (side.pools.size >= poolsMax) {
    const [oldest] = side.pools;
    if (oldest !== undefined) {
      side.pools.delete(oldest[0]);
      oldest[1].close();
    }
  }
  side.pools.set(target.key, made);
  return made;
}

function makeUpstream({ options, deadlines, http1 }: Side, target: UpstreamTarget): Upstream {
  const { limits } = options;
  if (target.protocol === "h2c") return createHttp2Upstream(target, limits, deadlines);
  const { count, logger } = http1.exchange;
  return createHttp1Upstream({ target, limits, deadlines, count, logger });
}

async function close(side: Side, drainMs: number): Promise<void> {
  const { nowMs } = side.options;
  side.isClosing = true;
  for (const connection of side.served.values()) connection.retire();
  // Those that have said nothing yet are owed nothing.
  for (const socket of side.open) if (!side.served.has(socket)) socket.destroy();
  const untilMs = nowMs() + drainMs;
  while (side.open.size > 0 && nowMs() < untilMs) await new Promise((resolve) => setTimeout(resolve, 10));
  for (const socket of side.open) socket.destroy();
  for (const upstream of side.pools.values()) upstream.close();
  side.http2.close();
  side.deadlines.close();
}

interface Sniffed {
  readonly socket: Socket;
  readonly first: Buffer;
  readonly deadline: Deadline;
  readonly msMax: number;
}

/** Waits until the bytes are HTTP/2's preface or cannot be any more; a connection that says nothing is closed. */
function sniff({ socket, first, deadline, msMax }: Sniffed, done: (bytes: Buffer) => void): void {
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
