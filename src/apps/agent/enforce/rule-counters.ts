// The kernel's counters of rules, added up by policy: first packets that its rules allowed and denied. And how many endpoints here a policy applies to.
import type { Dataplane } from "../../../core/policy/compile/dataplane.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { Policy } from "../../../core/policy/model.ts";
import type { InForce } from "./force.ts";

export interface RuleCounters {
  read(engine: PolicyEngine, dataplane: Pick<Dataplane, "counters">): void;
  /** Undefined: not read yet, or the policy has no rule that decided. `deniedAtEnd`: packets that no rule of it allowed, counted elsewhere. */
  of(policy: string, deniedAtEnd?: number): { readonly allowed: number; readonly denied: number } | undefined;
  endpointsOf(inForce: InForce | undefined, policy: string, local: readonly { readonly endpoint: string }[]): number;
}

export function createRuleCounters(): RuleCounters {
  let sums = new Map<string, { allowed: number; denied: number }>();
  let counted:
    | { readonly of: InForce; readonly local: unknown; readonly byPolicy: ReadonlyMap<string, number> }
    | undefined;
  return {
    read(engine, dataplane) {
      const now = new Map<string, { allowed: number; denied: number }>();
      const policies = new Map(engine.set.policies.map((policy) => [policy.id, policy]));
      for (const { ruleId, packets } of dataplane.counters()) {
        const at = engine.rule(ruleId);
        const policy = at === undefined ? undefined : policies.get(at.policy);
        if (at === undefined || policy === undefined) continue;
        const sum = now.get(policy.id) ?? { allowed: 0, denied: 0 };
        now.set(policy.id, sum);
        const action = actionOf(policy, at.direction, at.rule);
        if (action === "Allow") sum.allowed += packets;
        else if (action === "Deny") sum.denied += packets;
      }
      sums = now;
    },
    of(policy, deniedAtEnd = 0) {
      const sum = sums.get(policy);
      if (deniedAtEnd === 0) return sum;
      return { allowed: sum?.allowed ?? 0, denied: (sum?.denied ?? 0) + deniedAtEnd };
    },
    endpointsOf(inForce, policy, local) {
      if (inForce === undefined) return 0;
      if (counted?.of !== inForce || counted.local !== local)
        counted = { of: inForce, local, byPolicy: countEndpoints(inForce.engine, local) };
      return counted.byPolicy.get(policy) ?? 0;
    },
  };
}

function actionOf(policy: Policy, direction: "ingress" | "egress", rule: number): string {
  return policy[direction].find(({ written }) => written === rule)?.action ?? "";
}

function countEndpoints(engine: PolicyEngine, local: readonly { readonly endpoint: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { endpoint } of local) {
    const classes = [engine.classOf(endpoint, "ingress"), engine.classOf(endpoint, "egress")];
    const policies = new Set(classes.flatMap((one) => (one?.tiers ?? []).flatMap((tier) => tier.policies)));
    for (const policy of policies) counts.set(policy, (counts.get(policy) ?? 0) + 1);
  }
  return counts;
}
