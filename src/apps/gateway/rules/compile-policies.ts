// Which policy a request is under: the policies of files or of the server where there are any, else the one that flags describe.
import type { TransactionPolicy } from "../../../core/waf/engine/engine.ts";
import { parseRuleSet } from "../../../core/waf/seclang/parse-rule-set.ts";
import type { ParsedRuleSet, RuleFile, RuleFiles } from "../../../core/waf/seclang/parsed.ts";
import type { WafFloor, WafPolicy } from "../../../model/waf-policy.ts";
import type { ServedRules } from "../engine-inspector.ts";

/** What holds without a policy: `garrison waf serve` before one application. */
export interface FlagPolicy {
  readonly mode: "off" | "detect" | "block";
  readonly paranoia: 1 | 2 | 3 | 4;
  readonly inboundThreshold: number;
  readonly outboundThreshold: number;
  readonly responseBodies: boolean;
  readonly settings: readonly (readonly [name: string, value: string])[];
}

export interface NamedPolicy {
  readonly scope: string;
  readonly name: string;
  readonly generation: number;
  readonly spec: WafPolicy;
}

export interface PolicyOrder {
  readonly flags: FlagPolicy;
  readonly policies: readonly NamedPolicy[];
  readonly floor: WafFloor | undefined;
  readonly nowMs: number;
}

/** About one policy; `isRefused`: it is not in force, or not as it was written. */
export interface PolicyProblem {
  readonly scope: string;
  readonly name: string;
  readonly isRefused: boolean;
  readonly message: string;
}

export interface CompiledPolicies {
  readonly parsed: ParsedRuleSet;
  readonly policyFor: ServedRules["policyFor"];
  readonly problems: readonly PolicyProblem[];
}

export function compilePolicies(
  order: PolicyOrder,
  base: { readonly files: readonly RuleFile[]; readonly reader: RuleFiles },
): CompiledPolicies {
  const policy = policyOfFlags(order.flags);
  return { parsed: parseRuleSet(base), policyFor: () => policy, problems: [] };
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
