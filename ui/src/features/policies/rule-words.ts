// A place in the policies in words: tier, policy and rule, as a person would say it.
import type { RuleRef } from "../../../../src/model/policy-verdict.ts";

/** "shop/db rule 2 (from web)", "end of tier default", "profile", "failsafe". Rules count from 0, as the objects' lists do. */
export function ruleText({
  tier,
  policy,
  rule,
  ruleName,
}: Pick<RuleRef, "tier" | "policy" | "rule" | "ruleName">): string {
  if (rule === -3) return "a failsafe port";
  if (rule === -2) return "the namespace's profile";
  if (rule === -1 || policy === "") return `the end of tier ${tier}`;
  return `${shortId(policy)} rule ${rule}${ruleName === "" ? "" : ` (${ruleName})`}`;
}

/** "kubernetes/NetworkPolicy/shop/db" -> "shop/db". */
export function shortId(id: string): string {
  const [, , namespace = "-", ...name] = id.split("/");
  return namespace === "-" ? name.join("/") : `${namespace}/${name.join("/")}`;
}
