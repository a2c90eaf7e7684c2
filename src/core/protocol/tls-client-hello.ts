// The server name (SNI, RFC 6066) and ALPN of a TLS ClientHello (RFC 8446 4.1.2) from the first bytes of a flow.
// Promise: says "TLS" for every beginning of a handshake, also when the name is cut off; never reads past the end.
import { refused, textOf, u16At, u24At } from "./bytes.ts";
import type { Refused } from "./bytes.ts";

export const tlsLimits = {
  /** RFC 6066: a host name; DNS allows 253 characters as text. */
  serverNameLengthMax: 253,
  extensionsMax: 64,
  protocolsMax: 16,
  /** Records of which one handshake message may consist here. */
  recordsMax: 4,
} as const;

export interface TlsClientHello {
  readonly ok: true;
  /** Lower case; "" when the client sent none, or when it was cut off (then `isCut`). */
  readonly serverName: string;
  /** ALPN, e.g. ["h2", "http/1.1"]. */
  readonly protocols: readonly string[];
  /** True when the bytes ended before the last extension. */
  readonly isCut: boolean;
}

const handshakeRecord = 0x16;
const clientHelloMessage = 0x01;

/** `bytes` begin at the start of the flow. "not-this-protocol" is a sure no; "truncated" means too short to tell. */
export function readTlsClientHello(bytes: Uint8Array): TlsClientHello | Refused {
  if (bytes.length === 0) return refused("truncated", "no bytes");
  if (bytes[0] !== handshakeRecord || (bytes.length > 1 && bytes[1] !== 3))
    return refused("not-this-protocol", "no handshake record");
  if (bytes.length < 6) return refused("truncated", "ends in the record's header");
  if (bytes[5] !== clientHelloMessage) return refused("not-this-protocol", "no ClientHello");
  const message = joinRecords(bytes);
  const declared = u24At(message, 1);
  if (declared < 0) return empty(true);
  const body = message.subarray(4, 4 + declared);
  return readBody(body, body.length < declared);
}

function empty(isCut: boolean): TlsClientHello {
  return { ok: true, serverName: "", protocols: [], isCut };
}

/** A handshake message may be spread over records; their payloads are joined. One record, the usual case, is not copied. */
function joinRecords(bytes: Uint8Array): Uint8Array {
  const first = bytes.subarray(5, 5 + Math.max(0, u16At(bytes, 3)));
  if (u24At(first, 1) <= first.length - 4) return first;
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let record = 0; record < tlsLimits.recordsMax && bytes[at] === handshakeRecord; record++) {
    const length = u16At(bytes, at + 3);
    if (length < 0) break;
    parts.push(bytes.subarray(at + 5, at + 5 + length));
    at += 5 + length;
  }
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let to = 0;
  for (const part of parts) {
    joined.set(part, to);
    to += part.length;
  }
  return joined;
}

/** version 2, random 32, session id, cipher suites, compression methods, extensions. */
function readBody(body: Uint8Array, isCut: boolean): TlsClientHello {
  let at = 34;
  const sessionLength = body[at];
  if (sessionLength === undefined) return isCut ? empty(true) : refusedAsHello();
  at += 1 + sessionLength;
  const suitesLength = u16At(body, at);
  if (suitesLength < 0) return isCut ? empty(true) : refusedAsHello();
  at += 2 + suitesLength;
  const methodsLength = body[at];
  if (methodsLength === undefined) return isCut ? empty(true) : refusedAsHello();
  at += 1 + methodsLength;
  if (at === body.length && !isCut) return empty(false);
  const extensionsLength = u16At(body, at);
  if (extensionsLength < 0) return empty(true);
  const end = at + 2 + extensionsLength;
  return readExtensions(body.subarray(at + 2, end), isCut || end > body.length);
}

/** Lengths that contradict each other: still a ClientHello by its type, but nothing in it can be trusted. */
function refusedAsHello(): TlsClientHello {
  return empty(true);
}

function readExtensions(extensions: Uint8Array, isCut: boolean): TlsClientHello {
  let serverName = "";
  let protocols: readonly string[] = [];
  let at = 0;
  for (let count = 0; count < tlsLimits.extensionsMax && at < extensions.length; count++) {
    const type = u16At(extensions, at);
    const length = u16At(extensions, at + 2);
    if (type < 0 || length < 0 || at + 4 + length > extensions.length)
      return { ok: true, serverName, protocols, isCut: true };
    const data = extensions.subarray(at + 4, at + 4 + length);
    if (type === 0) serverName = readServerName(data);
    else if (type === 16) protocols = readProtocols(data);
    at += 4 + length;
  }
  return { ok: true, serverName, protocols, isCut: isCut || at < extensions.length };
}

/** server_name_list: length 2, then entries of type 1, length 2, name. Only type 0 (host_name) exists. */
function readServerName(data: Uint8Array): string {
  const length = u16At(data, 3);
  if (data[2] !== 0 || length <= 0 || length > tlsLimits.serverNameLengthMax || 5 + length > data.length) return "";
  const name = textOf(data, 5, 5 + length).toLowerCase();
  return /^[a-z0-9_.-]+$/.test(name) ? name : "";
}

function readProtocols(data: Uint8Array): readonly string[] {
  const protocols: string[] = [];
  let at = 2;
  while (protocols.length < tlsLimits.protocolsMax && at < data.length) {
    const length = data[at] ?? 0;
    if (length === 0 || at + 1 + length > data.length) break;
    protocols.push(textOf(data, at + 1, at + 1 + length));
    at += 1 + length;
  }
  return protocols;
}
