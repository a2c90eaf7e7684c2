// What a match needs of a vulnerability's facts, without descriptions and references; remembered per database, because packages share vulnerabilities.
import type { AdvisoryDatabase, VulnerabilityFacts } from "../advisory.ts";

export type BriefFacts = Pick<VulnerabilityFacts, "title" | "cvssScore" | "cvss" | "knownExploited" | "epss">;

/** Vulnerabilities remembered per database; when there are more, remembering begins anew. */
export const briefFactsMax = 50_000;

const remembered = new WeakMap<AdvisoryDatabase, Map<string, BriefFacts | undefined>>();

function read(database: AdvisoryDatabase, names: Iterable<string>): BriefFacts | undefined {
  for (const name of names) {
    const found = database.vulnerability(name);
    if (found === undefined) continue;
    const { title, cvssScore, cvss, knownExploited, epss } = found;
    return { title, cvssScore, cvss, knownExploited, epss };
  }
  return undefined;
}

/** By the first of these names that the database has facts of. */
export function briefFactsOf(
  database: AdvisoryDatabase,
  name: string,
  aliases: readonly string[],
): BriefFacts | undefined {
  let known = remembered.get(database);
  if (known === undefined || known.size >= briefFactsMax) {
    known = new Map();
    remembered.set(database, known);
  }
  const before = known.get(name);
  if (before !== undefined || known.has(name)) return before;
  const found = read(database, [name, ...aliases]);
  known.set(name, found);
  return found;
}
