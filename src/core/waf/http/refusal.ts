// What a front end must not pass on: the request is answered with 400 (RFC 9110, RFC 9112, RFC 3986). Two parsers could read such a request in two ways.
// Promises: never throws; the first reason found is given in words.
import type { HeaderField } from "./read-request.ts";

export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly protocol: string;
  readonly headers: readonly HeaderField[];
}

// oxlint-disable-next-line no-control-regex -- what a target must not hold
const blankOrControl = /[\x00-\x20\x7f]/;
// oxlint-disable-next-line no-control-regex -- what a value must not hold
const breaking = /[\x00\r\n]/;
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** RFC 3986 3.2.2 with an optional port: IPv4, reg-name without percent signs, or a literal in brackets. */
const host = /^(?:[A-Za-z0-9._~!$&'()*+,;=-]+|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

/** Why the request is answered with 400; undefined: it may go on. */
export function refusalOf(head: RequestHead): string | undefined {
  return lineRefusal(head) ?? fieldRefusal(head) ?? hostRefusal(head) ?? lengthRefusal(head);
}

function lineRefusal({ method, target, protocol }: RequestHead): string | undefined {
  if (!token.test(method)) return "the method is no token (RFC 9110 9.1)";
  if (!/^HTTP\/\d\.\d$/.test(protocol)) return "the version is not HTTP/digit.digit (RFC 9112 2.3)";
  if (blankOrControl.test(target)) return "the target holds a blank or a control character (RFC 9112 3)";
  if (target.includes("#")) return "the target holds a fragment (RFC 9112 3.2)";
  if (method === "CONNECT") return isAuthority(target) ? undefined : "CONNECT needs host and port (RFC 9112 3.2.3)";
  if (target === "*") return method === "OPTIONS" ? undefined : "only OPTIONS may ask for * (RFC 9112 3.2.4)";
  if (target.startsWith("/") || /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.test(target)) return undefined;
  return "the target is no path and no address (RFC 9112 3.2)";
}

function isAuthority(target: string): boolean {
  return host.test(target) && /:\d{1,5}$/.test(target);
}

function fieldRefusal({ headers }: RequestHead): string | undefined {
  for (const [name, value] of headers) {
    if (!token.test(name)) return "the name of a header field is no token (RFC 9112 5.1)";
    if (breaking.test(value)) return "a header field holds CR, LF or NUL (RFC 9110 5.5)";
  }
  return undefined;
}

function hostRefusal({ headers, protocol, method }: RequestHead): string | undefined {
  const hosts = valuesOf(headers, "host");
  const needsHost = protocol >= "HTTP/1.1";
  if (hosts.length > 1) return "more than one Host (RFC 9112 3.2)";
  const [value] = hosts;
  if (value === undefined) return needsHost && method !== "" ? "no Host (RFC 9112 3.2)" : undefined;
  if (value === "") return needsHost ? "Host is empty (RFC 9112 3.2)" : undefined;
  return host.test(value) ? undefined : "Host is no host (RFC 9110 7.2)";
}

/** Content-Length must be a number, and the same one each time; Transfer-Encoding must end in chunked. Both together: Transfer-Encoding counts (RFC 9112 6.3). */
function lengthRefusal({ headers }: RequestHead): string | undefined {
  const lengths = valuesOf(headers, "content-length");
  if (lengths.some((value) => !/^\d{1,15}$/.test(value))) return "Content-Length is no number (RFC 9112 6.3)";
  if (new Set(lengths).size > 1) return "Content-Length is there twice with different values (RFC 9112 6.3)";
  const codings = valuesOf(headers, "transfer-encoding");
  if (codings.length > 0 && !/(^|,)\s*chunked$/i.test(codings.join(",")))
    return "Transfer-Encoding does not end in chunked (RFC 9112 6.3)";
  return undefined;
}

function valuesOf(headers: readonly HeaderField[], name: string): readonly string[] {
  return headers.filter(([key]) => key.toLowerCase() === name).map(([, value]) => value);
}
