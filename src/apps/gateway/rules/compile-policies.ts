// Which policy a request is under: the policies of files or of the server, most specific first; then the floor's word; then what flags describe.
import type { TransactionPolicy } from "../../../core/waf/engine/engine.ts";
import { compileWafPolicies } from "../../../core/waf/policy/compile-policies.ts";
import type { NamedWafFloor, NamedWafPolicy, WafPolicyProblem } from "../../../core/waf/policy/named.ts";
import type { ParsedRuleSet, RuleFile, RuleFiles } from "../../../core/waf/seclang/parsed.ts";
import type { ServedRules } from "../engine-inspector.ts";

/** What holds without a policy: `garrison waf serve` before one application. */
export interface FlagPolicy {
  readonly mode: "off" | "detect" | "block";
  readonly paranoia: 1 | 2 | 3 | 4;
  readonly inboundThreshold: number;
  readonly outboundThreshold: number;
  readonly responseBodies: boolean;
  /** `^` and `$` match at line ends too; of the whole rule set. */
  readonly isMultiline?: boolean;
  readonly settings: readonly (readonly [name: string, value: string])[];
}

export interface PolicyOrder {
  readonly flags: FlagPolicy;
  readonly policies: readonly NamedWafPolicy[];
  readonly floor: NamedWafFloor | undefined;
  readonly nowMs: number;
}

export interface CompiledPolicies {
  readonly parsed: ParsedRuleSet;
  readonly policyFor: ServedRules["policyFor"];
  readonly problems: readonly WafPolicyProblem[];
  /** When something in a policy ends; undefined: nothing does. */
  readonly nextChangeMs: number | undefined;
}

export function compilePolicies(
  order: PolicyOrder,
  base: { readonly files: readonly RuleFile[]; readonly reader: RuleFiles },
): CompiledPolicies {
  const { policies, floor, nowMs } = order;
  const compiled = compileWafPolicies({ policies, floor, base, nowMs });
  // An operator who says what holds for the unselected has the last word.
  const otherwise = floor === undefined ? policyOfFlags(order.flags) : undefined;
  return {
    parsed: compiled.parsed,
    policyFor: ({ source, host, path, method }) => {
      const port = source.upstreamPort ?? source.serverPort;
      return compiled.policyFor({ workload: source.workload, port, host, path, method })?.policy ?? otherwise;
    },
    problems: compiled.problems,
    nextChangeMs: compiled.nextChangeMs,
  };
}

export function policyOfFlags(flags: FlagPolicy): TransactionPolicy {
  return {
    name: "",
    mode: flags.mode,
    paranoia: flags.paranoia,
    detectionParanoia: flags.paranoia,
    inboundThreshold: flags.inboundThreshold,
    outboundThreshold: flags.outboundThreshold,
    responseBodies: flags.responseBodies,
    settings: new Map(flags.settings),
    exclusions: [],
    layers: [],
  };
}
