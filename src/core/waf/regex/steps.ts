// Counts what our own matchers do, so that tests can hold linear time to a number and budgets can charge for it. One count per thread.
import type { MatcherSteps } from "./pattern.ts";

/** The running count; matchers add to it. */
export const steps = { bytes: 0, statesMade: 0, cacheFlushes: 0, visits: 0, limited: 0 };

/** What was counted since the last call. */
export function takeSteps(): MatcherSteps {
  const taken = { ...steps };
  steps.bytes = 0;
  steps.statesMade = 0;
  steps.cacheFlushes = 0;
  steps.visits = 0;
  steps.limited = 0;
  return taken;
}
