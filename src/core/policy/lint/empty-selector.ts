// Policies that select everything in the cluster, system pods and host endpoints with them: fine when meant, an outage when not.
import { type LintCheck, onPolicy } from "./check.ts";

export const emptySelector: LintCheck = {
  id: "selects-everything",
  title: "cluster-wide policies without a selector",
  needsWorld: false,
  *find({ ordered, set }) {
    for (const policy of ordered) {
      if (policy.namespace !== "" || policy.selector.node.op !== "all") continue;
      const rules = policy.directions.flatMap((direction) => policy[direction]);
      const tier = set.tiers.find(({ name }) => name === policy.tier);
      const endsInDeny = policy.endsTier && (tier?.defaultAction ?? "Deny") === "Deny";
      const denies = endsInDeny || rules.some(({ action }) => action === "Deny");
      const isHost = policy.kinds.includes("hostEndpoint");
      yield {
        check: emptySelector.id,
        severity: denies && policy.staged === undefined ? "warning" : "note",
        ...onPolicy(policy),
        message: `applies to everything${isHost ? ", host endpoints and system pods" : ", system pods"} too${denies ? ", and denies what it does not allow" : ""}`,
        fix: "select what is meant, for example projectcalico.org/namespace not in {'kube-system'}",
      };
    }
  },
};
