// What a handler gets and gives: typed by its operation's entry in the contract table.
import type { z } from "zod";
import type { LedgerRecord } from "../../../core/state/ports.ts";
import type { Api, OperationName } from "../contract/api.ts";
import type { Endpoint, ResponseOf } from "../contract/endpoint.ts";
import type { Caller } from "./callers.ts";

type Parsed<S> = S extends z.ZodType ? z.infer<S> : undefined;
type Part<E, Key extends string> = E extends Readonly<Record<Key, infer S>> ? Parsed<S> : undefined;

export interface Call<E extends Endpoint> {
  readonly params: Part<E, "params">;
  readonly query: Part<E, "query">;
  readonly body: Part<E, "body">;
  /** The request itself; its body is unread only where the contract's body is `unknown` (foreign formats). */
  readonly request: Request;
  /** Undefined only for operations of role "open" that got no credential. */
  readonly caller: Caller | undefined;
  /** Headers to add to the answer. */
  readonly answerHeaders: Headers;
  /** Writes to the ledger under the caller's name. */
  readonly record: (
    entry: Pick<LedgerRecord, "action" | "target" | "outcome"> & { readonly detail?: Record<string, unknown> },
  ) => Promise<void>;
}

type StreamName = {
  [Name in OperationName]: Api[Name] extends { readonly stream: true } ? Name : never;
}[OperationName];
export type AnswerName = Exclude<OperationName, StreamName>;

/** One part of a stream; the cursor becomes the event's id. */
export interface StreamPart<T> {
  readonly rows: readonly T[];
  readonly cursor: string;
  readonly skipped: number;
}

/** What a stream handler gives: the next part after a cursor ("" = begin as the query says). */
export type NextPart = (cursor: string, rowsMax: number) => Promise<StreamPart<unknown>>;

export type AnswerHandlers = {
  readonly [Name in AnswerName]: (call: Call<Api[Name]>) => Promise<ResponseOf<Api[Name]>>;
};
export type StreamHandlers = { readonly [Name in StreamName]: (call: Call<Api[Name]>) => NextPart };
export type Handlers = AnswerHandlers & StreamHandlers;

/** Handlers of some operations, as a handlers/ file exports them. */
export type HandlersOf<Name extends OperationName> = Pick<Handlers, Name>;
