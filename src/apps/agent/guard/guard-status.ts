// A word on each RuntimePolicy for the server: what this node promises for each rule, and whether it is proved. Pure.
import type { CompileProblem } from "../../../core/runtime-policy/compile.ts";
import type { GuardPlanes } from "../../../core/runtime-policy/guard-port.ts";
import type { ParsedRuntimePolicy, RuntimeProblem } from "../../../core/runtime-policy/model.ts";
import { planPolicy } from "../../../core/runtime-policy/plan.ts";
import type { EnforcementStatus } from "../../../model/enforcement-status.ts";
import { enforcementStatusLimits } from "../../../model/enforcement-status.ts";
import type { ResourceStatus } from "../../../model/resource.ts";
import type { DrillReceipt } from "./drill.ts";
import { holdWord, type HoldFacts } from "./hold-status.ts";
import { guardSideLimits } from "./limits.ts";

export interface PolicyCounts {
  readonly byOutcome: Readonly<Record<string, number>>;
  /** Of the last real stop; "" before it. */
  readonly receipt: string;
  readonly receiptMs: number;
}

export interface StatusFacts {
  readonly planes: GuardPlanes | undefined;
  /** Why the guard is not there; "" when it is, or when nothing asked for it yet. */
  readonly failure: string;
  readonly stopped: string;
  readonly holders: number;
  readonly problems: readonly CompileProblem[];
  readonly drill: DrillReceipt | undefined;
  readonly counts: PolicyCounts | undefined;
  /** Whether it is pinned, or why not; "" where it does not ask for that. */
  readonly pin: string;
  /** Of a policy that freezes or isolates. */
  readonly hold: HoldFacts;
  readonly nowMs: number;
}

interface Held {
  readonly resource: Pick<ResourceStatus, "kind" | "scope" | "name" | "generation">;
  readonly policy: ParsedRuntimePolicy | undefined;
  readonly problems: readonly RuntimeProblem[];
}

export function statusOf({ resource, policy, problems }: Held, facts: StatusFacts): ResourceStatus {
  const told = [
    ...problems.map(({ message, path, hint }) => [`${path}: ${message}`, hint].filter(Boolean).join("; ")),
    ...facts.problems.map(({ place, message }) => `${place}: ${message}`),
  ];
  const shown = [...new Set(told)]
    .slice(0, enforcementStatusLimits.problemsMax)
    .map((text) => text.slice(0, enforcementStatusLimits.problemLengthMax));
  if (policy === undefined) {
    return {
      ...resource,
      state: "refused",
      because: shown[0] ?? "refused",
      enforcement: enforcementOf({ state: "refused", problems: shown }),
    };
  }
  const { state, because } = stateOf(policy, facts);
  const isPinTold = state === "enforced" || state === "unproved";
  const runtime = runtimeOf(policy, facts);
  return {
    ...resource,
    state: "applied",
    because: isPinTold && facts.pin !== "" ? `${facts.pin}; ${because}` : because,
    enforcement: enforcementOf({
      state,
      problems: shown,
      endpoints: facts.holders,
      ...(runtime === undefined ? {} : { runtime }),
    }),
  };
}

function enforcementOf(
  given: Partial<EnforcementStatus> & Pick<EnforcementStatus, "state" | "problems">,
): EnforcementStatus {
  return { digest: "", policyGeneration: 0, endpoints: 0, ...given };
}

function stateOf(
  policy: ParsedRuntimePolicy,
  facts: StatusFacts,
): { readonly state: EnforcementStatus["state"]; readonly because: string } {
  if (policy.mode === "off") return { state: "off", because: "its mode is off" };
  if (facts.stopped !== "") return { state: "broken-glass", because: facts.stopped };
  if (facts.failure !== "") return { state: "failed", because: facts.failure };
  if (facts.planes === undefined) return { state: "unproved", because: "not looked at yet" };
  const scope = facts.holders === 0 ? "no workload of this node is in its scope" : `${facts.holders} in scope`;
  if (policy.mode === "dry-run")
    return { state: "preview", because: `dry run: what it would do is told, nothing is stopped; ${scope}` };
  if (policy.hold !== undefined) {
    const word = holdWord(policy.hold, facts.hold, facts);
    // Rules beside the hold have a word of their own, when the hold leaves room for one.
    if (policy.rules.length === 0 || word.state === "unproved") return word;
  }
  // A receipt of yesterday proves nothing about a workload that is not held now.
  if (facts.holders === 0) return { state: "unproved", because: scope };
  const { weakest } = planPolicy(policy, facts.planes);
  if (facts.counts !== undefined && facts.counts.receipt !== "")
    return { state: "enforced", because: `${scope}; ${facts.counts.receipt}` };
  if (weakest === "detect")
    return { state: "unproved", because: `this kernel cannot stop some of its rules: see the plan; ${scope}` };
  if (facts.drill?.isProved === true) return { state: "enforced", because: `${scope}; ${drillWords(facts.drill)}` };
  return {
    state: "unproved",
    because:
      facts.drill === undefined ? `no drill yet; ${scope}` : `the drill did not prove it: ${drillWords(facts.drill)}`,
  };
}

function drillWords({ exec, connect }: DrillReceipt): string {
  return `drill: exec ${exec}, connect ${connect}`;
}

function runtimeOf(policy: ParsedRuntimePolicy, facts: StatusFacts): EnforcementStatus["runtime"] {
  const { planes, counts, drill } = facts;
  if (planes === undefined) return undefined;
  if (policy.hold !== undefined && policy.rules.length === 0) return holdRuntime(policy, facts);
  const { rules } = planPolicy(policy, planes);
  const isEvent = counts !== undefined && counts.receipt !== "";
  const isDrill = !isEvent && policy.mode === "enforce" && drill?.isProved === true;
  return {
    mode: policy.mode,
    rules: rules.slice(0, guardSideLimits.planRowsMax).map((rule) => ({ ...rule })),
    rulesOmitted: Math.max(0, rules.length - guardSideLimits.planRowsMax),
    countsByOutcome: { ...counts?.byOutcome },
    receipt: isEvent ? counts.receipt : isDrill && drill !== undefined ? drillWords(drill) : "",
    receiptMs: isEvent ? counts.receiptMs : isDrill && drill !== undefined ? drill.timeMs : 0,
    receiptKind: isEvent ? "event" : isDrill ? "drill" : "none",
  };
}

function holdRuntime(policy: ParsedRuntimePolicy, facts: StatusFacts): EnforcementStatus["runtime"] {
  const { state, because } = stateOf(policy, facts);
  const isProved = state === "enforced";
  return {
    mode: policy.mode,
    rules: [],
    rulesOmitted: 0,
    countsByOutcome: {},
    receipt: isProved ? because : "",
    receiptMs: isProved ? facts.hold.sinceMs : 0,
    receiptKind: isProved ? "event" : "none",
  };
}
