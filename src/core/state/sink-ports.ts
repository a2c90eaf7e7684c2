// What is kept of outputs: how far each has come in the stream of security events, and the events that could not be delivered.

/** `sink` names one: "scope/name" of its resource. */
export interface DeadLetter {
  readonly id: number;
  readonly sink: string;
  /** When it became one. */
  readonly timeMs: number;
  /** The security event as JSON. */
  readonly event: string;
  readonly because: string;
  readonly attempts: number;
}

export interface SinkRecords {
  /** Opaque; undefined: it has not begun. */
  position(sink: string): Promise<string | undefined>;
  setPosition(sink: string, position: string): Promise<void>;
  /** Keeps the letters; the oldest beyond `lettersMax` leave, and their number is the answer. */
  addDeadLetters(
    sink: string,
    letters: readonly Pick<DeadLetter, "timeMs" | "event" | "because" | "attempts">[],
    lettersMax: number,
  ): Promise<number>;
  /** The oldest first, from after `afterId`. */
  deadLetters(sink: string, page: { readonly afterId: number; readonly limit: number }): Promise<readonly DeadLetter[]>;
  countDeadLetters(sink: string): Promise<number>;
  /** It was tried once more, in vain. */
  failedAgain(id: number, because: string): Promise<void>;
  /** Those of `ids`, or all; how many there were. */
  removeDeadLetters(sink: string, ids: readonly number[] | "all"): Promise<number>;
  /** All sinks of which anything is kept. */
  sinks(): Promise<readonly string[]>;
  /** Only where it has come to: it begins anew. */
  forgetPosition(sink: string): Promise<void>;
  /** Position and letters. */
  forget(sink: string): Promise<void>;
}
