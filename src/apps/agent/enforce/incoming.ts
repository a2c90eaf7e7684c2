// Resources on their way: they come one by one, and a change is taken up whole. What came of it so far is nothing to judge or to enforce.
import type { Resource } from "../../../model/resource.ts";
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
  return {
    push(resources) {
      const nowMs = monotonicMs();
      const sinceMs = waiting?.sinceMs ?? nowMs;
      const readyMs = Math.min(nowMs + enforceLimits.resourcesSettleMs, sinceMs + enforceLimits.resourcesSettleMsMax);
      waiting = { resources, sinceMs, readyMs };
      return Math.max(0, readyMs - nowMs);
    },
    take() {
      if (waiting === undefined) return undefined;
      const leftMs = waiting.readyMs - monotonicMs();
      if (leftMs > 1) return leftMs;
      const { resources } = waiting;
      waiting = undefined;
      return resources;
    },
  };
}
