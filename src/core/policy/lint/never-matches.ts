// Rules whose own words exclude every flow: empty lists, two values asked of one label, everything carved out again.
import { inRange, isIpv4 } from "../../../base/ip.ts";
import type { EntityMatch, Rule } from "../model.ts";
import { type LintCheck, onPolicy, type RuleAt, rulesOf, ruleWords } from "./check.ts";
import { neverSelects } from "./covers.ts";

export const neverMatches: LintCheck = {
  id: "never-matches",
  title: "rules and selectors that no flow can match, whatever the world",
  needsWorld: false,
  *find({ ordered }) {
    for (const policy of ordered) {
      if (!neverSelects(policy.selector.node)) continue;
      yield {
        check: neverMatches.id,
        severity: "warning",
        ...onPolicy(policy),
        message: `its selector can select nothing: ${policy.selector.text.slice(0, 200)}`,
        fix: "the labels that it asks for exclude each other",
      };
    }
    const written = Map.groupBy([...rulesOf(ordered)], (at) => `${at.policy.id} ${at.direction} ${at.rule.written}`);
    for (const parts of written.values()) {
      const reasons = parts.map(reasonOf);
      const [first] = parts;
      if (first === undefined || reasons.includes("")) continue;
      yield {
        check: neverMatches.id,
        severity: "warning",
        ...onPolicy(first.policy, ruleWords(first)),
        message: `matches nothing: ${[...new Set(reasons)].join("; ")}`,
        fix: "correct it, or remove the rule",
      };
    }
  },
};

function reasonOf({ rule }: RuleAt): string {
  return ofEntity("source", rule.source) || ofEntity("destination", rule.destination) || ofRule(rule);
}

function ofEntity(side: string, entity: EntityMatch): string {
  if (entity.nets?.length === 0) return `${side} has an empty list of nets`;
  if (entity.ports?.length === 0) return `${side} has no port that could match (a named port needs pods)`;
  if (entity.domains?.length === 0) return `${side} has an empty list of names`;
  if (entity.selector !== undefined && neverSelects(entity.selector.node))
    return `${side} selects nothing: ${entity.selector.text.slice(0, 120)}`;
  if (entity.notSelector?.node.op === "all") return `${side} excludes everything that has labels`;
  const { nets = [], notNets = [] } = entity;
  const isCarvedOut = (net: (typeof nets)[number]): boolean =>
    notNets.some(({ range }) => inRange(net.range.low, range) && inRange(net.range.high, range));
  if (nets.length > 0 && nets.every(isCarvedOut))
    return `${side} excludes all of ${nets.map(({ text }) => text).join(", ")}`;
  return "";
}

function ofRule(rule: Rule): string {
  if (rule.protocol !== undefined && rule.protocol === rule.notProtocol) return "its protocol is excluded";
  const families = [rule.source, rule.destination].flatMap(({ nets }) =>
    nets === undefined || nets.length === 0 ? [] : [new Set(nets.map(({ range }) => (isIpv4(range.low) ? 4 : 6)))],
  );
  const [one, other] = families;
  if (one !== undefined && other !== undefined && ![...one].some((family) => other.has(family)))
    return "source and destination are of different IP families";
  if (rule.ipVersion !== undefined && families.some((family) => !family.has(rule.ipVersion ?? 4)))
    return `its nets are not of IP version ${rule.ipVersion}`;
  return "";
}
