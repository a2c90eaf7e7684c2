// Flows whose other end may become known in a moment: their first row waits a little, and when the answer comes they are amended. Nothing here
// is asked unless the directory has news.
import { flowLimits } from "./flow-aggregator.ts";
import type { FlowDirectory } from "./flow-ends.ts";
import type { FlowEntry } from "./flow-entry.ts";

export interface Awaited {
  /** Remembers the entry if its other end is on its way. */
  add(entry: FlowEntry): void;
  /** Whether the entry's first row should wait on. */
  isHeld(entry: FlowEntry, nowMs: number): boolean;
  /** Asks again for all of them when there is news. */
  settle(nowMs: number): void;
}

/** `onKnown` is told when an entry's other end is known now, or known to be outside; `entry.remote` is the answer. */
export function createAwaited(directory: FlowDirectory | undefined, onKnown: (entry: FlowEntry) => void): Awaited {
  const waiting = new Set<FlowEntry>();
  let revision = -1;
  return {
    add(entry) {
      // Above the pod pair a row stands for many addresses: one's answer is not another's.
      if (entry.remote?.isOnItsWay === true && entry.key.level <= 2) waiting.add(entry);
    },
    isHeld: (entry, nowMs) => waiting.has(entry) && nowMs - entry.beganMs < flowLimits.identityHoldMsMax,
    settle(nowMs) {
      if (directory === undefined || waiting.size === 0) return;
      const hasNews = directory.revision !== revision;
      revision = directory.revision;
      for (const entry of waiting) {
        const isOver = entry.mergedInto !== undefined || nowMs - entry.beganMs > flowLimits.identityAmendMsMax;
        if (hasNews && !isOver) amend(directory, entry);
        const isKnown = entry.remote?.isOnItsWay !== true;
        if (isOver || isKnown) waiting.delete(entry);
        if (isKnown && !isOver) onKnown(entry);
      }
    },
  };
}

function amend(directory: FlowDirectory, entry: FlowEntry): void {
  const { protocol, isSource, remoteAddress: address } = entry.key;
  entry.remote = directory.remoteEnd({
    address,
    port: isSource ? entry.remotePort : 0,
    protocol,
    timeMs: entry.beganMs,
  });
}
