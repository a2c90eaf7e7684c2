// One client's connection in HTTP/2 with prior knowledge: each stream an exchange. Frames, flow control and header rules are node:http2's; what would be
// dangerous in HTTP/1 upstream is checked here again.
import { constants, performServerHandshake, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { ConnectionSource, HeaderList } from "../inspect.ts";
import { startExchange } from "./exchange.ts";
import type { ExchangeParts } from "./exchange-parts.ts";
import { guarded } from "./guarded.ts";
import { fromHttp2, fromHttp2Object, toHttp2, toHttp2Trailers } from "./http2-headers.ts";
import { parseRequestHead } from "./parse-head.ts";
import type { ServedConnection } from "./serve-http1.ts";
import type { Answer, ClientEnd, ClientEvents, IncomingRequest, Upstream } from "./streams.ts";

export interface Http2Needs {
  readonly socket: Socket;
  readonly source: ConnectionSource;
  readonly upstream: Upstream;
}

export interface Http2Door {
  serve(needs: Http2Needs, first: Buffer): ServedConnection;
  close(): void;
}

export function createHttp2Door(parts: ExchangeParts): Http2Door {
  const sessions = new Set<ServerHttp2Session>();
  const { limits } = parts;
  return {
    serve(needs, first) {
      const { socket } = needs;
      socket.unshift(first);
      const session = performServerHandshake(socket, {
        settings: {
          maxConcurrentStreams: limits.streamsMax,
          maxHeaderListSize: limits.headBytesMax,
          enablePush: false,
        },
        maxHeaderListPairs: limits.headersMax,
        // An answer with a header twice is the application's affair, as over HTTP/1.
        strictSingleValueFields: false,
      });
      sessions.add(session);
      session.setTimeout(limits.keepAliveMsMax, () => session.close());
      session.on("error", () => session.destroy());
      session.on("close", () => sessions.delete(session));
      session.on("stream", (stream, _headers, flags, raw) => {
        const isEnded = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
        guarded(parts, stream, () => serveStream(parts, needs, { stream, isEnded, raw }))();
      });
      return { retire: () => session.close(), destroy: () => session.destroy() };
    },
    close() {
      for (const session of sessions) session.destroy();
    },
  };
}

interface Opened {
  readonly stream: ServerHttp2Stream;
  readonly isEnded: boolean;
  readonly raw: readonly string[];
}

function serveStream(parts: ExchangeParts, needs: Http2Needs, { stream, isEnded, raw }: Opened): void {
  const { source, upstream } = needs;
  const request = incoming(raw, isEnded, parts.limits.headersMax);
  stream.on("error", () => stream.destroy());
  let trailers: HeaderList = [];
  const answer = { trailers: [] as HeaderList };
  const client = clientEnd(stream, request, answer);
  const events: ClientEvents = startExchange(parts, { client, request, source, upstream });
  if (stream.destroyed) return events.gone();
  // None at all ends the stream as well.
  const sendTrailers = (): void => {
    if (isOpen(stream)) stream.sendTrailers(toHttp2Trailers(answer.trailers));
  };
  stream.on("wantTrailers", guarded(parts, stream, sendTrailers));
  stream.on("drain", () => events.drained());
  stream.on("close", () => events.gone());
  stream.on("trailers", (given) => {
    trailers = fromHttp2Object(given);
  });
  if (request.flaw !== "") return void stream.resume();
  stream.setTimeout(parts.limits.bodyIdleMsMax, () => {
    // Only while the client owes us something: an upstream may take its time.
    if (!stream.readableEnded && !stream.isPaused()) events.slow("the request's body did not come");
  });
  if (isEnded) {
    stream.resume();
    return events.end([]);
  }
  stream.on("data", (chunk: Buffer) => events.data(chunk));
  // The client took its request back: nobody is left to be answered.
  stream.on("aborted", () => events.gone());
  stream.on("end", () => {
    // A stream that was reset ends too, without the end of its body.
    if (!stream.aborted) events.end(trailers);
  });
}

/** Whether anything may still be said on it: a stream that was reset is not destroyed at once. */
function isOpen(stream: ServerHttp2Stream): boolean {
  return !stream.destroyed && !stream.closed && !stream.aborted;
}

/** Checked by the reader of HTTP/1, since it may become a request of HTTP/1. */
function incoming(raw: readonly string[], isEnded: boolean, headersMax: number): IncomingRequest {
  const { pseudo, headers: plain } = fromHttp2(raw);
  const method = pseudo.get(":method") ?? "";
  const target = pseudo.get(":path") ?? "";
  const authority = pseudo.get(":authority");
  const named = plain.find(([name]) => name === "host")?.[1];
  const headers: HeaderList = named === undefined && authority !== undefined ? [["host", authority], ...plain] : plain;
  const text = [`${method} ${target} HTTP/1.1`, ...headers.map(([name, value]) => `${name}: ${value}`)].join("\r\n");
  const parsed = parseRequestHead(text, { headersMax, doubleFraming: "refuse" });
  const isDisputed = named !== undefined && authority !== undefined && named !== authority;
  const isCoded = headers.some(([name]) => name === "transfer-encoding");
  const flaw = isDisputed ? "host and :authority differ" : isCoded ? "Transfer-Encoding in HTTP/2" : parsed.flaw;
  const length = parsed.framing.kind === "length" ? parsed.framing.bytes : "stream";
  return {
    method,
    target,
    protocol: "HTTP/2.0",
    headers,
    flaw,
    flawStatus: 400,
    size: isEnded ? "none" : length,
    expectsContinue: headers.some(([name, value]) => name === "expect" && value.toLowerCase() === "100-continue"),
    upgrade: "",
  };
}

function clientEnd(stream: ServerHttp2Stream, request: IncomingRequest, said: { trailers: HeaderList }): ClientEnd {
  return {
    informational: (status, headers) => {
      if (isOpen(stream) && !stream.headersSent) stream.additionalHeaders({ ":status": status, ...toHttp2(headers) });
    },
    respond: (answer) => respond(stream, request, answer),
    write: (chunk) => !isOpen(stream) || stream.writableEnded || stream.write(chunk),
    end: (trailers) => {
      said.trailers = trailers;
      if (isOpen(stream) && !stream.writableEnded) stream.end();
      // What is left of a request that was answered early is not wanted.
      if (!stream.readableEnded) stream.resume();
    },
    pauseBody: () => void stream.pause(),
    resumeBody: () => void stream.resume(),
    destroy: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    detach: () => undefined,
  };
}

/** Throws for what HTTP/2 cannot say; the stream is as it was then. */
function respond(stream: ServerHttp2Stream, request: IncomingRequest, answer: Answer): void {
  if (!isOpen(stream) || stream.headersSent) return;
  const headers = toHttp2(answer.headers);
  if (typeof answer.size === "number") headers["content-length"] = String(answer.size);
  const hasBody = answer.size !== "none" && request.method !== "HEAD";
  headers[":status"] = answer.status;
  stream.respond(headers, {
    endStream: !hasBody,
    waitForTrailers: hasBody && answer.size === "stream",
    sendDate: false,
  } as object);
}
