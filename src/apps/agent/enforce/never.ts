// A node whose configuration allows no enforcement: each policy resource is refused with that reason, and no packet is touched.
import type { Resource, ResourceStatus } from "../../../model/resource.ts";
import type { EnforceSide } from "./enforce-side.ts";
import { enforceKinds } from "./kinds.ts";

export function neverEnforced(): EnforceSide {
  let statuses: readonly ResourceStatus[] = [];
  const statusOf = ({ kind, scope, name, generation }: Resource): ResourceStatus => ({
    kind,
    scope,
    name,
    generation,
    state: "refused",
    because: "the configuration of this node's agent allows no enforcement (policy.enforce: never)",
  });
  return {
    setResources(resources) {
      statuses = resources.filter(({ kind }) => enforceKinds.includes(kind)).map(statusOf);
    },
    identitiesCame: () => undefined,
    statuses: () => statuses,
    flush: () => [],
    drain: () => [],
    complete: () => undefined,
    takeGaps: () => [],
    isTwin: () => false,
    settled: async () => undefined,
    close: async () => undefined,
  };
}
