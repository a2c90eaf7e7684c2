// A cluster of records that hold becomes one match: the vendor's word first, every record among the reasons.
import type { SoftwarePackage } from "../../../model/software-package.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import type { AdvisoryDatabase, AdvisoryKey, AdvisoryRecord, Severity } from "../advisory.ts";
import { cvssScore, severityOfScore } from "../cvss.ts";
import { riskOf } from "../risk.ts";
import { compareVersions } from "../versions/compare.ts";
import { type BriefFacts, briefFactsOf } from "./brief-facts.ts";
import type { Cluster } from "./clusters.ts";
import { isDistribution } from "./ecosystems.ts";
import type { Judgement } from "./judge.ts";
import type { OwnershipVerdict } from "./ownership.ts";

export const matchLimits = { reasons: 50, fixVersions: 20, aliases: 100 } as const;

/** Whose word goes first: the distribution or registry itself, then the ecosystem's own database, GHSA, NVD. */
export function feedRank(record: AdvisoryRecord): number {
  if (isDistribution(record.ecosystem)) return 0;
  if (record.ecosystem === "CPE" || record.feed.startsWith("nvd")) return 3;
  return record.feed.startsWith("ghsa") || record.id.startsWith("GHSA-") ? 2 : 1;
}

/** Among records of one rank: what holds now before what is being looked into, a named fix before none. */
function order(left: Judgement, right: Judgement): number {
  return (
    feedRank(left.record) - feedRank(right.record) ||
    Number(left.record.status === "under-investigation") - Number(right.record.status === "under-investigation") ||
    Number(left.fixed === "") - Number(right.fixed === "") ||
    (left.record.id < right.record.id ? -1 : left.record.id > right.record.id ? 1 : 0)
  );
}

/** A fix in a pocket that this build is of already ("+esm1") can be had. */
function canHave(judgement: Judgement): boolean {
  const { pocket } = judgement.record;
  if (pocket === "") return true;
  return isPaidBuild(judgement.key) && isPaidPocket(pocket);
}

/** Ubuntu's builds of paid pockets say so in their versions. */
export function isPaidBuild({ version }: AdvisoryKey): boolean {
  return /[+~.]esm\d/.test(version);
}

export function isPaidPocket(pocket: string): boolean {
  return /esm|pro/.test(pocket);
}

type Fix = VulnerabilityMatch["fix"];

function noFix(judgement: Judgement): Fix {
  const { record, fixed } = judgement;
  const reason = record.statusReason === "" ? "" : `: ${record.statusReason}`;
  switch (record.status) {
    case "will-not-fix":
    case "postponed":
    case "end-of-life":
      return { state: record.status, versions: [], because: `${record.feed} says ${record.status}${reason}` };
    case "under-investigation":
      return { state: "unknown", versions: [], because: `${record.feed} is looking into it${reason}` };
    default:
  }
  if (fixed !== "" && !canHave(judgement))
    return {
      state: "not-fixed",
      versions: [],
      because: `fixed in ${fixed} of the pocket ${record.pocket} only, which needs a subscription`,
    };
  const last = record.ranges.find((range) => range.lastAffected !== "")?.lastAffected;
  if (last !== undefined)
    return { state: "unknown", versions: [], because: `no fixed version is named; the last affected one is ${last}` };
  const isListed = record.ranges.length === 0 && record.versions.length > 0;
  if (isListed) return { state: "unknown", versions: [], because: "affected versions are listed, no fixed one is" };
  return { state: "not-fixed", versions: [], because: `${record.feed} knows no fix${reason}` };
}

/** The fixes that the deciding feed names, or for registries' packages the first feed that names one. */
function fixOf(judgements: readonly Judgement[]): Fix {
  const deciding = judgements[0] as Judgement;
  if (judgements.length === 1)
    return deciding.fixed === "" || !canHave(deciding) ? noFix(deciding) : fixIn(deciding, [deciding.fixed]);
  const rank = feedRank(deciding.record);
  const candidates = rank === 0 ? judgements.filter(({ record }) => feedRank(record) === 0) : judgements;
  const withFix = candidates.filter((judgement) => judgement.fixed !== "" && canHave(judgement));
  const first = withFix[0];
  if (first === undefined) return noFix(deciding);
  const sameRank = withFix.filter(({ record }) => feedRank(record) === feedRank(first.record));
  const { scheme } = first.record;
  const versions = [...new Set(sameRank.map(({ fixed }) => fixed))].sort(
    (left, right) => compareVersions(scheme, left, right) ?? 0,
  );
  return fixIn(first, versions.slice(0, matchLimits.fixVersions));
}

function fixIn({ record }: Judgement, versions: string[]): Fix {
  return { state: "fixed", versions, because: `${record.feed}: ${record.id}` };
}

interface Weight {
  readonly severity: Severity;
  readonly severityFrom: string;
  readonly cvssScore: number;
  readonly cvss: string;
}

function weightOf(judgements: readonly Judgement[], facts: BriefFacts | undefined): Weight {
  const vector = judgements.find(({ record }) => record.cvss !== "")?.record.cvss ?? facts?.cvss ?? "";
  const given = vector === "" ? 0 : (cvssScore(vector) ?? 0);
  const score = given > 0 ? given : (facts?.cvssScore ?? 0);
  const named = judgements.find(({ record }) => record.severity !== "unknown")?.record;
  if (named !== undefined)
    return { severity: named.severity, severityFrom: named.feed, cvssScore: score, cvss: vector };
  if (score > 0) return { severity: severityOfScore(score), severityFrom: "cvss", cvssScore: score, cvss: vector };
  return { severity: "unknown", severityFrom: "", cvssScore: 0, cvss: vector };
}

export interface MatchContext {
  readonly subject: SoftwarePackage;
  readonly purl: string;
  /** Its place in an analysis. */
  readonly index: number;
  readonly database: AdvisoryDatabase;
  /** Who owns it and whose word therefore counts. */
  readonly ownership: OwnershipVerdict;
}

function statusOf(deciding: Judgement, { decides }: OwnershipVerdict): VulnerabilityMatch["status"] {
  if (decides === "upstream") return "upstream-only";
  return deciding.record.status === "under-investigation" ? "under-investigation" : "affected";
}

function riskInput(
  match: Omit<VulnerabilityMatch, "risk" | "riskBecause">,
  facts: BriefFacts | undefined,
  subject: SoftwarePackage,
): ReturnType<typeof riskOf> {
  return riskOf({
    severity: match.severity,
    severityFrom: match.severityFrom,
    cvssScore: match.cvssScore,
    knownExploited: match.knownExploited,
    isRansomware: facts?.knownExploited?.ransomware === true,
    epss: facts?.epss,
    fixState: match.fix.state,
    status: match.status,
    scope: subject.scope,
  });
}

/** The match of a cluster whose members all hold. */
export function buildMatch(cluster: Cluster<Judgement>, context: MatchContext): VulnerabilityMatch {
  const { subject, database, ownership } = context;
  const judgements = cluster.members.toSorted(order);
  const facts = briefFactsOf(database, cluster.name, cluster.aliases);
  const because = judgements.slice(0, matchLimits.reasons).map(({ record, key, comparison }) => ({
    record: record.id,
    feed: record.feed,
    ecosystem: record.ecosystem,
    name: key.name,
    nameBecause: key.because,
    comparison,
    ownership: ownership.because,
  }));
  const match = {
    vulnerability: cluster.name,
    aliases: cluster.aliases.slice(0, matchLimits.aliases),
    package: context.index,
    purl: context.purl,
    packageName: subject.name,
    packageType: subject.type,
    version: subject.version,
    status: statusOf(judgements[0] as Judgement, ownership),
    ...weightOf(judgements, facts),
    fix: fixOf(judgements),
    title: facts?.title ?? "",
    knownExploited: facts?.knownExploited !== undefined,
    ...(facts?.epss === undefined ? {} : { epssScore: facts.epss.score, epssPercentile: facts.epss.percentile }),
    because,
  };
  const { risk, because: riskBecause } = riskInput(match, facts, subject);
  return { ...match, risk, riskBecause: [...riskBecause] };
}
