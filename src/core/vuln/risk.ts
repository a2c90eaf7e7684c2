// How urgent a match is, 0..1000, and every factor in words: no black box. It ranks; it hides nothing.
import type { LoadedEvidence, VulnerabilityMatch } from "../../model/vulnerability-match.ts";
import type { packageScopes } from "../../model/software-package.ts";
import type { Severity } from "./advisory.ts";

export interface Exposure {
  /** Reached from outside the cluster. */
  readonly isInternet: boolean;
  /** Host network, privileged, or able to become the node's root. */
  readonly isPrivileged: boolean;
}

export interface RiskInput {
  readonly severity: Severity;
  readonly severityFrom: string;
  readonly cvssScore: number;
  readonly knownExploited: boolean;
  readonly isRansomware?: boolean;
  readonly epss?: { readonly score: number; readonly percentile: number } | undefined;
  readonly fixState: VulnerabilityMatch["fix"]["state"];
  readonly status: VulnerabilityMatch["status"];
  readonly scope: (typeof packageScopes)[number];
  readonly loaded?: Pick<LoadedEvidence, "state" | "because"> | undefined;
  readonly exposure?: Exposure | undefined;
}

/** Points of a severity: from and to by the score within it, and what counts without a score. */
const bands: Readonly<Record<Severity, readonly [number, number, number]>> = {
  critical: [540, 600, 560],
  high: [420, 535, 460],
  medium: [240, 415, 300],
  low: [60, 235, 140],
  negligible: [0, 55, 30],
  unknown: [0, 600, 250],
};

const pointsPerScore = 60;
const pointsMax = 1000;
const exploitedFloor = 900;

interface Tally {
  points: number;
  readonly because: string[];
}

function signed(points: number): string {
  return points < 0 ? `-${-points}` : `+${points}`;
}

function add(tally: Tally, points: number, words: string): void {
  tally.points += points;
  tally.because.push(`${words}: ${signed(points)}`);
}

function base(input: RiskInput): Tally {
  const [low, high, plain] = bands[input.severity];
  const points =
    input.cvssScore > 0 ? Math.min(high, Math.max(low, Math.round(input.cvssScore * pointsPerScore))) : plain;
  const from = input.severityFrom === "" ? "" : ` (${input.severityFrom})`;
  const score = input.cvssScore > 0 ? `, CVSS ${input.cvssScore}` : ", no CVSS score";
  return { points, because: [`severity ${input.severity}${from}${score}: ${points}`] };
}

function epssPoints(percentile: number): number {
  if (percentile >= 0.99) return 200;
  if (percentile >= 0.95) return 140;
  if (percentile >= 0.8) return 70;
  return percentile >= 0.5 ? 20 : -20;
}

function addEpss(tally: Tally, epss: RiskInput["epss"]): void {
  if (epss === undefined) return;
  const percent = (epss.score * 100).toFixed(epss.score < 0.01 ? 2 : 1);
  const rank = Math.round(epss.percentile * 1000) / 10;
  add(tally, epssPoints(epss.percentile), `EPSS ${percent} % in 30 days, more than ${rank} % of all`);
}

function addFix(tally: Tally, state: RiskInput["fixState"]): void {
  if (state === "fixed") add(tally, 40, "a fix can be installed");
  else if (state === "will-not-fix" || state === "end-of-life") add(tally, 0, `the vendor will not fix it (${state})`);
}

function addUse(tally: Tally, input: RiskInput): void {
  if (input.loaded?.state === "loaded") add(tally, 100, `in use: ${input.loaded.because}`);
  if (input.loaded?.state === "not-seen") add(tally, -80, `not seen in use: ${input.loaded.because}`);
  if (input.exposure?.isInternet === true) add(tally, 100, "reached from outside");
  if (input.exposure?.isPrivileged === true) add(tally, 60, "runs with rights on the node");
}

function scale(tally: Tally, percent: number, words: string): void {
  tally.points = (tally.points * percent) / 100;
  tally.because.push(`${words}: x ${percent / 100}`);
}

/** 0..1000 and the factors in the order in which they counted. */
export function riskOf(input: RiskInput): { readonly risk: number; readonly because: readonly string[] } {
  const tally = base(input);
  addEpss(tally, input.epss);
  addFix(tally, input.fixState);
  addUse(tally, input);
  const floor = input.isRansomware === true ? exploitedFloor + 50 : exploitedFloor;
  if (input.knownExploited) {
    tally.points = Math.max(floor, tally.points);
    tally.because.push(
      `known to be exploited${input.isRansomware === true ? ", by ransomware too" : ""}: counts at least ${floor}`,
    );
  }
  if (input.status === "upstream-only")
    scale(tally, 60, "only the upstream says so, the distribution may have fixed it");
  if (input.status === "under-investigation") scale(tally, 80, "the vendor is still looking into it");
  if (input.scope === "declared") scale(tally, 60, "declared, no code of it was seen");
  if (input.scope === "development") scale(tally, 40, "declared for development only");
  return { risk: Math.round(Math.min(pointsMax, Math.max(0, tally.points))), because: tally.because };
}

/** What is known of the use of a package where an image runs. */
export interface MatchUse {
  readonly loaded?: LoadedEvidence | undefined;
  /** Whether a workload of the image is reached from outside. */
  readonly exposed?: "exposed" | "not-seen" | "unknown" | undefined;
  readonly isPrivileged?: boolean | undefined;
}

/** The match's risk anew, with what is known of its use. */
export function rankMatch(
  match: VulnerabilityMatch,
  use: MatchUse,
): { readonly risk: number; readonly riskBecause: string[] } {
  const { severity, severityFrom, cvssScore, knownExploited, status, epssScore, epssPercentile } = match;
  const { risk, because } = riskOf({
    severity,
    severityFrom,
    cvssScore,
    knownExploited,
    isRansomware: match.riskBecause.some((words) => words.startsWith("known to be exploited, by ransomware")),
    epss: epssScore === undefined ? undefined : { score: epssScore, percentile: epssPercentile ?? 0 },
    fixState: match.fix.state,
    status,
    scope: scopeIn(match.riskBecause),
    loaded: use.loaded,
    exposure: { isInternet: use.exposed === "exposed", isPrivileged: use.isPrivileged === true },
  });
  return { risk, riskBecause: [...because] };
}

/** A match does not hold its package's scope; its own reasons do. */
function scopeIn(because: readonly string[]): RiskInput["scope"] {
  if (because.some((words) => words.startsWith("declared for development"))) return "development";
  return because.some((words) => words.startsWith("declared, no code")) ? "declared" : "installed";
}
