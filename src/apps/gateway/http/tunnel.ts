// Two upgraded connections joined: bytes pass both ways with back-pressure, each side's end is passed on, both end together, and silence has a limit.
import type { Duplex } from "node:stream";
import type { Tunnel } from "./streams.ts";

/** What was read beyond the handshakes goes first. Not inspected: the handshake was. */
export function joinTunnel(client: Tunnel, upstream: Tunnel, idleMsMax: number): void {
  let lastMoved = 0;
  let moved = 1;
  let open = 2;
  const timer = setInterval(() => {
    if (moved === lastMoved) stop();
    lastMoved = moved;
  }, idleMsMax);
  timer.unref();
  function stop(): void {
    client.stream.destroy();
    upstream.stream.destroy();
  }
  const events = {
    moved: () => {
      moved += 1;
    },
    closed: () => {
      open -= 1;
      if (open === 0) clearInterval(timer);
    },
    stop,
  };
  oneWay(client, upstream.stream, events);
  oneWay(upstream, client.stream, events);
}

interface TunnelEvents {
  moved(): void;
  closed(): void;
  readonly stop: () => void;
}

function oneWay(from: Tunnel, to: Duplex, events: TunnelEvents): void {
  const { stream, rest } = from;
  if (rest.length > 0) to.write(rest);
  stream.on("data", (chunk: Buffer) => {
    events.moved();
    if (!to.write(chunk)) stream.pause();
  });
  to.on("drain", () => stream.resume());
  stream.on("end", () => to.end());
  // Either side's failure is the other's end.
  stream.on("error", events.stop);
  stream.on("close", () => {
    events.closed();
    if (!to.writableEnded) to.end();
  });
  stream.resume();
}
