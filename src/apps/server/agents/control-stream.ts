// The open line from server to one agent: newline-delimited JSON with pings. A reader that falls behind is cut and asks again.
import type { ServerHttp2Stream } from "node:http2";
import type { ControlMessage } from "../../../model/agent-protocol.ts";
import { doorLimits } from "./limits.ts";

export interface ControlStream {
  send(message: ControlMessage): void;
  /** A line that is JSON already. False: the reader has enough for now, and `onDrain` is called when it takes more. */
  offer(line: string): boolean;
  close(): void;
}

export interface ControlStreamEvents {
  /** Once, when it ends for whatever reason. */
  readonly onClose: () => void;
  readonly onDrain: () => void;
}

/** Answers 200 and keeps the stream open. */
export function openControlStream(
  stream: ServerHttp2Stream,
  pingMs: number,
  { onClose, onDrain }: ControlStreamEvents,
): ControlStream {
  stream.respond({ ":status": 200, "content-type": "application/x-ndjson", "cache-control": "no-store" });
  const timer = setInterval(() => send({ type: "ping" }), pingMs);
  stream.once("close", () => {
    clearInterval(timer);
    onClose();
  });
  stream.on("drain", onDrain);
  stream.resume();

  function send(message: ControlMessage): void {
    write(JSON.stringify(message));
    if (stream.writableLength > doorLimits.controlBufferBytesMax) stream.destroy();
  }

  function write(line: string): boolean {
    return !stream.destroyed && !stream.writableEnded && stream.write(`${line}\n`);
  }

  return { send, offer: write, close: () => stream.end() };
}
