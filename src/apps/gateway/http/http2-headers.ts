// Headers between HTTP/2's form and the list that everything else here uses.
import type { OutgoingHttpHeaders } from "node:http2";
import type { HeaderList } from "../inspect.ts";

/**
 * As node:http2 sends them: lower-case names, repeated ones as arrays. No prototype: "constructor" is a name like any other. Lines that stand twice go twice, as
 * they would over HTTP/1 (sessions are opened with `strictSingleValueFields: false`); only framing and routing have one value, the first.
 */
export function toHttp2(headers: HeaderList): OutgoingHttpHeaders {
  const made = Object.create(null) as Record<string, string | string[]>;
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const before = made[lower];
    if (before === undefined) made[lower] = value;
    else if (singles.has(lower)) continue;
    else if (typeof before === "string") made[lower] = [before, value];
    else before.push(value);
  }
  return made;
}

const singles = new Set(["content-length", "host"]);

/** Never in trailers: names that steer framing, routing or who asks (RFC 9110, 6.5.1). */
const headOnly = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "content-length",
  "content-type",
  "content-encoding",
  "host",
  "set-cookie",
]);

/** What of an answer's trailers may go on. */
export function toHttp2Trailers(headers: HeaderList): OutgoingHttpHeaders {
  return toHttp2(headers.filter(([name]) => !headOnly.has(name.toLowerCase())));
}

/** Raw headers (name, value, name, value, ...) without pseudo-headers, which are told apart. */
export function fromHttp2(raw: readonly string[]): {
  readonly pseudo: ReadonlyMap<string, string>;
  readonly headers: HeaderList;
} {
  const pseudo = new Map<string, string>();
  const headers: [string, string][] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = raw[index] ?? "";
    const value = raw[index + 1] ?? "";
    if (name.startsWith(":")) pseudo.set(name, value);
    else headers.push([name, value]);
  }
  return { pseudo, headers };
}

/** Trailers and informational heads come as objects only. */
export function fromHttp2Object(given: Readonly<Record<string, string | readonly string[] | undefined>>): HeaderList {
  const headers: [string, string][] = [];
  for (const [name, value] of Object.entries(given)) {
    if (name.startsWith(":") || value === undefined) continue;
    if (typeof value === "string") headers.push([name, value]);
    else for (const one of value) headers.push([name, one]);
  }
  return headers;
}
