// Named limits of the gateway's HTTP side. What goes over one is answered or broken off, counted and told; nothing grows without an end.

export interface HttpLimits {
  /** Request or response line and headers together. Beyond: 431 (request), 502 (response). */
  readonly headBytesMax: number;
  readonly headersMax: number;
  /** From the first byte of a request to the end of its headers. Beyond: 408. */
  readonly headMsMax: number;
  /** A client that sends nothing of its body for so long. Beyond: 408. */
  readonly bodyIdleMsMax: number;
  /** Slower than this over each `bodyIdleMsMax` is a slow attack: 408. */
  readonly bodyBytesPerSecondMin: number;
  /** A client that takes nothing of its answer for so long is cut off. */
  readonly writeIdleMsMax: number;
  readonly keepAliveMsMax: number;
  readonly chunkLineBytesMax: number;
  readonly trailersBytesMax: number;
  readonly upstreamConnectMsMax: number;
  /** From the end of the request to the head of the answer. Beyond: 504. */
  readonly upstreamHeadMsMax: number;
  readonly upstreamIdleMsMax: number;
  /** Idle connections kept per upstream, and for how long. */
  readonly poolIdleMax: number;
  readonly poolIdleMsMax: number;
  /** Body bytes held for a verdict: of one message, and of all messages of a worker. */
  readonly heldBytesMax: number;
  readonly heldBytesTotalMax: number;
  /** What the rules may keep of one body that passes on while they look at it, until its request ends; and of all such bodies of a worker. */
  readonly lookedBytesMax: number;
  readonly lookedBytesTotalMax: number;
  readonly connectionsMax: number;
  /** Streams of one HTTP/2 connection at a time. */
  readonly streamsMax: number;
  /** An upgraded connection on which nothing moves for so long is closed. */
  readonly tunnelIdleMsMax: number;
  /** How often deadlines are looked at. */
  readonly tickMs: number;
}

const kibibyte = 1024;
const mebibyte = 1024 * kibibyte;

export const httpLimits: HttpLimits = {
  headBytesMax: 64 * kibibyte,
  headersMax: 256,
  headMsMax: 10_000,
  bodyIdleMsMax: 20_000,
  bodyBytesPerSecondMin: 240,
  writeIdleMsMax: 60_000,
  keepAliveMsMax: 75_000,
  chunkLineBytesMax: 512,
  trailersBytesMax: 8 * kibibyte,
  upstreamConnectMsMax: 5000,
  upstreamHeadMsMax: 60_000,
  upstreamIdleMsMax: 60_000,
  poolIdleMax: 128,
  poolIdleMsMax: 30_000,
  heldBytesMax: 16 * mebibyte,
  heldBytesTotalMax: 128 * mebibyte,
  lookedBytesMax: 256 * kibibyte,
  lookedBytesTotalMax: 128 * mebibyte,
  connectionsMax: 10_000,
  streamsMax: 128,
  tunnelIdleMsMax: 3_600_000,
  tickMs: 500,
};
