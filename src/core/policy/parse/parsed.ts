// What parsing gives: the canonical set, the objects one by one, and everything that was wrong. See parse-policies.ts.
import type { PolicyProblem, PolicySet, SourcePlace } from "../model.ts";
import type { World } from "../world.ts";

/** One object of the input, as it was written. */
export interface ParsedObject {
  /** Id of the policy, or "<Kind>/<namespace or ->/<name>" of another object. */
  readonly id: string;
  readonly manifest: unknown;
  readonly place: SourcePlace;
  readonly state: "taken" | "refused" | "ignored";
}

export interface ParsedPolicies {
  readonly set: PolicySet;
  readonly objects: readonly ParsedObject[];
  readonly problems: readonly PolicyProblem[];
}

/** Pods, namespaces, services, ... that stood in the same files; `isGiven` is false when there were none. */
export interface ParsedWorld {
  readonly world: World;
  readonly isGiven: boolean;
}
