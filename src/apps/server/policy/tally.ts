// How often each rule decided: what agents reported by rule id, and what today's rules say of recorded flows. Added up per policy and tier.
import { endOfTierRule } from "../../../core/policy/evaluate/rule-ids.ts";
import type { Lane, PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { Direction, Policy, Rule } from "../../../core/policy/model.ts";
import type { RecordedFlow } from "../../../core/policy/world.ts";
import type { DirectionVerdict } from "../../../model/policy-verdict.ts";
import type { PolicyCounts } from "../contract/policy-shapes.ts";

/** Connections by rule id, and by policy those that its tier's end decided. */
export interface Tally {
  readonly byRule: ReadonlyMap<number, number>;
  readonly unmatched: ReadonlyMap<string, number>;
  /** Denied at the end of a tier. */
  readonly byTier: ReadonlyMap<string, number>;
}

interface Sums extends Tally {
  readonly byRule: Map<number, number>;
  readonly unmatched: Map<string, number>;
  readonly byTier: Map<string, number>;
  readonly staged: ReadonlySet<string>;
}

/** What the rules say of flows, each counted as often as it was seen. Staged policies are counted as if they were in force. */
export function judge(engine: PolicyEngine, flows: readonly RecordedFlow[]): Tally {
  const staged = new Set(engine.set.policies.flatMap((policy) => (policy.staged === undefined ? [] : [policy.id])));
  const sums: Sums = { byRule: new Map(), unmatched: new Map(), byTier: new Map(), staged };
  for (const flow of flows) {
    const now = engine.evaluate(flow);
    for (const verdict of [now.egress, now.ingress]) count(engine, sums, { verdict, flow, lane: "enforced" });
    if (staged.size === 0) continue;
    const later = engine.evaluate(flow, "staged");
    for (const verdict of [later.egress, later.ingress]) count(engine, sums, { verdict, flow, lane: "staged" });
  }
  return sums;
}

interface Judged {
  readonly verdict: DirectionVerdict;
  readonly flow: RecordedFlow;
  readonly lane: Lane;
}

function count(engine: PolicyEngine, sums: Sums, { verdict, flow, lane }: Judged): void {
  const { decidedBy, endpoint, direction } = verdict;
  if (decidedBy === undefined || decidedBy.ruleId === 0) return;
  // The second look is for staged rules only: what enforced ones say is counted already.
  if (lane === "staged" && !decidedBy.staged && decidedBy.rule !== endOfTierRule) return;
  if (decidedBy.rule !== endOfTierRule) {
    add(sums.byRule, decidedBy.ruleId, flow.connections);
    return;
  }
  if (verdict.verdict !== "deny") return;
  const tier = engine.classOf(endpoint, direction, lane)?.tiers.find((one) => one.tier === decidedBy.tier);
  for (const policy of tier?.policies ?? []) {
    if (sums.staged.has(policy) === (lane === "staged")) add(sums.unmatched, policy, flow.connections);
  }
  if (lane === "enforced") add(sums.byTier, decidedBy.tier, flow.connections);
}

function add<Key>(sums: Map<Key, number>, key: Key, more: number): void {
  sums.set(key, (sums.get(key) ?? 0) + more);
}

/** Written rules, each once: one may have become several. */
export function writtenRules(policy: Policy): readonly { readonly direction: Direction; readonly rule: Rule }[] {
  const seen = new Set<string>();
  return (["ingress", "egress"] as const).flatMap((direction) =>
    policy[direction].flatMap((rule) => {
      const key = `${direction} ${rule.written}`;
      if (seen.has(key)) return [];
      seen.add(key);
      return [{ direction, rule }];
    }),
  );
}

export function ruleIdOf(engine: PolicyEngine, { tier, id }: Policy, direction: Direction, written: number): number {
  return engine.ruleIdOf({ tier, policy: id, direction, rule: written });
}

/** Sums over a policy's rules; `unmatched` only where it was worked out. */
export function countsOf(engine: PolicyEngine, policy: Policy, tally: Tally, options: CountOptions): PolicyCounts {
  if (options.unknown !== "") return { because: options.unknown };
  let allowed = 0;
  let denied = 0;
  for (const { direction, rule } of writtenRules(policy)) {
    const times = tally.byRule.get(ruleIdOf(engine, policy, direction, rule.written)) ?? 0;
    if (rule.action === "Allow") allowed += times;
    if (rule.action === "Deny") denied += times;
  }
  const unmatched = options.withUnmatched ? { unmatched: tally.unmatched.get(policy.id) ?? 0 } : {};
  return { allowed, denied, ...unmatched, because: options.because };
}

export interface CountOptions {
  /** Why nothing can be said; "" when it can. */
  readonly unknown: string;
  /** Why the numbers may not be whole. */
  readonly because: string;
  readonly withUnmatched: boolean;
}
