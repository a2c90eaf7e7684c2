// Named ports that no destination pod declares: such a rule matches nothing, and nobody is told.
import { type LintCheck, onPolicy, type RuleAt, rulesOf, ruleWords } from "./check.ts";
import type { PolicyEngine } from "../evaluate/engine.ts";

export const portUnnamed: LintCheck = {
  id: "named-port-unknown",
  title: "named ports that no destination of the rule declares",
  needsWorld: true,
  *find({ ordered, engine }) {
    for (const at of rulesOf(ordered)) {
      const names = (at.rule.destination.ports ?? []).flatMap((port) => ("name" in port ? [port.name] : []));
      if (names.length === 0) continue;
      const declared = declaredAt(at, engine);
      for (const name of new Set(names)) {
        if (declared.some((port) => port.name === name && (at.rule.protocol ?? port.protocol) === port.protocol))
          continue;
        yield {
          check: portUnnamed.id,
          severity: "warning",
          ...onPolicy(at.policy, ruleWords(at)),
          message: `no destination has a port named "${name}" of its protocol`,
          fix: "name the port in the pods, or write its number",
        };
      }
    }
  },
};

/** Ports of the pods that the rule is about: the policy's own for ingress, the peers for egress. */
function declaredAt({ policy, direction, rule }: RuleAt, engine: PolicyEngine) {
  const { selector, kinds } =
    direction === "ingress"
      ? { selector: policy.selector, kinds: policy.kinds }
      : { selector: rule.destination.selector, kinds: rule.destination.kinds ?? (["workload"] as const) };
  const things = selector === undefined ? [...engine.things()] : engine.selected(selector, kinds);
  const hosts = new Map(engine.set.hostEndpoints.map((host) => [`hostEndpoint/${host.name}`, host.ports]));
  return things.flatMap(({ id }) => engine.endpoint(id)?.ports ?? hosts.get(id) ?? []);
}
