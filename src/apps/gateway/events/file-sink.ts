// Lines to a file or to standard output. Appends; when the disk is slower than the events, lines are dropped and counted, never piled up.
import { createWriteStream, type WriteStream } from "node:fs";
import { once } from "node:events";
import { Fault } from "../../../base/fault.ts";
import { gatewayLimits } from "../config.ts";

export interface LineSink {
  write(line: string): void;
  readonly dropped: number;
  /** Closes and opens it again: a log rotation moved the file. */
  reopen(): Promise<void>;
  close(): Promise<void>;
}

/** "-": standard output. Throws the Fault "gateway/file" when it cannot be opened. */
export async function openLineSink(path: string): Promise<LineSink> {
  let stream: NodeJS.WritableStream & { readonly writableLength: number } = await open(path);
  let dropped = 0;
  const end = (): Promise<void> =>
    path === "-" ? Promise.resolve() : new Promise((resolve) => (stream as WriteStream).end(() => resolve()));
  return {
    write(line) {
      if (stream.writableLength > gatewayLimits.fileBytesMax) dropped += 1;
      else stream.write(`${line}\n`);
    },
    get dropped() {
      return dropped;
    },
    async reopen() {
      if (path === "-") return;
      const old = stream as WriteStream;
      stream = await open(path);
      old.end();
    },
    close: end,
  };
}

async function open(path: string): Promise<NodeJS.WritableStream & { readonly writableLength: number }> {
  if (path === "-") {
    // A reader that went away is its own affair.
    process.stdout.on("error", () => undefined);
    return process.stdout;
  }
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
  stream.on("error", () => undefined);
  return stream;
}
