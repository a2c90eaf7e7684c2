// The bytes that the simulated connections carry: DNS messages (RFC 1035), HTTP/1.1 heads, TLS ClientHellos (RFC 8446) as far as agents read.

const dnsTypes = { A: 1, TXT: 16 } as const;
export type DnsType = keyof typeof dnsTypes;

export interface DnsAnswer {
  readonly addresses: readonly string[];
  /** 0 NOERROR, 3 NXDOMAIN. */
  readonly code: number;
  readonly ttlSeconds: number;
}

export function dnsQuestion(id: number, name: string, type: DnsType): Uint8Array {
  return bytes(u16(id), u16(0x0100), u16(1), u16(0), u16(0), u16(0), questionOf(name, type));
}

export function dnsResponse(id: number, name: string, type: DnsType, answer: DnsAnswer): Uint8Array {
  const head = [u16(id), u16(0x8180 | answer.code), u16(1), u16(answer.addresses.length), u16(0), u16(0)];
  const records = answer.addresses.map((address) =>
    // The name is a pointer to the question's.
    bytes(u16(0xc00c), u16(dnsTypes.A), u16(1), u32(answer.ttlSeconds), u16(4), address.split(".").map(Number)),
  );
  return bytes(...head, questionOf(name, type), ...records);
}

function questionOf(name: string, type: DnsType): Uint8Array {
  const labels = name.split(".").map((label) => bytes([label.length], ascii(label)));
  return bytes(...labels, [0], u16(dnsTypes[type]), u16(1));
}

export interface HttpRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly agent: string;
  /** 32 hex digits; "" sends none. */
  readonly traceId: string;
  readonly spanId: string;
}

export function httpRequest({ method, host, path, agent, traceId, spanId }: HttpRequest): Uint8Array {
  const trace = traceId === "" ? "" : `traceparent: 00-${traceId}-${spanId}-01\r\n`;
  return ascii(`${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nUser-Agent: ${agent}\r\nAccept: */*\r\n${trace}\r\n`);
}

const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  204: "No Content",
  302: "Found",
  404: "Not Found",
  409: "Conflict",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

export function httpResponse(status: number, length: number): Uint8Array {
  return ascii(
    `HTTP/1.1 ${status} ${reasons[status] ?? "Status"}\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n\r\n`,
  );
}

/** A hello with a server name and ALPN; the random is made of the seed. */
export function clientHello(serverName: string, seed: number): Uint8Array {
  const name = ascii(serverName);
  const sni = bytes(u16(0), u16(name.length + 5), u16(name.length + 3), [0], u16(name.length), name);
  const protocol = ascii("h2");
  const alpn = bytes(u16(16), u16(protocol.length + 3), u16(protocol.length + 1), [protocol.length], protocol);
  const versions = bytes(u16(43), u16(3), [2], u16(0x0304));
  const extensions = bytes(sni, alpn, versions);
  const random = Array.from({ length: 32 }, (_, index) => (Math.imul(seed + index, 2_654_435_761) >>> 24) & 0xff);
  const body = bytes(
    u16(0x0303),
    random,
    [0],
    u16(4),
    u16(0x1301),
    u16(0x1302),
    [1, 0],
    u16(extensions.length),
    extensions,
  );
  const message = bytes([1, 0], u16(body.length), body);
  return bytes([0x16, 3, 1], u16(message.length), message);
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0) & 0x7f);
}

function u16(value: number): readonly number[] {
  return [(value >> 8) & 0xff, value & 0xff];
}

function u32(value: number): readonly number[] {
  return [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff];
}

function bytes(...parts: readonly (readonly number[] | Uint8Array)[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
