// The order in which policies are asked, and in which lane each counts. Both follow from the set alone, whatever its order.
import type { Policy, PolicySet, Tier } from "../model.ts";
import type { Lane } from "./engine.ts";

export interface OrderedPolicy {
  readonly policy: Policy;
  readonly tier: Tier;
  readonly lanes: Readonly<Record<Lane, boolean>>;
}

/** Tiers by order, then name; policies by order, then "name/namespace/kind" (the field's tie rule), then id. */
export function orderedPolicies(set: PolicySet): readonly OrderedPolicy[] {
  const tiers = new Map(set.tiers.map((tier) => [tier.name, tier]));
  const replaced = stagedTargets(set.policies);
  const list = set.policies.map((policy) => ({
    policy,
    tier: tiers.get(policy.tier) ?? unknownTier(policy),
    tie: `${policy.name}/${policy.namespace}/${policy.kind}`,
    lanes: { enforced: policy.staged === undefined, staged: countsWhenStaged(policy, replaced) },
  }));
  return list.sort(
    (a, b) =>
      compare(a.tier.order, b.tier.order) ||
      compare(a.tier.name, b.tier.name) ||
      compare(a.policy.order, b.policy.order) ||
      compare(a.tie, b.tie) ||
      compare(a.policy.id, b.policy.id),
  );
}

/** Parsers refuse unknown tiers; a set made by hand gets a last tier that denies. */
function unknownTier({ tier, place }: Policy): Tier {
  return { name: tier, order: Number.POSITIVE_INFINITY, defaultAction: "Deny", place };
}

function compare<Value extends string | number>(a: Value, b: Value): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function countsWhenStaged(policy: Policy, replaced: ReadonlySet<string>): boolean {
  if (policy.staged === undefined) return !replaced.has(targetOf(policy));
  return policy.staged === "Set" || policy.staged === "Learn";
}

/** What staged policies would replace (Set, Learn) or remove (Delete) once they are applied. */
function stagedTargets(policies: readonly Policy[]): ReadonlySet<string> {
  const targets = policies.flatMap((policy) =>
    policy.staged === undefined || policy.staged === "Ignore" ? [] : [targetOf(policy)],
  );
  return new Set(targets);
}

/** A policy and its staged twin have the same target. */
export function targetOf({ dialect, kind, namespace, name }: Policy): string {
  const isKubernetes = kind === "StagedKubernetesNetworkPolicy";
  const plain = isKubernetes ? "NetworkPolicy" : kind.replace(/^Staged/, "");
  return `${isKubernetes ? "kubernetes" : dialect}/${plain}/${namespace}/${name}`;
}
