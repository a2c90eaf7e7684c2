// Lines to a file or to standard output. Appends. When the disk is slower than the events, lines are dropped and counted, never piled up; when it fails, that is said
// once, what was on its way is counted, and the file is opened again after a while.
import { createWriteStream, type WriteStream } from "node:fs";
import { once } from "node:events";
import { Fault } from "../../../base/fault.ts";
import { gatewayLimits } from "../config.ts";

export interface LineSink {
  write(line: string): void;
  /** Lines that are not in the file, for whatever reason. */
  readonly dropped: number;
  /** Closes and opens it again: a log rotation moved the file. Where that fails, it is told and the old one goes on. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

export interface LineSinkOptions {
  /** Called when writing begins to fail, and when it works again (""). */
  readonly onFailure?: (because: string) => void;
  readonly retryMs?: number;
}

interface Sink {
  readonly path: string;
  readonly options: LineSinkOptions;
  /** Undefined: it failed and waits for the next try. */
  stream: WriteStream | undefined;
  dropped: number;
  isFailing: boolean;
  isClosed: boolean;
  timer: NodeJS.Timeout | undefined;
}

/** "-": standard output. Throws the Fault "gateway/file" when it cannot be opened. */
export async function openLineSink(path: string, options: LineSinkOptions = {}): Promise<LineSink> {
  if (path === "-") return standardOutput();
  const sink: Sink = {
    path,
    options,
    stream: undefined,
    dropped: 0,
    isFailing: false,
    isClosed: false,
    timer: undefined,
  };
  use(sink, await open(path));
  return {
    write: (line) => write(sink, line),
    get dropped() {
      return sink.dropped;
    },
    async reopen() {
      const old = sink.stream;
      const made = await open(path).catch((error: Error) => {
        options.onFailure?.(error.message);
      });
      // The old one goes on.
      if (made === undefined) return;
      if (sink.isClosed || sink.stream !== old) return void made.destroy();
      clearTimeout(sink.timer);
      use(sink, made);
      old?.end();
    },
    close: async () => {
      sink.isClosed = true;
      clearTimeout(sink.timer);
      const { stream } = sink;
      if (stream === undefined || stream.destroyed) return;
      await new Promise<void>((resolve) => {
        stream.once("close", () => resolve());
        stream.end();
      });
    },
  };
}

function write(sink: Sink, line: string): void {
  const { stream } = sink;
  if (stream === undefined || stream.destroyed || stream.writableLength > gatewayLimits.fileBytesMax) {
    sink.dropped += 1;
    return;
  }
  stream.write(`${line}\n`, (error) => {
    if (error !== null && error !== undefined) sink.dropped += 1;
    else if (sink.isFailing) recovered(sink);
  });
}

/** A line is on the disk again. */
function recovered(sink: Sink): void {
  sink.isFailing = false;
  sink.options.onFailure?.("");
}

function use(sink: Sink, stream: WriteStream): void {
  sink.stream = stream;
  stream.on("error", (error) => {
    if (sink.stream !== stream) return;
    sink.stream = undefined;
    if (!sink.isClosed) failed(sink, error);
  });
}

function failed(sink: Sink, error: Error): void {
  if (!sink.isFailing) sink.options.onFailure?.(error.message);
  sink.isFailing = true;
  sink.timer = setTimeout(() => void again(sink), sink.options.retryMs ?? gatewayLimits.fileRetryMs);
  sink.timer.unref();
}

async function again(sink: Sink): Promise<void> {
  try {
    const stream = await open(sink.path);
    if (sink.isClosed || sink.stream !== undefined) stream.destroy();
    else use(sink, stream);
  } catch (error) {
    if (!sink.isClosed) failed(sink, error as Error);
  }
}

function standardOutput(): LineSink {
  let dropped = 0;
  // A reader that went away is its own affair; what it did not get is counted.
  process.stdout.on("error", () => undefined);
  return {
    write(line) {
      if (process.stdout.destroyed || process.stdout.writableLength > gatewayLimits.fileBytesMax) dropped += 1;
      else
        process.stdout.write(`${line}\n`, (error) => {
          if (error !== null && error !== undefined) dropped += 1;
        });
    },
    get dropped() {
      return dropped;
    },
    reopen: () => Promise.resolve(),
    close: () => Promise.resolve(),
  };
}

async function open(path: string): Promise<WriteStream> {
  const stream = createWriteStream(path, { flags: "a", mode: 0o640 });
  try {
    await once(stream, "open");
  } catch (cause) {
    throw new Fault(`${path} cannot be written: ${(cause as Error).message}`, {
      code: "gateway/file",
      kind: "usage",
      cause,
    });
  }
  return stream;
}
