// What a connection's first bytes say that it is. Errs towards HTTP: what a lenient server could still read as a request is judged as one.

export type Sniffed =
  | { readonly kind: "http1" | "h2c" | "tls" | "other"; readonly because: string }
  /** More bytes are needed. */
  | { readonly kind: "undecided" };

export const sniffBytesMax = 8192;

const preface = "PRI * HTTP/2.0\r\n";
const undecided: Sniffed = { kind: "undecided" };
const http1: Sniffed = { kind: "http1", because: "a request line" };

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const TLS_HANDSHAKE = 22;

function isTokenByte(byte: number): boolean {
  if ((byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)) return true;
  return byte > 32 && byte < 127 && "!#$%&'*+-.^_`|~".includes(String.fromCharCode(byte));
}

/** Judges the first bytes of what a client sends. `isAll`: no more will come, or the limit of time was reached; the answer is then never "undecided". */
export function sniff(bytes: Uint8Array, isAll = false): Sniffed {
  const found = judge(bytes);
  if (found.kind !== "undecided") return found;
  // Only what may still become a request is undecided: the HTTP side answers it, or breaks it off.
  return isAll || bytes.length >= sniffBytesMax ? { kind: "http1", because: "could still be a request" } : undecided;
}

function judge(bytes: Uint8Array): Sniffed {
  if (bytes.length === 0) return undecided;
  if (bytes[0] === TLS_HANDSHAKE) {
    if (bytes.length < 2) return undecided;
    return bytes[1] === 3 ? { kind: "tls", because: "TLS" } : { kind: "other", because: "no request line" };
  }
  // Servers pass over empty lines and blanks before a request line.
  let start = 0;
  while (start < bytes.length && isBlank(bytes[start] ?? 0)) start += 1;
  if (start === bytes.length) return undecided;
  let at = start;
  while (at < bytes.length && isTokenByte(bytes[at] ?? 0)) at += 1;
  if (at === bytes.length) return undecided;
  if (at === start || !(bytes[at] === SPACE || bytes[at] === TAB)) {
    return { kind: "other", because: "no request line" };
  }
  return judgeLine(bytes, { start, at });
}

function isBlank(byte: number): boolean {
  return byte === CR || byte === LF || byte === SPACE || byte === TAB;
}

/** From the blank behind a method on. */
function judgeLine(bytes: Uint8Array, { start, at }: { readonly start: number; readonly at: number }): Sniffed {
  const line = lineOf(bytes, start);
  if (preface.startsWith(line.text) && !line.isWhole) return undecided;
  if (line.isWhole && `${line.text}\n` === preface) return { kind: "h2c", because: "HTTP/2" };
  const target = line.text.slice(at - start).trimStart();
  if (target.startsWith("/") || /^https?:/i.test(target)) return http1;
  if (/\sHTTP\/\d/i.test(target)) return http1;
  if (!line.isWhole) return undecided;
  return { kind: "other", because: line.text.startsWith("PROXY ") ? "PROXY protocol" : "no request line" };
}

function lineOf(bytes: Uint8Array, start: number): { readonly text: string; readonly isWhole: boolean } {
  let text = "";
  for (let at = start; at < bytes.length && at < start + sniffBytesMax; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte === LF) return { text, isWhole: true };
    text += String.fromCharCode(byte);
  }
  return { text, isWhole: false };
}
