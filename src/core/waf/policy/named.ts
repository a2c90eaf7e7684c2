// Policies as they come from resources or files, and what is told about them.
import type { SourcePosition } from "../position.ts";
import type { WafFloor, WafPolicy } from "../../../model/waf-policy.ts";

export interface NamedWafPolicy {
  /** "global", "cluster/NAME", "node/CLUSTER/NAME". */
  readonly scope: string;
  readonly name: string;
  readonly spec: WafPolicy;
}

export interface NamedWafFloor {
  readonly scope: string;
  readonly name: string;
  readonly spec: WafFloor;
}

export interface WafPolicyProblem {
  readonly kind: "WafPolicy" | "WafFloor";
  readonly scope: string;
  readonly name: string;
  /** error: a part of it is not in force. warning: it is in force otherwise than it was written. note: worth knowing. */
  readonly severity: "error" | "warning" | "note";
  readonly code: string;
  readonly message: string;
  readonly hint: string;
  /** In its rule texts, where it is about a line of them. */
  readonly position?: SourcePosition;
}

/** Whom a problem is about, told once and filled in by who finds it. */
export type Tell = (problem: Pick<WafPolicyProblem, "severity" | "code" | "message" | "hint">) => void;

export function tellOf(problems: WafPolicyProblem[], about: Pick<WafPolicyProblem, "kind" | "scope" | "name">): Tell {
  const { kind, scope, name } = about;
  return (problem) => void problems.push({ kind, scope, name, ...problem });
}
