// Texts by which what was asked and what the kernel tells are compared.
import type { NftChain, NftRule } from "../../../core/policy/compile/nft/ruleset.ts";
import { canonicalRule } from "./canonical.ts";
import { hookNumbers } from "./constants.ts";
import type { SetShape } from "./elements.ts";
import { writeExpressions } from "./expressions.ts";
import type { RawRule } from "./kernel-table.ts";
import { createWriter } from "./netlink/writer.ts";
import { ruleComment } from "./objects.ts";

/** What a chain is hooked to, as `readChains` says it; "" when it is jumped to. */
export function baseText({ base }: NftChain): string {
  if (base === undefined) return "";
  return `${base.type} hook ${hookNumbers[base.hook]} priority ${base.priority} policy ${base.policy}`;
}

export function shapeText(set: SetShape): string {
  return [set.key.join(" . "), set.interval, set.timeout, set.isMap].join(" ");
}

const texts = new WeakMap<NftRule, string>();

/** A rule's expressions as `canonicalRule` says them; kept with the rule. Throws the Faults of writeExpressions. */
export function expressionsText(rule: NftRule): string {
  const known = texts.get(rule);
  if (known !== undefined) return known;
  const writer = createWriter(1024);
  writeExpressions(writer, rule);
  const text = canonicalRule(writer.take());
  texts.set(rule, text);
  return text;
}

export function commentOf(rule: NftRule): string {
  return rule.ruleId === undefined ? "" : ruleComment(rule.ruleId);
}

/** Whether the kernel's rules of a chain are those that were asked for. */
export function hasSameRules(chain: NftChain, found: readonly RawRule[]): boolean {
  if (found.length !== chain.rules.length) return false;
  return chain.rules.every((rule, index) => {
    const there = found[index];
    if (there === undefined || there.comment !== commentOf(rule)) return false;
    return canonicalRule(there.expressions) === expressionsText(rule);
  });
}
