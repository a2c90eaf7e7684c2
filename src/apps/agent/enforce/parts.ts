// Which policies a change brought: what is held back once it was taken back, whatever else is asked beside it.
import type { Resource } from "../../../model/resource.ts";
import type { Intent } from "./intent.ts";
import type { KeptSet, KeptState, Part } from "./kept.ts";
import { enforceLimits } from "./limits.ts";

/** Policies of `resources` that `before` does not have in this generation. */
export function partsOf(resources: readonly Resource[], before: KeptSet | undefined): Part[] {
  const known = new Set(before?.resources.filter(isPolicy).map(keyOf));
  return resources
    .filter((resource) => isPolicy(resource) && !known.has(keyOf(resource)))
    .slice(0, enforceLimits.takenBackPartsMax)
    .map(({ scope, name, generation }) => ({ scope, name, generation }));
}

/** Names of policies that were taken back and are asked for as they were then. */
export function heldBackOf({ takenBackParts }: KeptState, asked: Intent): readonly string[] {
  if (takenBackParts.length === 0) return [];
  const held = new Set(takenBackParts.map(keyOf));
  return asked.resources.filter((resource) => isPolicy(resource) && held.has(keyOf(resource))).map(({ name }) => name);
}

function isPolicy({ kind }: Resource): boolean {
  return kind === "Policy";
}

function keyOf({ scope, name, generation }: Part): string {
  return `${scope}\n${name}\n${generation}`;
}
