// Chains of policies, tiers and classes. A policy's chain ends a packet's way through its base chain with accept or drop, or returns: no match.
// No mark bits: each direction has a base chain of its own, and accept ends only that one.
import { defaultAllowProfile, endOfTierRule, profileRule } from "../evaluate/rule-ids.ts";
import type { PolicyClass, PolicyEngine } from "../evaluate/engine.ts";
import type { Direction, Policy, PolicyProblem, Profile } from "../model.ts";
import { accept, counter, decide, drop, inState, rule as kernelRule, verdict } from "./expressions.ts";
import type { MemberSet } from "./member-set.ts";
import type { Members } from "./members.ts";
import { classChainName, letterOf, policyChainName, shortHash, tierChainName } from "./names.ts";
import type { NftChain, NftRule } from "./nft/ruleset.ts";
import { type CompiledRules, type RuleMode, type SharedContext, compileRules } from "./rules.ts";
import type { StaticSets } from "./static-sets.ts";

/** A policy's rules of one direction, with all they need. */
export interface Artifact extends CompiledRules {
  readonly members: ReadonlySet<MemberSet>;
  readonly statics: ReadonlySet<string>;
}

export interface ChainFrame {
  readonly engine: PolicyEngine;
  readonly members: Members;
  readonly statics: StaticSets;
  readonly log: "all" | "denied" | "none";
}

/** What a ruleset is gathered in. */
export interface Draft {
  readonly chains: Map<string, NftChain>;
  readonly usedMembers: Set<MemberSet>;
  readonly usedStatics: Set<string>;
  readonly problems: PolicyProblem[];
  /** By the sorted names, joined: who needs them. */
  readonly domains: Map<string, { names: readonly string[]; rules: Map<number, string> }>;
}

export function emptyDraft(): Draft {
  return { chains: new Map(), usedMembers: new Set(), usedStatics: new Set(), problems: [], domains: new Map() };
}

export interface ChainMaker {
  readonly frame: ChainFrame;
  readonly draft: Draft;
  readonly artifactOf: (policy: Policy, direction: Direction) => Artifact;
  readonly policy: (id: string) => Policy | undefined;
}

export function compileArtifact(frame: ChainFrame, policy: Policy, direction: Direction): Artifact {
  return artifactFor(frame, direction === "ingress" ? policy.ingress : policy.egress, {
    policy,
    direction,
    mode: modeOf(policy),
    log: frame.log,
    ruleIdOf: (rule) => frame.engine.ruleIdOf({ tier: policy.tier, policy: policy.id, direction, rule }),
  });
}

function artifactFor(
  frame: ChainFrame,
  rules: Parameters<typeof compileRules>[1],
  ruleFrame: Parameters<typeof compileRules>[2],
): Artifact {
  const usedMembers = new Set<MemberSet>();
  const usedStatics = new Set<string>();
  const context: SharedContext = { ...frame, usedMembers, usedStatics };
  return { ...compileRules(context, rules, ruleFrame), members: usedMembers, statics: usedStatics };
}

export function modeOf(policy: Policy): RuleMode {
  if (policy.doNotTrack) return "untracked";
  return policy.preDnat ? "before-nat" : "filter";
}

/** Adds an artifact's needs to the draft and gives its rules. */
function take(maker: ChainMaker, artifact: Artifact, policy: string): readonly NftRule[] {
  const { draft } = maker;
  for (const set of artifact.members) draft.usedMembers.add(set);
  for (const name of artifact.statics) draft.usedStatics.add(name);
  for (const { names, ruleId } of artifact.domains) {
    const key = names.join("\n");
    const known = draft.domains.get(key) ?? { names, rules: new Map<number, string>() };
    draft.domains.set(key, known);
    known.rules.set(ruleId, policy);
  }
  return artifact.rules;
}

/** A jump to the policy's own chain, made once per draft; nothing when the chain would be empty. */
function policyJump(maker: ChainMaker, policy: Policy, direction: Direction): readonly NftRule[] {
  const name = policyChainName(direction, policy.id);
  if (!maker.draft.chains.has(name)) {
    const artifact = maker.artifactOf(policy, direction);
    maker.draft.problems.push(...artifact.problems);
    if (artifact.rules.length === 0) return [];
    maker.draft.chains.set(name, { name, rules: take(maker, artifact, policy.id) });
  }
  return [jump(name)];
}

type ClassTier = PolicyClass["tiers"][number];

export interface TierNeed {
  readonly direction: Direction;
  /** Which policies of the class count here. */
  readonly counts: (policy: Policy) => boolean;
  /** False: nothing is dropped at the end of a tier (doNotTrack, preDNAT). */
  readonly endsTiers: boolean;
}

/** One tier's rules for a class chain: jumps to policies, then the tier's default. Empty when nothing of the tier counts. */
export function tierRules(maker: ChainMaker, tier: ClassTier, need: TierNeed): readonly NftRule[] {
  const policies = tier.policies
    .map((id) => maker.policy(id))
    .filter((policy): policy is Policy => policy !== undefined && need.counts(policy));
  if (policies.length === 0) return [];
  const end = need.endsTiers && policies.some(({ endsTier }) => endsTier) ? endOfTier(maker, tier.tier, need) : [];
  const passing = policies.map((policy) => maker.artifactOf(policy, need.direction).hasPass);
  const isLastOnly = passing.indexOf(true) === policies.length - 1;
  if (!passing.includes(true) || (isLastOnly && end.length === 0))
    return [...policies.flatMap((policy) => policyJump(maker, policy, need.direction)), ...end];
  // Pass leaves the tier: from a chain of the tier that is one return, so the rules of policies that pass stand in it themselves.
  const name = tierChainName(need.direction, JSON.stringify([tier.tier, policies.map(({ id }) => id), need.endsTiers]));
  if (!maker.draft.chains.has(name)) {
    const rules = policies.flatMap((policy, index) => {
      if (passing[index] !== true) return policyJump(maker, policy, need.direction);
      const artifact = maker.artifactOf(policy, need.direction);
      maker.draft.problems.push(...artifact.problems);
      return take(maker, artifact, policy.id);
    });
    maker.draft.chains.set(name, { name, rules: [...rules, ...end] });
  }
  return [jump(name)];
}

function endOfTier(maker: ChainMaker, name: string, { direction }: TierNeed): readonly NftRule[] {
  const { engine, log } = maker.frame;
  const tier = engine.set.tiers.find((each) => each.name === name);
  if (tier?.defaultAction === "Pass") return [];
  const ruleId = engine.ruleIdOf({ tier: name, policy: "", direction, rule: endOfTierRule });
  return [{ ...kernelRule(...decide({ verdict: "deny", direction, ruleId, log })), ruleId }];
}

export function jump(chain: string): NftRule {
  return kernelRule(verdict({ verdict: "jump", chain }));
}

export const dropInvalid: NftRule = kernelRule(inState("invalid"), counter, drop);

/** The rules after the last tier. `names`: the endpoint's profiles; the built-in one allows everything. */
export function profileRules(maker: ChainMaker, names: readonly string[], direction: Direction): readonly NftRule[] {
  const { engine, log } = maker.frame;
  const byName = new Map(engine.set.profiles.map((profile) => [profile.name, profile]));
  const rules: NftRule[] = [];
  for (const name of names) {
    const ruleId = engine.ruleIdOf({ tier: "", policy: name, direction, rule: profileRule });
    const profile = byName.get(name);
    if (profile !== undefined) rules.push(jump(profileChain(maker, profile, { direction, ruleId })));
    else if (name === defaultAllowProfile)
      return [...rules, { ...kernelRule(...decide({ verdict: "allow", direction, ruleId, log })), ruleId }];
  }
  const ruleId = engine.ruleIdOf({ tier: "", policy: names[0] ?? "", direction, rule: profileRule });
  return [...rules, { ...kernelRule(...decide({ verdict: "deny", direction, ruleId, log })), ruleId }];
}

function profileChain(maker: ChainMaker, profile: Profile, of: { direction: Direction; ruleId: number }): string {
  const name = `gr_f${letterOf(of.direction)}_${shortHash(profile.name)}`;
  if (maker.draft.chains.has(name)) return name;
  const artifact = artifactFor(maker.frame, of.direction === "ingress" ? profile.ingress : profile.egress, {
    policy: { id: profile.name, tier: "", place: profile.place },
    direction: of.direction,
    mode: "filter",
    log: maker.frame.log,
    ruleIdOf: () => of.ruleId,
  });
  maker.draft.problems.push(...artifact.problems);
  maker.draft.chains.set(name, { name, rules: take(maker, artifact, profile.name) });
  return name;
}

/** What identifies the way of an endpoint's packets in one direction; "" when nothing applies, so that they just go on. */
export interface EndpointClass {
  readonly policyClass: PolicyClass | undefined;
  readonly profiles: readonly string[];
}

const withoutProfiles: readonly string[] = [defaultAllowProfile];

export function workloadClass(engine: PolicyEngine, id: string, direction: Direction): EndpointClass {
  const policyClass = engine.classOf(id, direction);
  const endpoint = engine.endpoint(id);
  const has = (name: string) => engine.set.profiles.some((profile) => profile.name === name);
  const namespace = `kns.${endpoint?.namespace ?? ""}`;
  const account = `ksa.${endpoint?.namespace ?? ""}.${endpoint?.serviceAccount ?? ""}`;
  const own = endpoint === undefined || !has(namespace) ? [] : has(account) ? [namespace, account] : [namespace];
  const isOpen = policyClass === undefined || policyClass.tiers.length === 0;
  return { policyClass: isOpen ? undefined : policyClass, profiles: own.length === 0 ? withoutProfiles : own };
}

/** The name of a workload's class chain; "" when its packets go on unasked. */
export function workloadClassName(of: EndpointClass, direction: Direction): string {
  const [only] = of.profiles;
  if (of.policyClass === undefined && of.profiles.length === 1 && only === defaultAllowProfile) return "";
  return classChainName(direction, `${of.policyClass?.id ?? ""} ${of.profiles.join(" ")}`);
}

export function workloadChain(maker: ChainMaker, of: EndpointClass, direction: Direction): string {
  const name = workloadClassName(of, direction);
  if (name === "" || maker.draft.chains.has(name)) return name;
  const need: TierNeed = { direction, counts: (policy) => modeOf(policy) === "filter", endsTiers: true };
  const tiers = (of.policyClass?.tiers ?? []).flatMap((tier) => tierRules(maker, tier, need));
  maker.draft.chains.set(name, {
    name,
    rules: [dropInvalid, ...tiers, ...profileRules(maker, of.profiles, direction)],
  });
  return name;
}

export const acceptRule: NftRule = kernelRule(accept);
