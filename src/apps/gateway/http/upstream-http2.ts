// One upstream in HTTP/2 with prior knowledge: one session, as many streams as it allows, opened anew when it is gone.
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from "node:http2";
import type { HttpLimits } from "../limits.ts";
import { headerOf, type HeaderList } from "../inspect.ts";
import type { DeadlineBook } from "./deadlines.ts";
import type { UpstreamTarget } from "./http-side.ts";
import { without } from "./headers.ts";
import { fromHttp2Object, toHttp2 } from "./http2-headers.ts";
import type { BodySize, OutgoingRequest, Upstream, UpstreamEnd, UpstreamEvents, UpstreamFailure } from "./streams.ts";

interface Link {
  readonly target: UpstreamTarget;
  readonly limits: HttpLimits;
  readonly deadlines: DeadlineBook;
  session: Promise<ClientHttp2Session> | undefined;
  isClosed: boolean;
}

export function createHttp2Upstream(target: UpstreamTarget, limits: HttpLimits, deadlines: DeadlineBook): Upstream {
  const link: Link = { target, limits, deadlines, session: undefined, isClosed: false };
  return {
    begin: (request, events) => begin(link, request, events),
    close() {
      link.isClosed = true;
      link.session?.then((session) => session.destroy()).catch(() => undefined);
    },
  };
}

async function openSession(link: Link): Promise<ClientHttp2Session> {
  const giveUp = new AbortController();
  const deadline = link.deadlines.add();
  deadline.arm(link.limits.upstreamConnectMsMax, () => giveUp.abort(new Error("no connection within the time")));
  try {
    const socket = await link.target.connect(giveUp.signal);
    const session = connect("http://upstream", { createConnection: () => socket, settings: { enablePush: false } });
    const forget = (): void => {
      if (link.session === opened) link.session = undefined;
    };
    const opened = link.session;
    session.on("error", forget);
    session.on("close", forget);
    session.on("goaway", forget);
    session.unref();
    return session;
  } finally {
    deadline.drop();
  }
}

interface Exchange {
  stream: ClientHttp2Stream | undefined;
  early: (Buffer | { readonly trailers: HeaderList })[];
  isOver: boolean;
  hasAnswerBegun: boolean;
}

function begin(link: Link, request: OutgoingRequest, events: UpstreamEvents): UpstreamEnd {
  const exchange: Exchange = { stream: undefined, early: [], isOver: false, hasAnswerBegun: false };
  const fail = (failure: UpstreamFailure): void => {
    if (exchange.isOver) return;
    exchange.isOver = true;
    exchange.stream?.close(constants.NGHTTP2_CANCEL);
    events.failed(failure);
  };
  const wasOpen = link.session !== undefined;
  link.session ??= openSession(link);
  const { session } = link;
  void follow(session, {
    opened: (found) => {
      if (!exchange.isOver) run({ link, exchange, request, events, fail, wasOpen }, found);
    },
    failed: (error) => {
      if (link.session === session) link.session = undefined;
      fail({ cause: "connect", because: error.message, mayBeStale: false });
    },
  });
  return {
    write(chunk) {
      if (exchange.stream !== undefined) return exchange.isOver || exchange.stream.write(chunk);
      exchange.early.push(chunk);
      return false;
    },
    end(trailers) {
      if (exchange.stream === undefined) exchange.early.push({ trailers });
      else endStream(exchange.stream, trailers);
    },
    pause: () => void exchange.stream?.pause(),
    resume: () => void exchange.stream?.resume(),
    abort() {
      if (exchange.isOver) return;
      exchange.isOver = true;
      exchange.stream?.close(constants.NGHTTP2_CANCEL);
    },
  };
}

async function follow(
  session: Promise<ClientHttp2Session>,
  then: { readonly opened: (session: ClientHttp2Session) => void; readonly failed: (error: Error) => void },
): Promise<void> {
  let found: ClientHttp2Session;
  try {
    found = await session;
  } catch (error) {
    return then.failed(error as Error);
  }
  then.opened(found);
}

interface Run {
  readonly link: Link;
  readonly exchange: Exchange;
  readonly request: OutgoingRequest;
  readonly events: UpstreamEvents;
  readonly fail: (failure: UpstreamFailure) => void;
  readonly wasOpen: boolean;
}

const trailersOf = new WeakMap<ClientHttp2Stream, HeaderList>();

function endStream(stream: ClientHttp2Stream, trailers: HeaderList): void {
  if (stream.destroyed || stream.writableEnded) return;
  trailersOf.set(stream, trailers);
  stream.end();
}

function run(job: Run, session: ClientHttp2Session): void {
  const { exchange, request, events, fail, link } = job;
  let stream: ClientHttp2Stream;
  try {
    stream = session.request(headersOf(request), {
      endStream: request.size === "none",
      waitForTrailers: request.size === "stream",
    });
  } catch (error) {
    link.session = undefined;
    return fail({ cause: "broken", because: (error as Error).message, mayBeStale: job.wasOpen });
  }
  exchange.stream = stream;
  listen(job, stream);
  stream.setTimeout(link.limits.upstreamHeadMsMax, () => {
    if (!stream.isPaused()) fail({ cause: "timeout", because: "no answer within the time", mayBeStale: false });
  });
  const { early } = exchange;
  exchange.early = [];
  let isFull = false;
  for (const piece of early) {
    if (Buffer.isBuffer(piece)) isFull = !stream.write(piece);
    else endStream(stream, piece.trailers);
  }
  if (!isFull && early.length > 0) events.drained();
}

function listen(job: Run, stream: ClientHttp2Stream): void {
  const { exchange, events, fail, request, wasOpen } = job;
  let trailers: HeaderList = [];
  // None at all ends the request as well.
  stream.on("wantTrailers", () => stream.sendTrailers(toHttp2(trailersOf.get(stream) ?? [])));
  stream.on("headers", (headers) => {
    if (!exchange.isOver) events.informational(Number(headers[":status"]), fromHttp2Object(headers));
  });
  stream.on("response", (given, flags) => {
    exchange.hasAnswerBegun = true;
    if (exchange.isOver) return;
    const headers = fromHttp2Object(given);
    const status = Number(given[":status"]);
    const isEnded = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    events.head({
      status,
      protocol: "HTTP/2.0",
      reason: "",
      headers,
      size: sizeOf(headers, isEnded || request.method === "HEAD"),
    });
  });
  stream.on("trailers", (given) => {
    trailers = fromHttp2Object(given);
  });
  stream.on("data", (chunk: Buffer) => {
    if (!exchange.isOver) events.data(chunk);
  });
  stream.on("end", () => {
    if (exchange.isOver || !exchange.hasAnswerBegun) return;
    exchange.isOver = true;
    events.end(trailers);
  });
  stream.on("drain", () => {
    if (!exchange.isOver) events.drained();
  });
  let because = "the upstream ended the stream";
  stream.on("error", (error) => {
    because = error.message;
  });
  stream.on("close", () => {
    const isRefused = stream.rstCode === constants.NGHTTP2_REFUSED_STREAM;
    fail({ cause: "broken", because, mayBeStale: (wasOpen || isRefused) && !exchange.hasAnswerBegun });
  });
}

function sizeOf(headers: HeaderList, isBodiless: boolean): BodySize {
  if (isBodiless) return "none";
  const length = headerOf(headers, "content-length");
  return length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : "stream";
}

function headersOf(request: OutgoingRequest): Record<string, string | string[]> {
  const authority = headerOf(request.headers, "host") ?? "upstream";
  const plain = toHttp2(without(request.headers, "host")) as Record<string, string | string[]>;
  return { ":method": request.method, ":path": request.target, ":scheme": "http", ":authority": authority, ...plain };
}
