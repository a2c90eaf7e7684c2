// Kinds that their makers have given up for another.
import { type LintCheck, onPolicy } from "./check.ts";

export const deprecated: LintCheck = {
  id: "deprecated-kind",
  title: "AdminNetworkPolicy and BaselineAdminNetworkPolicy",
  needsWorld: false,
  *find({ ordered }) {
    for (const policy of ordered) {
      if (policy.dialect !== "admin") continue;
      yield {
        check: deprecated.id,
        severity: "note",
        ...onPolicy(policy),
        message: `${policy.kind} v1alpha1 is followed by ClusterNetworkPolicy v1alpha2`,
        fix: `write it as ClusterNetworkPolicy with tier: ${policy.kind === "AdminNetworkPolicy" ? "Admin" : "Baseline"}`,
      };
    }
  },
};
