// HTTP/1 (RFC 9112) from the first bytes of a flow: method, path without its query, Host, version; status of an answer.
// Promise: strict on what is HTTP at all, so that other protocols are never shown as requests; the query string never leaves here.
import { refused, textOf } from "./bytes.ts";
import type { Refused } from "./bytes.ts";

export const httpLimits = {
  /** Bytes looked at. */
  bytesMax: 8192,
  pathLengthMax: 2048,
  hostLengthMax: 255,
  headersMax: 100,
} as const;

/** Registered methods (RFC 9110, 5789) and WebDAV's usual ones; anything else is not taken for HTTP. */
export const httpMethods = [
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
  "PROPFIND",
  "PROPPATCH",
  "MKCOL",
  "COPY",
  "MOVE",
  "LOCK",
  "UNLOCK",
  "REPORT",
  "SEARCH",
] as const;

export interface HttpRequestStart {
  readonly ok: true;
  readonly method: (typeof httpMethods)[number];
  /** Without query and fragment; "" for CONNECT and "*". Cut at its limit. */
  readonly path: string;
  /** Lower case, with its port; "" when it was not in the bytes. Of an absolute target, that target's. */
  readonly host: string;
  readonly version: "HTTP/1.0" | "HTTP/1.1";
  /** Value of traceparent (W3C) as trace id, or "". */
  readonly traceId: string;
  /** True when the header's end was not in the bytes: host "" then means "not seen". */
  readonly isCut: boolean;
}

export interface HttpResponseStart {
  readonly ok: true;
  /** 100-599. */
  readonly status: number;
  readonly version: "HTTP/1.0" | "HTTP/1.1";
}

const methodSet: ReadonlySet<string> = new Set(httpMethods);
const methodLengthMax = Math.max(...httpMethods.map((method) => method.length));
const carriageReturn = 0x0d;
const lineFeed = 0x0a;

/** Reads a request's first bytes; what is cut before the end of the request line still gives a path when the version was seen. */
export function readHttpRequest(bytes: Uint8Array): HttpRequestStart | Refused {
  const view = bytes.subarray(0, httpLimits.bytesMax);
  const space = view.subarray(0, methodLengthMax + 1).indexOf(0x20);
  if (space <= 0) return refused("not-this-protocol", "no method");
  const method = textOf(view, 0, space);
  if (!methodSet.has(method)) return refused("not-this-protocol", "no method of HTTP");
  const lineEnd = view.indexOf(lineFeed);
  if (lineEnd < 0) return refused("truncated", "the request line has no end");
  const line = textOf(view, space + 1, view[lineEnd - 1] === carriageReturn ? lineEnd - 1 : lineEnd);
  const parts = /^(\S+) (HTTP\/1\.[01])$/.exec(line);
  if (parts === null) return refused("not-this-protocol", "no HTTP/1 request line");
  const target = readTarget(method, parts[1] ?? "");
  if (target === undefined) return refused("malformed", "a request target of no known form");
  const headers = readHeaders(view, lineEnd + 1);
  return {
    ok: true,
    method: method as (typeof httpMethods)[number],
    path: target.path.slice(0, httpLimits.pathLengthMax),
    host: (target.host === "" ? headers.host : target.host).toLowerCase().slice(0, httpLimits.hostLengthMax),
    version: parts[2] as HttpRequestStart["version"],
    traceId: headers.traceId,
    isCut: headers.isCut,
  };
}

/** Reads an answer's first bytes: "HTTP/1.1 200 ...". */
export function readHttpResponse(bytes: Uint8Array): HttpResponseStart | Refused {
  const line = textOf(bytes, 0, Math.min(bytes.length, 13));
  const parts = /^(HTTP\/1\.[01]) ([1-5]\d\d)(?: |\\x0d|\\x0a|$)/.exec(line);
  if (parts !== null) return { ok: true, version: parts[1] as HttpResponseStart["version"], status: Number(parts[2]) };
  return "HTTP/1.1 200".startsWith(line.slice(0, 7)) && bytes.length < 12
    ? refused("truncated", "ends in the status line")
    : refused("not-this-protocol", "no HTTP/1 status line");
}

/** The four forms of RFC 9112 3.2. The query, the fragment and a user:password of an absolute target are dropped. */
function readTarget(method: string, target: string): { path: string; host: string } | undefined {
  if (method === "CONNECT") return /^[^/?#@\s]+:\d+$/.test(target) ? { path: "", host: target } : undefined;
  if (target === "*") return { path: "", host: "" };
  if (target.startsWith("/")) return { path: withoutQuery(target), host: "" };
  const absolute = /^https?:\/\/([^/?#]+)(.*)$/i.exec(target);
  if (absolute === null) return undefined;
  const authority = absolute[1] ?? "";
  const path = withoutQuery(absolute[2] ?? "");
  return { path: path === "" ? "/" : path, host: authority.slice(authority.lastIndexOf("@") + 1) };
}

function withoutQuery(target: string): string {
  const end = target.search(/[?#]/);
  return end < 0 ? target : target.slice(0, end);
}

interface HeadersSeen {
  readonly host: string;
  readonly traceId: string;
  readonly isCut: boolean;
}

/** Only Host and traceparent are turned into text; other headers carry secrets and are passed over as bytes. */
function readHeaders(view: Uint8Array, from: number): HeadersSeen {
  let host = "";
  let traceId = "";
  let at = from;
  for (let count = 0; count < httpLimits.headersMax; count++) {
    const end = view.indexOf(lineFeed, at);
    if (end < 0) return { host, traceId, isCut: true };
    const to = view[end - 1] === carriageReturn ? end - 1 : end;
    if (to <= at) return { host, traceId, isCut: false };
    if (host === "" && startsWithName(view, at, "host:")) host = validHost(textOf(view, at + 5, to).trim());
    else if (startsWithName(view, at, "traceparent:")) {
      traceId = /^[0-9a-f]{2}-([0-9a-f]{32})-/.exec(textOf(view, at + 12, to).trim())?.[1] ?? "";
    }
    at = end + 1;
  }
  return { host, traceId, isCut: true };
}

/** A Host of other characters than a name, an address and a port is an attack or not HTTP; it is not shown as a host. */
function validHost(host: string): string {
  return /^[A-Za-z0-9_.:[\]-]*$/.test(host) ? host : "";
}

function startsWithName(view: Uint8Array, at: number, lowerName: string): boolean {
  for (let index = 0; index < lowerName.length; index++) {
    const byte = view[at + index] ?? 0;
    const lower = byte >= 0x41 && byte <= 0x5a ? byte + 32 : byte;
    if (lower !== lowerName.charCodeAt(index)) return false;
  }
  return true;
}
