// Peers that nobody in the given world is: the rule is there, and allows or denies nothing.
import { type LintCheck, onPolicy, rulesOf, ruleWords } from "./check.ts";

export const peerSelectsNothing: LintCheck = {
  id: "peer-selects-nothing",
  title: "rules whose peer selects nothing in the world, and services that are not there",
  needsWorld: true,
  *find({ ordered, engine }) {
    for (const at of rulesOf(ordered)) {
      for (const side of ["source", "destination"] as const) {
        const { selector, kinds, service } = at.rule[side];
        if (service !== undefined && engine.service(service.namespace, service.name) === undefined) {
          yield {
            check: peerSelectsNothing.id,
            severity: "warning",
            ...onPolicy(at.policy, ruleWords(at)),
            message: `${side}: there is no service ${service.namespace}/${service.name}`,
            fix: "correct its name, or remove the rule",
          };
        }
        if (selector === undefined) continue;
        if (engine.selected(selector, kinds ?? ["workload", "hostEndpoint", "networkSet"]).length > 0) continue;
        yield {
          check: peerSelectsNothing.id,
          severity: "warning",
          ...onPolicy(at.policy, ruleWords(at)),
          message: `${side} selects nothing: ${selector.text.slice(0, 200)}`,
          fix: "compare it with the labels of pods and namespaces",
        };
      }
    }
  },
};
