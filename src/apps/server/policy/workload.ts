// Which policies apply to a workload: per direction, tier by tier in order of evaluation, and whether its pods are treated alike.
import type { Direction } from "../../../core/policy/model.ts";
import type { PolicyClass } from "../../../core/policy/evaluate/engine.ts";
import type { ClusterPolicies, PolicyDesk } from "./desk.ts";
import { policyDeskLimits } from "./limits.ts";

/** `workload` as "<namespace>/<kind>/<name>". Pods beyond `workloadPodsMax` are not looked at, which is said. */
export async function workloadPolicies(
  desk: PolicyDesk,
  asked: { readonly cluster: string; readonly workload: string },
) {
  const policies = await desk.of(asked.cluster);
  const [namespace = "", ...owner] = asked.workload.split("/");
  const name = owner.join("/");
  const pods = policies.world.endpoints
    .filter((one) => one.namespace === namespace && one.workload === name && one.kind === "workload")
    .map(({ id }) => id)
    .sort();
  const { world } = policies;
  return {
    pods: pods.length,
    hostNetworkPods: world.endpoints.filter(
      (one) => one.namespace === namespace && one.workload === name && one.kind === "hostNetwork",
    ).length,
    ingress: directionOf(policies, pods, "ingress"),
    egress: directionOf(policies, pods, "egress"),
    world: { endpoints: world.endpoints.length, incomplete: world.incomplete },
  };
}

function directionOf({ engine }: ClusterPolicies, pods: readonly string[], direction: Direction) {
  const looked = pods.slice(0, policyDeskLimits.workloadPodsMax);
  const classes = new Map<string, PolicyClass>();
  let unselected = 0;
  for (const pod of looked) {
    const found = engine.classOf(pod, direction);
    if (found === undefined) unselected += 1;
    else classes.set(found.id, found);
  }
  const tiers = new Map<string, { tier: string; policies: Set<string>; endsTier: boolean }>();
  for (const each of classes.values()) {
    for (const { tier, policies, endsTier } of each.tiers) {
      const known = tiers.get(tier) ?? { tier, policies: new Set<string>(), endsTier: false };
      for (const policy of policies) known.policies.add(policy);
      known.endsTier ||= endsTier;
      tiers.set(tier, known);
    }
  }
  const order = engine.set.tiers.toSorted((a, b) => a.order - b.order || (a.name < b.name ? -1 : 1));
  const isDenying = (tier: string): boolean =>
    order.find(({ name }) => name === tier)?.defaultAction === "Deny" && tiers.get(tier)?.endsTier === true;
  return {
    /** What no rule allows is denied. */
    isIsolated: [...tiers.keys()].some(isDenying),
    /** All pods have the same policies. */
    isAlike: classes.size + (unselected > 0 ? 1 : 0) <= 1,
    tiers: order.flatMap(({ name }) => {
      const found = tiers.get(name);
      return found === undefined ? [] : [{ tier: name, policies: [...found.policies] }];
    }),
    podsLeftOut: pods.length - looked.length,
  };
}
