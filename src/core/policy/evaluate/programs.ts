// What is asked about one direction of one group of endpoints: tiers in order, their rules in one list, what the end of each tier does, profiles last.
import type { RuleRef } from "../../../model/policy-verdict.ts";
import type { Direction, Profile } from "../model.ts";
import type { Lane } from "./engine.ts";
import { flatten, type FlatProgram } from "./flat-program.ts";
import { policiesOf, type PolicyGroup } from "./groups.ts";
import type { Members } from "./members.ts";
import type { OrderedPolicy } from "./ordered-policies.ts";
import { defaultAllowProfile, endOfTierRule, profileRule, type RuleIds } from "./rule-ids.ts";
import type { Decision, ReadyRule, RuleMaker } from "./rules.ts";

export interface TierProgram {
  readonly tier: string;
  readonly rules: readonly ReadyRule[];
  readonly policies: readonly OrderedPolicy[];
  /** What the end of the tier decides; undefined: the next tier is asked. */
  readonly end: Decision | undefined;
  readonly endsTier: boolean;
  /** Profiles come as a last tier. */
  readonly isProfiles: boolean;
}

export interface Program extends FlatProgram {
  readonly tiers: readonly TierProgram[];
  /** When no tier and no profile decided. */
  readonly otherwise: Decision;
}

/** Traffic of the thing itself, or what a host endpoint's node forwards for others. */
export type Path = "local" | "forwarded";

export interface ProgramMaker {
  programOf(group: PolicyGroup, direction: Direction, options: { readonly lane: Lane; readonly path: Path }): Program;
}

export interface ProgramParts {
  readonly ordered: readonly OrderedPolicy[];
  readonly profiles: ReadonlyMap<string, Profile>;
  readonly ids: RuleIds;
  readonly makeRule: RuleMaker;
  readonly members: Members;
  /** Empty at first. */
  readonly shared: Map<string, Decision>;
}

/** Policies of host endpoints that are asked before all others: for packets before tracking, then before translation. */
type Stage = "untracked" | "before-translation" | "normal";

function stageOf({ policy: { doNotTrack, preDnat } }: OrderedPolicy): Stage {
  return doNotTrack ? "untracked" : preDnat ? "before-translation" : "normal";
}

export function createProgramMaker(parts: ProgramParts): ProgramMaker {
  const { ordered, ids, makeRule } = parts;
  const readyRules = new Map<string, readonly ReadyRule[]>();

  const rulesOf = ({ policy }: OrderedPolicy, direction: Direction) => {
    const key = `${direction}|${policy.id}`;
    const known = readyRules.get(key);
    if (known !== undefined) return known;
    const made = policy[direction].map((rule) => {
      const ref = ids.refOf({ tier: policy.tier, policy: policy.id, direction, rule: rule.written });
      return makeRule(rule, { ref, direction, words: `rule ${rule.written} of ${policyWords(policy)}` });
    });
    readyRules.set(key, made);
    return made;
  };

  const tierOf = (policies: readonly OrderedPolicy[], direction: Direction, isFinal: boolean): TierProgram => {
    const tier = (policies[0] as OrderedPolicy).tier;
    const endsTier = isFinal && policies.some(({ policy }) => policy.endsTier);
    const ref = ids.refOf({ tier: tier.name, policy: "", direction, rule: endOfTierRule });
    const end: Decision = { verdict: "deny", because: endWords(policies, direction), by: ref };
    return {
      tier: tier.name,
      rules: policies.flatMap((each) => rulesOf(each, direction)),
      policies,
      end: endsTier && tier.defaultAction === "Deny" ? end : undefined,
      endsTier,
      isProfiles: false,
    };
  };

  const build = (group: PolicyGroup, direction: Direction, { lane, path }: { lane: Lane; path: Path }): Program => {
    const isHost = group.kind === "hostEndpoint";
    const applying = policiesOf(group)
      .map((position) => ordered[position] as OrderedPolicy)
      .filter((each) => each.lanes[lane] && each.policy.directions.includes(direction));
    const tiersOf = (stage: Stage) => {
      const list = applying.filter(
        (each) =>
          stageOf(each) === stage && (stage !== "normal" || path === "local" || !isHost || each.policy.applyOnForward),
      );
      return byTier(list).map((policies) => tierOf(policies, direction, stage === "normal"));
    };
    const early = isHost ? [...tiersOf("untracked"), ...tiersOf("before-translation")] : [];
    const tiers = [...early, ...tiersOf("normal")];
    if (isHost && path === "forwarded")
      return program(parts, tiers, allowed(undefined, "the host endpoint's policies let forwarded traffic through"));
    return withProfiles(parts, { tiers, group, direction });
  };

  return {
    programOf(group, direction, options) {
      const at =
        (direction === "ingress" ? 0 : 1) + (options.lane === "enforced" ? 0 : 2) + (options.path === "local" ? 0 : 4);
      group.programs ??= [];
      const known = group.programs[at];
      if (known !== undefined) return known;
      const made = build(group, direction, options);
      group.programs[at] = made;
      return made;
    },
  };
}

function byTier(policies: readonly OrderedPolicy[]): readonly (readonly OrderedPolicy[])[] {
  const lists: OrderedPolicy[][] = [];
  for (const each of policies) {
    const last = lists.at(-1);
    if (last?.[0]?.tier.name === each.tier.name) last.push(each);
    else lists.push([each]);
  }
  return lists;
}

/** "shop/db", or the name of a policy without a namespace. */
export function policyWords({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

function endWords(policies: readonly OrderedPolicy[], direction: Direction): string {
  const names = policies.slice(0, 3).map(({ policy }) => policyWords(policy));
  const more = policies.length > 3 ? ` and ${policies.length - 3} more` : "";
  return `no ${direction} rule of ${names.join(", ")}${more} allows it`;
}

function allowed(by: RuleRef | undefined, because: string): Decision {
  return { verdict: "allow", because, by };
}

function withProfiles(
  parts: ProgramParts,
  { tiers, group, direction }: { tiers: readonly TierProgram[]; group: PolicyGroup; direction: Direction },
): Program {
  const { profiles, ids, makeRule } = parts;
  const refOf = (policy: string) => ids.refOf({ tier: "", policy, direction, rule: profileRule });
  const none = tiers.length === 0 ? "no policy applies" : "no tier decides";
  const rules: ReadyRule[] = [];
  const names = group.profiles === "" ? [] : group.profiles.split(" ");
  for (const name of names) {
    const profile = profiles.get(name);
    if (profile === undefined) {
      if (name !== defaultAllowProfile) continue;
      const otherwise = allowed(refOf(defaultAllowProfile), `${none}, and without one everything is allowed`);
      return program(parts, [...tiers, profileTier(rules)], sharedOf(parts, otherwise));
    }
    const ref = refOf(name);
    for (const rule of profile[direction]) rules.push(makeRule(rule, { ref, direction, words: `profile ${name}` }));
  }
  const denied: Decision = { verdict: "deny", because: `${none}, and no profile allows it`, by: refOf(names[0] ?? "") };
  return program(parts, [...tiers, profileTier(rules)], sharedOf(parts, denied));
}

/** Equal decisions are one value: all programs end in a few. */
function sharedOf({ shared }: ProgramParts, decision: Decision): Decision {
  const key = `${decision.by?.direction} ${decision.by?.ruleId} ${decision.because}`;
  const known = shared.get(key) ?? decision;
  shared.set(key, known);
  return known;
}

function program({ members }: ProgramParts, tiers: readonly TierProgram[], otherwise: Decision): Program {
  return { ...flatten(tiers, members), tiers, otherwise };
}

function profileTier(rules: readonly ReadyRule[]): TierProgram {
  return { tier: "", rules, policies: [], end: undefined, endsTier: false, isProfiles: true };
}
