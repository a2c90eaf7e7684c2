// From the objects that were taken to the set: built-in tiers, and what only the whole can tell (a tier that nobody has).
import type { PolicySet, Tier } from "../model.ts";
import type { ReadObject } from "./parse-policies.ts";
import { guessOf, refuse, warn } from "./reader.ts";
import { builtInTiers, ciliumTier } from "./tiers.ts";

/** Objects that name a tier which is not there are refused here. Sorted by name: the order of inputs leaves no trace. */
export function assembleSet(objects: readonly ReadObject[]): PolicySet {
  const tiers = tiersOf(objects);
  const known = tiers.map(({ name }) => name);
  for (const { at, output } of objects) {
    const missing = output.policies?.find(({ tier }) => !known.includes(tier));
    if (missing === undefined || at.sink.isRefused) continue;
    const guess = guessOf(missing.tier, known);
    refuse(
      { ...at, path: ["spec", "tier"] },
      {
        code: "unknown-tier",
        message: `there is no tier ${missing.tier}`,
        hint: `${guess === undefined ? "" : `Did you mean ${guess}? `}Apply the Tier first, or in the same files.`,
      },
    );
  }
  warnOfUnion(objects);
  const taken = objects.filter(({ at }) => !at.sink.isRefused).map(({ output }) => output);
  const byName = (a: { namespace?: string; name: string }, b: { namespace?: string; name: string }) =>
    compare(`${a.namespace ?? ""}/${a.name}`, `${b.namespace ?? ""}/${b.name}`);
  return {
    tiers,
    policies: taken.flatMap(({ policies = [] }) => policies).sort((a, b) => compare(a.id, b.id)),
    networkSets: taken.flatMap(({ networkSets = [] }) => networkSets).sort(byName),
    hostEndpoints: taken.flatMap(({ hostEndpoints = [] }) => hostEndpoints).sort(byName),
    profiles: taken.flatMap(({ profiles = [] }) => profiles).sort(byName),
  };
}

/** In Cilium its policies and NetworkPolicies allow together; here the tier of Cilium comes first. */
function warnOfUnion(objects: readonly ReadObject[]): void {
  const taken = objects.filter(({ at }) => !at.sink.isRefused);
  const ofDialect = (dialect: string) =>
    taken
      .filter(({ output }) => output.policies?.some((policy) => policy.dialect === dialect) === true)
      .sort((a, b) => compare(a.at.sink.object, b.at.sink.object));
  const [cilium] = ofDialect("cilium");
  if (cilium === undefined || ofDialect("kubernetes").length === 0) return;
  warn(cilium.at, {
    code: "no-union",
    message: "Cilium policies are asked before NetworkPolicies here; in Cilium what either allows is allowed",
    hint: "Where both select a pod, repeat in the Cilium policy what the NetworkPolicy allows.",
  });
}

/** By order, then name. */
function tiersOf(objects: readonly ReadObject[]): readonly Tier[] {
  const live = objects.filter(({ at }) => !at.sink.isRefused).map(({ output }) => output);
  const written = live.flatMap(({ tiers = [] }) => tiers);
  const usesCilium = live.some(({ policies = [] }) => policies.some(({ tier }) => tier === ciliumTier.name));
  const byName = new Map(
    [...builtInTiers, ...(usesCilium ? [ciliumTier] : []), ...written].map((tier) => [tier.name, tier]),
  );
  return [...byName.values()].sort((a, b) =>
    a.order === b.order ? compare(a.name, b.name) : a.order < b.order ? -1 : 1,
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
