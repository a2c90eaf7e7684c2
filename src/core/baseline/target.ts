// Whom a baseline is for. The most specific one holds: of this image before of any, of this kind before of any, then by name.
import type { Baseline } from "../../model/baseline.ts";

export interface BaselineOwner {
  readonly namespace: string;
  readonly kind: string;
  readonly workload: string;
  readonly imageDigest: string;
}

export interface NamedBaseline {
  readonly scope: string;
  readonly name: string;
  readonly spec: Pick<Baseline, "target">;
}

export function isFor({ spec: { target } }: NamedBaseline, owner: BaselineOwner): boolean {
  if (target.workload !== owner.workload || target.namespace !== owner.namespace) return false;
  if (target.kind !== undefined && target.kind !== owner.kind) return false;
  return target.imageDigest === "" || target.imageDigest === owner.imageDigest;
}

export function pickBaseline<Named extends NamedBaseline>(
  baselines: readonly Named[],
  owner: BaselineOwner,
): Named | undefined {
  const rank = ({ spec: { target } }: Named): number =>
    (target.imageDigest === "" ? 0 : 2) + (target.kind === undefined ? 0 : 1);
  return baselines
    .filter((baseline) => isFor(baseline, owner))
    .toSorted((one, other) => rank(other) - rank(one) || (one.name < other.name ? -1 : 1))[0];
}

/** Whether a resource of this scope holds somewhere in the cluster. */
export function isScopeOf(scope: string, cluster: string): boolean {
  return scope === "global" || scope === `cluster/${cluster}` || scope.startsWith(`node/${cluster}/`);
}
