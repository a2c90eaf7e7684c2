// What a check is: one file, one line in checks.ts. It reads the whole set at once and gives findings; it decides nothing.
import type { Policy, PolicySet, Rule, SourcePlace } from "../model.ts";
import type { World } from "../world.ts";
import type { PolicyEngine } from "../evaluate/engine.ts";

export const severities = ["error", "warning", "note"] as const;
export type Severity = (typeof severities)[number];

export interface LintFinding {
  /** Id of the check: "shadowed-rule". */
  readonly check: string;
  readonly severity: Severity;
  /** Id of the policy, or "<Kind>/<namespace or ->/<name>" of another object. */
  readonly object: string;
  /** "ingress[0]" as the user counts them; "" for the object as a whole. */
  readonly rule: string;
  readonly message: string;
  /** One sentence: what to do; "" when there is nothing to do but look. */
  readonly fix: string;
  readonly place: SourcePlace;
}

export interface LintInput {
  readonly set: PolicySet;
  /** Policies in the order in which they are asked; staged ones among them. */
  readonly ordered: readonly Policy[];
  /** With the given world, or with an empty one. */
  readonly engine: PolicyEngine;
  /** Undefined: none was given, checks that need one are not run. */
  readonly world: World | undefined;
}

export interface LintCheck {
  readonly id: string;
  /** What it looks for, one line. */
  readonly title: string;
  readonly needsWorld: boolean;
  readonly find: (input: LintInput) => Iterable<LintFinding>;
}

export interface RuleAt {
  readonly policy: Policy;
  readonly direction: "ingress" | "egress";
  readonly rule: Rule;
}

/** All rules that count: those of directions which the policy has. */
export function* rulesOf(policies: Iterable<Policy>): Generator<RuleAt> {
  for (const policy of policies) {
    for (const direction of policy.directions) {
      for (const rule of policy[direction]) yield { policy, direction, rule };
    }
  }
}

/** "ingress[0]", with its name where the user gave one. */
export function ruleWords({ direction, rule }: RuleAt): string {
  return `${direction}[${rule.written}]${rule.name === "" ? "" : ` "${rule.name}"`}`;
}

/** "shop/db", or "db" without a namespace. */
export function nameOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

export function onPolicy(policy: Policy, rule = ""): Pick<LintFinding, "object" | "rule" | "place"> {
  return { object: policy.id, rule, place: policy.place };
}
