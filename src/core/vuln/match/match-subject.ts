// What is wrong with one package version of one operating system: the unit that the server asks once, however many images hold it.
import type { AnalysisGap, OperatingSystem } from "../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../model/software-package.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import { purlOf } from "../../sbom/purl.ts";
import type { AdvisoryDatabase, AdvisoryKey } from "../advisory.ts";
import { rangeState } from "../versions/compare.ts";
import { buildMatch } from "./build-match.ts";
import { clustersOf, vulnerabilitiesOf } from "./clusters.ts";
import { osEcosystems } from "./ecosystems.ts";
import { type FeedGapOptions, feedGaps } from "./feed-gaps.ts";
import { type Judgement, judge } from "./judge.ts";
import { isDistributionPackage, keysOf, systemOf } from "./keys.ts";
import { ownershipOf } from "./ownership.ts";

export interface MatchSubject {
  readonly package: SoftwarePackage;
  readonly operatingSystem?: OperatingSystem | undefined;
}

/** `package` is 0: whoever knows the place in an analysis sets it. */
export type SubjectMatch = VulnerabilityMatch;

export interface SubjectMatches {
  readonly matches: readonly SubjectMatch[];
  readonly gaps: readonly AnalysisGap[];
  /** Upstream's vulnerabilities that the distribution's complete feed overrules: not shown, `explain` names them. */
  readonly decidedByDistribution: number;
}

const nothing: SubjectMatches = { matches: [], gaps: [], decidedByDistribution: 0 };

function gap(kind: AnalysisGap["kind"], subject: string, because: string, count = 1): AnalysisGap {
  return { kind, layer: -1, subject, because, count };
}

/** Every record of every key that may hold, judged; the same record under two names once. Those whose ranges are elsewhere are left out. */
function judgeAll(
  subject: SoftwarePackage,
  keys: readonly AdvisoryKey[],
  database: AdvisoryDatabase,
): readonly Judgement[] {
  const judgements: Judgement[] = [];
  for (const key of keys)
    for (const record of database.find(key.ecosystem, key.name))
      if (rangeState(record, key.version) !== false) judgements.push(judge(record, key, subject));
  return keys.length > 1 ? withoutRepeats(judgements) : judgements;
}

function withoutRepeats(judgements: readonly Judgement[]): readonly Judgement[] {
  const seen = new Set<string>();
  return judgements.filter((judgement) => {
    if (judgement.outcome !== "affected") return true;
    const { id, feed, status } = judgement.record;
    const key = `${id}\n${feed}\n${status}\n${judgement.key.version}\n${judgement.fixed}`;
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

/** Vulnerabilities that a feed says the package does not have: "feed\nid". */
function excusedOf(judgements: readonly Judgement[]): ReadonlySet<string> {
  const excused = new Set<string>();
  for (const { record, outcome } of judgements) {
    if (outcome !== "not-affected") continue;
    for (const id of vulnerabilitiesOf(record).flat()) excused.add(`${record.feed}\n${id}`);
  }
  return excused;
}

/** One match a cluster, without those that the same feed excuses. */
function matchesOf(
  subject: SoftwarePackage,
  judgements: readonly Judgement[],
  database: AdvisoryDatabase,
  ownership: string,
): VulnerabilityMatch[] {
  const holding = judgements.filter(({ outcome }) => outcome === "affected");
  if (holding.length === 0) return [];
  const excused = excusedOf(judgements);
  const matches: VulnerabilityMatch[] = [];
  const context = { subject, purl: purlOf(subject), database, ownership };
  for (const cluster of clustersOf(holding, ({ record }) => record)) {
    const ids = [cluster.name, ...cluster.aliases];
    const members =
      excused.size === 0
        ? cluster.members
        : cluster.members.filter(({ record }) => !ids.some((id) => excused.has(`${record.feed}\n${id}`)));
    if (members.length > 0) matches.push(buildMatch({ ...cluster, members }, context));
  }
  return matches;
}

/** Why nobody could judge the package at all; undefined when somebody can. */
function whollyUnknown(subject: SoftwarePackage, system: OperatingSystem | undefined): AnalysisGap | undefined {
  if (isDistributionPackage(subject.type)) {
    const { ecosystems, problem } = osEcosystems(system);
    if (ecosystems.length === 0)
      return gap("operating-system-unknown", "", `${problem}: its packages were not matched`);
  }
  if (subject.version === "")
    return gap("version-unknown", purlOf(subject), "nothing says which version it is: it was not matched");
  return undefined;
}

/** Packages whose type nobody's advisories speak of; classified binaries without a CPE are among them. */
function unsupported(subject: SoftwarePackage): SubjectMatches {
  const because =
    subject.type === "generic"
      ? "no CPE is known for the binary: no advisories could be looked up"
      : `no feed speaks of packages of type ${subject.type}`;
  const about = subject.type === "generic" ? purlOf(subject) : `pkg:${subject.type}`;
  return { ...nothing, gaps: [gap("not-supported", about, because)] };
}

function notComparable(subject: SoftwarePackage, judgements: readonly Judgement[]): AnalysisGap[] {
  const unknown = judgements.filter(({ outcome }) => outcome === "not-comparable");
  const first = unknown[0];
  if (first === undefined) return [];
  const more = unknown.length === 1 ? "" : ` and ${unknown.length - 1} more`;
  return [
    gap("version-not-comparable", purlOf(subject), `${first.comparison} (${first.record.id}${more})`, unknown.length),
  ];
}

/**
 * Matches of one package. Gaps tell what could not be judged: unknown system or version, no feed, an old feed (when `nowMs` is given), versions without order.
 * Never throws, save for a shard that cannot be read.
 */
export function matchSubject(
  { package: subject, operatingSystem }: MatchSubject,
  database: AdvisoryDatabase,
  options: FeedGapOptions = {},
): SubjectMatches {
  const system = systemOf(subject, operatingSystem);
  const unknown = whollyUnknown(subject, system);
  if (unknown !== undefined) return { ...nothing, gaps: [unknown] };
  const keys = keysOf(subject, system);
  if (keys.length === 0) return unsupported(subject);
  const gaps = feedGaps(keys, database, options);
  const judgements = judgeAll(subject, keys, database);
  if (judgements.length === 0) return { ...nothing, gaps };
  const ownership = ownershipOf(subject, system, database);
  const matches = matchesOf(subject, judgements, database, ownership.because);
  if (ownership.decides === "distribution") return { matches: [], gaps, decidedByDistribution: matches.length };
  return { matches, gaps: [...gaps, ...notComparable(subject, judgements)], decidedByDistribution: 0 };
}
