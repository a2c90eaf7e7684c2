// Time between two packets of one exchange.

interface Stamp {
  readonly timeMs: number;
  readonly sinceBootUs?: number | undefined;
}

/** Microseconds from one packet to a later one, as exact as both were stamped; never negative. */
export function microsecondsBetween(from: Stamp, to: Stamp): number {
  const us =
    from.sinceBootUs === undefined || to.sinceBootUs === undefined
      ? (to.timeMs - from.timeMs) * 1000
      : to.sinceBootUs - from.sinceBootUs;
  return Math.max(0, Math.round(us));
}
