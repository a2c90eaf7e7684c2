// The body of one HTTP/1 message out of a stream of bytes: by length, in chunks (RFC 9112, strictly) or until the end. Bounded: only the line of a chunk
// and the trailers are kept.
import type { HeaderList } from "../inspect.ts";
import { parseTrailers, type Framing } from "./parse-head.ts";

export interface BodySink {
  data(chunk: Buffer): void;
  end(trailers: HeaderList): void;
  bad(flaw: string): void;
}

export interface BodyReader {
  /** Takes bytes from the front; returns how many belonged to the body. Says `end` or `bad` at most once, then takes nothing. */
  read(bytes: Buffer): number;
  /** The connection ended: the end of a body without a frame, a flaw for the others. */
  closed(): void;
  readonly isDone: boolean;
}

export interface BodyReaderLimits {
  readonly chunkLineBytesMax: number;
  readonly trailersBytesMax: number;
  readonly headersMax: number;
}

export function createBodyReader(framing: Framing, limits: BodyReaderLimits, sink: BodySink): BodyReader {
  switch (framing.kind) {
    case "none":
    case "length":
      return lengthReader(framing.kind === "none" ? 0 : framing.bytes, sink);
    case "chunked":
      return chunkedReader(limits, sink);
    case "close":
      return closeReader(sink);
  }
}

function lengthReader(bytes: number, sink: BodySink): BodyReader {
  let left = bytes;
  let isDone = false;
  const finish = (): void => {
    isDone = true;
    sink.end([]);
  };
  return {
    get isDone() {
      return isDone;
    },
    read(given) {
      if (isDone) return 0;
      const taken = Math.min(left, given.length);
      left -= taken;
      if (taken > 0) sink.data(taken === given.length ? given : given.subarray(0, taken));
      if (left === 0 && !isDone) finish();
      return taken;
    },
    closed() {
      if (isDone) return;
      isDone = true;
      sink.bad(`the connection ended ${left} bytes before the body did`);
    },
  };
}

function closeReader(sink: BodySink): BodyReader {
  let isDone = false;
  return {
    get isDone() {
      return isDone;
    },
    read(given) {
      if (!isDone && given.length > 0) sink.data(given);
      return isDone ? 0 : given.length;
    },
    closed() {
      if (isDone) return;
      isDone = true;
      sink.end([]);
    },
  };
}

interface Chunked {
  readonly limits: BodyReaderLimits;
  readonly sink: BodySink;
  state: "size" | "data" | "data-end" | "trailers" | "done";
  line: string;
  /** Bytes of the chunk that did not come yet. */
  left: number;
}

function chunkedReader(limits: BodyReaderLimits, sink: BodySink): BodyReader {
  const reader: Chunked = { limits, sink, state: "size", line: "", left: 0 };
  return {
    get isDone() {
      return reader.state === "done";
    },
    read(bytes) {
      let at = 0;
      while (at < bytes.length && reader.state !== "done") at += step(reader, bytes, at);
      return at;
    },
    closed() {
      if (reader.state !== "done") bad(reader, "the connection ended before the last chunk");
    },
  };
}

/** Takes some bytes from `from` on; returns how many. */
function step(reader: Chunked, bytes: Buffer, from: number): number {
  if (reader.state === "data") return data(reader, bytes, from);
  if (reader.state === "data-end") return dataEnd(reader, bytes, from);
  const taken = takeLine(reader, bytes, from);
  if (!reader.line.endsWith("\n")) return taken;
  if (reader.state === "size") sizeLine(reader);
  else if (reader.state === "trailers") trailers(reader);
  return taken;
}

function bad(reader: Chunked, flaw: string): void {
  reader.state = "done";
  reader.sink.bad(flaw);
}

/** Adds bytes up to and with the line feed to the line; returns how many. The line is whole when it ends with it. */
function takeLine(reader: Chunked, bytes: Buffer, from: number): number {
  const { limits, state } = reader;
  const bytesMax = state === "size" ? limits.chunkLineBytesMax : limits.trailersBytesMax;
  const feed = bytes.indexOf(0x0a, from);
  const to = feed < 0 ? bytes.length : feed + 1;
  if (reader.line.length + to - from > bytesMax) {
    bad(reader, state === "trailers" ? "the trailers are too long" : "the line of a chunk is too long");
    return bytes.length - from;
  }
  reader.line += bytes.toString("latin1", from, to);
  return to - from;
}

function sizeLine(reader: Chunked): void {
  const text = reader.line;
  reader.line = "";
  if (!text.endsWith("\r\n")) return bad(reader, "the line of a chunk ends without a carriage return");
  const parts = /^([0-9a-fA-F]{1,12})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n$/.exec(text);
  if (parts === null) return bad(reader, "the size of a chunk is not a number");
  reader.left = Number.parseInt(parts[1] ?? "", 16);
  reader.state = reader.left === 0 ? "trailers" : "data";
}

function trailers(reader: Chunked): void {
  const { line } = reader;
  if (line !== "\r\n" && !line.endsWith("\r\n\r\n")) {
    // A bare line feed would end it for others: not for us, and not silently.
    if (/(?:^|[^\r])\n/.test(line)) bad(reader, "a line of the trailers ends without a carriage return");
    return;
  }
  reader.line = "";
  const parsed =
    line === "\r\n" ? { headers: [], flaw: "" } : parseTrailers(line.slice(0, -4), reader.limits.headersMax);
  if (parsed.flaw !== "") return bad(reader, parsed.flaw);
  reader.state = "done";
  reader.sink.end(parsed.headers);
}

function dataEnd(reader: Chunked, bytes: Buffer, from: number): number {
  const taken = Math.min(bytes.length - from, 2 - reader.line.length);
  reader.line += bytes.toString("latin1", from, from + taken);
  if (reader.line === "\r\n") {
    reader.line = "";
    reader.state = "size";
  } else if (reader.line !== "\r") bad(reader, "a chunk is not followed by a line end");
  return taken;
}

function data(reader: Chunked, bytes: Buffer, from: number): number {
  const taken = Math.min(reader.left, bytes.length - from);
  reader.left -= taken;
  if (reader.left === 0) reader.state = "data-end";
  reader.sink.data(bytes.subarray(from, from + taken));
  return taken;
}
