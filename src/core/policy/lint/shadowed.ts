// Rules that can never decide: an earlier one takes everything they match. In dialects without order such a rule is merely double.
import type { Policy } from "../model.ts";
import { type LintCheck, type LintFinding, nameOf, onPolicy, type RuleAt, ruleWords } from "./check.ts";
import { createCoverIndex } from "./cover-index.ts";
import { coversRule, includesKinds, selectorCovers } from "./covers.ts";

export const shadowed: LintCheck = {
  id: "shadowed-rule",
  title: "rules and policies that an earlier rule leaves nothing to decide",
  needsWorld: false,
  *find({ ordered }) {
    const enforced = ordered.filter(({ staged }) => staged === undefined);
    for (const policies of Map.groupBy(enforced, ({ tier }) => tier).values()) {
      for (const direction of ["ingress", "egress"] as const) {
        yield* shadowedIn(
          policies.filter(({ directions }) => directions.includes(direction)),
          direction,
        );
      }
    }
  },
};

function* shadowedIn(policies: readonly Policy[], direction: RuleAt["direction"]): Generator<LintFinding> {
  const before = createCoverIndex();
  for (const policy of policies) {
    const own = policy[direction].map((rule): RuleAt => ({ policy, direction, rule }));
    const others = before
      .candidates(policy)
      .filter((one) => coversPolicy(one, policy))
      .flatMap((one) => one[direction].map((rule): RuleAt => ({ policy: one, direction, rule })))
      .filter(decides);
    // One written rule may be several: it is shadowed when each of its parts is.
    for (const parts of Map.groupBy(own, ({ rule }) => rule.written).values()) {
      const [first] = parts;
      if (first === undefined) continue;
      const earlier = [...others, ...own.slice(0, own.indexOf(first)).filter(decides)];
      const covering = parts.map((part) => earlier.find((one) => coversRule(one.rule, part.rule)));
      if (covering[0] !== undefined && !covering.includes(undefined)) yield finding(covering[0], first);
    }
    before.add(policy);
  }
}

function decides({ rule }: RuleAt): boolean {
  return rule.action !== "Log";
}

function coversPolicy(outer: Policy, inner: Policy): boolean {
  if (outer === inner) return true;
  const isSameHook =
    outer.doNotTrack === inner.doNotTrack &&
    outer.preDnat === inner.preDnat &&
    outer.applyOnForward === inner.applyOnForward;
  return isSameHook && includesKinds(outer.kinds, inner.kinds) && selectorCovers(outer.selector, inner.selector);
}

function finding(earlier: RuleAt, later: RuleAt): LintFinding {
  const by = earlier.policy === later.policy ? ruleWords(earlier) : `${nameOf(earlier.policy)} ${ruleWords(earlier)}`;
  const isSame = earlier.rule.action === later.rule.action;
  return {
    check: shadowed.id,
    severity: isSame ? "note" : "warning",
    ...onPolicy(later.policy, ruleWords(later)),
    message: isSame
      ? `${by} already has the same effect for all that it matches`
      : `never decides: ${by} (${earlier.rule.action}) comes first and matches all of it`,
    fix: isSame ? "remove it, unless it documents something" : `move it before ${by}, or narrow that rule`,
  };
}
