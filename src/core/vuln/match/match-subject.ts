// What is wrong with one package version of one operating system: the unit that the server asks once, however many images hold it.
import type { AnalysisGap, OperatingSystem } from "../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../model/software-package.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import { purlOf } from "../../sbom/purl.ts";
import { vendorName, whoseBuild } from "../../sbom/vendor.ts";
import type { AdvisoryDatabase, AdvisoryKey } from "../advisory.ts";
import { rangeState } from "../versions/compare.ts";
import { buildMatch, isPaidBuild, isPaidPocket } from "./build-match.ts";
import { type Cluster, clustersOf, vulnerabilitiesOf } from "./clusters.ts";
import { type FeedGapOptions, feedGaps } from "./feed-gaps.ts";
import { type Judgement, judge, versionFor } from "./judge.ts";
import { isDistributionPackage, isNameless, keysOf, systemOf, systemProblem } from "./keys.ts";
import { ownershipOf } from "./ownership.ts";

export interface MatchSubject {
  readonly package: SoftwarePackage;
  readonly operatingSystem?: OperatingSystem | undefined;
  /** Its place in an analysis, which its matches tell; 0 by default. */
  readonly index?: number;
}

/** `package` is the subject's index. */
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
      if (rangeState(record, versionFor(record, key)) !== false) judgements.push(judge(record, key, subject));
  if (keys.some(isPaidBuild)) return withoutMended(judgements, keys, database);
  return keys.length > 1 ? withoutRepeats(judgements) : judgements;
}

/** Vulnerabilities that a paid pocket mended before this build of it: the free pocket's record without an end speaks of other builds. */
function withoutMended(
  judgements: readonly Judgement[],
  keys: readonly AdvisoryKey[],
  database: AdvisoryDatabase,
): readonly Judgement[] {
  const mended = new Set<string>();
  for (const key of keys)
    for (const record of database.find(key.ecosystem, key.name)) {
      const hasEnd = record.ranges.some(({ fixed }) => fixed !== "");
      if (!hasEnd || !isPaidPocket(record.pocket) || rangeState(record, key.version) !== false) continue;
      for (const id of vulnerabilitiesOf(record).flat()) mended.add(id);
    }
  return judgements.filter(
    ({ record, fixed }) =>
      record.pocket !== "" ||
      fixed !== "" ||
      !vulnerabilitiesOf(record).every((ids) => ids.some((id) => mended.has(id))),
  );
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

/** What holds, by vulnerability, without those that the same feed excuses. */
function holdingClusters(judgements: readonly Judgement[]): readonly Cluster<Judgement>[] {
  const holding = judgements.filter(({ outcome }) => outcome === "affected");
  if (holding.length === 0) return [];
  const excused = excusedOf(judgements);
  const clusters = clustersOf(holding, ({ record }) => record);
  if (excused.size === 0) return clusters;
  return clusters.flatMap((cluster) => {
    const ids = [cluster.name, ...cluster.aliases];
    const members = cluster.members.filter(({ record }) => !ids.some((id) => excused.has(`${record.feed}\n${id}`)));
    return members.length === 0 ? [] : [{ ...cluster, members }];
  });
}

/** Why nobody could judge the package at all; undefined when somebody can. */
function whollyUnknown(subject: SoftwarePackage, system: OperatingSystem | undefined): AnalysisGap | undefined {
  if (isDistributionPackage(subject.type)) {
    const problem = systemProblem(subject, system);
    if (problem !== "") return gap("operating-system-unknown", "", `${problem}: its packages were not matched`);
  }
  if (subject.version === "")
    return gap("version-unknown", purlOf(subject), "nothing says which version it is: it was not matched");
  return undefined;
}

/** Packages whose type nobody's advisories speak of; classified binaries without a CPE are among them. */
function unsupported(subject: SoftwarePackage): SubjectMatches {
  if (isNameless(subject)) {
    const words = "its group id is not known: Maven's advisories could not be looked up";
    return { ...nothing, gaps: [gap("not-supported", purlOf(subject), words)] };
  }
  const because =
    subject.type === "generic"
      ? "no CPE is known for the binary: no advisories could be looked up"
      : `no feed speaks of packages of type ${subject.type}`;
  const about = subject.type === "generic" ? purlOf(subject) : `pkg:${subject.type}`;
  return { ...nothing, gaps: [gap("not-supported", about, because)] };
}

/** A package in the distribution's format that somebody else built: when the distribution's feed has no word of it, nobody has judged it. */
function notTheirs(
  subject: SoftwarePackage,
  keys: readonly AdvisoryKey[],
  system: OperatingSystem | undefined,
  database: AdvisoryDatabase,
): AnalysisGap[] {
  if (!isDistributionPackage(subject.type) || whoseBuild(subject, system?.id ?? "") !== "other") return [];
  if (keys.some(({ ecosystem, name }) => database.find(ecosystem, name).length > 0)) return [];
  const vendor = subject.vendor === undefined ? "others" : vendorName(subject.vendor);
  const because = `packages of ${vendor}, not of the distribution: no feed speaks of them`;
  return [gap("not-supported", `pkg:${subject.type}`, because)];
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
  { package: subject, operatingSystem, index = 0 }: MatchSubject,
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
  if (judgements.length === 0) return { ...nothing, gaps: [...gaps, ...notTheirs(subject, keys, system, database)] };
  const clusters = holdingClusters(judgements);
  const ownership = ownershipOf(subject, system, database);
  if (ownership.decides === "distribution") return { matches: [], gaps, decidedByDistribution: clusters.length };
  const context = clusters.length === 0 ? undefined : { subject, index, purl: purlOf(subject), database, ownership };
  const matches = context === undefined ? [] : clusters.map((cluster) => buildMatch(cluster, context));
  return { matches, gaps: [...gaps, ...notComparable(subject, judgements)], decidedByDistribution: 0 };
}
