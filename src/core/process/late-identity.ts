// Items that wait a short time for the runtime or the server to say whose they are: let go as soon as they answer, and at the latest after the hold time,
// as they are. Bounded; when full the oldest leave early and are counted.

export const lateIdentityLimits = {
  holdMsMax: 2000,
  heldMax: 8192,
} as const;

export interface LateIdentities<T> {
  /** Keeps `item` until it is complete or the hold time is over. Returns what had to leave early, oldest first. */
  hold(item: T, nowMs: number): readonly T[];
  /** Everything that is complete by now, oldest first: to be sent on. Asked when there is news. */
  settle(isComplete: (item: T) => boolean): readonly T[];
  /** Everything that has waited for the hold time, oldest first: to be sent on as unknown. */
  expire(nowMs: number): readonly T[];
  /** Everything, for shutdown. */
  drain(): readonly T[];
  readonly size: number;
  /** Left before an answer: after the hold time or because of the cap. */
  readonly unanswered: number;
}

interface Waiting<T> {
  readonly item: T;
  readonly sinceMs: number;
}

export function createLateIdentities<T>(options: { holdMs?: number; heldMax?: number } = {}): LateIdentities<T> {
  const holdMs = options.holdMs ?? lateIdentityLimits.holdMsMax;
  const heldMax = options.heldMax ?? lateIdentityLimits.heldMax;
  let waiting: Waiting<T>[] = [];
  let unanswered = 0;

  function letGo(count: number): readonly T[] {
    unanswered += count;
    return waiting.splice(0, count).map((held) => held.item);
  }

  return {
    hold(item, nowMs) {
      waiting.push({ item, sinceMs: nowMs });
      // A sixteenth at a time, so that a full queue does not move its whole array for every item.
      return waiting.length > heldMax ? letGo(Math.max(1, heldMax >> 4)) : [];
    },
    settle(isComplete) {
      const settled: T[] = [];
      const still: Waiting<T>[] = [];
      for (const held of waiting) {
        if (isComplete(held.item)) settled.push(held.item);
        else still.push(held);
      }
      if (settled.length > 0) waiting = still;
      return settled;
    },
    expire(nowMs) {
      let count = 0;
      while (count < waiting.length && nowMs - (waiting[count]?.sinceMs ?? 0) >= holdMs) count += 1;
      return letGo(count);
    },
    drain() {
      return letGo(waiting.length);
    },
    get size() {
      return waiting.length;
    },
    get unanswered() {
      return unanswered;
    },
  };
}
