// One upstream in HTTP/2 with prior knowledge: one session, as many streams as it allows, opened anew when it is gone.
import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from "node:http2";
import type { HttpLimits } from "../limits.ts";
import { headerOf, type HeaderList } from "../inspect.ts";
import type { DeadlineBook } from "./deadlines.ts";
import type { UpstreamTarget } from "./http-side.ts";
import { without } from "./headers.ts";
import { fromHttp2, fromHttp2Object, toHttp2 } from "./http2-headers.ts";
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

/** Headers that came twice go on twice, as over HTTP/1. */
const laxHeaders = { strictSingleValueFields: false } as const;

async function openSession(link: Link): Promise<ClientHttp2Session> {
  const giveUp = new AbortController();
  const deadline = link.deadlines.add();
  deadline.arm(link.limits.upstreamConnectMsMax, () => giveUp.abort(new Error("no connection within the time")));
  try {
    const socket = await link.target.connect(giveUp.signal);
    const session = connect("http://upstream", {
      createConnection: () => socket,
      settings: { enablePush: false },
      ...laxHeaders,
    });
    const lost = (): void => {
      if (link.session === opened) link.session = undefined;
    };
    const opened = link.session;
    session.on("error", lost);
    session.on("close", lost);
    session.on("goaway", lost);
    session.unref();
    return session;
  } finally {
    deadline.drop();
  }
}

interface Exchange {
  stream: ClientHttp2Stream | undefined;
  early: (Buffer | "end")[];
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
    broken: (error) => fail({ cause: "broken", because: error.message, mayBeStale: false }),
  });
  return {
    write(chunk) {
      if (exchange.stream !== undefined) return exchange.isOver || exchange.stream.write(chunk);
      exchange.early.push(chunk);
      return false;
    },
    end() {
      if (exchange.stream === undefined) exchange.early.push("end");
      else endStream(exchange.stream);
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
  then: {
    readonly opened: (session: ClientHttp2Session) => void;
    readonly failed: (error: Error) => void;
    readonly broken: (error: Error) => void;
  },
): Promise<void> {
  let found: ClientHttp2Session;
  try {
    found = await session;
  } catch (error) {
    return then.failed(error as Error);
  }
  try {
    then.opened(found);
  } catch (error) {
    then.broken(error as Error);
  }
}

interface Run {
  readonly link: Link;
  readonly exchange: Exchange;
  readonly request: OutgoingRequest;
  readonly events: UpstreamEvents;
  readonly fail: (failure: UpstreamFailure) => void;
  readonly wasOpen: boolean;
}

function endStream(stream: ClientHttp2Stream): void {
  if (!stream.destroyed && !stream.writableEnded) stream.end();
}

function run(job: Run, session: ClientHttp2Session): void {
  const { exchange, request, events, fail, link } = job;
  let stream: ClientHttp2Stream;
  try {
    stream = session.request(headersOf(request), { endStream: request.size === "none" });
  } catch (error) {
    const because = (error as Error).message;
    // What one request's headers are is no fault of the session, which others use.
    if (isUsable(session, error)) return fail({ cause: "malformed", because, mayBeStale: false });
    forget(link, session);
    return fail({ cause: "broken", because, mayBeStale: job.wasOpen });
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
    if (piece === "end") endStream(stream);
    else isFull = !stream.write(piece);
  }
  if (!isFull && early.length > 0) events.drained();
}

function isUsable(session: ClientHttp2Session, error: unknown): boolean {
  const isUsedUp = (error as NodeJS.ErrnoException).code === "ERR_HTTP2_OUT_OF_STREAMS";
  return !session.destroyed && !session.closed && !isUsedUp;
}

/** Streams under way end on it; the next request opens another. */
function forget(link: Link, session: ClientHttp2Session): void {
  link.session = undefined;
  if (!session.destroyed) session.close();
}

function listen(job: Run, stream: ClientHttp2Stream): void {
  const { exchange, events, fail, request, wasOpen } = job;
  let trailers: HeaderList = [];
  stream.on("headers", (headers) => {
    if (!exchange.isOver) events.informational(Number(headers[":status"]), fromHttp2Object(headers));
  });
  stream.on("response", (_given, flags, raw) => {
    exchange.hasAnswerBegun = true;
    if (exchange.isOver) return;
    const { pseudo, headers } = fromHttp2(raw);
    const status = Number(pseudo.get(":status"));
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

function headersOf(request: OutgoingRequest): OutgoingHttpHeaders {
  const headers = toHttp2(without(request.headers, "host"));
  headers[":method"] = request.method;
  headers[":path"] = request.target;
  headers[":scheme"] = "http";
  headers[":authority"] = headerOf(request.headers, "host") ?? "upstream";
  return headers;
}
