// Numbers of transparent mode that the kernel, the gateway and its guard agree upon.

export const transparentTable = "garrison_waf";

/** Mark of the gateway's own connections to applications, and of the applications' sockets that take them. */
export const ownMark = 0x4757_0001;

/** The routing table that brings packets with that mark back into the machine, and the place of the rule that names it. */
export const routeTable = 4757;
export const rulePriority = 4757;

/** The set that says "the gateway lives and turns its wheel". */
export const liveSet = "gr_live";

export const transparentLimits = {
  /** Ports of one workload. */
  portsMax: 64,
  /**
   * A process that is gone is noticed by the kernel at once (its listening socket is gone); this is for one that hangs. Longer than any request may take.
   */
  liveMs: 5000,
  beatMs: 1000,
} as const;
