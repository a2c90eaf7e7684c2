// All matches of an analysis, the most urgent first, and everything that makes the answer uncertain.
import type { AnalysisGap, ImageAnalysis } from "../../../model/image-analysis.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import type { AdvisoryDatabase } from "../advisory.ts";
import { endOfLife } from "../end-of-life.ts";
import type { FeedGapOptions } from "./feed-gaps.ts";
import { isDistributionPackage } from "./keys.ts";
import { matchSubject } from "./match-subject.ts";

export interface AnalysisMatches {
  readonly matches: readonly VulnerabilityMatch[];
  /** Of matching alone: the analysis has its own. One row a kind and subject, counted. */
  readonly gaps: readonly AnalysisGap[];
  /** Upstream's vulnerabilities of owned packages that the distribution's complete feed overrules. */
  readonly decidedByDistribution: number;
}

const gapsMax = 10_000;

/** Adds up gaps of one kind about one subject, in the order in which they came. */
export function joinGaps(gaps: Iterable<AnalysisGap>): AnalysisGap[] {
  const joined = new Map<string, AnalysisGap>();
  for (const gap of gaps) {
    const key = `${gap.kind}\n${gap.layer}\n${gap.subject}\n${gap.because}`;
    const known = joined.get(key);
    if (known !== undefined) joined.set(key, { ...known, count: known.count + gap.count });
    else if (joined.size < gapsMax) joined.set(key, gap);
  }
  return [...joined.values()];
}

/** Whether the operating system's fixes have ended; nothing when it has no packages, or nobody knows. */
export function systemGaps(analysis: ImageAnalysis, nowMs: number): AnalysisGap[] {
  const system = analysis.operatingSystem;
  if (!analysis.packages.some(({ type }) => isDistributionPackage(type))) return [];
  const { state, because } = endOfLife(system, nowMs);
  if (state !== "ended") return [];
  const subject = system === undefined ? "" : `${system.id} ${system.versionId}`.trim();
  return [{ kind: "operating-system-end-of-life", layer: -1, subject, because, count: 1 }];
}

function byUrgency(left: VulnerabilityMatch, right: VulnerabilityMatch): number {
  if (left.risk !== right.risk) return right.risk - left.risk;
  if (left.vulnerability !== right.vulnerability) return left.vulnerability < right.vulnerability ? -1 : 1;
  if (left.purl !== right.purl) return left.purl < right.purl ? -1 : 1;
  return left.package - right.package;
}

/** Never throws, save for a shard that cannot be read. The order is the same for the same input. */
export function matchAnalysis(
  analysis: ImageAnalysis,
  database: AdvisoryDatabase,
  options: FeedGapOptions & { readonly nowMs: number },
): AnalysisMatches {
  const matches: VulnerabilityMatch[] = [];
  const gaps = systemGaps(analysis, options.nowMs);
  const { operatingSystem } = analysis;
  let decidedByDistribution = 0;
  for (const [index, subject] of analysis.packages.entries()) {
    const found = matchSubject({ package: subject, operatingSystem, index }, database, options);
    for (const match of found.matches) matches.push(match);
    gaps.push(...found.gaps);
    decidedByDistribution += found.decidedByDistribution;
  }
  return { matches: matches.sort(byUrgency), gaps: joinGaps(gaps), decidedByDistribution };
}
