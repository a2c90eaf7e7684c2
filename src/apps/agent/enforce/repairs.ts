// Rules that somebody else changed are written again at once, but for break-glass, and but for somebody who keeps changing them (repair-pace.ts).
import type { Clock } from "../../../base/clock.ts";
import { toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Dataplane, ForeignChange } from "../../../core/policy/compile/dataplane.ts";
import type { Force } from "./force.ts";
import { createRepairPace, type RepairPace } from "./repair-pace.ts";
import type { UnenforcedGaps } from "./unenforced-gaps.ts";

export interface Repairs extends Pick<RepairPace, "heldUntilMs" | "because" | "rival"> {
  /** How often they were written again. */
  readonly count: number;
  /** Watches from now on; again is nothing. */
  begin(): void;
  stop(): void;
}

export interface RepairsOptions {
  readonly dataplane: Pick<Dataplane, "watch">;
  readonly force: Pick<Force, "current" | "distrust" | "repair">;
  readonly gaps: UnenforcedGaps;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly isGlassBroken: () => boolean;
  /** Before anything is written: what was known of the kernel is in doubt. */
  readonly onTouched: () => void;
  /** "" when there is something to look at, else why the rules could not be written again. */
  readonly onDone: (trouble: string) => void;
  readonly onRepaired: () => void;
}

export function createRepairs(options: RepairsOptions): Repairs {
  const { dataplane, force, gaps, clock, logger, onDone } = options;
  const pace = createRepairPace();
  let count = 0;
  let stop: (() => void) | undefined;

  function touched({ timeMs, what, isOtherAgent = false }: ForeignChange): void {
    if (force.current === undefined) return;
    if (options.isGlassBroken()) return onDone("");
    gaps.begin(timeMs, what);
    force.distrust();
    options.onTouched();
    if (!pace.mayRepair(clock.nowMs(), isOtherAgent)) return onDone("");
    try {
      force.repair();
      count += 1;
      const doneMs = clock.nowMs();
      gaps.end(doneMs);
      logger.warn({ what, afterMs: doneMs - timeMs }, "our rules were changed by somebody else and are written again");
      options.onRepaired();
      onDone("");
    } catch (error) {
      onDone(`the rules were changed by somebody else and cannot be written again: ${toFault(error).message}`);
    }
  }

  return {
    get count() {
      return count;
    },
    heldUntilMs: (nowMs) => pace.heldUntilMs(nowMs),
    because: () => pace.because(),
    rival: (nowMs) => pace.rival(nowMs),
    begin() {
      stop ??= dataplane.watch(touched);
    },
    stop() {
      stop?.();
      stop = undefined;
      pace.forget();
    },
  };
}
