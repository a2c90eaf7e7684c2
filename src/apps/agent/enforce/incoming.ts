// Resources on their way: they come one by one, and a change is taken up whole. What came of it so far is nothing to judge or to enforce.
import type { Resource } from "../../../model/resource.ts";
import { depthOf } from "./intent.ts";
import { enforceLimits } from "./limits.ts";

export interface Incoming {
  /** The newest word on all resources; returns after how many milliseconds to look. */
  push(resources: readonly Resource[]): number;
  /** The resources when nothing more came for a while, else in how many milliseconds to look again; undefined: nothing came. */
  take(): readonly Resource[] | number | undefined;
}

/** `monotonicMs`: milliseconds that only rise. */
export function createIncoming(monotonicMs: () => number): Incoming {
  let waiting:
    | { readonly resources: readonly Resource[]; readonly sinceMs: number; readonly readyMs: number }
    | undefined;
  /** A hold that was waited for in vain: whoever set it died, and it holds nothing any more. */
  let overdue = "";
  return {
    push(resources) {
      const nowMs = monotonicMs();
      const sinceMs = waiting?.sinceMs ?? nowMs;
      const hold = holdOf(resources);
      const isHeld = hold !== "" && hold !== overdue;
      const { resourcesSettleMs, resourcesSettleMsMax, holdQuietMs, holdMsMax } = enforceLimits;
      const readyMs = isHeld
        ? Math.min(nowMs + holdQuietMs, sinceMs + holdMsMax)
        : Math.min(nowMs + resourcesSettleMs, sinceMs + resourcesSettleMsMax);
      waiting = { resources, sinceMs, readyMs };
      return Math.max(0, readyMs - nowMs);
    },
    take() {
      if (waiting === undefined) return undefined;
      const leftMs = waiting.readyMs - monotonicMs();
      if (leftMs > 1) return leftMs;
      const { resources } = waiting;
      waiting = undefined;
      overdue = holdOf(resources);
      return resources;
    },
  };
}

/** Of the Enforcement that decides; "" where it does not ask to enforce: turning off waits for nothing. */
function holdOf(resources: readonly Resource[]): string {
  const own = resources.filter(({ kind, deleted }) => kind === "Enforcement" && !deleted);
  const [decides] = own.sort((one, other) => depthOf(other) - depthOf(one));
  const { mode, hold } = decides?.spec ?? {};
  return mode === "enforce" && typeof hold === "string" ? hold : "";
}
