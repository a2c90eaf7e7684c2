// Raw bytes of an HTTP/1 request to its parts, as they stand: nothing is corrected. What a strict front end would refuse is refusal.ts's to say.
// Promises: never throws; every byte is in a part or named by a problem.

export const requestHeadLimits = { headerFieldsMax: 1000, chunksMax: 1_000_000 } as const;

export type HeaderField = readonly [name: string, value: string];

/** latin1 strings: one character, one byte. */
export interface RawRequest {
  /** The first line without its end, as it came. */
  readonly line: string;
  readonly method: string;
  /** "" when the line has none. */
  readonly target: string;
  /** "HTTP/0.9" when the line names none (RFC 1945 3.1: a simple request). */
  readonly protocol: string;
  readonly headers: readonly HeaderField[];
  /** The content: a chunked body put together, otherwise all that stands behind the head. */
  readonly body: string;
  /** In words; empty: framing was clean. */
  readonly problems: readonly string[];
}

/** Reads one request. Lines may end in LF alone; the head ends at an empty line or with the text. */
export function readRequest(bytes: string): RawRequest {
  const problems: string[] = [];
  const lineEnd = endOfLine(bytes, 0);
  const line = lineOf(bytes, 0, lineEnd);
  const { headers, bodyAt } = readFields(bytes, lineEnd + 1, problems);
  const raw = bytes.slice(bodyAt);
  const isChunked = headers.some(
    ([name, value]) => lower(name) === "transfer-encoding" && /(^|,)\s*chunked\s*$/i.test(value),
  );
  const body = isChunked ? joinChunks(raw, problems) : raw;
  return { line, ...splitLine(line), headers, body, problems };
}

/** "GET /a b HTTP/1.1": the version is the last word when it looks like one; what stands between is the target, blanks and all. */
function splitLine(line: string): { readonly method: string; readonly target: string; readonly protocol: string } {
  const start = line.search(/[^ \t]/);
  if (start < 0) return { method: "", target: "", protocol: "HTTP/0.9" };
  const space = line.indexOf(" ", start);
  if (space < 0) return { method: line, target: "", protocol: "HTTP/0.9" };
  const method = line.slice(0, space);
  const last = line.lastIndexOf(" ");
  if (last === space) return { method, target: line.slice(space + 1), protocol: "HTTP/0.9" };
  const protocol = line.slice(last + 1);
  return { method, target: line.slice(space + 1, last), protocol: protocol === "" ? "HTTP/0.9" : protocol };
}

function readFields(
  bytes: string,
  from: number,
  problems: string[],
): { readonly headers: readonly HeaderField[]; readonly bodyAt: number } {
  const headers: [string, string][] = [];
  let at = from;
  while (at < bytes.length) {
    const end = endOfLine(bytes, at);
    const text = lineOf(bytes, at, end);
    at = end + 1;
    if (text === "") return { headers, bodyAt: Math.min(at, bytes.length) };
    if (headers.length >= requestHeadLimits.headerFieldsMax) {
      problems.push(`more than ${requestHeadLimits.headerFieldsMax} header fields: the rest was not read`);
      return { headers, bodyAt: bytes.length };
    }
    addField(headers, text, problems);
  }
  return { headers, bodyAt: bytes.length };
}

function addField(headers: [string, string][], text: string, problems: string[]): void {
  const previous = headers.at(-1);
  if (/^[ \t]/.test(text) && previous !== undefined) {
    problems.push(`header field ${previous[0]} goes on in the next line (obsolete folding)`);
    previous[1] = `${previous[1]} ${trim(text)}`;
    return;
  }
  const colon = text.indexOf(":");
  if (colon < 0) {
    problems.push("a header line has no colon");
    headers.push([text, ""]);
  } else headers.push([text.slice(0, colon), trim(text.slice(colon + 1))]);
}

/** RFC 9112 7.1. A broken chunk ends the body there, told as a problem; what was read stays. */
function joinChunks(raw: string, problems: string[]): string {
  const parts: string[] = [];
  let at = 0;
  for (let count = 0; count < requestHeadLimits.chunksMax; count += 1) {
    const end = endOfLine(raw, at);
    const size = /^([0-9A-Fa-f]{1,12})\s*(;.*)?$/s.exec(lineOf(raw, at, end));
    if (size === null) {
      problems.push("chunked body: a chunk has no size");
      return parts.join("");
    }
    const bytes = Number.parseInt(size[1] ?? "0", 16);
    if (bytes === 0) return parts.join("");
    parts.push(raw.slice(end + 1, end + 1 + bytes));
    if (raw.length < end + 1 + bytes) {
      problems.push("chunked body: ends within a chunk");
      return parts.join("");
    }
    at = end + 1 + bytes;
    if (raw.startsWith("\r\n", at)) at += 2;
    else if (raw.startsWith("\n", at)) at += 1;
    else problems.push("chunked body: a chunk is longer than its size");
  }
  problems.push(`chunked body: more than ${requestHeadLimits.chunksMax} chunks`);
  return parts.join("");
}

/** Where the line's LF stands; the text's length when there is none. */
function endOfLine(bytes: string, from: number): number {
  const at = bytes.indexOf("\n", from);
  return at < 0 ? bytes.length : at;
}

function lineOf(bytes: string, from: number, end: number): string {
  return bytes.slice(from, end > from && bytes.charCodeAt(end - 1) === 13 ? end - 1 : end);
}

function trim(value: string): string {
  return value.replace(/^[ \t]+/, "").replace(/[ \t]+$/, "");
}

function lower(name: string): string {
  return name.toLowerCase();
}
