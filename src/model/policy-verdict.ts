// The verdict of policies about a flow, with the walk that led to it: tier, policy, rule. What evaluate, explain, traces and the console share.
import { z } from "zod";

export const policyVerdicts = ["allow", "deny", "unknown"] as const;
export const PolicyVerdict = z.enum(policyVerdicts);
export type PolicyVerdict = z.infer<typeof PolicyVerdict>;

export const policyDirections = ["ingress", "egress"] as const;

/** A place in the policies. `rule` is the index the user wrote, from 0; -1 is the end of the tier, -2 a profile, -3 a failsafe. */
export const RuleRef = z.object({
  tier: z.string(),
  /** Policy id "<dialect>/<kind>/<namespace or ->/<name>"; "" at the end of a tier. */
  policy: z.string(),
  direction: z.enum(policyDirections),
  rule: z.int().min(-3),
  /** The user's name for the rule; "" without. */
  ruleName: z.string(),
  /** 32 bits, stable for tier, policy, direction and rule: what packets, counters and rows of `flows` carry. 0 when it decides nothing. */
  ruleId: z.int().min(0),
  staged: z.boolean(),
});
export type RuleRef = z.infer<typeof RuleRef>;

export const traceOutcomes = [
  "allow",
  "deny",
  "pass",
  "log",
  "no-match",
  "unknown",
  "end-of-tier",
  "profile",
  "failsafe",
  "not-selected",
] as const;

/** One look of the walk. `failed` names the fields that did not match ("destination.ports", "source.selector"). */
export const TraceStep = z.object({
  at: RuleRef,
  outcome: z.enum(traceOutcomes),
  failed: z.array(z.string()),
  /** One short clause for a person. */
  because: z.string(),
});
export type TraceStep = z.infer<typeof TraceStep>;

export const DirectionVerdict = z.object({
  direction: z.enum(policyDirections),
  verdict: PolicyVerdict,
  because: z.string(),
  /** Whose policies were asked: endpoint id; "" when this end is no endpoint of ours, which allows. */
  endpoint: z.string(),
  /** What decided; absent when nothing applied. */
  decidedBy: RuleRef.optional(),
  /** Only from explain; evaluate leaves it empty. */
  steps: z.array(TraceStep),
});
export type DirectionVerdict = z.infer<typeof DirectionVerdict>;

export const FlowVerdict = z.object({
  /** deny when a direction denies; unknown when none denies and one is unknown; else allow. */
  verdict: PolicyVerdict,
  because: z.string(),
  egress: DirectionVerdict,
  ingress: DirectionVerdict,
});
export type FlowVerdict = z.infer<typeof FlowVerdict>;

/** The smallest change that would allow a denied flow: a rule that nearly matched, or a new one, and the policy it belongs to. */
export const NearestAllow = z.object({
  direction: z.enum(policyDirections),
  at: RuleRef.optional(),
  failed: z.array(z.string()),
  /** In words: "add port 5432/TCP to rule 0 of shop/db". */
  change: z.string(),
  /** The changed object in its own dialect as YAML, or the new one; "" when it cannot be written. */
  manifest: z.string(),
});
export type NearestAllow = z.infer<typeof NearestAllow>;

export const Explanation = z.object({
  now: FlowVerdict,
  /** As if staged policies were enforced; absent when there are none. */
  staged: FlowVerdict.optional(),
  nearest: z.array(NearestAllow),
});
export type Explanation = z.infer<typeof Explanation>;
