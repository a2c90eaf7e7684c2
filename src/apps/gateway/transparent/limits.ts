// Named limits of transparent mode's connections; those of HTTP are in ../limits.ts.

export interface DoorLimits {
  /** Open connections of all workloads. Beyond: reset, counted. */
  readonly connectionsMax: number;
  /** A client that says nothing for so long may wait for the server to speak first: the application is connected, and whoever speaks first decides. */
  readonly silentMs: number;
  /** From a client's first byte until what it speaks is decided. Beyond: it is taken for HTTP. */
  readonly sniffMsMax: number;
  readonly connectMsMax: number;
  /** A connection that is passed through and on which nothing moves. */
  readonly idleMsMax: number;
  /** How often connections that were not inspected are told of, by port and reason, after the first one. */
  readonly reportMs: number;
  /** Ports and reasons that are kept apart; the rest is one. */
  readonly reportsMax: number;
}

export const doorLimits: DoorLimits = {
  connectionsMax: 20_000,
  silentMs: 250,
  sniffMsMax: 10_000,
  connectMsMax: 5000,
  idleMsMax: 3_600_000,
  reportMs: 60_000,
  reportsMax: 1024,
};

/** How long connections in the gateway may go on after switching off, before they are cut. */
export const drainMsMax = 300_000;
/** Listening sockets stay so long after nothing is turned to them any more: what was on its way is still taken. */
export const lingerMs = 250;
/** A table that somebody else changed is written again at most this often: who keeps changing it is no reason to turn in circles. */
export const repairMsMin = 1000;
