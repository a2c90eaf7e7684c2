// What an exchange sees of its two ends, whichever version of HTTP they speak. Heads hold no hop-by-hop headers; framing is each end's own affair.
import type { Duplex } from "node:stream";
import type { HeaderList, RequestHead, ResponseHead } from "../inspect.ts";

/** "none": no body. A number: so many bytes. "stream": not known before its end. */
export type BodySize = "none" | number | "stream";

export interface IncomingRequest extends RequestHead {
  readonly size: BodySize;
  readonly flaw: string;
  readonly flawStatus: number;
  readonly expectsContinue: boolean;
  /** Of an upgrade that is asked for and can be given, as it was written; "" for none. */
  readonly upgrade: string;
}

export interface OutgoingRequest {
  readonly method: string;
  /** Origin form, or "*". */
  readonly target: string;
  readonly headers: HeaderList;
  readonly size: BodySize;
  readonly upgrade: string;
}

export interface Answer {
  readonly status: number;
  readonly reason: string;
  readonly headers: HeaderList;
  readonly size: BodySize;
}

/** An upgraded connection: what was read beyond the handshake, then the stream itself. */
export interface Tunnel {
  readonly stream: Duplex;
  readonly rest: Buffer;
}

/** The client's end of one exchange. After `end` or `destroy` nothing more is said to it. */
export interface ClientEnd {
  informational(status: number, headers: HeaderList): void;
  respond(answer: Answer): void;
  /** False: wait for `drained`. */
  write(chunk: Buffer): boolean;
  end(trailers: HeaderList): void;
  pauseBody(): void;
  resumeBody(): void;
  destroy(): void;
  /** After a 101 was given with `respond`; undefined where there is no such thing. */
  detach(): Tunnel | undefined;
}

/** What the client's end tells the exchange. */
export interface ClientEvents {
  data(chunk: Buffer): void;
  end(trailers: HeaderList): void;
  /** The body is no HTTP: the request must not become whole anywhere. */
  bad(flaw: string): void;
  /** The client waits too long with its body. */
  slow(because: string): void;
  gone(): void;
  drained(): void;
}

export interface UpstreamFailure {
  readonly cause: "connect" | "timeout" | "broken" | "malformed";
  readonly because: string;
  /** The connection had been idle and no byte of an answer came: the upstream may never have seen the request. */
  readonly mayBeStale: boolean;
}

export interface UpstreamEvents {
  informational(status: number, headers: HeaderList): void;
  head(head: ResponseHead & { readonly reason: string; readonly size: BodySize }): void;
  data(chunk: Buffer): void;
  end(trailers: HeaderList): void;
  failed(failure: UpstreamFailure): void;
  drained(): void;
  upgraded(head: ResponseHead & { readonly reason: string }, tunnel: Tunnel): void;
}

export interface UpstreamEnd {
  write(chunk: Buffer): boolean;
  /** Without trailers: nobody has judged them. */
  end(): void;
  pause(): void;
  resume(): void;
  abort(): void;
}

export interface Upstream {
  begin(request: OutgoingRequest, events: UpstreamEvents): UpstreamEnd;
  close(): void;
}
