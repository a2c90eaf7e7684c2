// Rules made ready for the walk: what flat-program.ts looks at in place, and checks for all the rest. `fields` are checks for everything, for explanations.
import type { RuleRef, PolicyVerdict } from "../../../model/policy-verdict.ts";
import type { Action, Direction, EntityMatch, PortMatch, Rule } from "../model.ts";
import * as checks from "./checks.ts";
import type { Check, Facts, Side } from "./checks.ts";
import { maskOf, peerKinds } from "./rows.ts";
import type { SelectorEntry, SelectorIndex, WantedSelector } from "./selector-index.ts";

export interface Decision {
  readonly verdict: PolicyVerdict;
  readonly because: string;
  readonly by: RuleRef | undefined;
}

export interface ReadyRule {
  readonly action: Action;
  readonly ref: RuleRef;
  readonly rule: Rule;
  /** Of Allow and Deny. */
  readonly decision: Decision;
  /** -1: any. */
  readonly protocol: number;
  /** One or two pairs from, to; undefined: any, or among `others`. */
  readonly ports: readonly number[] | undefined;
  readonly source: SelectorEntry | undefined;
  readonly destination: SelectorEntry | undefined;
  /** All that is not looked at in place. */
  readonly others: readonly Check[];
  /** All fields, for explanations. */
  readonly fields: () => readonly Check[];
}

export interface RuleSite {
  readonly ref: RuleRef;
  readonly direction: Direction;
  /** "rule 0 of shop/db". */
  readonly words: string;
}

export function kindsOf(entity: EntityMatch): number {
  return entity.kinds === undefined ? peerKinds : maskOf(entity.kinds);
}

export function wantedOf(rules: readonly Rule[]): readonly WantedSelector[] {
  return rules.flatMap(({ source, destination }) =>
    [source, destination].flatMap((entity) =>
      [entity.selector, entity.notSelector].flatMap((selector) =>
        selector === undefined ? [] : [{ selector, kinds: kindsOf(entity) }],
      ),
    ),
  );
}

export interface RuleMaker {
  (rule: Rule, site: RuleSite): ReadyRule;
}

export function createRuleMaker(index: SelectorIndex, facts: Facts): RuleMaker {
  const entryOf = (entity: EntityMatch, which: "selector" | "notSelector") => {
    const selector = entity[which];
    return selector === undefined ? undefined : index.get(selector, kindsOf(entity));
  };
  return (rule, site) => {
    const takesNames = site.direction === "egress" && rule.action === "Allow" && facts.namedSets().length > 0;
    const source = entryOf(rule.source, "selector");
    const destination = entryOf(rule.destination, "selector");
    const ports = pairsOf(rule.destination.ports);
    const selectorChecks = (side: Side, entry: SelectorEntry | undefined) =>
      entry === undefined
        ? []
        : [
            side === "destination" && takesNames
              ? checks.selectorOrNamesCheck(entry, facts)
              : checks.selectorCheck(side, entry),
          ];
    const sideChecks = (side: Side) => {
      const notEntry = entryOf(rule[side], "notSelector");
      return [
        ...checks.netChecks(side, rule[side]),
        ...(notEntry === undefined ? [] : [checks.notSelectorCheck(side, notEntry)]),
        ...checks.serviceChecks(side, rule[side], facts),
      ];
    };
    const protocolChecks = checks.protocolChecks(rule);
    const restPorts = [
      ...checks.portChecks("source", rule.source),
      ...checks.portChecks("destination", rule.destination),
    ];
    const others = [
      ...protocolChecks.filter(({ field }) => field !== "protocol"),
      ...restPorts.filter(({ field }) => field !== "destination.ports" || ports === undefined),
      ...(takesNames ? selectorChecks("destination", destination) : []),
      ...sideChecks("source"),
      ...sideChecks("destination"),
      ...checks.domainChecks(rule.destination),
      ...checks.applicationChecks(rule),
    ];
    return {
      action: rule.action,
      ref: site.ref,
      rule,
      decision: decisionOf(rule.action, site),
      protocol: rule.protocol ?? -1,
      ports,
      source,
      destination: takesNames ? undefined : destination,
      others,
      fields: () => [
        ...protocolChecks,
        ...selectorChecks("source", source),
        ...sideChecks("source"),
        ...selectorChecks("destination", destination),
        ...sideChecks("destination"),
        ...checks.domainChecks(rule.destination),
        ...restPorts,
        ...checks.applicationChecks(rule),
      ],
    };
  };
}

/** Number pairs, where all ports are numbers and few; others need a check. */
function pairsOf(ports: readonly PortMatch[] | undefined): readonly number[] | undefined {
  if (ports === undefined || ports.length === 0 || ports.length > 2) return undefined;
  return ports.every((port) => "from" in port) ? ports.flatMap(({ from, to }) => [from, to]) : undefined;
}

function decisionOf(action: Action, { ref, words }: RuleSite): Decision {
  return action === "Deny"
    ? { verdict: "deny", because: `${words} denies it`, by: ref }
    : { verdict: "allow", because: `${words} allows it`, by: ref };
}
