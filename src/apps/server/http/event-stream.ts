// Live data as server-sent events: asks for what is new once a tick while somebody listens, resumes by Last-Event-ID.
// A slow reader is not buffered for: nothing is asked until it has taken what was sent; what it missed comes as `skipped`.
import { setTimeout as sleep } from "node:timers/promises";
import { Fault, toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { NextPart, StreamPart } from "./calls.ts";
import { problemOf } from "./problem.ts";

export interface StreamLimits {
  readonly streamsMax: number;
  readonly rowsPerTickMax: number;
  readonly tickMs: number;
  readonly heartbeatMs: number;
}

export interface StreamHub {
  readonly open: number;
  readonly skipped: number;
  /** Answers with the stream. Throws when there are too many, or when the first part cannot be had. */
  respond(options: {
    readonly next: NextPart;
    readonly lastEventId: string;
    /** Asked with every heartbeat; false ends the stream (credential revoked or expired). */
    readonly isStillAllowed: () => Promise<boolean>;
    readonly client: AbortSignal;
  }): Promise<Response>;
  /** Ends all streams; clients reconnect. */
  close(): void;
}

interface Running {
  cursor: string;
  lastSentMs: number;
}

function eventText(part: StreamPart<unknown>): string {
  // Cursors are our own words, but a line break in one would break the format.
  const id = part.cursor.replace(/[\r\n\0]/g, "");
  return `id: ${id}\ndata: ${JSON.stringify({ rows: part.rows, skipped: part.skipped })}\n\n`;
}

/** A hub with its own count of open streams and its own end. */
export function streamHub(limits: StreamLimits, nowMs: () => number, logger: Logger): StreamHub {
  const ended = new AbortController();
  let open = 0;
  let skipped = 0;

  /** The next text to send; undefined when the stream is over. Waits at least one tick. */
  async function nextText(
    running: Running,
    next: NextPart,
    isStillAllowed: () => Promise<boolean>,
    signal: AbortSignal,
  ) {
    for (;;) {
      await sleep(limits.tickMs, undefined, { signal });
      const part = await next(running.cursor, limits.rowsPerTickMax);
      running.cursor = part.cursor;
      if (part.rows.length > 0 || part.skipped > 0) {
        skipped += part.skipped;
        running.lastSentMs = nowMs();
        return eventText(part);
      }
      if (nowMs() - running.lastSentMs < limits.heartbeatMs) continue;
      if (!(await isStillAllowed())) return undefined;
      running.lastSentMs = nowMs();
      // An id without data moves the client's cursor and is not an event.
      return `: heartbeat\nid: ${running.cursor}\n\n`;
    }
  }

  return {
    get open() {
      return open;
    },
    get skipped() {
      return skipped;
    },
    close: () => ended.abort(),
    async respond({ next, lastEventId, isStillAllowed, client }) {
      if (open >= limits.streamsMax) {
        throw new Fault(`${open} live streams are open already`, {
          code: "server/streams-limit",
          kind: "limited",
          hint: "close a console tab or a following command",
          retryAfterMs: 10_000,
        });
      }
      open += 1;
      const signal = AbortSignal.any([ended.signal, client]);
      let isClosed = false;
      const finish = (): void => {
        if (isClosed) return;
        isClosed = true;
        open -= 1;
      };
      let first: StreamPart<unknown>;
      try {
        first = await next(lastEventId, limits.rowsPerTickMax);
      } catch (thrown) {
        finish();
        throw thrown;
      }
      skipped += first.skipped;
      const running: Running = { cursor: first.cursor, lastSentMs: nowMs() };
      const encoder = new TextEncoder();
      let hasSentFirst = false;
      const body = new ReadableStream<Uint8Array>(
        {
          async pull(controller) {
            try {
              if (!hasSentFirst) {
                hasSentFirst = true;
                controller.enqueue(encoder.encode(eventText(first)));
                return;
              }
              const text = await nextText(running, next, isStillAllowed, signal);
              if (text !== undefined) return controller.enqueue(encoder.encode(text));
            } catch (thrown) {
              const fault = toFault(thrown);
              // The store went away: the client comes back with its cursor. Anything else it should know.
              if (!signal.aborted && fault.kind !== "unavailable") {
                logger.warn({ code: fault.code, error: fault.message }, "live stream ended");
                controller.enqueue(encoder.encode(`event: problem\ndata: ${JSON.stringify(problemOf(thrown))}\n\n`));
              }
            }
            finish();
            controller.close();
          },
          cancel: finish,
        },
        { highWaterMark: 1 },
      );
      signal.addEventListener("abort", finish, { once: true });
      return new Response(body, {
        headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" },
      });
    },
  };
}
