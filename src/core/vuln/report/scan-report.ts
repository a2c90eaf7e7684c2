// The result of a scan as every output gets it: the analysis, what was matched and decided, what is uncertain, and which database said so.
import type { AnalysisGap, ImageAnalysis } from "../../../model/image-analysis.ts";
import {
  matchSeverities,
  type ReportedSecret,
  type Suppression,
  type VulnerabilityMatch,
} from "../../../model/vulnerability-match.ts";

export type MatchSeverity = (typeof matchSeverities)[number];

export interface DatabaseUsed {
  readonly digest: string;
  readonly builtAt: string;
  readonly feeds: readonly {
    readonly feed: string;
    readonly sourceAt: string;
    readonly records: number;
    readonly warning: string;
  }[];
}

export interface ScanReport {
  readonly analysis: ImageAnalysis;
  /** Most urgent first; suppressed ones among them. */
  readonly matches: readonly VulnerabilityMatch[];
  /** Accepted ones among them: in every output, apart in the counts, at no gate. */
  readonly secrets: readonly ReportedSecret[];
  /** Of the analysis and of matching. */
  readonly gaps: readonly AnalysisGap[];
  /** Undefined: no vulnerability was looked up, and a gap says so. */
  readonly database: DatabaseUsed | undefined;
  /** Upstream's vulnerabilities that the distribution's complete feed overruled. */
  readonly decidedByDistribution: number;
  /** Matches that a filter left out of this report. */
  readonly filteredOut: number;
  /** RFC 3339 of the scan, "" for a report that must be the same whenever it is made. */
  readonly scannedAt: string;
  readonly toolVersion: string;
}

export interface ReportCounts {
  readonly severities: Readonly<Record<MatchSeverity, number>>;
  readonly total: number;
  readonly vulnerabilities: number;
  readonly fixable: number;
  readonly knownExploited: number;
  readonly upstreamOnly: number;
  readonly suppressed: number;
  readonly secrets: number;
  readonly suppressedSecrets: number;
  readonly gaps: number;
}

/** Counts what counts: suppressed matches are apart, and what only upstream says is in no severity. */
export function countReport({
  matches,
  secrets,
  gaps,
}: Pick<ScanReport, "matches" | "secrets" | "gaps">): ReportCounts {
  const severities = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };
  const live = matches.filter(({ suppressed }) => suppressed === undefined);
  for (const { severity, status } of live) if (status !== "upstream-only") severities[severity] += 1;
  return {
    severities,
    total: live.length,
    vulnerabilities: new Set(live.map(({ vulnerability }) => vulnerability)).size,
    fixable: live.filter(({ fix }) => fix.state === "fixed").length,
    knownExploited: live.filter(({ knownExploited }) => knownExploited).length,
    upstreamOnly: live.filter(({ status }) => status === "upstream-only").length,
    suppressed: matches.length - live.length,
    secrets: liveSecrets(secrets).length,
    suppressedSecrets: secrets.length - liveSecrets(secrets).length,
    gaps: gaps.reduce((sum, { count }) => sum + count, 0),
  };
}

/** Those that nobody accepted. */
export function liveSecrets(secrets: readonly ReportedSecret[]): readonly ReportedSecret[] {
  return secrets.filter(({ suppressed }) => suppressed === undefined);
}

/** "exception e: accepted, not reachable (web team, until 2026-12-31)". */
export function suppressionWords({ by, name, status, justification, reason, owner, expiresAt }: Suppression): string {
  const until = expiresAt === "" ? "" : `until ${expiresAt}`;
  const who = [owner, until].filter((word) => word !== "").join(", ");
  const what = [status.replaceAll("_", " "), justification.replaceAll("_", " "), reason].filter((word) => word !== "");
  return `${by} ${name}: ${what.join(", ")}${who === "" ? "" : ` (${who})`}`;
}

/** The first place that a package was seen at; "" for none. */
export function placeOf({ analysis }: Pick<ScanReport, "analysis">, match: VulnerabilityMatch): string {
  return analysis.packages[match.package]?.evidence[0]?.path ?? "";
}

/** "1.2.3, 1.4.0", or why there is none: "will not fix". */
export function fixWords({ fix }: Pick<VulnerabilityMatch, "fix">): string {
  if (fix.state === "fixed") return fix.versions.length === 0 ? "fixed" : fix.versions.join(", ");
  return fix.state === "unknown" ? "" : fix.state.replaceAll("-", " ");
}

/** "3 critical, 12 high"; "" when there is nothing. */
export function severityWords(counts: ReportCounts): string {
  return matchSeverities
    .filter((severity) => counts.severities[severity] > 0)
    .map((severity) => `${counts.severities[severity]} ${severity}`)
    .join(", ");
}

/** One line a gap: "layer 2, /app/a.jar: its central directory is cut off (3 times)". */
export function gapWords(gap: AnalysisGap): string {
  const where = [gap.layer < 0 ? "" : `layer ${gap.layer}`, gap.subject].filter((word) => word !== "").join(", ");
  const times = gap.count === 1 ? "" : ` (${gap.count} times)`;
  return `${gap.kind}: ${where === "" ? "" : `${where}: `}${gap.because}${times}`;
}

/** Gaps about feeds count packages, the others places. */
const countsPackages: readonly AnalysisGap["kind"][] = ["feed-missing", "feed-stale", "version-not-comparable"];

/** For a person: "no feed for npm in this database (499 packages)". */
export function gapSentence(gap: AnalysisGap): string {
  const where = [gap.layer < 0 ? "" : `layer ${gap.layer}`, gap.subject].filter((word) => word !== "").join(", ");
  const isSaid = gap.subject !== "" && gap.layer < 0 && gap.because.includes(gap.subject);
  const unit = countsPackages.includes(gap.kind) ? "packages" : "times";
  return `${where === "" || isSaid ? "" : `${where}: `}${gap.because}${gap.count === 1 ? "" : ` (${gap.count} ${unit})`}`;
}

/** Control characters and line ends out: for formats whose readers show text as it is. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]+/gu, " ").trim();
}
