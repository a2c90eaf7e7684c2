// Names every place of a policy set that may decide by 32 bits (decision record 0007): the hash of tier, policy, direction and written
// index, moved on in sorted order where two collide. Kernel, evaluator and rows of flows speak of the same rule without a table between them.
import type { RuleRef } from "../../../model/policy-verdict.ts";
import type { Direction, PolicySet, Rule } from "../model.ts";
import { hashText } from "./hash.ts";

export type RulePlace = Omit<RuleRef, "ruleId" | "ruleName" | "staged">;

/** Values of `RulePlace.rule` that are no written rule. */
export const endOfTierRule = -1;
export const profileRule = -2;
export const failsafeRule = -3;

/** Allows everything; endpoints without other profiles have it. */
export const defaultAllowProfile = "projectcalico-default-allow";

export const directions = ["ingress", "egress"] as const satisfies readonly Direction[];

export interface RuleIds {
  /** The reference with id and name; a place that the set does not have gets id 0. */
  refOf(place: RulePlace): RuleRef;
  rule(ruleId: number): RuleRef | undefined;
  all(): Iterable<RuleRef>;
}

function keyOf(place: RulePlace): string {
  return `${place.tier}|${place.policy}|${place.direction}|${place.rule}`;
}

/** Of all written rules, ends of tiers, profiles and failsafes of a set. The order of the set does not matter. */
export function createRuleIds(set: PolicySet): RuleIds {
  const places = placesOf(set);
  const byKey = new Map<string, RuleRef>();
  const byId = new Map<number, RuleRef>();
  for (const [key, ruleId] of idsOf([...places.keys()])) {
    const ref = { ...(places.get(key) as RuleRef), ruleId };
    byKey.set(key, ref);
    byId.set(ruleId, ref);
  }
  return {
    refOf: (place) => byKey.get(keyOf(place)) ?? { ...place, ruleName: "", ruleId: 0, staged: false },
    rule: (ruleId) => byId.get(ruleId),
    all: () => byKey.values(),
  };
}

/** Ids by key: natural hashes where all differ, else each in sorted order takes the next free number. 0 is nobody's. */
export function idsOf(keys: readonly string[], hash: (key: string) => number = hashText): Map<string, number> {
  const natural = new Map(keys.map((key) => [key, hash(key)]));
  const taken = new Set(natural.values());
  if (taken.size === natural.size && !taken.has(0)) return natural;
  taken.clear();
  const ids = new Map<string, number>();
  for (const key of [...natural.keys()].sort()) {
    let id = natural.get(key) ?? 0;
    while (id === 0 || taken.has(id)) id = (id + 1) >>> 0;
    taken.add(id);
    ids.set(key, id);
  }
  return ids;
}

function placesOf(set: PolicySet): Map<string, RuleRef> {
  const places = new Map<string, RuleRef>();
  const add = (place: RulePlace, ruleName: string, staged: boolean) => {
    const key = keyOf(place);
    const known = places.get(key);
    if (known === undefined) places.set(key, { ...place, ruleName, ruleId: 0, staged });
    else if (known.ruleName === "" && ruleName !== "") places.set(key, { ...known, ruleName });
  };
  const tiers = new Set([...set.tiers.map((tier) => tier.name), ...set.policies.map((policy) => policy.tier)]);
  // "": a host endpoint without profiles, which ends in a denial.
  const profiles = new Set(["", defaultAllowProfile, ...set.profiles.map((profile) => profile.name)]);
  for (const direction of directions) {
    for (const tier of tiers) add({ tier, policy: "", direction, rule: endOfTierRule }, "", false);
    for (const policy of profiles) add({ tier: "", policy, direction, rule: profileRule }, "", false);
    add({ tier: "", policy: "", direction, rule: failsafeRule }, "", false);
  }
  for (const { tier, id, ingress, egress, staged } of set.policies) {
    const addRules = (direction: Direction, rules: readonly Rule[]) => {
      for (const { written, name } of rules)
        add({ tier, policy: id, direction, rule: written }, name, staged !== undefined);
    };
    addRules("ingress", ingress);
    addRules("egress", egress);
  }
  return places;
}
