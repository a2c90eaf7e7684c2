// A policy's rules of one direction as kernel rules, first match first. What packets cannot be asked fails closed and is said.
import { type PolicyEngine } from "../evaluate/engine.ts";
import type { Direction, EntityMatch, IcmpMatch, Policy, PolicyProblem, Rule } from "../model.ts";
import {
  accept,
  counter,
  decide,
  is,
  isFamily,
  isNot,
  markAcceptedBeforeNat,
  rule as kernelRule,
  verdict,
} from "./expressions.ts";
import {
  type Alternative,
  type Part,
  type RuleContext,
  addressParts,
  hasNames,
  hasPortsPart,
  portParts,
} from "./matches.ts";
import type { Family } from "./names.ts";
import type { NftExpression, NftRule } from "./nft/ruleset.ts";
import { compileLimits } from "./settings.ts";

/** Filter: decides. Untracked: doNotTrack policies, ahead of connection tracking. Before NAT: preDNAT policies. */
export type RuleMode = "filter" | "untracked" | "before-nat";

export interface RuleFrame {
  readonly policy: Pick<Policy, "id" | "tier" | "place">;
  readonly direction: Direction;
  readonly mode: RuleMode;
  readonly log: "all" | "denied" | "none";
  readonly ruleIdOf: (written: number) => number;
}

export interface CompiledRules {
  readonly rules: readonly NftRule[];
  readonly problems: readonly PolicyProblem[];
  /** By the rule: names that its sets must be filled with. */
  readonly domains: readonly { readonly ruleId: number; readonly names: readonly string[] }[];
  readonly hasPass: boolean;
}

export type SharedContext = Omit<RuleContext, "isDenying" | "takesNames" | "protocol" | "usedDomains">;

export function compileRules(context: SharedContext, rules: readonly Rule[], frame: RuleFrame): CompiledRules {
  const compiled: NftRule[] = [];
  const problems: PolicyProblem[] = [];
  const domains: { ruleId: number; names: readonly string[] }[] = [];
  for (const rule of rules) {
    const ruleId = frame.ruleIdOf(rule.written);
    const closed = closedRule(context.engine, rule);
    if (closed.because !== "") problems.push(problemOf(frame, rule, closed.because));
    if (closed.rule === undefined) continue;
    const own: RuleContext = {
      ...context,
      usedDomains: new Map(),
      isDenying: closed.rule.action === "Deny",
      takesNames: closed.rule.action === "Allow" && frame.direction === "egress",
      protocol: closed.rule.protocol,
    };
    const tail = tailOf(closed.rule, frame, ruleId);
    const made = conditionsOf(own, closed.rule).map((expressions) => ({
      ...kernelRule(...expressions, ...tail),
      ruleId,
    }));
    if (compiled.length + made.length > compileLimits.rulesPerPolicyMax) {
      problems.push(
        problemOf(frame, rule, `the policy needs more than ${compileLimits.rulesPerPolicyMax} kernel rules`),
      );
      compiled.push({ ...kernelRule(...tailOf({ ...closed.rule, action: "Deny" }, frame, ruleId)), ruleId });
      break;
    }
    compiled.push(...made);
    for (const names of own.usedDomains.values()) domains.push({ ruleId, names });
  }
  return { rules: compiled, problems, domains, hasPass: rules.some(({ action }) => action === "Pass") };
}

/** The rule as it can be asked of packets: an Allow that cannot be asked is left out, a Deny or Pass denies whatever it may have meant. */
function closedRule(engine: PolicyEngine, rule: Rule): { rule: Rule | undefined; because: string } {
  const ends = [rule.source, rule.destination];
  const incomplete = engine.incomplete;
  const because = [
    rule.http === undefined ? "" : "packets do not say HTTP methods and paths",
    incomplete !== "" && ends.some((end) => end.outsideOnly === true || end.notSelector !== undefined)
      ? `what is not selected or outside cannot be told while the world is not whole (${incomplete})`
      : "",
  ]
    .filter((text) => text !== "")
    .join("; ");
  if (because === "") return { rule, because };
  if (rule.action === "Allow" || rule.action === "Log") return { rule: undefined, because };
  return { rule: { ...withoutUnasked(rule, incomplete), action: "Deny" }, because };
}

function withoutUnasked(rule: Rule, incomplete: string): Rule {
  const { http: _http, ...rest } = rule;
  if (incomplete === "") return rest;
  const open = ({ outsideOnly: _outside, notSelector: _not, ...end }: EntityMatch): EntityMatch => end;
  return { ...rest, source: open(rule.source), destination: open(rule.destination) };
}

function problemOf(frame: RuleFrame, rule: Rule, because: string): PolicyProblem {
  const isAllow = rule.action === "Allow" || rule.action === "Log";
  return {
    severity: "error",
    code: "policy/not-compiled",
    message: `Rule ${String(rule.written)} (${frame.direction}) of ${frame.policy.id}: ${because}; ${isAllow ? "it allows nothing" : "it denies"} on this node.`,
    hint: "",
    object: frame.policy.id,
    place: frame.policy.place,
    path: `spec.${frame.direction}[${String(rule.written)}]`,
  };
}

function tailOf(rule: Rule, frame: RuleFrame, ruleId: number): readonly NftExpression[] {
  const { direction, log } = frame;
  switch (rule.action) {
    case "Allow":
      if (frame.mode === "untracked") return [counter, { do: "notrack" }, accept];
      if (frame.mode === "before-nat") return [counter, markAcceptedBeforeNat, accept];
      return decide({ verdict: "allow", direction, ruleId, log });
    case "Deny":
      return decide({ verdict: "deny", direction, ruleId, log });
    case "Pass":
      return [counter, verdict({ verdict: "return" })];
    case "Log":
      // A report's prefix says allow or deny; a Log rule decides neither. Its counter tells.
      return [counter];
  }
}

/** All ways a packet can match, each a list of expressions. */
function conditionsOf(context: RuleContext, rule: Rule): readonly Alternative[] {
  const byFamily = ([4, 6] as const).map((family) => ({ family, parts: partsOf(context, rule, family) }));
  const [v4, v6] = byFamily;
  const isNeutral =
    rule.ipVersion === undefined &&
    v4 !== undefined &&
    v6 !== undefined &&
    isFamilyNeutral(rule) &&
    isSame(v4.parts, v6.parts);
  if (isNeutral) return product(v4.parts);
  return byFamily
    .filter(({ family }) => rule.ipVersion === undefined || rule.ipVersion === family)
    .flatMap(({ family, parts }) => product(parts).map((alternative) => [isFamily(family), ...alternative]));
}

function isFamilyNeutral(rule: Rule): boolean {
  if (rule.icmp !== undefined || rule.notIcmp !== undefined) return false;
  return [rule.source, rule.destination].every(
    (end) =>
      end.nets === undefined &&
      end.notNets === undefined &&
      end.selector === undefined &&
      end.notSelector === undefined &&
      end.service === undefined &&
      end.domains === undefined &&
      end.outsideOnly === undefined &&
      !hasNames(end),
  );
}

function isSame(a: readonly Part[], b: readonly Part[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function partsOf(context: RuleContext, rule: Rule, family: Family): readonly Part[] {
  const { source, destination } = rule;
  return [
    ...protocolParts(context, rule),
    ...icmpParts(rule, family),
    ...portParts(context, source, { end: "source", family }),
    ...portParts(context, destination, { end: "destination", family }),
    ...addressParts(context, source, { end: "source", family }),
    ...addressParts(context, destination, { end: "destination", family }),
  ];
}

function protocolParts(context: RuleContext, rule: Rule): readonly Part[] {
  const parts: Part[] = [];
  if (rule.protocol !== undefined) parts.push([[is("meta l4proto", rule.protocol)]]);
  if (rule.notProtocol !== undefined) parts.push([[isNot("meta l4proto", rule.notProtocol)]]);
  if (rule.destination.service !== undefined) parts.push(hasPortsPart(context));
  return parts;
}

function icmpParts(rule: Rule, family: Family): readonly Part[] {
  const parts: Part[] = [];
  const number = family === 4 ? 1 : 58;
  const isOther = rule.protocol !== undefined && rule.protocol !== number;
  if (rule.icmp !== undefined) {
    if (isOther) return [[]];
    const isIcmp = rule.protocol === undefined ? [is("meta l4proto", number)] : [];
    parts.push([[...isIcmp, ...icmpExpressions(rule.icmp, family, "eq")]]);
  }
  if (rule.notIcmp !== undefined && !isOther) {
    const { type, code } = rule.notIcmp;
    const isIcmp = rule.protocol === undefined ? [is("meta l4proto", number)] : [];
    const alternatives: Alternative[] = [[...isIcmp, ...icmpExpressions({ type }, family, "ne")]];
    if (code !== undefined) alternatives.push([...isIcmp, icmpCode(code, family, "ne")]);
    if (rule.protocol === undefined) alternatives.push([isNot("meta l4proto", number)]);
    parts.push(alternatives);
  }
  return parts;
}

function icmpExpressions(icmp: IcmpMatch, family: Family, operator: "eq" | "ne"): readonly NftExpression[] {
  const field = family === 4 ? "icmp type" : "icmpv6 type";
  const type: NftExpression = { do: "compare", field, operator, value: icmp.type };
  return icmp.code === undefined ? [type] : [type, icmpCode(icmp.code, family, operator)];
}

function icmpCode(code: number, family: Family, operator: "eq" | "ne"): NftExpression {
  return { do: "compare", field: family === 4 ? "icmp code" : "icmpv6 code", operator, value: code };
}

function product(parts: readonly Part[]): readonly Alternative[] {
  let alternatives: readonly Alternative[] = [[]];
  for (const part of parts.filter((part) => part.length !== 1 || part[0]?.length !== 0))
    alternatives = alternatives.flatMap((head) => part.map((tail) => [...head, ...tail]));
  return alternatives;
}
