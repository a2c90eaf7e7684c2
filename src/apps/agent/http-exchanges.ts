// HTTP/1 requests and their answers from the first bytes of connections, paired by socket; TLS hellos. Bounded, five seconds for an answer.
import { readHttpRequest, readHttpResponse, type HttpRequestStart } from "../../core/protocol/http1.ts";
import { readTlsClientHello } from "../../core/protocol/tls-client-hello.ts";
import { redactPath } from "../../core/redact/redact.ts";
import { microsecondsBetween } from "../../core/protocol/latency.ts";
import type { FirstBytesEvent } from "../../core/sense/sensor.ts";
import type { Row } from "../../model/table.ts";
import { agentLimits } from "./config.ts";
import type { Sight } from "./visibility.ts";

/** The protocol's part of an HttpEvent; identity is added by the caller from `event.process`. */
export interface HttpExchange {
  readonly event: FirstBytesEvent;
  readonly reporter: Row<"http_events">["reporter"];
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly version: string;
  readonly status: number;
  readonly latencyUs: number;
  readonly traceId: string;
  readonly redactions: number;
}

export interface FirstBytesReading {
  /** Completed by these bytes, or pushed out for them. */
  readonly exchange?: HttpExchange;
  readonly tls?: { readonly view: Row<"flows">["tls"]; readonly serverName: string };
}

export interface HttpExchanges {
  read(event: FirstBytesEvent, sight: Sight): FirstBytesReading;
  /** Requests without an answer in time: status 0. */
  expire(nowMs: number): readonly HttpExchange[];
  readonly pushedOut: number;
}

interface Open {
  readonly event: FirstBytesEvent;
  readonly request: HttpRequestStart;
}

export function createHttpExchanges(): HttpExchanges {
  const open = new Map<number, Open>();
  let pushedOut = 0;

  function begin(event: FirstBytesEvent, request: HttpRequestStart): HttpExchange | undefined {
    const before = open.get(event.socketId);
    open.delete(event.socketId);
    open.set(event.socketId, { event, request });
    if (before !== undefined) return exchangeOf(before, 0, 0);
    if (open.size <= agentLimits.httpOpenMax) return undefined;
    const [oldestId, oldest] = open.entries().next().value ?? [];
    if (oldestId === undefined || oldest === undefined) return undefined;
    open.delete(oldestId);
    pushedOut += 1;
    return exchangeOf(oldest, 0, 0);
  }

  return {
    get pushedOut() {
      return pushedOut;
    },
    read(event, sight) {
      const waiting = open.get(event.socketId);
      if (waiting !== undefined && waiting.event.direction !== event.direction) {
        const response = readHttpResponse(event.payload);
        if (!response.ok) return {};
        open.delete(event.socketId);
        return {
          exchange: exchangeOf(waiting, response.status, microsecondsBetween(waiting.event, event)),
        };
      }
      const request = sight.http ? readHttpRequest(event.payload) : undefined;
      if (request?.ok === true) {
        const exchange = begin(event, request);
        return { tls: { view: "not-seen", serverName: "" }, ...(exchange === undefined ? {} : { exchange }) };
      }
      if (!sight.tls) return {};
      const hello = readTlsClientHello(event.payload);
      if (hello.ok) return { tls: { view: "seen", serverName: hello.serverName } };
      return hello.refusal === "not-this-protocol" ? { tls: { view: "not-seen", serverName: "" } } : {};
    },
    expire(nowMs) {
      const expired: HttpExchange[] = [];
      for (const [socketId, waiting] of open) {
        if (nowMs - waiting.event.timeMs < agentLimits.httpAnswerMsMax) break;
        open.delete(socketId);
        expired.push(exchangeOf(waiting, 0, 0));
      }
      return expired;
    },
  };
}

function exchangeOf({ event, request }: Open, status: number, latencyUs: number): HttpExchange {
  const path = redactPath(request.path);
  return {
    event,
    reporter: event.direction === "outbound" ? "source" : "destination",
    method: request.method,
    host: request.host,
    path: path.text,
    version: request.version,
    status,
    latencyUs,
    traceId: request.traceId,
    redactions: path.redacted.length,
  };
}
