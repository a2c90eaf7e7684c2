// What the checks of core/policy/lint find in a cluster's policies, as problems beside those of the parser. Looked for again when the policies
// changed, else now and then: the world changes with every pod.
import type { LintFinding } from "../../../core/policy/lint/check.ts";
import { lint } from "../../../core/policy/lint/lint.ts";
import type { PolicyProblem, PolicySet } from "../../../core/policy/model.ts";
import type { ClusterPolicies } from "./desk.ts";
import { policyDeskLimits } from "./limits.ts";

interface Found {
  readonly atMs: number;
  readonly problems: readonly PolicyProblem[];
}

/** By the set itself: a changed set is another object. */
const known = new WeakMap<PolicySet, Found>();

/** A finding among the parser's problems; its path is the rule's, as all dialects but Cilium's write it. */
export function problemOf({ check, severity, object, rule, message, fix, place }: LintFinding): PolicyProblem {
  const at = /^(ingress|egress)\[\d+\]/.exec(rule)?.[0];
  const path = at === undefined ? "" : `spec.${at}`;
  return { severity, code: `lint/${check}`, message, hint: fix, object, place, path };
}

export function lintOf({ parsed, engine, world }: ClusterPolicies, nowMs: number): readonly PolicyProblem[] {
  const { set } = parsed;
  const before = known.get(set);
  if (before !== undefined && nowMs - before.atMs < policyDeskLimits.lintKeptMs) return before.problems;
  const isMuch = set.policies.length > policyDeskLimits.lintPoliciesMax;
  const problems = isMuch ? [notRun(set)] : lint({ set, engine, world }).findings.map(problemOf);
  known.set(set, { atMs: nowMs, problems });
  return problems;
}

function notRun({ policies }: PolicySet): PolicyProblem {
  return {
    severity: "note",
    code: "lint/not-run",
    message: `the checks are not run on ${policies.length} policies here, more than ${policyDeskLimits.lintPoliciesMax}`,
    hint: "`garrison policy lint` runs them on files, or on `garrison get Policy -o yaml`.",
    object: "",
    place: { file: "", document: 0, line: 0 },
    path: "",
  };
}
