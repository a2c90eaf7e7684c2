// Heads of HTTP/1 messages, read strictly (RFC 9112). A request that is off in any way still becomes a head, so that rules can speak about it, with the flaw
// named: it is answered 400 and goes nowhere. Texts are latin1: one character is one byte.
import type { HeaderList, RequestHead, ResponseHead } from "../inspect.ts";

export interface ParsedRequest extends RequestHead {
  /** Why it must not be passed on; "" when all is well. */
  readonly flaw: string;
  /** Answer for the flaw. */
  readonly flawStatus: number;
  readonly framing: Framing;
  readonly isKeepAlive: boolean;
  readonly expectsContinue: boolean;
  /** Lower case protocol of an upgrade that is asked for; "" when none is. */
  readonly upgrade: string;
}

export type Framing =
  | { readonly kind: "none" }
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  /** Answers only: until the connection ends. */
  | { readonly kind: "close" };

export interface ParsedResponse extends ResponseHead {
  readonly flaw: string;
  readonly reason: string;
  readonly framing: Framing;
  readonly isKeepAlive: boolean;
}

export interface ParseOptions {
  readonly headersMax: number;
  readonly doubleFraming: "refuse" | "drop-length";
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const cleanHead = /^(?:[\t\x20-\x7e\x80-\xff]|\r\n)*$/;
const targetText = /^[\x21-\x7e\x80-\xff]+$/;
/** RFC 3986 3.2.2 without percent signs, and a port: an address in brackets, or a name. */
const hostText = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=-]+)(?::\d{0,5})?$/;
const digits = /^\d{1,15}$/;

/** Where a head ends: `end` bytes of text, the rest begins at `next`. A head that only a lenient reader would end is ended too: it is refused then. */
export function findHeadEnd(buffer: Buffer, from = 0): { readonly end: number; readonly next: number } | undefined {
  const strict = buffer.indexOf("\r\n\r\n", from, "latin1");
  const bare = buffer.indexOf("\n\n", from, "latin1");
  const mixed = buffer.indexOf("\n\r\n", from, "latin1");
  const lenient = bare < 0 ? mixed : mixed < 0 ? bare : Math.min(bare, mixed);
  // "\r\n\r\n" holds "\n\r\n" one byte later: only an earlier end is another one.
  if (strict >= 0 && (lenient < 0 || lenient >= strict)) return { end: strict, next: strict + 4 };
  if (lenient < 0) return undefined;
  // With its line feed: the text shows what was wrong.
  return { end: lenient + 1, next: lenient + (lenient === bare ? 2 : 3) };
}

/** `text` without the empty line at its end. */
export function parseRequestHead(text: string, options: ParseOptions): ParsedRequest {
  const flaws: string[] = [];
  if (!cleanHead.test(text)) flaws.push(badByteIn(text));
  const lines = text.split(/\r?\n/);
  const line = parseRequestLine(lines[0] ?? "", flaws);
  const headers = parseHeaderLines(lines, options.headersMax, flaws);
  const names = headersByName(headers);
  const isHttp10 = line.protocol === "HTTP/1.0";
  const framed = requestFraming(names, isHttp10, options.doubleFraming, flaws);
  checkHost(names, line.protocol, flaws);
  checkAuthority(line.target, names.get("host"), flaws);
  const connection = listOf(names.get("connection"));
  const isDropped = framed.dropsLength;
  return {
    ...line,
    headers: isDropped ? headers.filter(([name]) => name.toLowerCase() !== "content-length") : headers,
    flaw: flaws[0] ?? "",
    flawStatus: statusOf[flaws[0] ?? ""] ?? 400,
    framing: framed.framing,
    isKeepAlive: !isDropped && (isHttp10 ? connection.includes("keep-alive") : !connection.includes("close")),
    expectsContinue: !isHttp10 && (names.get("expect")?.[0] ?? "").toLowerCase() === "100-continue",
    upgrade: connection.includes("upgrade") ? (names.get("upgrade")?.[0] ?? "").toLowerCase() : "",
  };
}

const unknownVersion = "the protocol version is not 1.0 or 1.1";
const tooManyHeaders = "too many headers";
/** A reverse proxy has no tunnels to give; rules have seen the request by then, and the event says so. */
const noTunnels = "this is no proxy for CONNECT";
const statusOf: Readonly<Record<string, number>> = { [unknownVersion]: 505, [tooManyHeaders]: 431, [noTunnels]: 405 };

/** `text` without the empty line at its end. `method`: of the request, since an answer to HEAD has no body. */
export function parseResponseHead(text: string, method: string, options: ParseOptions): ParsedResponse {
  const flaws: string[] = [];
  if (!cleanHead.test(text)) flaws.push(badByteIn(text));
  const lines = text.split(/\r?\n/);
  const first = /^(HTTP\/1\.[01]) (\d{3})(?: (.*))?$/.exec(lines[0] ?? "");
  if (first === null) flaws.push("the status line is not one of HTTP/1");
  const protocol = first?.[1] ?? "HTTP/1.1";
  const status = Number(first?.[2] ?? "502");
  const headers = parseHeaderLines(lines, options.headersMax, flaws);
  const names = headersByName(headers);
  const framing = responseFraming(names, { method, status }, flaws);
  const connection = listOf(names.get("connection"));
  const isHttp10 = protocol === "HTTP/1.0";
  return {
    status,
    protocol,
    reason: first?.[3] ?? "",
    headers,
    flaw: flaws[0] ?? "",
    framing,
    isKeepAlive:
      framing.kind !== "close" && (isHttp10 ? connection.includes("keep-alive") : !connection.includes("close")),
  };
}

/** Headers of trailers: the same rules; names that steer framing or routing are refused. */
export function parseTrailers(text: string, headersMax: number): { headers: HeaderList; flaw: string } {
  const flaws: string[] = [];
  if (!cleanHead.test(text)) flaws.push(badByteIn(text));
  const headers = parseHeaderLines(["", ...text.split(/\r?\n/)], headersMax, flaws);
  for (const [name] of headers) {
    if (forbiddenTrailers.has(name.toLowerCase())) flaws.push(`${name.toLowerCase()} stands in the trailers`);
  }
  return { headers, flaw: flaws[0] ?? "" };
}

const forbiddenTrailers = new Set([
  "content-length",
  "transfer-encoding",
  "host",
  "connection",
  "upgrade",
  "content-type",
  "content-encoding",
  "authorization",
  "cookie",
  "trailer",
]);

function parseRequestLine(line: string, flaws: string[]): Pick<RequestHead, "method" | "target" | "protocol"> {
  const first = line.indexOf(" ");
  const last = line.lastIndexOf(" ");
  if (first < 0) {
    flaws.push("the request line has no target");
    return { method: line, target: "", protocol: "" };
  }
  const method = line.slice(0, first);
  if (last === first) {
    flaws.push("the request line has no protocol");
    return { method, target: line.slice(first + 1), protocol: "" };
  }
  const target = line.slice(first + 1, last);
  const protocol = line.slice(last + 1);
  if (!token.test(method)) flaws.push("the method is not a word");
  if (!targetText.test(target)) flaws.push("white space or a control character in the request's target");
  else if (target.includes("#")) flaws.push("a fragment in the request's target");
  if (protocol !== "HTTP/1.1" && protocol !== "HTTP/1.0") {
    flaws.push(/^HTTP\/\d\.\d$/.test(protocol) ? unknownVersion : "the protocol is not HTTP");
  }
  if (method === "CONNECT")
    flaws.push(/^[^/?#@]+:\d{1,5}$/.test(target) ? noTunnels : "the target is no host and port");
  else if (target !== "*" && !target.startsWith("/") && !/^https?:\/\/[^/?#@]+/i.test(target)) {
    flaws.push("the target is neither a path nor an address");
  }
  return { method, target, protocol };
}

function parseHeaderLines(lines: readonly string[], headersMax: number, flaws: string[]): HeaderList {
  const headers: [string, string][] = [];
  for (let index = 1; index < lines.length; index += 1) {
    const line = lines[index] ?? "";
    if (line === "" && index === lines.length - 1) break;
    const begin = line.charCodeAt(0);
    if (begin === 0x20 || begin === 0x09) {
      flaws.push("a header is folded over lines");
      const before = headers.at(-1);
      if (before !== undefined) before[1] += ` ${trim(line)}`;
      continue;
    }
    const colon = line.indexOf(":");
    const name = colon < 0 ? line : line.slice(0, colon);
    if (colon < 0) flaws.push("a header has no colon");
    else if (!token.test(name)) {
      flaws.push(/[ \t]$/.test(name) ? "white space before a header's colon" : "a header's name is not a word");
    }
    if (headers.length >= headersMax) {
      flaws.push(tooManyHeaders);
      break;
    }
    headers.push([name, colon < 0 ? "" : trim(line.slice(colon + 1))]);
  }
  return headers;
}

/** Optional white space of RFC 9110 only: `String.trim` takes 0xA0 too. */
function trim(value: string): string {
  let from = 0;
  let to = value.length;
  while (from < to && isBlank(value.charCodeAt(from))) from += 1;
  while (to > from && isBlank(value.charCodeAt(to - 1))) to -= 1;
  return from === 0 && to === value.length ? value : value.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}

function headersByName(headers: HeaderList): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    const values = names.get(lower);
    if (values === undefined) names.set(lower, [value]);
    else values.push(value);
  }
  return names;
}

function listOf(values: readonly string[] | undefined): readonly string[] {
  if (values === undefined) return [];
  return values.flatMap((value) => value.toLowerCase().split(",")).map((word) => trim(word));
}

function requestFraming(
  names: ReadonlyMap<string, readonly string[]>,
  isHttp10: boolean,
  doubleFraming: ParseOptions["doubleFraming"],
  flaws: string[],
): { readonly framing: Framing; readonly dropsLength: boolean } {
  const codings = names.get("transfer-encoding");
  const lengths = names.get("content-length");
  if (codings !== undefined) {
    if (isHttp10) flaws.push("Transfer-Encoding in HTTP/1.0");
    if (codings.length > 1) flaws.push("Transfer-Encoding stands twice");
    else if ((codings[0] ?? "").toLowerCase() !== "chunked") flaws.push("Transfer-Encoding is not chunked");
    if (lengths === undefined) return { framing: { kind: "chunked" }, dropsLength: false };
    if (doubleFraming === "refuse") flaws.push("Content-Length and Transfer-Encoding together");
    return { framing: { kind: "chunked" }, dropsLength: doubleFraming === "drop-length" };
  }
  return { framing: lengthFraming(lengths, flaws) ?? { kind: "none" }, dropsLength: false };
}

function lengthFraming(lengths: readonly string[] | undefined, flaws: string[]): Framing | undefined {
  if (lengths === undefined) return undefined;
  const [first = ""] = lengths;
  if (lengths.length > 1) flaws.push("Content-Length stands twice");
  else if (!digits.test(first)) flaws.push("Content-Length is not a number");
  if (!digits.test(first)) return undefined;
  const bytes = Number(first);
  return bytes === 0 ? { kind: "none" } : { kind: "length", bytes };
}

function responseFraming(
  names: ReadonlyMap<string, readonly string[]>,
  about: { readonly method: string; readonly status: number },
  flaws: string[],
): Framing {
  const codings = names.get("transfer-encoding");
  const lengths = names.get("content-length");
  const { method, status } = about;
  if (method === "HEAD" || status < 200 || status === 204 || status === 304) return { kind: "none" };
  if (codings !== undefined) {
    if (lengths !== undefined) flaws.push("the answer has Content-Length and Transfer-Encoding together");
    if (codings.length > 1 || (codings[0] ?? "").toLowerCase() !== "chunked") {
      flaws.push("the answer's Transfer-Encoding is not chunked");
    }
    return { kind: "chunked" };
  }
  return lengthFraming(lengths, flaws) ?? { kind: "close" };
}

/** An absolute target's host becomes the Host upstream: it has the same shape, and is the one that rules saw. */
function checkAuthority(target: string, hosts: readonly string[] | undefined, flaws: string[]): void {
  const authority = /^https?:\/\/([^/?#]*)/i.exec(target)?.[1];
  if (authority === undefined) return;
  if (!hostText.test(authority)) flaws.push("the target's host is not a host");
  else if (hosts !== undefined && hosts[0]?.toLowerCase() !== authority.toLowerCase()) {
    flaws.push("the target and Host name different hosts");
  }
}

function checkHost(names: ReadonlyMap<string, readonly string[]>, protocol: string, flaws: string[]): void {
  const hosts = names.get("host");
  if (hosts === undefined) {
    if (protocol === "HTTP/1.1") flaws.push("no Host");
  } else if (hosts.length > 1) flaws.push("Host stands twice");
  else if (hosts[0] === "") {
    if (protocol === "HTTP/1.1") flaws.push("Host is empty");
  } else if (!hostText.test(hosts[0] ?? "")) flaws.push("Host is not a host");
}

function badByteIn(text: string): string {
  if (text.includes("\0")) return "a NUL byte in the head";
  if (/(?:^|[^\r])\n/.test(text)) return "a line ends without a carriage return";
  if (/\r(?!\n)/.test(text)) return "a carriage return without a line feed";
  return "a control character in the head";
}
