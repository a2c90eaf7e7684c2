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
    /** Asked once a heartbeat, on a busy stream too; false ends the stream (credential revoked or expired). */
    readonly isStillAllowed: () => Promise<boolean>;
    readonly client: AbortSignal;
  }): Promise<Response>;
  /** Ends all streams; clients reconnect. */
  close(): void;
}

/** Cursors are our own words, but a line break in one would break the format. */
function idOf(cursor: string): string {
  return cursor.replace(/[\r\n\0]/g, "");
}

function eventText(part: StreamPart<unknown>): string {
  return `id: ${idOf(part.cursor)}\ndata: ${JSON.stringify({ rows: part.rows, skipped: part.skipped })}\n\n`;
}

export interface StreamParts {
  readonly limits: StreamLimits;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

/** One open stream: where it is, and how it goes on. */
interface Running {
  cursor: string;
  /** What the client would resume from. */
  sentCursor: string;
  lastSentMs: number;
  lastAllowedMs: number;
  readonly next: NextPart;
  readonly isStillAllowed: () => Promise<boolean>;
  readonly signal: AbortSignal;
}

/** The next text to send; undefined when the stream is over. Waits at least one tick. */
async function nextText(
  { limits, nowMs }: StreamParts,
  running: Running,
  onSkipped: (rows: number) => void,
): Promise<string | undefined> {
  for (;;) {
    await sleep(limits.tickMs, undefined, { signal: running.signal });
    // By its own clock: a stream that always has rows never comes to a heartbeat.
    if (nowMs() - running.lastAllowedMs >= limits.heartbeatMs) {
      if (!(await running.isStillAllowed())) return undefined;
      running.lastAllowedMs = nowMs();
    }
    const part = await running.next(running.cursor, limits.rowsPerTickMax);
    running.cursor = part.cursor;
    if (part.rows.length > 0 || part.skipped > 0) {
      onSkipped(part.skipped);
      running.lastSentMs = nowMs();
      running.sentCursor = running.cursor;
      return eventText(part);
    }
    if (nowMs() - running.lastSentMs < limits.heartbeatMs) continue;
    running.lastSentMs = nowMs();
    // An id without data moves the client's cursor and is not an event; one that it has already would be a kilobyte for nothing.
    if (running.cursor === running.sentCursor) return ": heartbeat\n\n";
    running.sentCursor = running.cursor;
    return `: heartbeat\nid: ${idOf(running.cursor)}\n\n`;
  }
}

/** What a stream that broke still says: nothing when the store went away (the client comes back with its cursor), else why. */
function lastWords({ logger }: StreamParts, thrown: unknown, signal: AbortSignal): string {
  const fault = toFault(thrown);
  if (signal.aborted || fault.kind === "unavailable") return "";
  logger.warn({ code: fault.code, error: fault.message }, "live stream ended");
  return `event: problem\ndata: ${JSON.stringify(problemOf(thrown))}\n\n`;
}

/** The body: `first` at once, then whatever comes, one part per pull. */
function bodyOf(
  parts: StreamParts,
  running: Running,
  first: StreamPart<unknown>,
  { onSkipped, onEnd }: { readonly onSkipped: (rows: number) => void; readonly onEnd: () => void },
): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  let pending: string | undefined = eventText(first);
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        let words = "";
        try {
          const text = pending ?? (await nextText(parts, running, onSkipped));
          pending = undefined;
          if (text !== undefined) return controller.enqueue(encoder.encode(text));
        } catch (thrown) {
          words = lastWords(parts, thrown, running.signal);
        }
        if (words !== "") controller.enqueue(encoder.encode(words));
        onEnd();
        controller.close();
      },
      cancel: onEnd,
    },
    { highWaterMark: 1 },
  );
}

/** A hub with its own count of open streams and its own end. */
export function streamHub(parts: StreamParts): StreamHub {
  const ended = new AbortController();
  const { limits, nowMs } = parts;
  let open = 0;
  let skipped = 0;
  const onSkipped = (rows: number): void => {
    skipped += rows;
  };

  /** Takes a place; returns how to give it back (once). */
  function takePlace(): () => void {
    if (open >= limits.streamsMax) {
      throw new Fault(`${open} live streams are open already`, {
        code: "server/streams-limit",
        kind: "limited",
        hint: "close a console tab or a following command",
        retryAfterMs: 10_000,
      });
    }
    open += 1;
    let isTaken = true;
    return () => {
      if (isTaken) open -= 1;
      isTaken = false;
    };
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
      const onEnd = takePlace();
      const signal = AbortSignal.any([ended.signal, client]);
      signal.addEventListener("abort", onEnd, { once: true });
      try {
        const first = await next(lastEventId, limits.rowsPerTickMax);
        onSkipped(first.skipped);
        const startMs = nowMs();
        const running: Running = {
          cursor: first.cursor,
          sentCursor: first.cursor,
          lastSentMs: startMs,
          lastAllowedMs: startMs,
          next,
          isStillAllowed,
          signal,
        };
        return new Response(bodyOf(parts, running, first, { onSkipped, onEnd }), {
          headers: { "content-type": "text/event-stream", "cache-control": "no-store", "x-accel-buffering": "no" },
        });
      } catch (thrown) {
        onEnd();
        throw thrown;
      }
    },
  };
}
