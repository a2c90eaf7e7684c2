// How often rules that somebody else changes are written again: at once at first; whoever keeps changing them (a second agent on this node) is not
// raced for ever, but met after growing pauses, and that is said.
import { enforceLimits } from "./limits.ts";

export interface RepairPace {
  /** Somebody changed our rules: true when they may be written again at once. */
  mayRepair(nowMs: number): boolean;
  /** Until then nothing is written; 0: nothing is held back. */
  heldUntilMs(nowMs: number): number;
  /** In words, while it is held back. */
  because(): string;
  forget(): void;
}

export function createRepairPace(): RepairPace {
  const { repairsPerMinuteMax, repairPauseMsMin, repairPauseMsMax } = enforceLimits;
  let timesMs: number[] = [];
  let pauseMs: number = repairPauseMsMin;
  let heldMs = 0;
  return {
    mayRepair(nowMs) {
      if (nowMs < heldMs) return false;
      timesMs = timesMs.filter((timeMs) => nowMs - timeMs < 60_000 && timeMs <= nowMs);
      if (timesMs.length === 0) pauseMs = repairPauseMsMin;
      timesMs.push(nowMs);
      if (timesMs.length <= repairsPerMinuteMax) return true;
      heldMs = nowMs + pauseMs;
      pauseMs = Math.min(pauseMs * 2, repairPauseMsMax);
      return false;
    },
    heldUntilMs: (nowMs) => (nowMs < heldMs ? heldMs : 0),
    because: () =>
      `somebody else keeps writing our table (${timesMs.length} times within a minute); a second Garrison on this node? It is written again in a while`,
    forget() {
      timesMs = [];
      heldMs = 0;
      pauseMs = repairPauseMsMin;
    },
  };
}
