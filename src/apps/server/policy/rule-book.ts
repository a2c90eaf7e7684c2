// From a rule id of a recorded row to the rule: in the policies of now, else in older generations and deleted policies that are still kept.
import type { Clock } from "../../../base/clock.ts";
import { createRuleIds } from "../../../core/policy/evaluate/rule-ids.ts";
import type { Resources } from "../../../core/state/ports.ts";
import type { RuleRef } from "../../../model/policy-verdict.ts";
import { PolicyObject } from "../../../model/policy-object.ts";
import type { Resource } from "../../../model/resource.ts";
import { type ClusterPolicies, fileOf, readPolicies } from "./desk.ts";
import { policyDeskLimits } from "./limits.ts";

export interface ResolvedRule {
  readonly ruleId: number;
  readonly rule?: RuleRef;
  readonly known: "now" | "past" | "unknown";
  readonly because: string;
}

export interface RuleBook {
  resolve(policies: ClusterPolicies, ruleIds: readonly number[]): Promise<ResolvedRule[]>;
}

interface PastRule {
  readonly rule: RuleRef;
  readonly resource: Resource;
}

/** Remembers the rules of the past for `historyKeptMs`. */
export function ruleBook(resources: Pick<Resources, "past">, clock: Clock): RuleBook {
  const kept = new Map<string, { readonly atMs: number; readonly rules: Promise<Past> }>();

  function pastOf(policies: ClusterPolicies): Promise<Past> {
    const nowMs = clock.nowMs();
    const key = `${policies.cluster} ${policies.engine.generation}`;
    for (const [old, { atMs }] of kept) if (nowMs - atMs >= policyDeskLimits.historyKeptMs) kept.delete(old);
    const found = kept.get(key);
    if (found !== undefined) return found.rules;
    const rules = readPast(resources, policies);
    rules.catch(() => kept.delete(key));
    if (kept.size < policyDeskLimits.enginesMax) kept.set(key, { atMs: nowMs, rules });
    return rules;
  }

  return {
    async resolve(policies, ruleIds) {
      const missing = ruleIds.filter((ruleId) => policies.engine.rule(ruleId) === undefined);
      const past = missing.length === 0 ? undefined : await pastOf(policies);
      return ruleIds.map((ruleId) => {
        const rule = policies.engine.rule(ruleId);
        if (rule !== undefined) return { ruleId, rule, known: "now", because: "" };
        const old = past?.rules.get(ruleId);
        if (old !== undefined) return { ruleId, rule: old.rule, known: "past", because: pastWords(old) };
        const because =
          past?.isCut === true
            ? "too many old policies to look through"
            : "no policy of now, and none that is kept, has this rule";
        return { ruleId, known: "unknown", because };
      });
    },
  };
}

interface Past {
  readonly rules: ReadonlyMap<number, PastRule>;
  readonly isCut: boolean;
}

/** In rounds: the newest old generation of every object, then the one before it, ... Each round is parsed as one set, with the tiers of now and then. */
async function readPast(resources: Pick<Resources, "past">, { cluster, kept }: ClusterPolicies): Promise<Past> {
  const limit = policyDeskLimits.historyPoliciesMax;
  const found = await resources.past("Policy", limit);
  const ofCluster = found.filter(({ scope }) => isOf(cluster, scope));
  const tiersNow = [...kept.values()].flatMap(({ resource }) =>
    resource !== undefined && isTier(resource) ? [resource] : [],
  );
  const rules = new Map<number, PastRule>();
  for (const round of roundsOf(ofCluster)) {
    const byFile = new Map(round.map((resource) => [fileOf(resource), resource]));
    const { parsed } = readPolicies([...round, ...tiersNow.filter((tier) => !byFile.has(fileOf(tier)))]);
    const resourceOf = new Map(parsed.set.policies.map(({ id, place }) => [id, byFile.get(place.file)]));
    for (const rule of createRuleIds(parsed.set).all()) {
      const resource = resourceOf.get(rule.policy);
      // The newest generation that has it counts.
      if (resource !== undefined && !rules.has(rule.ruleId)) rules.set(rule.ruleId, { rule, resource });
    }
  }
  return { rules, isCut: found.length >= limit };
}

/** Newest first in, so the first of a name is the newest. A tier of the past serves every later round too, unless that has one of its own. */
function roundsOf(resources: readonly Resource[]): readonly (readonly Resource[])[] {
  const byName = Map.groupBy(resources, fileOf);
  const rounds: Resource[][] = [];
  for (const generations of byName.values()) {
    for (const [index, resource] of generations.entries()) {
      rounds[index] ??= [];
      rounds[index].push(resource);
    }
  }
  const tiers = [...byName.values()].flatMap(([newest]) => (newest !== undefined && isTier(newest) ? [newest] : []));
  return rounds.map((round, index) => {
    if (index === 0) return round;
    const own = new Set(round.map(fileOf));
    return [...round, ...tiers.filter((tier) => !own.has(fileOf(tier)))];
  });
}

function isTier({ spec }: Resource): boolean {
  const parsed = PolicyObject.safeParse(spec);
  return parsed.success && parsed.data.manifest.kind === "Tier";
}

function isOf(cluster: string, scope: string): boolean {
  return scope === "global" || scope === `cluster/${cluster}` || scope.startsWith(`node/${cluster}/`);
}

function pastWords({ resource }: PastRule): string {
  return `of generation ${resource.generation} of ${resource.name}, written ${resource.time.slice(0, 19)}Z by ${resource.author}; it is not so any more`;
}
