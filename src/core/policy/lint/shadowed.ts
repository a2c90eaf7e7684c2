// Rules that can never decide: an earlier one takes everything they match. In dialects without order such a rule is merely double.
import type { Policy } from "../model.ts";
import { type LintCheck, type LintFinding, nameOf, onPolicy, type RuleAt, rulesOf, ruleWords } from "./check.ts";
import { coversRule, includesKinds, selectorCovers } from "./covers.ts";

/** Beyond so many rules of one tier and direction, only neighbours of one policy are compared: pairs grow with the square. */
const rulesComparedMax = 3000;

export const shadowed: LintCheck = {
  id: "shadowed-rule",
  title: "rules and policies that an earlier rule leaves nothing to decide",
  needsWorld: false,
  *find({ ordered }) {
    const enforced = ordered.filter(({ staged }) => staged === undefined);
    const byTier = Map.groupBy([...rulesOf(enforced)], ({ policy, direction }) => `${policy.tier} ${direction}`);
    for (const rules of byTier.values()) {
      const isMany = rules.length > rulesComparedMax;
      const byPolicy = isMany ? Map.groupBy(rules, ({ policy }) => policy).values() : [rules];
      for (const list of byPolicy) yield* shadowedOf(list);
    }
  },
};

function* shadowedOf(rules: readonly RuleAt[]): Generator<LintFinding> {
  const said = new Set<string>();
  for (const [index, later] of rules.entries()) {
    const key = `${later.policy.id} ${ruleWords(later)}`;
    // One written rule may be several: it is shadowed when each of its parts is.
    const parts = rules.filter((one) => one.policy === later.policy && one.rule.written === later.rule.written);
    if (said.has(key) || parts[0] !== later) continue;
    said.add(key);
    const before = rules.slice(0, index).filter((one) => !parts.includes(one) && decides(one));
    const covering = parts.map((part) => before.find((one) => shadows(one, part)));
    const [first] = covering;
    if (first === undefined || covering.includes(undefined)) continue;
    yield finding(first, later);
  }
}

function decides({ rule }: RuleAt): boolean {
  return rule.action !== "Log";
}

function shadows(earlier: RuleAt, later: RuleAt): boolean {
  return coversPolicy(earlier.policy, later.policy) && coversRule(earlier.rule, later.rule);
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
