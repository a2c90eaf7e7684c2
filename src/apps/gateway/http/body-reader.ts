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

type ChunkState = "size" | "data" | "data-end" | "trailers" | "done";

function chunkedReader(limits: BodyReaderLimits, sink: BodySink): BodyReader {
  let state: ChunkState = "size";
  let line = "";
  let left = 0;

  function bad(flaw: string): void {
    state = "done";
    sink.bad(flaw);
  }

  /** Adds bytes up to and with the line feed to `line`; returns how many. The line is whole when it ends with it. */
  function takeLine(bytes: Buffer, from: number, bytesMax: number): number {
    const feed = bytes.indexOf(0x0a, from);
    const to = feed < 0 ? bytes.length : feed + 1;
    if (line.length + to - from > bytesMax) {
      bad(state === "trailers" ? "the trailers are too long" : "the line of a chunk is too long");
      return bytes.length - from;
    }
    line += bytes.toString("latin1", from, to);
    return to - from;
  }

  function sizeLine(): void {
    const text = line;
    line = "";
    if (!text.endsWith("\r\n")) return bad("the line of a chunk ends without a carriage return");
    const parts = /^([0-9a-fA-F]{1,12})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\r\n$/.exec(text);
    if (parts === null) return bad("the size of a chunk is not a number");
    left = Number.parseInt(parts[1] ?? "", 16);
    state = left === 0 ? "trailers" : "data";
  }

  function trailers(): void {
    if (line !== "\r\n" && !line.endsWith("\r\n\r\n")) {
      // A bare line feed would end it for others: not for us, and not silently.
      if (/(?:^|[^\r])\n/.test(line)) bad("a line of the trailers ends without a carriage return");
      return;
    }
    const text = line === "\r\n" ? "" : line.slice(0, -4);
    line = "";
    const parsed = text === "" ? { headers: [], flaw: "" } : parseTrailers(text, limits.headersMax);
    if (parsed.flaw !== "") return bad(parsed.flaw);
    state = "done";
    sink.end(parsed.headers);
  }

  function lineEnd(): void {
    if (state === "size") sizeLine();
    else if (state === "trailers") trailers();
  }

  function dataEnd(bytes: Buffer, from: number): number {
    const taken = Math.min(bytes.length - from, 2 - line.length);
    line += bytes.toString("latin1", from, from + taken);
    if (line === "\r\n") {
      line = "";
      state = "size";
    } else if (line !== "\r") bad("a chunk is not followed by a line end");
    return taken;
  }

  function data(bytes: Buffer, from: number): number {
    const taken = Math.min(left, bytes.length - from);
    left -= taken;
    if (left === 0) state = "data-end";
    sink.data(bytes.subarray(from, from + taken));
    return taken;
  }

  return {
    get isDone() {
      return state === "done";
    },
    read(bytes) {
      let at = 0;
      while (at < bytes.length && state !== "done") {
        if (state === "data") at += data(bytes, at);
        else if (state === "data-end") at += dataEnd(bytes, at);
        else {
          at += takeLine(bytes, at, state === "size" ? limits.chunkLineBytesMax : limits.trailersBytesMax);
          if (line.endsWith("\n")) lineEnd();
        }
      }
      return at;
    },
    closed() {
      if (state !== "done") bad("the connection ended before the last chunk");
    },
  };
}
