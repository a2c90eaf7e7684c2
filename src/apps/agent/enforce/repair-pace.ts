// How often rules that somebody else changes are written again: at once at first; whoever keeps changing them (a second agent on this node) is not
// raced for ever, but met after growing pauses, and that is said.
import { enforceLimits } from "./limits.ts";

export interface RepairPace {
  /** Somebody changed our rules: true when they may be written again at once. */
  mayRepair(nowMs: number, isOtherAgent?: boolean): boolean;
  /** Until then nothing is written; 0: nothing is held back. */
  heldUntilMs(nowMs: number): number;
  /** In words, while it is held back. */
  because(): string;
  /** That another agent wrote our table within the last minute, whoever's rules are there now; "" when none did. */
  rival(nowMs: number): string;
  forget(): void;
}

export function createRepairPace(): RepairPace {
  const { repairsPerMinuteMax, otherAgentRepairsMax, repairPauseMsMin, repairPauseMsMax } = enforceLimits;
  let timesMs: number[] = [];
  let pauseMs: number = repairPauseMsMin;
  let heldMs = 0;
  /** Of `timesMs`, those of another agent. */
  let othersMs: number[] = [];
  return {
    mayRepair(nowMs, isOtherAgent = false) {
      if (nowMs < heldMs) return false;
      const isLate = (timeMs: number) => nowMs - timeMs < 60_000 && timeMs <= nowMs;
      timesMs = timesMs.filter(isLate);
      othersMs = othersMs.filter(isLate);
      // Who begins again right after a pause waits for the next one, which is longer.
      const isSoonAgain = heldMs > 0 && isLate(heldMs);
      if (timesMs.length === 0 && !isSoonAgain) pauseMs = repairPauseMsMin;
      timesMs.push(nowMs);
      if (isOtherAgent) othersMs.push(nowMs);
      const isPatient = timesMs.length <= repairsPerMinuteMax && othersMs.length <= otherAgentRepairsMax;
      if (isPatient && !isSoonAgain) return true;
      heldMs = nowMs + pauseMs;
      pauseMs = Math.min(pauseMs * 2, repairPauseMsMax);
      return false;
    },
    heldUntilMs: (nowMs) => (nowMs < heldMs ? heldMs : 0),
    because: () =>
      othersMs.length > 0
        ? `another agent writes this table (a second Garrison on this node, ${othersMs.length} times within a minute): stop one of the two. It is written again in a while`
        : `somebody else keeps writing our table (${timesMs.length} times within a minute); a second Garrison on this node? It is written again in a while`,
    rival: (nowMs) =>
      othersMs.some((timeMs) => nowMs - timeMs < 60_000) ? "another agent of this node writes this table, too" : "",
    forget() {
      timesMs = [];
      othersMs = [];
      heldMs = 0;
      pauseMs = repairPauseMsMin;
    },
  };
}
