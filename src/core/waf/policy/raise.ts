// The operator's floor under a team's policy: never a weaker mode, a lower level or a higher threshold than the floor says, and told where it was.
import type { WafFloor, WafPolicy } from "../../../model/waf-policy.ts";
import { wafModes } from "../../../model/waf-policy.ts";
import { wafPolicyLimits } from "./limits.ts";
import type { Tell } from "./named.ts";

export type Strictness = Pick<WafPolicy, "mode" | "paranoia" | "detectionParanoia" | "thresholds">;
type Mode = (typeof wafModes)[number];

function stricterMode(left: Mode, right: Mode): Mode {
  return wafModes.indexOf(left) >= wafModes.indexOf(right) ? left : right;
}

/** What is in force of a policy under a floor. */
export function raise(spec: Strictness, floor: WafFloor | undefined, tell: Tell): Strictness {
  const detectionParanoia = Math.max(spec.paranoia, spec.detectionParanoia);
  if (floor === undefined) return { ...spec, detectionParanoia };
  const raised: Strictness = {
    mode: stricterMode(spec.mode, floor.modeMin),
    paranoia: Math.max(spec.paranoia, floor.paranoiaMin),
    detectionParanoia: Math.max(detectionParanoia, floor.paranoiaMin),
    thresholds: {
      inbound: Math.min(spec.thresholds.inbound, floor.thresholdsMax.inbound),
      outbound: Math.min(spec.thresholds.outbound, floor.thresholdsMax.outbound),
    },
  };
  const changes: readonly Change[] = [
    ["mode", spec.mode, raised.mode],
    ["paranoia", spec.paranoia, raised.paranoia],
    ["thresholds.inbound", spec.thresholds.inbound, raised.thresholds.inbound],
    ["thresholds.outbound", spec.thresholds.outbound, raised.thresholds.outbound],
  ];
  tellChanges(changes, tell);
  return raised;
}

/**
 * What a request may cost under a floor that holds a mode: nobody is looked at less than `heldBudgetMin` allows, and where the floor blocks, what was not looked at
 * is blocked too.
 */
export function raiseBudget(
  written: WafPolicy["budget"],
  floor: WafFloor | undefined,
  tell: Tell,
): WafPolicy["budget"] {
  if (floor === undefined || floor.modeMin === "off") return written;
  const { heldBudgetMin } = wafPolicyLimits;
  const raised: WafPolicy["budget"] = {
    milliseconds: Math.max(written.milliseconds, heldBudgetMin.milliseconds),
    bytes: Math.max(written.bytes, heldBudgetMin.bytes),
    onExceeded: floor.modeMin === "block" ? "block" : written.onExceeded,
  };
  const changes: readonly Change[] = [
    ["budget.milliseconds", written.milliseconds, raised.milliseconds],
    ["budget.bytes", written.bytes, raised.bytes],
    ["budget.onExceeded", written.onExceeded, raised.onExceeded],
  ];
  tellChanges(changes, tell);
  return raised;
}

type Change = readonly [field: string, written: string | number, inForce: string | number];

function tellChanges(changes: readonly Change[], tell: Tell): void {
  for (const [field, written, inForce] of changes) {
    if (written === inForce) continue;
    tell({
      severity: "warning",
      code: "waf/below-floor",
      message: `${field} is ${inForce} instead of ${written}: the operator's floor holds it`,
      hint: "write what is in force, or ask the operator",
    });
  }
}
