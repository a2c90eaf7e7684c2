// The open line from server to one agent: newline-delimited JSON with pings. A reader that falls behind is cut and asks again.
import type { ServerHttp2Stream } from "node:http2";
import type { ControlMessage } from "../../../model/agent-protocol.ts";
import { doorLimits } from "./limits.ts";

export interface ControlStream {
  send(message: ControlMessage): void;
  close(): void;
}

/** Answers 200 and keeps the stream open; `onClose` is called once when it ends for whatever reason. */
export function openControlStream(stream: ServerHttp2Stream, pingMs: number, onClose: () => void): ControlStream {
  stream.respond({ ":status": 200, "content-type": "application/x-ndjson", "cache-control": "no-store" });
  const timer = setInterval(() => send({ type: "ping" }), pingMs);
  stream.once("close", () => {
    clearInterval(timer);
    onClose();
  });
  stream.resume();

  function send(message: ControlMessage): void {
    if (stream.destroyed || stream.writableEnded) return;
    stream.write(`${JSON.stringify(message)}\n`);
    if (stream.writableLength > doorLimits.controlBufferBytesMax) stream.destroy();
  }

  return { send, close: () => stream.end() };
}
