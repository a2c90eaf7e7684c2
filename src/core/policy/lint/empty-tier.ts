// Tiers without policies: nothing is decided there. Those that are always there are not spoken of.
import { type LintCheck } from "./check.ts";

const builtIn = new Set(["default", "kube-admin", "kube-baseline", "cilium"]);

export const emptyTier: LintCheck = {
  id: "tier-without-policies",
  title: "tiers that no policy is in",
  needsWorld: false,
  *find({ set }) {
    const used = new Set(set.policies.map(({ tier }) => tier));
    for (const tier of set.tiers) {
      if (used.has(tier.name) || builtIn.has(tier.name)) continue;
      yield {
        check: emptyTier.id,
        severity: "note",
        object: `Tier/-/${tier.name}`,
        rule: "",
        place: tier.place,
        message: "has no policies: it decides nothing",
        fix: "remove it, or put its policies into the same files",
      };
    }
  },
};
