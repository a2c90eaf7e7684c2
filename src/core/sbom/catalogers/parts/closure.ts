// Which locked packages are for development only: those that no production dependency leads to. A real transitive closure.

/** Keys that are reached from `development` and not from `production`. `next` gives a key's dependencies; unknown keys may be among them. */
export function developmentOnly(
  production: Iterable<string>,
  development: Iterable<string>,
  next: (key: string) => Iterable<string>,
): ReadonlySet<string> {
  const reached = closureOf(production, next);
  const only = new Set<string>();
  for (const key of closureOf(development, next)) if (!reached.has(key)) only.add(key);
  return only;
}

export function closureOf(roots: Iterable<string>, next: (key: string) => Iterable<string>): Set<string> {
  const reached = new Set<string>(roots);
  // A Set's iteration sees what is added while it runs: breadth first without a stack.
  for (const key of reached) for (const other of next(key)) reached.add(other);
  return reached;
}
