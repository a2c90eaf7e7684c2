// A path as servers behind the gateway will understand it, for choosing a policy: the same place has one name, however a client writes it.

/** Longer paths are cut: only their beginning counts for choosing. */
export const pathCharactersMax = 4096;

/** Percent signs decoded once, backslashes as slashes, empty and dot segments gone, path parameters cut. Begins with "/". */
export function normalPath(path: string): string {
  const decoded = path
    .slice(0, pathCharactersMax)
    .replaceAll(/%([0-9a-fA-F]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  const kept: string[] = [];
  const segments = decoded.replaceAll("\\", "/").split("/");
  for (const raw of segments) {
    const end = raw.indexOf(";");
    const segment = end < 0 ? raw : raw.slice(0, end);
    if (segment === "" || segment === ".") continue;
    if (segment === "..") kept.pop();
    else kept.push(segment);
  }
  const isFolder = kept.length > 0 && /(?:^|[\\/])\.{0,2}$/.test(decoded);
  return `/${kept.join("/")}${isFolder ? "/" : ""}`;
}

/** Whether it goes up or stays by dot segments, in whatever spelling: then where it leads is not where it seems to. */
export function hasDotSegments(path: string): boolean {
  if (!path.includes(".") && !/%2e/i.test(path)) return false;
  const plain = path.replaceAll(/%2e/gi, ".").replaceAll(/%2f|%5c|\\/gi, "/");
  return /(?:^|\/)\.{1,2}(?:[/;]|$)/.test(plain);
}
