// The port of one output: takes events, says whether the other side took them. Retrying, queueing and dead letters are the caller's.
import type { Fault } from "../../base/fault.ts";
import type { SecurityEvent } from "../../model/security-event.ts";

export interface Outgoing {
  readonly event: SecurityEvent;
  /** The same for the same event, however often it is sent: receivers can leave out what they have. */
  readonly uuid: string;
}

export interface Sent {
  /** What the other side said, or what is known of it: "HTTP 204", "written", "sent; UDP is not acknowledged". */
  readonly detail: string;
  readonly bytes: number;
  /** Messages that left something out to keep within the longest message. */
  readonly cut: number;
}

export interface SinkConnection extends AsyncDisposable {
  /** How many events one `send` takes at most. */
  readonly batchMax: number;
  /**
   * Resolves when the other side took all of them, as far as it tells. Throws a Fault, with `retryAfterMs` where the other side said so; `isUndeliverable` tells
   * whether the event itself is at fault. After a failure some may have arrived.
   */
  send(events: readonly Outgoing[]): Promise<Sent>;
}

/** This event will never be taken, others may be: it need not be tried again. */
export function isUndeliverable({ code }: Fault): boolean {
  return code === "sinks/event-refused" || code === "sinks/body-too-large";
}

export const sinkLimits = {
  connectMsMax: 10_000,
  writeMsMax: 10_000,
  /** Events of one write to a file, to standard output or over a stream. */
  batchMax: 100,
  /** How long a "port unreachable" is waited for after the first message over UDP. */
  complaintMs: 300,
  secretBytesMax: 64 * 1024,
  /** Body of one request of a webhook. */
  bodyBytesMax: 1024 * 1024,
  /** What is read of an answer, and what is shown of it. */
  answerBytesMax: 4096,
  answerShownMax: 200,
  redirectsMax: 3,
  /** Longest wait that a receiver's Retry-After is granted. */
  retryAfterMsMax: 3_600_000,
  /** Frames written so short before a connection broke may not have arrived: they are sent again. */
  doubtMs: 2000,
  doubtBytesMax: 16 * 1024 * 1024,
} as const;
