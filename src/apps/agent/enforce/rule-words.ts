// What a rule is called in a row's reason: "policy shop/db rule 2", or who isolates an end that no rule allowed.
import type { PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { RuleRef } from "../../../model/policy-verdict.ts";

const namedMax = 3;

/** "<dialect>/<kind>/<namespace or ->/<name>" -> "shop/db", or the name alone without a namespace. */
export function policyName(id: string): string {
  const [, , namespace = "", ...name] = id.split("/");
  return namespace === "-" || namespace === "" ? name.join("/") : `${namespace}/${name.join("/")}`;
}

/** `endpoint` is whose policies decided, "" when not known; a rule of an earlier set is named by its number alone. */
export function ruleWords(engine: PolicyEngine | undefined, ruleId: number, endpoint: string): string {
  const at = engine?.rule(ruleId);
  if (engine === undefined || at === undefined)
    return `rule ${ruleId.toString(16).padStart(8, "0")} of an earlier policy set`;
  if (at.rule >= 0) return `policy ${policyName(at.policy)} rule ${at.ruleName === "" ? at.rule : at.ruleName}`;
  if (at.rule === -2) return "no profile allows it";
  if (at.rule === -3) return "failsafe";
  return endOfTier(engine, at, endpoint);
}

function endOfTier(engine: PolicyEngine, { tier, direction }: RuleRef, endpoint: string): string {
  const policies = engine.classOf(endpoint, direction)?.tiers.find((one) => one.tier === tier)?.policies ?? [];
  if (policies.length === 0) return `end of tier ${tier}`;
  const names = policies.slice(0, namedMax).map(policyName);
  const more = policies.length > namedMax ? ` and ${policies.length - namedMax} more` : "";
  return `no rule of ${policies.length === 1 ? "policy" : "policies"} ${names.join(", ")}${more} allows it`;
}
