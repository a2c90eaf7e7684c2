// Numbers for rules, so that a record of a few bytes from the kernel can name policy and rule. The same rule keeps its number; an event of a rule that is gone
// still finds its words, until the book is full.
import type { GuardedEvent } from "../sense/deed-events.ts";
import type { ParsedRuntimePolicy, RuntimeRule } from "./model.ts";
import { ruleWords } from "./plan.ts";

export interface KnownRule {
  readonly policy: ParsedRuntimePolicy;
  readonly rule: RuntimeRule;
}

export interface RuleBook {
  numberOf(policy: ParsedRuntimePolicy, rule: RuntimeRule): number;
  find(number: number): KnownRule | undefined;
}

export const ruleBookLimits = { rulesMax: 65_536 } as const;

export function createRuleBook(): RuleBook {
  const byNumber = new Map<number, KnownRule>();
  const numberByText = new Map<string, number>();
  let next = 1;
  return {
    numberOf(policy, rule) {
      const text = `${policy.dialect} ${policy.name} ${policy.mode} ${JSON.stringify(rule)}`;
      let number = numberByText.get(text);
      if (number === undefined) {
        number = next;
        next += 1;
        numberByText.set(text, number);
        for (const oldest of numberByText) {
          if (numberByText.size <= ruleBookLimits.rulesMax) break;
          numberByText.delete(oldest[0]);
          byNumber.delete(oldest[1]);
        }
      }
      byNumber.set(number, { policy, rule });
      return number;
    },
    find: (number) => byNumber.get(number),
  };
}

/** Which rule decided, in words for a receipt: "kernel: killed at exec of /usr/bin/nc by shop/no-netcat exec[0] (plane kill)". */
export function explainGuarded(event: GuardedEvent, known: KnownRule | undefined): string {
  const { tuple } = event;
  const end =
    tuple === undefined
      ? ""
      : event.hook === "bind"
        ? `${tuple.localAddress}:${tuple.localPort}`
        : `${tuple.remoteAddress}:${tuple.remotePort}`;
  const what = event.path !== "" ? `${event.hook} of ${event.path}` : [event.hook, end].filter(Boolean).join(" ");
  const by =
    known === undefined
      ? `rule ${event.rule}, which is gone`
      : `${known.policy.name} ${known.rule.place} (${ruleWords(known.rule)})`;
  return `kernel: ${event.outcome} at ${what} by ${by}, plane ${event.plane}`;
}
