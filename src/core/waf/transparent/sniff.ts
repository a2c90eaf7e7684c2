// What a connection's first bytes say that it is. Errs towards HTTP: what a lenient server could still read as a request is judged as one.

export type Sniffed =
  | { readonly kind: "http1" | "h2c" | "tls" | "other"; readonly because: string }
  /** More bytes are needed. */
  | { readonly kind: "undecided" };

export const sniffBytesMax = 8192;

const preface = "PRI * HTTP/2.0\r\n";
const undecided: Sniffed = { kind: "undecided" };
const http1: Sniffed = { kind: "http1", because: "a request line" };
const other = { kind: "other", because: "no request line" } as const;
/** Not at the line's beginning: behind anything that a server might take for a blank. */
const version = /[^A-Za-z0-9]HTTP\/\d/i;

const LF = 10;
const SPACE = 32;
/** RFC 9112, 3: SP, HTAB, VT, FF and CR. The others: Python's `split` of text in Latin-1. */
const blanksOfServers: ReadonlySet<number> = new Set([9, LF, 11, 12, 13, 28, 29, 30, 31, SPACE, 0x85, 0xa0]);
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
    return bytes[1] === 3 ? { kind: "tls", because: "TLS" } : other;
  }
  // Servers pass over empty lines and blanks before a request line.
  let start = 0;
  while (start < bytes.length && isBlank(bytes[start] ?? 0)) start += 1;
  const isOdd = hasOdd(bytes, 0, start);
  if (start === bytes.length) return isOdd ? other : undecided;
  let at = start;
  while (at < bytes.length && isTokenByte(bytes[at] ?? 0)) at += 1;
  if (at === bytes.length) return isOdd ? other : undecided;
  if (at === start || !isBlank(bytes[at] ?? 0)) return lineOf(bytes, start).text.search(version) >= 0 ? http1 : other;
  return judgeLine(bytes, { start, at });
}

/** What lenient servers end a word with, or pass over before one: blanks of ASCII and Latin-1, and control characters. */
function isBlank(byte: number): boolean {
  return byte <= SPACE || (byte >= 127 && byte <= 160);
}

/**
 * Blanks that no known server takes for one, and binary protocols are full of. A request with them is recognized when it is there; it is not waited for.
 */
function hasOdd(bytes: Uint8Array, from: number, to: number): boolean {
  return bytes.subarray(from, to).some((byte) => isBlank(byte) && !blanksOfServers.has(byte));
}

/** From the blank behind a method on. */
function judgeLine(bytes: Uint8Array, { start, at }: { readonly start: number; readonly at: number }): Sniffed {
  const line = lineOf(bytes, start);
  if (preface.startsWith(line.text) && !line.isWhole) return undecided;
  if (line.isWhole && `${line.text}\n` === preface) return { kind: "h2c", because: "HTTP/2" };
  let from = at;
  while (from < start + line.text.length && isBlank(bytes[from] ?? 0)) from += 1;
  const target = line.text.slice(from - start);
  if (target.startsWith("/") || /^https?:/i.test(target)) return http1;
  if (version.test(line.text.slice(at - start))) return http1;
  if (line.isWhole) return { ...other, because: line.text.startsWith("PROXY ") ? "PROXY protocol" : other.because };
  if (!hasOdd(bytes, 0, from)) return undecided;
  return !hasOdd(bytes, 0, start) && from - at <= 1 && "https:".startsWith(target.toLowerCase()) ? undecided : other;
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
