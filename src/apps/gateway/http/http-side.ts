// HTTP over sockets that somebody else accepted: inspects each request, passes it on to where `upstreamFor` says, and brings the answer back.
// HTTP/1.1 and HTTP/2 with prior knowledge on the same socket. Used by the reverse proxy and by transparent mode.
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Logger } from "../../../base/logger.ts";
import type { ConnectionSource, Inspector } from "../inspect.ts";
import type { HttpLimits } from "../limits.ts";

/** Where requests of a connection go. */
export interface UpstreamTarget {
  /** Connections with the same key are shared by clients, unless `isExclusive`. */
  readonly key: string;
  readonly protocol: "http1" | "h2c";
  /** A connected stream; rejects when there is none. Time-limited by the caller, who aborts the signal. */
  connect(signal: AbortSignal): Promise<Duplex>;
  /** Upstream connections belong to one client connection and end with it (transparent mode: they carry the client's address). */
  readonly isExclusive: boolean;
}

export interface HttpSideOptions {
  readonly inspector: Inspector;
  readonly upstreamFor: (source: ConnectionSource) => UpstreamTarget;
  /** "set": X-Forwarded-For, -Proto are written (appended to what a listed proxy said). "none": the request's headers stay as they are. */
  readonly forwarded: "set" | "none";
  /** Whether what this peer says in X-Forwarded-For is believed. */
  readonly isTrustedProxy: (address: string) => boolean;
  /** A request with both Content-Length and Transfer-Encoding: refused (default), or read as chunked with its length dropped, as Apache does. */
  readonly doubleFraming?: "refuse" | "drop-length";
  /** In blocking mode, a body that is longer than may be held: refused with 413 (default), or passed on with the rest not inspected. */
  readonly onBodyTooLarge?: "block" | "pass";
  readonly limits: HttpLimits;
  readonly nowMs: () => number;
  readonly logger: Logger;
}

export interface HttpFigures {
  readonly connections: number;
  readonly connectionsOpen: number;
  readonly connectionsRefused: number;
  readonly requests: number;
  readonly malformed: number;
  readonly blocked: number;
  /** By cause: "connect", "timeout", "broken". */
  readonly upstreamFailures: Readonly<Record<string, number>>;
  readonly timeouts: number;
  readonly tunnels: number;
  /** Requests and connections that ended on an error of ours. */
  readonly errors: number;
  readonly heldBytes: number;
}

export interface HttpSide {
  /**
   * Takes a connected socket (best with `allowHalfOpen`). `first`: bytes that were read from it already. The socket is the side's from now on.
   */
  accept(socket: Socket, source: ConnectionSource, first?: Buffer): void;
  readonly figures: HttpFigures;
  /** No further requests on open connections; resolves when all ended, at the latest after `drainMs`. */
  close(drainMs: number): Promise<void>;
}
