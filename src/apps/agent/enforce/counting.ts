// Reads the kernel's counters of rules now and then. Counters that cannot be read are logged: they decide nothing.
import { toFault } from "../../../base/fault.ts";
import type { Logger } from "../../../base/logger.ts";
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import { enforceLimits } from "./limits.ts";
import type { RuleCounters } from "./rule-counters.ts";

export type Counting = (engine: PolicyEngine | undefined, nowMs: number) => void;

export function createCounting(
  counters: Pick<RuleCounters, "read">,
  { dataplane, logger }: { readonly dataplane: Dataplane; readonly logger: Logger },
): Counting {
  let countedMs = 0;
  return (engine, nowMs) => {
    if (engine === undefined || nowMs - countedMs < enforceLimits.countersEveryMs) return;
    countedMs = nowMs;
    try {
      counters.read(engine, dataplane);
    } catch (error) {
      logger.warn({ error: toFault(error).message }, "counters of rules cannot be read");
    }
  };
}
