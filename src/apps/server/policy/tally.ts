// How often each rule decided: what agents reported by rule id, and what today's rules say of recorded flows. Added up per policy and tier.
import { endOfTierRule } from "../../../core/policy/evaluate/rule-ids.ts";
import type { Lane, PolicyEngine } from "../../../core/policy/evaluate/engine.ts";
import type { Direction, Policy, Rule } from "../../../core/policy/model.ts";
import type { RecordedFlow } from "../../../core/policy/world.ts";
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
    count(engine, sums, flow, "enforced");
    if (staged.size > 0) count(engine, sums, flow, "staged");
  }
  return sums;
}

/** Asks the remembered judgement first: most flows are decided by a written rule, and only a tier's end needs to know whose end it was. */
function count(engine: PolicyEngine, sums: Sums, flow: RecordedFlow, lane: Lane): void {
  const judgement = engine.judge(flow, lane);
  for (const direction of ["egress", "ingress"] as const) {
    const decidedBy = judgement[direction];
    if (decidedBy === undefined || decidedBy.ruleId === 0) continue;
    if (decidedBy.rule === endOfTierRule) countEnd(engine, sums, { flow, lane, direction });
    // The second look is for staged rules only: what enforced ones say is counted already.
    else if (lane === "enforced" || decidedBy.staged) add(sums.byRule, decidedBy.ruleId, flow.connections);
  }
}

interface End {
  readonly flow: RecordedFlow;
  readonly lane: Lane;
  readonly direction: Direction;
}

function countEnd(engine: PolicyEngine, sums: Sums, { flow, lane, direction }: End): void {
  const { verdict, endpoint, decidedBy } = engine.evaluate(flow, lane)[direction];
  if (verdict !== "deny" || decidedBy === undefined) return;
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
