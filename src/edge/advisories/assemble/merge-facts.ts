// Several feeds' words about one vulnerability -> one entry: field by field, the feed that ranks first and says something.
import { cvssScore } from "../../../core/vuln/cvss.ts";
import type { PlainFacts } from "../../../core/vuln/shard/facts-codec.ts";
import { unique } from "../read/json-values.ts";

export interface RankedFacts {
  readonly rank: number;
  readonly facts: PlainFacts;
}

const listMax = 30;

/** At least one. The order in which they came does not matter. */
export function mergeFacts(id: string, all: readonly RankedFacts[]): PlainFacts {
  const ranked = all.toSorted((one, other) => one.rank - other.rank || order(one.facts, other.facts));
  const first = (key: "title" | "description" | "publishedAt"): string =>
    ranked.find(({ facts }) => facts[key] !== "")?.facts[key] ?? "";
  const scored = ranked.find(({ facts }) => facts.cvss !== "" || facts.cvssScore > 0)?.facts;
  const newest = ranked.reduce((latest, { facts }) => (facts.modifiedAt > latest ? facts.modifiedAt : latest), "");
  return {
    id,
    title: first("title"),
    description: first("description"),
    references: unique(ranked.flatMap(({ facts }) => facts.references)).slice(0, listMax),
    cwes: unique(ranked.flatMap(({ facts }) => facts.cwes)).slice(0, listMax),
    publishedAt: first("publishedAt"),
    modifiedAt: newest,
    // Most feeds give a vector alone.
    cvssScore: scored === undefined ? 0 : scored.cvssScore || (cvssScore(scored.cvss) ?? 0),
    cvss: scored?.cvss ?? "",
  };
}

function order(one: PlainFacts, other: PlainFacts): number {
  const [left, right] = [JSON.stringify(Object.values(one)), JSON.stringify(Object.values(other))];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
