// All policies and the operator's floor over one rule set: which texts it is made of, what each policy says over it, and which policy a request gets.
// Pure and deterministic; made again when a policy changes or at `nextChangeMs`, when something in it ends.
import type { TransactionPolicy } from "../engine/engine.ts";
import type { WafExclusion } from "../../../model/waf-policy.ts";
import { parseInstantMs } from "../../../base/instant.ts";
import { parseRuleSet } from "../seclang/parse-rule-set.ts";
import type { ParsedRuleSet, RuleFile, RuleFiles, RuleSetInput } from "../seclang/parsed.ts";
import type { RuleSet } from "../seclang/rule-set.ts";
import { createChooser } from "./choose.ts";
import type { Choosable, ChoosePolicy } from "./choose.ts";
import { layerPrefix, layersOfFloor, layersOfPolicy } from "./layers.ts";
import type { PolicyLayers } from "./layers.ts";
import { wafPolicyLimits } from "./limits.ts";
import { tellOf } from "./named.ts";
import type { NamedWafFloor, NamedWafPolicy, Tell, WafPolicyProblem } from "./named.ts";
import { exclusionsOf, ruleBookOf } from "./policy-exclusions.ts";
import type { RuleBook } from "./policy-exclusions.ts";
import { raise, raiseBudget } from "./raise.ts";
import { settingsOf } from "./settings.ts";
import { routesOf, targetOf } from "./target.ts";

export interface WafPoliciesInput {
  readonly policies: readonly NamedWafPolicy[];
  readonly floor: NamedWafFloor | undefined;
  /** The rule folder's, base directives included. */
  readonly base: { readonly files: readonly RuleFile[]; readonly reader: RuleFiles };
  readonly nowMs: number;
}

export interface CompiledWafPolicies {
  readonly ruleSetInput: RuleSetInput;
  readonly parsed: ParsedRuleSet;
  /** Undefined: no policy is for the request and the floor does not look at it. */
  readonly policyFor: ChoosePolicy;
  /** In force, by "scope name"; policies of which nothing could be read are not here. */
  readonly inForce: ReadonlyMap<string, TransactionPolicy>;
  readonly problems: readonly WafPolicyProblem[];
  /** When something in a policy ends; undefined: nothing does. */
  readonly nextChangeMs: number | undefined;
}

export function compileWafPolicies(input: WafPoliciesInput): CompiledWafPolicies {
  const problems: WafPolicyProblem[] = [];
  const { floor, nowMs } = input;
  const floorTell = tellOf(problems, { kind: "WafFloor", scope: floor?.scope ?? "", name: floor?.name ?? "" });
  const floorLayers = floor === undefined ? noLayers : layersOfFloor(floor, nowMs, floorTell);
  const policies = input.policies.slice(0, wafPolicyLimits.policiesMax).map((named) => {
    const tell = tellOf(problems, { kind: "WafPolicy", scope: named.scope, name: named.name });
    return { named, tell, layers: layersOfPolicy(named, nowMs, tell) };
  });
  tellOmitted(input.policies.slice(wafPolicyLimits.policiesMax), problems);
  const overlays = [floorLayers, ...policies.map(({ layers }) => layers)].flatMap((layers) => layers.overlays);
  const ruleSetInput: RuleSetInput = { ...input.base, overlays };
  const parsed = parseRuleSet(ruleSetInput);
  tellRules(parsed, input, problems);
  const making: Making = {
    book: ruleBookOf(parsed.ruleSet, new Set(floorLayers.names)),
    floor,
    floorLayers,
    nowMs,
    floorTell,
  };
  const floorExclusions = exclusionsOf(floor?.spec.exclusions ?? [], { ...making, team: undefined }, floorTell);
  const choosable = policies.flatMap(({ named, tell, layers }): readonly Choosable[] => {
    const target = targetOf(named.spec, tell);
    if (target === undefined) return [];
    const policy = transactionPolicy(named, { ...making, tell, layers, floorExclusions });
    return [{ scope: named.scope, name: named.name, target, routes: routesOf(named.spec), policy }];
  });
  return {
    ruleSetInput,
    parsed,
    policyFor: createChooser(choosable, unselected(making, floorExclusions)),
    inForce: new Map(choosable.map(({ scope, name, policy }) => [`${scope} ${name}`, policy])),
    problems,
    nextChangeMs: nextChange(input, [floorLayers, ...policies.map(({ layers }) => layers)]),
  };
}

const noLayers: PolicyLayers = { overlays: [], names: [], endsMs: [] };

interface Making {
  readonly book: RuleBook;
  readonly floor: NamedWafFloor | undefined;
  readonly floorLayers: PolicyLayers;
  readonly nowMs: number;
  readonly floorTell: Tell;
}

interface PolicyMaking extends Making {
  readonly tell: Tell;
  readonly layers: PolicyLayers;
  readonly floorExclusions: TransactionPolicy["exclusions"];
}

function transactionPolicy({ name, spec }: NamedWafPolicy, making: PolicyMaking): TransactionPolicy {
  const { book, floor, nowMs, tell } = making;
  const strictness = raise(spec, floor?.spec, tell);
  const team = { holdsMode: (floor?.spec.modeMin ?? "off") !== "off" };
  const { milliseconds, bytes, onExceeded } = raiseBudget(spec.budget, floor?.spec, tell);
  return {
    name,
    ...levelsOf(strictness),
    responseBodies: spec.responseBodies,
    settings: settingsOf(spec.settings, tell),
    exclusions: [...making.floorExclusions, ...exclusionsOf(spec.exclusions, { book, nowMs, team }, tell)],
    layers: [...making.floorLayers.names, ...making.layers.names],
    budget: { usMax: milliseconds * 1000, bytesMax: bytes, onExceeded },
  };
}

type Levels = Pick<
  TransactionPolicy,
  "mode" | "paranoia" | "detectionParanoia" | "inboundThreshold" | "outboundThreshold"
>;

function levelsOf({ mode, paranoia, detectionParanoia, thresholds }: ReturnType<typeof raise>): Levels {
  return {
    mode,
    paranoia: levelOf(paranoia),
    detectionParanoia: levelOf(detectionParanoia),
    inboundThreshold: thresholds.inbound,
    outboundThreshold: thresholds.outbound,
  };
}

function levelOf(level: number): 1 | 2 | 3 | 4 {
  return level <= 1 ? 1 : level === 2 ? 2 : level === 3 ? 3 : 4;
}

/** What the floor says for workloads that no policy selects. */
function unselected(making: Making, exclusions: TransactionPolicy["exclusions"]): ReturnType<ChoosePolicy> {
  const spec = making.floor?.spec;
  if (spec === undefined || spec.unselected === "off") return undefined;
  const written = { paranoia: 1, detectionParanoia: 1, thresholds: { inbound: 5, outbound: 4 } };
  // It is the floor's own word: a minimum for policies does not raise it.
  const strictness = raise({ ...written, mode: spec.unselected }, { ...spec, modeMin: "off" }, () => undefined);
  const policy: TransactionPolicy = {
    name: "",
    ...levelsOf(strictness),
    responseBodies: false,
    settings: new Map(),
    exclusions,
    layers: making.floorLayers.names,
  };
  return { policy, because: `no policy selects it: ${making.floor?.name ?? "the floor"} says ${spec.unselected}` };
}

/** Problems of the parsed texts that are about a policy's lines. */
function tellRules(parsed: ParsedRuleSet, input: WafPoliciesInput, problems: WafPolicyProblem[]): void {
  const owners = [
    ...(input.floor === undefined ? [] : [{ kind: "WafFloor" as const, ...input.floor }]),
    ...input.policies.map((policy) => ({ kind: "WafPolicy" as const, ...policy })),
  ].map(({ kind, scope, name }) => ({ kind, scope, name, prefix: layerPrefix(kind, scope, name) }));
  for (const problem of parsed.problems) {
    const owner = owners.find(({ prefix }) => problem.position.file.startsWith(prefix));
    if (owner === undefined) continue;
    const { severity, code, message, hint, position } = problem;
    const place = `${position.file.slice(owner.prefix.length)}:${position.line}:${position.column}`;
    const { kind, scope, name } = owner;
    problems.push({ kind, scope, name, severity, code, message: `${place}: ${message}`, hint, position });
  }
}

function tellOmitted(omitted: readonly NamedWafPolicy[], problems: WafPolicyProblem[]): void {
  for (const { scope, name } of omitted) {
    problems.push({
      kind: "WafPolicy",
      scope,
      name,
      severity: "error",
      code: "waf/too-many-policies",
      message: `it is not in force: one gateway has at most ${wafPolicyLimits.policiesMax} policies`,
      hint: "join policies, or scope them to clusters and nodes",
    });
  }
}

function nextChange({ policies, floor, nowMs }: WafPoliciesInput, layers: readonly PolicyLayers[]): number | undefined {
  const exclusions: readonly WafExclusion[] = [
    ...(floor?.spec.exclusions ?? []),
    ...policies.flatMap(({ spec }) => spec.exclusions),
  ];
  const ends = [
    ...layers.flatMap(({ endsMs }) => endsMs),
    ...exclusions.flatMap(({ expiresAt }) => (expiresAt === undefined ? [] : (parseInstantMs(expiresAt) ?? []))),
  ].filter((endMs) => endMs > nowMs);
  return ends.length === 0 ? undefined : ends.reduce((first, each) => Math.min(first, each));
}

/** A policy as it would be with more exclusions, over a rule set that is compiled already: for proving them before they are put. */
export function withExclusions(
  policy: TransactionPolicy,
  added: readonly WafExclusion[],
  { ruleSet, nowMs }: { readonly ruleSet: RuleSet; readonly nowMs: number },
): { readonly policy: TransactionPolicy; readonly problems: readonly WafPolicyProblem[] } {
  const problems: WafPolicyProblem[] = [];
  const tell = tellOf(problems, { kind: "WafPolicy", scope: "", name: policy.name });
  const floorLayers = new Set(policy.layers.filter((layer) => layer.startsWith("WafFloor/")));
  const rules = { book: ruleBookOf(ruleSet, floorLayers), nowMs, team: { holdsMode: false } };
  return { policy: { ...policy, exclusions: [...policy.exclusions, ...exclusionsOf(added, rules, tell)] }, problems };
}
