// Before the very first policies: a kernel that tracked no connection knows none, and would take packets of open ones for new. So our table first comes
// without policies, which begins the tracking, and the change is judged a moment later. Nothing is denied in that time.
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { Force } from "./force.ts";
import { intentOf, type Intent } from "./intent.ts";
import { enforceLimits } from "./limits.ts";
import type { Surroundings } from "./surroundings.ts";

export interface FirstLook {
  /** False: look again in `enforceLimits.firstLookMs`. Throws what the dataplane throws. */
  isDone(asked: Intent, nowMs: number): boolean;
  /** Whether what is in the kernel is only there to look. */
  isOnlyLooking(): boolean;
  forget(): void;
}

export function createFirstLook(
  force: Force,
  around: Surroundings,
  dataplane: Pick<Dataplane, "connections">,
): FirstLook {
  let sinceMs: number | undefined;
  let looking: Intent | undefined;
  return {
    isDone(asked, nowMs) {
      if (sinceMs !== undefined) return nowMs - sinceMs >= enforceLimits.firstLookMs;
      if (force.current !== undefined || dataplane.connections(1).connections.length > 0) return true;
      looking = { ...intentOf(asked.resources.filter(({ kind }) => kind !== "Policy")), digest: "" };
      force.put(looking, around.engineOf(looking), nowMs);
      sinceMs = nowMs;
      return false;
    },
    isOnlyLooking: () => looking !== undefined && force.current?.intent === looking,
    forget() {
      sinceMs = undefined;
      looking = undefined;
    },
  };
}
