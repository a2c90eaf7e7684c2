// The Baseline resources that are kept, and which one is for a workload of an image: agents choose by the same rule (core/baseline/target.ts).
import type { StateStore } from "../../../core/state/ports.ts";
import { isScopeOf, type BaselineOwner, pickBaseline } from "../../../core/baseline/target.ts";
import { Baseline } from "../../../model/baseline.ts";
import type { Resource } from "../../../model/resource.ts";

export interface KeptBaseline {
  readonly scope: string;
  readonly name: string;
  readonly generation: number;
  readonly spec: Baseline;
}

/** Those that parse; agents refuse the others by name. */
export async function keptBaselines(state: Pick<StateStore, "resources">): Promise<readonly KeptBaseline[]> {
  return (await state.resources.list("Baseline")).flatMap(keptOf);
}

export function keptOf({ scope, name, generation, spec, deleted }: Resource): readonly KeptBaseline[] {
  const parsed = Baseline.safeParse(spec);
  return parsed.success && !deleted ? [{ scope, name, generation, spec: parsed.data }] : [];
}

export function baselineFor(
  kept: readonly KeptBaseline[],
  owner: BaselineOwner & { readonly cluster: string },
): KeptBaseline | undefined {
  return pickBaseline(
    kept.filter(({ scope }) => isScopeOf(scope, owner.cluster)),
    owner,
  );
}

export type Judging = (cluster: string, held: Pick<KeptBaseline, "scope" | "name"> | undefined) => number;

/** How many nodes of these clusters took each baseline. */
export async function judgingIn(
  { resources }: { readonly resources: Pick<StateStore["resources"], "statusesIn"> },
  clusters: readonly string[],
): Promise<Judging> {
  const counts = new Map<string, number>();
  for (const cluster of new Set(clusters))
    for (const { scope, name, state } of await resources.statusesIn("Baseline", cluster)) {
      const key = JSON.stringify([cluster, scope, name]);
      if (state === "applied") counts.set(key, (counts.get(key) ?? 0) + 1);
    }
  return (cluster, held) =>
    held === undefined ? 0 : (counts.get(JSON.stringify([cluster, held.scope, held.name])) ?? 0);
}

/** Baselines of the same workload for other images. */
export function otherImages(
  kept: readonly KeptBaseline[],
  owner: BaselineOwner & { readonly cluster: string },
): number {
  return kept.filter(
    ({ scope, spec: { target } }) =>
      isScopeOf(scope, owner.cluster) &&
      target.namespace === owner.namespace &&
      target.workload === owner.workload &&
      target.imageDigest !== "" &&
      target.imageDigest !== owner.imageDigest,
  ).length;
}
