// Connections to one upstream in HTTP/1.1: kept alive, one exchange at a time on each, given back only when both messages ended where they said.
import type { Duplex } from "node:stream";
import type { HttpLimits } from "../limits.ts";
import { createBodyReader, type BodyReader } from "./body-reader.ts";
import type { Deadline, DeadlineBook } from "./deadlines.ts";
import type { ExchangeParts } from "./exchange-parts.ts";
import { guarded } from "./guarded.ts";
import type { UpstreamTarget } from "./http-side.ts";
import { findHeadEnd, parseResponseHead, type ParsedResponse, type ParseOptions } from "./parse-head.ts";
import type { BodySize, OutgoingRequest, Upstream, UpstreamEnd, UpstreamEvents, UpstreamFailure } from "./streams.ts";
import { lastChunkText, requestHeadText, writeChunk } from "./write-http1.ts";

interface Connection {
  readonly stream: Duplex;
  readonly deadline: Deadline;
  uses: number;
  /** Undefined while idle. */
  exchange: Exchange | undefined;
}

interface Exchange {
  readonly pool: Pool;
  readonly request: OutgoingRequest;
  readonly events: UpstreamEvents;
  connection: Connection | undefined;
  /** Written before there was a connection. */
  early: (Buffer | "end")[];
  lastChunk: string;
  isSent: boolean;
  isOver: boolean;
  isPaused: boolean;
  isWaitingForDrain: boolean;
  hasAnswerBegun: boolean;
  pending: Buffer;
  head: ParsedResponse | undefined;
  body: BodyReader | undefined;
}

export interface Http1UpstreamParts extends Pick<ExchangeParts, "count" | "logger"> {
  readonly target: UpstreamTarget;
  readonly limits: HttpLimits;
  readonly deadlines: DeadlineBook;
}

interface Pool extends Http1UpstreamParts {
  readonly parse: ParseOptions;
  readonly idle: Connection[];
  isClosed: boolean;
}

const nothing = Buffer.alloc(0);

export function createHttp1Upstream(parts: Http1UpstreamParts): Upstream {
  const parse: ParseOptions = { headersMax: parts.limits.headersMax, doubleFraming: "refuse" };
  const pool: Pool = { ...parts, parse, idle: [], isClosed: false };
  return {
    begin: (request, events) => begin(pool, request, events),
    close() {
      pool.isClosed = true;
      for (const connection of pool.idle.splice(0)) connection.stream.destroy();
    },
  };
}

function begin(pool: Pool, request: OutgoingRequest, events: UpstreamEvents): UpstreamEnd {
  const exchange: Exchange = {
    pool,
    request,
    events,
    connection: undefined,
    early: [],
    lastChunk: "",
    isSent: false,
    isOver: false,
    isPaused: false,
    isWaitingForDrain: false,
    hasAnswerBegun: false,
    pending: nothing,
    head: undefined,
    body: undefined,
  };
  const idle = takeIdle(pool);
  if (idle === undefined) void connect(exchange);
  else attach(exchange, idle);
  return {
    write: (chunk) => write(exchange, chunk),
    end: () => {
      exchange.lastChunk = request.size === "stream" ? lastChunkText([]) : "";
      end(exchange);
    },
    pause: () => {
      exchange.isPaused = true;
      exchange.connection?.deadline.disarm();
      exchange.connection?.stream.pause();
    },
    resume: () => {
      if (!exchange.isPaused) return;
      exchange.isPaused = false;
      exchange.connection?.stream.resume();
    },
    abort: () => abort(exchange),
  };
}

function takeIdle(pool: Pool): Connection | undefined {
  for (;;) {
    const connection = pool.idle.pop();
    if (connection === undefined || !connection.stream.destroyed) return connection;
  }
}

async function connect(exchange: Exchange): Promise<void> {
  const { pool } = exchange;
  const giveUp = new AbortController();
  const deadline = pool.deadlines.add();
  deadline.arm(pool.limits.upstreamConnectMsMax, () => giveUp.abort());
  try {
    const stream = await pool.target.connect(giveUp.signal);
    if (exchange.isOver || pool.isClosed) return void stream.destroy();
    const connection: Connection = { stream, deadline: pool.deadlines.add(), uses: 0, exchange: undefined };
    listen(pool, connection);
    attach(exchange, connection);
  } catch (error) {
    const isLate = giveUp.signal.aborted;
    const because = isLate ? "no connection within the time" : (error as Error).message;
    fail(exchange, { cause: isLate ? "timeout" : "connect", because, mayBeStale: false });
  } finally {
    deadline.drop();
  }
}

function listen(pool: Pool, connection: Connection): void {
  const { stream, deadline } = connection;
  const lost = (because: string): void => {
    deadline.drop();
    const at = pool.idle.indexOf(connection);
    if (at >= 0) pool.idle.splice(at, 1);
    const { exchange } = connection;
    connection.exchange = undefined;
    if (exchange === undefined) return;
    if (exchange.body !== undefined && !exchange.body.isDone) return exchange.body.closed();
    fail(exchange, { cause: "broken", because, mayBeStale: connection.uses > 1 && !exchange.hasAnswerBegun });
  };
  let because = "the upstream closed the connection";
  stream.on("error", (error: Error) => {
    because = error.message;
  });
  const take = (chunk: Buffer): void => {
    // Nobody asked: an answer that nothing was asked for must not become the next one's.
    if (connection.exchange === undefined) stream.destroy();
    else takeAnswer(connection.exchange, chunk);
  };
  const end = (): void => {
    stream.end();
    lost(because);
  };
  stream.on("data", guarded(pool, stream, take));
  stream.on("end", guarded(pool, stream, end));
  stream.on(
    "close",
    guarded(pool, stream, () => lost(because)),
  );
  stream.on("drain", () => {
    const { exchange } = connection;
    if (exchange === undefined || !exchange.isWaitingForDrain) return;
    exchange.isWaitingForDrain = false;
    exchange.events.drained();
  });
}

function attach(exchange: Exchange, connection: Connection): void {
  exchange.connection = connection;
  connection.exchange = exchange;
  connection.uses += 1;
  const { stream } = connection;
  stream.cork();
  process.nextTick(() => stream.uncork());
  stream.write(requestHeadText(exchange.request), "latin1");
  const early = exchange.early;
  exchange.early = [];
  let wasBody = false;
  for (const piece of early) {
    if (piece === "end") end(exchange);
    else {
      wasBody = true;
      write(exchange, piece);
    }
  }
  if (!exchange.isSent) waitForAnswer(exchange);
  if (wasBody && !exchange.isWaitingForDrain) exchange.events.drained();
}

function write(exchange: Exchange, chunk: Buffer): boolean {
  if (exchange.isOver) return true;
  if (exchange.connection === undefined) {
    exchange.early.push(chunk);
    return false;
  }
  waitForAnswer(exchange);
  const hasRoom = writeChunk(exchange.connection.stream, chunk, exchange.request.size === "stream");
  if (!hasRoom) exchange.isWaitingForDrain = true;
  return hasRoom;
}

function end(exchange: Exchange): void {
  if (exchange.isOver) return;
  if (exchange.connection === undefined) return void exchange.early.push("end");
  if (exchange.lastChunk !== "") exchange.connection.stream.write(exchange.lastChunk, "latin1");
  exchange.isSent = true;
  if (exchange.body === undefined) waitForAnswer(exchange);
}

/** Each piece that is written begins the wait anew. */
function waitForAnswer(exchange: Exchange): void {
  const { limits } = exchange.pool;
  exchange.connection?.deadline.arm(limits.upstreamHeadMsMax, () => {
    fail(exchange, { cause: "timeout", because: "no answer within the time", mayBeStale: false });
  });
}

function takeAnswer(exchange: Exchange, chunk: Buffer): void {
  exchange.hasAnswerBegun = true;
  if (exchange.body !== undefined) return readBody(exchange, chunk);
  const looked = exchange.pending.length;
  exchange.pending = looked === 0 ? chunk : Buffer.concat([exchange.pending, chunk]);
  readHeads(exchange, looked);
}

function readHeads(exchange: Exchange, alreadyLooked: number): void {
  let from = Math.max(0, alreadyLooked - 4);
  while (!exchange.isOver && exchange.body === undefined) {
    const { pending, pool } = exchange;
    const found = findHeadEnd(pending, from);
    if ((found?.end ?? pending.length) > pool.limits.headBytesMax) {
      return malformed(exchange, `the answer's headers are over ${pool.limits.headBytesMax} bytes`);
    }
    if (found === undefined) return;
    from = 0;
    exchange.pending = pending.subarray(found.next);
    const head = parseResponseHead(pending.toString("latin1", 0, found.end), exchange.request.method, pool.parse);
    if (head.flaw !== "") return malformed(exchange, head.flaw);
    if (head.status === 101) return upgraded(exchange, head);
    if (head.status < 200) exchange.events.informational(head.status, head.headers);
    else answer(exchange, head);
  }
}

function answer(exchange: Exchange, head: ParsedResponse): void {
  const { pool, events } = exchange;
  exchange.head = head;
  exchange.connection?.deadline.disarm();
  exchange.body = createBodyReader(head.framing, pool.limits, {
    data: (chunk) => events.data(chunk),
    end: (trailers) => {
      giveBack(exchange);
      events.end(trailers);
    },
    bad: (flaw) => malformed(exchange, flaw),
  });
  events.head({ ...head, size: sizeOf(head) });
  const rest = exchange.pending;
  exchange.pending = nothing;
  if (!exchange.isOver) readBody(exchange, rest);
}

function sizeOf({ framing }: ParsedResponse): BodySize {
  return framing.kind === "length" ? framing.bytes : framing.kind === "none" ? "none" : "stream";
}

function readBody(exchange: Exchange, bytes: Buffer): void {
  const { body, connection, pool, head } = exchange;
  if (body === undefined) return;
  const taken = body.read(bytes);
  // More than the answer had: the connection cannot be trusted with another one.
  if (taken < bytes.length) connection?.stream.destroy();
  if (exchange.isOver) return;
  if (head?.framing.kind === "close" && connection === undefined) return;
  if (!exchange.isPaused) {
    connection?.deadline.arm(pool.limits.upstreamIdleMsMax, () =>
      malformed(exchange, "the answer's body did not come"),
    );
  }
}

/** The answer is whole. The connection goes back when the request was too, and both said that it may. */
function giveBack(exchange: Exchange): void {
  const { connection, pool, head } = exchange;
  exchange.isOver = true;
  exchange.connection = undefined;
  if (connection === undefined) return;
  connection.exchange = undefined;
  connection.deadline.disarm();
  const isReusable = exchange.isSent && head?.isKeepAlive === true && !pool.isClosed && !connection.stream.destroyed;
  if (!isReusable || pool.idle.length >= pool.limits.poolIdleMax) return void connection.stream.destroy();
  if (exchange.isPaused) connection.stream.resume();
  pool.idle.push(connection);
  connection.deadline.arm(pool.limits.poolIdleMsMax, () => connection.stream.destroy());
}

function upgraded(exchange: Exchange, head: ParsedResponse): void {
  const { connection, events, request } = exchange;
  if (request.upgrade === "" || connection === undefined)
    return malformed(exchange, "an upgrade that was not asked for");
  exchange.isOver = true;
  connection.exchange = undefined;
  connection.deadline.drop();
  const { stream } = connection;
  for (const name of ["data", "end", "close", "drain", "error"]) stream.removeAllListeners(name);
  events.upgraded(head, { stream, rest: exchange.pending });
}

function malformed(exchange: Exchange, because: string): void {
  fail(exchange, { cause: "malformed", because, mayBeStale: false });
}

function fail(exchange: Exchange, failure: UpstreamFailure): void {
  if (exchange.isOver) return;
  abort(exchange);
  exchange.events.failed(failure);
}

function abort(exchange: Exchange): void {
  if (exchange.isOver) return;
  exchange.isOver = true;
  const { connection } = exchange;
  exchange.connection = undefined;
  exchange.early = [];
  if (connection === undefined) return;
  connection.exchange = undefined;
  connection.deadline.drop();
  connection.stream.destroy();
}
