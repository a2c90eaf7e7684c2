// pmatch: does a path lie at or below one of these? Parts between slashes count whole; a part may be a glob.
import { globPattern } from "./glob.ts";

/** "/etc" holds for "/etc" and "/etc/passwd", not for "/etcetera". Plain prefixes cost one look-up a level. */
export function pathPrefixes(prefixes: readonly string[]): (path: string) => boolean {
  const plain = new Set<string>();
  const globs: (readonly ((part: string) => boolean)[])[] = [];
  for (const prefix of prefixes) {
    const clean = prefix.length > 1 && prefix.endsWith("/") ? prefix.slice(0, -1) : prefix;
    if (/[*?[]/.test(clean)) globs.push(clean.split("/").map(globPattern));
    else plain.add(clean);
  }
  return (path) => (plain.size > 0 && liesBelow(plain, path)) || globs.some((parts) => matchesParts(parts, path));
}

function liesBelow(prefixes: ReadonlySet<string>, path: string): boolean {
  if (prefixes.has("/") && path.startsWith("/")) return true;
  for (let slash = path.indexOf("/", 1); slash > 0; slash = path.indexOf("/", slash + 1))
    if (prefixes.has(path.slice(0, slash))) return true;
  return prefixes.has(path);
}

function matchesParts(parts: readonly ((part: string) => boolean)[], path: string): boolean {
  const given = path.split("/");
  return given.length >= parts.length && parts.every((matches, index) => matches(given[index] as string));
}
