// The one interface between doors and rules: who asks, what was asked, and whether it may go on. Doors never see engines or policies.
// Bytes are latin1 in heads and Buffers in bodies. Every inspection that began is finished, exactly once, whatever happened to its request.

import type { WafWorkload } from "../../core/waf/policy/target.ts";

export type DoorName = "proxy" | "transparent" | "extproc" | "extauthz" | "authrequest" | "library";

/** One accepted connection, or what a proxy in front says of it. Addresses in text form, ports 0 when not known. */
export interface ConnectionSource {
  readonly door: DoorName;
  readonly clientAddress: string;
  readonly clientPort: number;
  /** What the client dialled: our own listener, or (transparent) the original destination. */
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly isTls: boolean;
  /** Whose workload stands behind it, when that is another address than `serverAddress`: what the request goes to. */
  readonly upstreamAddress?: string;
  readonly upstreamPort?: number;
  /** What stands behind it, when that is known: policies are chosen by it. One object per workload. */
  readonly workload?: WafWorkload | undefined;
  /** The client's address is one of the node's own: a kubelet asks from there, and others whose address was translated. */
  readonly isFromNode?: boolean;
  /** The door can stop nothing: policies that block only detect here, and events say so. */
  readonly isObserved?: boolean;
}

export type HeaderList = readonly (readonly [name: string, value: string])[];

export interface RequestHead {
  readonly method: string;
  /** As it came: path with query, or absolute, or "*". */
  readonly target: string;
  /** "HTTP/1.1"; "HTTP/2.0". */
  readonly protocol: string;
  readonly headers: HeaderList;
}

export interface ResponseHead {
  readonly status: number;
  readonly protocol: string;
  readonly headers: HeaderList;
}

/** The request must not go on. */
export interface Stop {
  readonly action: "deny" | "drop" | "redirect";
  readonly status: number;
  /** With "redirect". */
  readonly location: string;
  readonly ruleId: number;
  readonly because: string;
}

export interface Outcome {
  /** What the client got; 0: nothing, or not known. */
  readonly status: number;
  /** What the door could not hand over, and why; beside what the engine says. */
  readonly notInspected?: readonly string[];
  /** Of the same kind, but what is ordinary for this door or upstream: counted, and told only with a row that is made anyway. */
  readonly counted?: readonly string[];
  /** A shape that no server should see ("chunk size is not a number"): answered 400 and told as an event. */
  readonly malformed?: string;
}

/** Order: requestHead, requestBody*, endRequest, responseHead, responseBody*, endResponse, finish. Steps may be left out at the end. */
export interface Inspection {
  /** Of the transaction; "" when the policy is off. */
  readonly id: string;
  /** Whether a Stop can come: only then are bodies held back. */
  readonly mayBlock: boolean;
  /** Whether answers' bodies may be looked at: doors then ask upstream for no content coding. */
  readonly readsResponses: boolean;
  requestHead(head: RequestHead): Stop | undefined;
  /** May turn false while the body comes: the rest need not be handed over. */
  readonly wantsRequestBody: boolean;
  requestBody(chunk: Buffer): Stop | undefined;
  endRequest(): Stop | undefined;
  responseHead(head: ResponseHead): Stop | undefined;
  readonly wantsResponseBody: boolean;
  responseBody(chunk: Buffer): Stop | undefined;
  endResponse(): Stop | undefined;
  finish(outcome: Outcome): void;
}

export interface Inspector {
  /** The head chooses the policy; nothing is judged yet. */
  begin(source: ConnectionSource, head: RequestHead): Inspection;
}

/** First value of a header, without case; undefined when there is none. */
export function headerOf(headers: HeaderList, lowerName: string): string | undefined {
  for (const [name, value] of headers) {
    if (name.length === lowerName.length && name.toLowerCase() === lowerName) return value;
  }
  return undefined;
}
