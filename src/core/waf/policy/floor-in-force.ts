// Which of several floors holds at a place: the narrowest scope's; of one scope the first by name. Server and gateways ask the same.

/** The floors that are for a cluster (and, with `node`, for that gateway), the one in force first. */
export function floorsInOrder<T extends { readonly scope: string; readonly name: string }>(
  floors: readonly T[],
  { cluster, node }: { readonly cluster: string; readonly node?: string },
): readonly T[] {
  const scopes = ["global", `cluster/${cluster}`, ...(node === undefined ? [] : [`node/${cluster}/${node}`])];
  return floors
    .filter(({ scope }) => scopes.includes(scope))
    .toSorted(
      (one, other) =>
        scopes.indexOf(other.scope) - scopes.indexOf(one.scope) ||
        (one.name < other.name ? -1 : one.name > other.name ? 1 : 0),
    );
}
