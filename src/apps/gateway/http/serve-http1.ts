// One client's connection in HTTP/1.1: requests one after another, each an exchange. Pipelined bytes wait, unread ones stay in the socket.
import type { Socket } from "node:net";
import type { ConnectionSource, HeaderList } from "../inspect.ts";
import { createBodyReader, type BodyReader } from "./body-reader.ts";
import type { Deadline } from "./deadlines.ts";
import { startExchange } from "./exchange.ts";
import type { ExchangeParts } from "./exchange-parts.ts";
import { guarded } from "./guarded.ts";
import { findHeadEnd, parseRequestHead, type ParsedRequest, type ParseOptions } from "./parse-head.ts";
import type { Answer, BodySize, ClientEnd, ClientEvents, IncomingRequest, Upstream } from "./streams.ts";
import { answerHeadText, informationalText, lastChunkText, writeChunk } from "./write-http1.ts";

export interface Http1Parts {
  readonly exchange: ExchangeParts;
  readonly parse: ParseOptions;
  readonly nowMs: () => number;
}

export interface Http1Needs {
  readonly socket: Socket;
  readonly source: ConnectionSource;
  readonly upstream: Upstream;
  readonly deadline: Deadline;
}

/** What the side may do with a connection from outside. */
export interface ServedConnection {
  /** Ends it now when it is idle, else after the request that is under way. */
  retire(): void;
  destroy(): void;
}

interface Connection extends Http1Needs {
  readonly parts: Http1Parts;
  /** Read and not used yet. */
  pending: Buffer;
  state: "head" | "exchange" | "lingering" | "tunnel";
  request: ParsedRequest | undefined;
  body: BodyReader | undefined;
  events: ClientEvents | undefined;
  isChunked: boolean;
  isKeepAlive: boolean;
  isRetired: boolean;
  hasEnded: boolean;
  isAnswerDone: boolean;
  isBodyPaused: boolean;
  isWaitingForDrain: boolean;
  bodyBytes: number;
  bodySinceMs: number;
  lingerBytes: number;
}

const nothing = Buffer.alloc(0);
/** Bytes of a next request that are taken in while one is under way. */
const aheadBytesMax = 64 * 1024;
/** What is still read of a client that was refused, so that it gets its answer before a reset. */
const lingerBytesMax = 1024 * 1024;
const lingerMsMax = 2000;

export function serveHttp1(parts: Http1Parts, needs: Http1Needs, first: Buffer): ServedConnection {
  const connection: Connection = {
    ...needs,
    parts,
    pending: nothing,
    state: "head",
    request: undefined,
    body: undefined,
    events: undefined,
    isChunked: false,
    isKeepAlive: true,
    isRetired: false,
    hasEnded: false,
    isAnswerDone: false,
    isBodyPaused: false,
    isWaitingForDrain: false,
    bodyBytes: 0,
    bodySinceMs: 0,
    lingerBytes: 0,
  };
  const { socket } = needs;
  socket.setNoDelay(true);
  const { exchange } = parts;
  socket.on(
    "data",
    guarded(exchange, socket, (chunk: Buffer) => take(connection, chunk)),
  );
  socket.on(
    "end",
    guarded(exchange, socket, () => ended(connection)),
  );
  socket.on("drain", () => drained(connection));
  socket.on("error", () => socket.destroy());
  socket.on(
    "close",
    guarded(exchange, socket, () => closed(connection)),
  );
  waitForHead(connection, true);
  socket.resume();
  if (first.length > 0) take(connection, first);
  return {
    retire() {
      connection.isRetired = true;
      if (connection.state !== "head") return;
      if (connection.pending.length === 0) linger(connection);
      // A head that is half here comes soon, or is not waited for.
      else connection.deadline.arm(lingerMsMax, () => lateHead(connection));
    },
    destroy: () => socket.destroy(),
  };
}

function waitForHead(connection: Connection, isFirst: boolean): void {
  const { headMsMax, keepAliveMsMax } = connection.parts.exchange.limits;
  connection.state = "head";
  const isIdle = connection.pending.length === 0 && !isFirst;
  connection.deadline.arm(isIdle ? keepAliveMsMax : headMsMax, () => lateHead(connection));
}

function lateHead(connection: Connection): void {
  if (connection.pending.length === 0) return linger(connection);
  connection.parts.exchange.count.timeouts += 1;
  connection.socket.write("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", "latin1");
  linger(connection);
}

function take(connection: Connection, chunk: Buffer): void {
  const { state, body, pending } = connection;
  if (state === "lingering") {
    connection.lingerBytes += chunk.length;
    if (connection.lingerBytes > lingerBytesMax) connection.socket.destroy();
    return;
  }
  if (state === "tunnel") return;
  if (state === "exchange" && body !== undefined && !body.isDone && pending.length === 0)
    return readBody(connection, chunk);
  connection.pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
  if (state === "head") {
    // The first byte of a later request: from now on its head has the time of a head.
    if (pending.length === 0)
      connection.deadline.arm(connection.parts.exchange.limits.headMsMax, () => lateHead(connection));
    return readHead(connection, pending.length);
  }
  if (connection.pending.length > aheadBytesMax) connection.socket.pause();
}

function readHead(connection: Connection, alreadyLooked: number): void {
  // An empty line before a request is left by careless clients (RFC 9112, 2.2).
  if (connection.pending.length >= 2 && connection.pending[0] === 0x0d && connection.pending[1] === 0x0a) {
    connection.pending = connection.pending.subarray(2);
  }
  const { pending } = connection;
  const { headBytesMax } = connection.parts.exchange.limits;
  const found = findHeadEnd(pending, Math.max(0, alreadyLooked - 4));
  const length = found?.end ?? pending.length;
  if (length > headBytesMax) return begin(connection, tooLong(pending, connection), nothing);
  if (found === undefined) return;
  const request = parseRequestHead(pending.toString("latin1", 0, found.end), connection.parts.parse);
  begin(connection, request, pending.subarray(found.next));
}

/** What there is of it is told; it is not read on. */
function tooLong(pending: Buffer, connection: Connection): ParsedRequest {
  const { headBytesMax } = connection.parts.exchange.limits;
  const text = pending.toString("latin1", 0, Math.min(headBytesMax, 4096));
  return {
    ...parseRequestHead(text, connection.parts.parse),
    flaw: `headers over ${headBytesMax} bytes`,
    flawStatus: 431,
  };
}

function begin(connection: Connection, request: ParsedRequest, rest: Buffer): void {
  const { parts, source, upstream, deadline } = connection;
  connection.state = "exchange";
  connection.pending = rest;
  connection.request = request;
  connection.isAnswerDone = false;
  connection.isBodyPaused = false;
  connection.isKeepAlive = request.isKeepAlive && request.flaw === "" && !connection.isRetired;
  measure(connection);
  deadline.disarm();
  connection.events = undefined;
  connection.body = undefined;
  const events = startExchange(parts.exchange, {
    client: clientEnd(connection),
    request: incoming(request),
    source,
    upstream,
  });
  if (connection.state !== "exchange") return;
  connection.events = events;
  connection.body = createBodyReader(request.flaw === "" ? request.framing : { kind: "none" }, parts.exchange.limits, {
    data: (chunk) => events.data(chunk),
    end: (trailers) => bodyEnd(connection, events, trailers),
    bad: (flaw) => {
      connection.isKeepAlive = false;
      events.bad(flaw);
    },
  });
  const unread = connection.pending;
  connection.pending = nothing;
  readBody(connection, unread);
}

function incoming(request: ParsedRequest): IncomingRequest {
  const { method, target, protocol, headers, flaw, flawStatus, framing, expectsContinue, upgrade } = request;
  const size: BodySize = framing.kind === "length" ? framing.bytes : framing.kind === "chunked" ? "stream" : "none";
  // What follows is not inspected: WebSocket only, by itself in its list. A request with a body would have to be held.
  const isUpgrade = upgrade.trim() === "websocket" && size === "none" && protocol === "HTTP/1.1";
  return {
    method,
    target,
    protocol,
    headers,
    size,
    flaw,
    flawStatus,
    expectsContinue,
    upgrade: isUpgrade ? upgrade : "",
  };
}

function readBody(connection: Connection, bytes: Buffer): void {
  const { body, parts, deadline } = connection;
  if (body === undefined) return;
  const { bodyIdleMsMax, bodyBytesPerSecondMin } = parts.exchange.limits;
  const taken = body.read(bytes);
  connection.bodyBytes += taken;
  if (connection.state !== "exchange") return;
  if (taken < bytes.length) {
    const rest = bytes.subarray(taken);
    connection.pending = connection.pending.length === 0 ? rest : Buffer.concat([rest, connection.pending]);
  }
  if (body.isDone) return next(connection);
  const elapsedMs = parts.nowMs() - connection.bodySinceMs;
  if (elapsedMs > bodyIdleMsMax && !connection.isBodyPaused) {
    const isSlow = (connection.bodyBytes * 1000) / elapsedMs < bodyBytesPerSecondMin;
    if (isSlow) return connection.events?.slow("the request's body came too slowly");
    // What came fast once does not pay for being slow later.
    measure(connection);
  }
  if (!connection.isBodyPaused)
    deadline.arm(bodyIdleMsMax, () => connection.events?.slow("the request's body did not come"));
}

/** The rate of a body is that since then. */
function measure(connection: Connection): void {
  connection.bodyBytes = 0;
  connection.bodySinceMs = connection.parts.nowMs();
}

function bodyEnd(connection: Connection, events: ClientEvents, trailers: HeaderList): void {
  connection.deadline.disarm();
  events.end(trailers);
}

/** When the request is read and the answer written: the next request, or the end. */
function next(connection: Connection): void {
  const { body, socket } = connection;
  if (connection.state !== "exchange" || !connection.isAnswerDone || !isRead(connection, body)) return;
  connection.events = undefined;
  connection.body = undefined;
  if (!connection.isKeepAlive || connection.isRetired || connection.hasEnded) return linger(connection);
  socket.resume();
  waitForHead(connection, false);
  if (connection.pending.length > 0) setImmediate(guarded(connection.parts.exchange, socket, () => again(connection)));
}

/** Whether all of the request was taken; one that was answered before its body was looked for has none. */
function isRead(connection: Connection, body: BodyReader | undefined): boolean {
  const { request } = connection;
  return body === undefined ? request?.flaw === "" && request.framing.kind === "none" : body.isDone;
}

function again(connection: Connection): void {
  if (connection.state === "head" && connection.pending.length > 0) readHead(connection, 0);
}

/** Says that no more comes, and still reads a little: closing at once would throw away the answer at the client. */
function linger(connection: Connection): void {
  const { socket, deadline } = connection;
  connection.state = "lingering";
  connection.pending = nothing;
  socket.end();
  if (connection.hasEnded) return;
  socket.resume();
  deadline.arm(lingerMsMax, () => socket.destroy());
}

function ended(connection: Connection): void {
  connection.hasEnded = true;
  const { body, state, socket } = connection;
  if (state === "head" || state === "lingering") return void socket.end();
  if (state === "exchange" && body !== undefined && !body.isDone) {
    // Nobody is left to answer for certain, but a half-closed client may still read.
    connection.isKeepAlive = false;
    body.closed();
  }
}

function drained(connection: Connection): void {
  if (!connection.isWaitingForDrain) return;
  connection.isWaitingForDrain = false;
  connection.deadline.disarm();
  connection.events?.drained();
}

function closed(connection: Connection): void {
  connection.deadline.drop();
  const { events } = connection;
  connection.events = undefined;
  if (connection.state === "exchange") connection.state = "lingering";
  events?.gone();
}

function clientEnd(connection: Connection): ClientEnd {
  const { socket, parts, deadline } = connection;
  return {
    informational: (status, headers) => {
      if (connection.request?.protocol === "HTTP/1.1") socket.write(informationalText(status, headers), "latin1");
    },
    respond: (answer) => respond(connection, answer),
    write: (chunk) => {
      if (writeChunk(socket, chunk, connection.isChunked)) return true;
      connection.isWaitingForDrain = true;
      deadline.arm(parts.exchange.limits.writeIdleMsMax, () => socket.destroy());
      return false;
    },
    end: (trailers) => {
      if (connection.isChunked) socket.write(lastChunkText(trailers), "latin1");
      if (socket.writableCorked > 0) socket.uncork();
      answered(connection);
    },
    pauseBody: () => {
      connection.isBodyPaused = true;
      deadline.disarm();
      socket.pause();
    },
    resumeBody: () => {
      connection.isBodyPaused = false;
      measure(connection);
      socket.resume();
    },
    destroy: () => void socket.destroy(),
    detach: () => {
      connection.state = "tunnel";
      deadline.drop();
      const rest = connection.pending;
      connection.pending = nothing;
      connection.events = undefined;
      for (const name of ["data", "end", "drain", "close", "error"]) socket.removeAllListeners(name);
      return { stream: socket, rest };
    },
  };
}

function respond(connection: Connection, answer: Answer): void {
  const { socket, request } = connection;
  const isChunkable = request?.protocol === "HTTP/1.1";
  connection.isChunked = answer.size === "stream" && isChunkable;
  if (answer.size === "stream" && !isChunkable) connection.isKeepAlive = false;
  if (connection.isRetired) connection.isKeepAlive = false;
  // The body of a refused request is not read on: what follows on this connection cannot be told from it.
  if (connection.body === undefined && answer.status !== 101 && request?.framing.kind !== "none")
    connection.isKeepAlive = false;
  const style = { isChunkable, isKeepAlive: connection.isKeepAlive, upgrade: request?.upgrade ?? "" };
  if (socket.writableCorked === 0) {
    // Head and first bytes in one packet.
    socket.cork();
    process.nextTick(() => socket.uncork());
  }
  socket.write(answerHeadText(answer, style), "latin1");
}

/** The answer is written. What is left unread of the request ends the connection. */
function answered(connection: Connection): void {
  connection.isAnswerDone = true;
  if (connection.state !== "exchange") return;
  if (isRead(connection, connection.body)) next(connection);
  else linger(connection);
}
