// Numbers of transparent mode that the kernel, the gateway and its guard agree upon.

export const transparentTable = "garrison_waf";

/** A table that the kernel takes away with the process: while it is there, the gateway is. */
export const aliveTable = "garrison_waf_alive";
/** Set by it on openings of connections until they are turned. */
export const aliveBit = 0x4000_0000;

/** Mark of the gateway's own connections to applications, and of the applications' sockets that take them. */
export const ownMark = 0x0757_0001;

/** The routing table that brings packets with that mark back into the machine, and the place of the rule that names it. */
export const routeTable = 4757;
export const rulePriority = 4757;

/** The set that says "the gateway lives and turns its wheel". */
export const liveSet = "gr_live";

export const transparentLimits = {
  /** Ports of one workload. */
  portsMax: 64,
  /**
   * A process that is gone takes its table with it; this is for one that hangs. Long enough that a busy moment is none.
   */
  liveMs: 5000,
  beatMs: 1000,
} as const;
