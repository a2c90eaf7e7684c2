// All checks over a set of policies. Works without a world; what needs one then says that it did not look.
import type { PolicyEngine } from "../evaluate/engine.ts";
import { orderedPolicies } from "../evaluate/ordered-policies.ts";
import type { PolicySet } from "../model.ts";
import type { World } from "../world.ts";
import { type LintFinding, severities } from "./check.ts";
import { checks } from "./checks.ts";

/** Most findings of one check; more are counted. */
export const findingsPerCheckMax = 200;

export interface LintReport {
  /** Errors first, then by place. */
  readonly findings: readonly LintFinding[];
  /** Checks that were not run, and why. */
  readonly notLooked: readonly { readonly check: string; readonly because: string }[];
  /** Findings beyond the limit, by check. */
  readonly more: Readonly<Record<string, number>>;
}

/** `engine` holds the set, with the world if there is one, else with an empty one. */
export function lint(input: {
  readonly set: PolicySet;
  readonly engine: PolicyEngine;
  readonly world?: World | undefined;
}): LintReport {
  const world = input.world;
  const findings: LintFinding[] = [];
  const notLooked: { check: string; because: string }[] = [];
  const more: Record<string, number> = {};
  const whole = {
    set: input.set,
    engine: input.engine,
    world,
    ordered: orderedPolicies(input.set).map(({ policy }) => policy),
  };
  for (const check of checks) {
    if (check.needsWorld && world === undefined) {
      notLooked.push({ check: check.id, because: "no pods were given" });
      continue;
    }
    if (check.needsWorld && world !== undefined && world.incomplete !== "") {
      notLooked.push({ check: check.id, because: `the world is not whole: ${world.incomplete}` });
      continue;
    }
    const found = [...check.find(whole)];
    findings.push(...found.slice(0, findingsPerCheckMax));
    if (found.length > findingsPerCheckMax) more[check.id] = found.length - findingsPerCheckMax;
  }
  findings.sort(compareFindings);
  return { findings, notLooked, more };
}

function compareFindings(one: LintFinding, other: LintFinding): number {
  const bySeverity = severities.indexOf(one.severity) - severities.indexOf(other.severity);
  if (bySeverity !== 0) return bySeverity;
  const [left, right] = [keyOf(one), keyOf(other)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function keyOf({ place, object, rule, check, message }: LintFinding): string {
  const number = (value: number): string => String(value).padStart(8, "0");
  return [place.file, number(place.document), number(place.line), object, rule, check, message].join("\u0001");
}
