// The findings of one image: what was matched for its packages, with where they are, whether their files are in use, and who accepted what. Riskiest first.
import { purlOf } from "../../../core/sbom/purl.ts";
import type { ImageRecord } from "../../../core/state/image-ports.ts";
import type { AdvisoryDatabase, AdvisoryKey } from "../../../core/vuln/advisory.ts";
import { feedGaps } from "../../../core/vuln/match/feed-gaps.ts";
import { keysOf } from "../../../core/vuln/match/keys.ts";
import { systemGaps } from "../../../core/vuln/match/match-analysis.ts";
import { rankMatch } from "../../../core/vuln/risk.ts";
import { suppress } from "../../../core/vuln/vex/apply.ts";
import type { Exception } from "../../../model/exception.ts";
import type { AnalysisGap, ImageAnalysis } from "../../../model/image-analysis.ts";
import type { LoadedEvidence, VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import type { ImageInstance, RiskCounts } from "../contract/image-shapes.ts";
import { inUseOf } from "./in-use.ts";
import type { SubjectOutcome } from "./results.ts";
import type { UseOfImage } from "./surroundings.ts";

export interface NamedException {
  readonly scope: string;
  readonly name: string;
  readonly spec: Exception;
}

export interface JudgeInput {
  readonly record: ImageRecord;
  readonly analysis: ImageAnalysis;
  readonly outcomes: ReadonlyMap<number, SubjectOutcome>;
  readonly instances: readonly ImageInstance[];
  readonly use: UseOfImage | undefined;
  readonly useBecause: string;
  readonly exceptions: readonly NamedException[];
  /** What the age of feeds is read from; undefined: there is none. */
  readonly database: AdvisoryDatabase | undefined;
  readonly nowMs: number;
}

export interface Judged {
  readonly matches: readonly VulnerabilityMatch[];
  /** By index of the package. */
  readonly loaded: readonly LoadedEvidence[];
  /** Of analysis and matching. */
  readonly gaps: readonly AnalysisGap[];
  readonly decidedByDistribution: number;
}

/** What an exception's scope is held against. */
export function imageOf(input: Pick<JudgeInput, "record" | "analysis" | "instances">) {
  const { record, analysis, instances } = input;
  return {
    references: record.references,
    digests: [record.digest, ...record.otherDigests],
    workloads: [...new Set(instances.map(({ namespace, workload }) => `${namespace}/${workload}`))],
    packages: analysis.packages,
  };
}

export function judge(input: JudgeInput): Judged {
  const { record, analysis, outcomes, instances, nowMs } = input;
  const loaded = inUseOf(input);
  const exposed = exposureOf(instances);
  const found: VulnerabilityMatch[] = [];
  const gaps: AnalysisGap[] = [...analysis.gaps];
  const told = new Set<number>();
  let decidedByDistribution = 0;
  analysis.packages.forEach((each, index) => {
    const subject = record.subjects[index] ?? 0;
    const outcome = outcomes.get(subject);
    if (outcome === undefined) return;
    // How old a feed is changes with the day, not with the match.
    if (!told.has(subject)) gaps.push(...outcome.gaps.filter(({ kind }) => kind !== "feed-stale"));
    told.add(subject);
    decidedByDistribution += outcome.decidedByDistribution ?? 0;
    const purl = purlOf(each);
    for (const match of outcome.matches) {
      const whole: VulnerabilityMatch = { ...match, package: index, purl, loaded: loaded[index] };
      found.push({ ...whole, ...rankMatch(whole, { loaded: loaded[index], exposed }) });
    }
  });
  gaps.push(...gapsOfToday(input));
  const image = imageOf(input);
  const judged = suppress(found, { documents: [], exceptions: input.exceptions, image, nowMs });
  return { matches: [...judged].sort(byRisk), loaded, gaps: mergeGaps(gaps), decidedByDistribution };
}

/** End of life and old feeds, as they are today. */
function gapsOfToday({ analysis, database, nowMs }: JudgeInput): readonly AnalysisGap[] {
  const gaps = systemGaps(analysis, nowMs);
  if (database === undefined) return gaps;
  const keys = new Map<string, AdvisoryKey>();
  for (const each of analysis.packages)
    for (const key of keysOf(each, analysis.operatingSystem)) keys.set(key.ecosystem, key);
  for (const key of keys.values())
    gaps.push(...feedGaps([key], database, { nowMs }).filter(({ kind }) => kind === "feed-stale"));
  return gaps;
}

function exposureOf(instances: readonly ImageInstance[]): ImageInstance["exposed"] {
  if (instances.some(({ exposed }) => exposed === "exposed")) return "exposed";
  return instances.length > 0 && instances.every(({ exposed }) => exposed === "not-seen") ? "not-seen" : "unknown";
}

function byRisk(left: VulnerabilityMatch, right: VulnerabilityMatch): number {
  if ((left.suppressed === undefined) !== (right.suppressed === undefined))
    return left.suppressed === undefined ? -1 : 1;
  return (
    right.risk - left.risk ||
    (left.vulnerability < right.vulnerability ? 1 : left.vulnerability > right.vulnerability ? -1 : 0) ||
    left.package - right.package
  );
}

/** Gaps of one kind and reason are one row with a count; the first subject stands for them. */
function mergeGaps(gaps: readonly AnalysisGap[]): readonly AnalysisGap[] {
  const merged = new Map<string, AnalysisGap>();
  for (const gap of gaps) {
    const key = JSON.stringify([gap.kind, gap.because]);
    const same = merged.get(key);
    merged.set(key, same === undefined ? gap : { ...same, count: same.count + gap.count });
  }
  return [...merged.values()];
}

/** Counts findings; suppressed ones apart. `loaded` only where somebody looked. */
export function countRisk(matches: readonly VulnerabilityMatch[]): RiskCounts {
  const counts = emptyRisk();
  const isLookedAt = matches.some(({ loaded }) => loaded !== undefined && loaded.state !== "unknown");
  let loaded = 0;
  const vulnerabilities = new Set<string>();
  for (const match of matches) {
    if (match.suppressed !== undefined) {
      counts.suppressed += 1;
      continue;
    }
    vulnerabilities.add(match.vulnerability);
    if (match.status === "upstream-only") counts.upstreamOnly += 1;
    else counts.severities[match.severity] += 1;
    if (match.fix.state === "fixed") counts.fixable += 1;
    if (match.knownExploited) counts.knownExploited += 1;
    if (match.loaded?.state === "loaded") loaded += 1;
  }
  counts.vulnerabilities = vulnerabilities.size;
  return isLookedAt ? { ...counts, loaded } : counts;
}

export function emptyRisk(): RiskCounts {
  return {
    severities: { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 },
    vulnerabilities: 0,
    fixable: 0,
    knownExploited: 0,
    upstreamOnly: 0,
    suppressed: 0,
  };
}
