// Which of several floors holds at a place: the narrowest scope's; of one scope the first by name. Server and gateways ask the same.

function depthOf(scope: string): number {
  return scope.startsWith("node/") ? 2 : scope.startsWith("cluster/") ? 1 : 0;
}

/**
 * The one in force first. Without a place all are taken to be for it, as a gateway's are; with one, those of other clusters and of single gateways are left out.
 */
export function floorsInOrder<T extends { readonly scope: string; readonly name: string }>(
  floors: readonly T[],
  place?: { readonly cluster: string },
): readonly T[] {
  return floors
    .filter(({ scope }) => place === undefined || scope === "global" || scope === `cluster/${place.cluster}`)
    .toSorted(
      (one, other) =>
        depthOf(other.scope) - depthOf(one.scope) || (one.name < other.name ? -1 : one.name > other.name ? 1 : 0),
    );
}
