// Lines on the server's standard output, for whatever collects a container's output.
import type { StdoutTarget } from "../../model/sink.ts";
import { lineOf } from "./formats/line.ts";
import { sinkLimits, type SinkConnection } from "./sink.ts";
import type { SinkSurroundings } from "./surroundings.ts";

export function openStdout({ format }: StdoutTarget, { version, print }: SinkSurroundings): SinkConnection {
  return {
    batchMax: sinkLimits.batchMax,
    async send(events) {
      const text = events.map((event) => `${lineOf(event, format, { version }).text}\n`).join("");
      await print(text);
      return { detail: "printed", bytes: Buffer.byteLength(text), cut: 0 };
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}
