// Which rules lost something since the last call, by name: a number that nobody can place helps nobody.
import type { RuleState } from "../../../core/detect/contract.ts";
import { detectLimits } from "./limits.ts";

/** ": Dropper 137, Scan 2": those with the most first; "" when none lost anything. Of replaced rules the number alone is told. */
export type RuleLosses = (rules: readonly RuleState[]) => string;

export function createRuleLosses(countOf: (rule: RuleState) => number): RuleLosses {
  let told: ReadonlyMap<string, number> = new Map();
  return (rules) => {
    const lost: (readonly [name: string, count: number])[] = [];
    const now = new Map<string, number>();
    for (const rule of rules) {
      const count = countOf(rule);
      if (count === 0) continue;
      const key = `${rule.file}\n${rule.name}`;
      const before = told.get(key) ?? 0;
      now.set(key, count);
      // Less than before: the rule was loaded anew.
      const since = count < before ? count : count - before;
      if (since > 0) lost.push([rule.name, since]);
    }
    told = now;
    if (lost.length === 0) return "";
    const sorted = lost.toSorted((one, other) => other[1] - one[1]);
    const shown = sorted.slice(0, detectLimits.rulesNamedMax).map(([name, count]) => `${name} ${count}`);
    const more = sorted.length - shown.length;
    return `: ${shown.join(", ")}${more > 0 ? `, and ${more} rules more` : ""}`;
  };
}
