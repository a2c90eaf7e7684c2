// Policies that apply to nobody in the given world, often a typing error in a label; and policies in a namespace that is not there.
import { nearest } from "../../../base/nearest.ts";
import { type LintCheck, onPolicy } from "./check.ts";

export const selectsNothing: LintCheck = {
  id: "selects-nothing",
  title: "policies that apply to no endpoint of the world",
  needsWorld: true,
  *find({ ordered, engine, world }) {
    const namespaces = new Set([
      ...(world?.namespaces ?? []).map(({ name }) => name),
      ...(world?.endpoints ?? []).map(({ namespace }) => namespace),
    ]);
    for (const policy of ordered) {
      if (policy.namespace !== "" && !namespaces.has(policy.namespace)) {
        const meant = nearest(policy.namespace, [...namespaces]);
        yield {
          check: selectsNothing.id,
          severity: "warning",
          ...onPolicy(policy),
          message: `there is no namespace "${policy.namespace}"`,
          fix: meant === undefined ? "make the namespace, or correct it" : `did you mean "${meant}"?`,
        };
        continue;
      }
      if (engine.selected(policy.selector, policy.kinds).length > 0) continue;
      yield {
        check: selectsNothing.id,
        severity: "warning",
        ...onPolicy(policy),
        message: `applies to nothing: no endpoint matches ${policy.selector.text.slice(0, 200)}`,
        fix: "compare its selector with the labels of the pods",
      };
    }
  },
};
