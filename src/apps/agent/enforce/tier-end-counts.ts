// Packets that the end of a tier denied, by the policies that made it end: a policy of Kubernetes has no rule that denies, it is what no rule allowed.
// Counted from the kernel's reports, because the rule in the kernel is one for all endpoints; reports that were lost are a gap, and not in here.
import type { PolicyPacket } from "../../../core/policy/compile/dataplane.ts";
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import { endOfTierRule } from "../../../core/policy/evaluate/rule-ids.ts";
import type { PolicySet } from "../../../core/policy/model.ts";

export interface TierEndCounts {
  /** `endpoint`: the id of the one that the packet was judged for; a denied packet of a written rule is not counted. */
  take(engine: PolicyEngine, packet: Pick<PolicyPacket, "ruleId" | "direction">, endpoint: string): void;
  of(policy: string): number;
  /** What is no policy any more is forgotten. */
  keepOnly(set: PolicySet): void;
  clear(): void;
}

export function createTierEndCounts(): TierEndCounts {
  const counts = new Map<string, number>();
  let seen: PolicySet | undefined;
  /** Policies under which a packet that nothing matched goes on. */
  let passing: ReadonlySet<string> = new Set();
  return {
    take(engine, { ruleId, direction }, endpoint) {
      const place = engine.rule(ruleId);
      if (place?.rule !== endOfTierRule || endpoint === "") return;
      if (seen !== engine.set) {
        seen = engine.set;
        passing = new Set(seen.policies.filter(({ endsTier }) => !endsTier).map(({ id }) => id));
      }
      const tier = engine.classOf(endpoint, direction)?.tiers.find((one) => one.tier === place.tier);
      for (const policy of tier?.policies ?? [])
        if (!passing.has(policy)) counts.set(policy, (counts.get(policy) ?? 0) + 1);
    },
    of: (policy) => counts.get(policy) ?? 0,
    keepOnly(set) {
      const present = new Set(set.policies.map(({ id }) => id));
      for (const policy of counts.keys()) if (!present.has(policy)) counts.delete(policy);
    },
    clear: () => counts.clear(),
  };
}
