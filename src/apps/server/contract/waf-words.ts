// What command line and console both say of a WAF event.
import type { WafEvent } from "../../../model/waf-event.ts";

/** Place of the rule that a line about the event names: the one that gave most points, else the one that decided, else the first. -1: no rule spoke. */
export function mainRule({
  ruleIds,
  scores,
  decidingRule,
}: Pick<WafEvent, "ruleIds" | "scores" | "decidingRule">): number {
  if (ruleIds.length === 0) return -1;
  const most = Math.max(...ruleIds.map((_, index) => scores[index] ?? 0));
  if (most > 0) return ruleIds.findIndex((_, index) => scores[index] === most);
  return Math.max(0, ruleIds.indexOf(decidingRule));
}

/** Name of the resource for a workload that has no policy of its own yet; names as resources have them. */
export function policyNameFor({ namespace, workload }: Pick<WafEvent, "namespace" | "workload">): string {
  const name = `${namespace}-${workload}`.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, "-");
  return name.replaceAll(/^[^a-z0-9]+|[^a-z0-9]+$/g, "").slice(0, 253) || "workload";
}
