// Two policies of one tier say the opposite about the same flows: which one wins is a matter of order alone.
import { type LintCheck, nameOf, onPolicy, type RuleAt, rulesOf, ruleWords } from "./check.ts";
import { coversRule } from "./covers.ts";

export const contradictory: LintCheck = {
  id: "contradictory-rules",
  title: "an allow and a deny of two policies with the same match, for the same endpoints",
  needsWorld: false,
  *find({ ordered }) {
    const enforced = ordered.filter(({ staged }) => staged === undefined);
    const rules = [...rulesOf(enforced)].filter(({ rule }) => rule.action === "Allow" || rule.action === "Deny");
    const alike = Map.groupBy(rules, ({ policy, direction, rule }) =>
      [
        policy.tier,
        direction,
        policy.selector.text,
        rule.protocol ?? "",
        rule.source.selector?.text,
        rule.destination.selector?.text,
      ].join(" "),
    );
    for (const group of alike.values()) {
      for (const [index, later] of group.entries()) {
        const opposite = group.slice(0, index).find((earlier) => isOpposite(earlier, later));
        if (opposite === undefined) continue;
        yield {
          check: contradictory.id,
          severity: "warning",
          ...onPolicy(later.policy, ruleWords(later)),
          message: `${verb(later)} what ${nameOf(opposite.policy)} ${ruleWords(opposite)} ${verb(opposite)}: that one wins, it comes first`,
          fix: "keep one of the two, or make the difference in what they match plain",
        };
      }
    }
  },
};

function isOpposite(one: RuleAt, other: RuleAt): boolean {
  return (
    one.policy !== other.policy &&
    one.rule.action !== other.rule.action &&
    coversRule(one.rule, other.rule) &&
    coversRule(other.rule, one.rule)
  );
}

function verb({ rule }: RuleAt): string {
  return rule.action === "Allow" ? "allows" : "denies";
}
