// Why a vulnerability holds for an image, or why not: every package that could be meant, every record, every comparison, and what nobody can tell.
import type { ImageAnalysis } from "../../model/image-analysis.ts";
import type { explanationVerdicts, MatchExplanation } from "../../model/match-explanation.ts";
import type { SoftwarePackage } from "../../model/software-package.ts";
import type { VulnerabilityMatch } from "../../model/vulnerability-match.ts";
import { purlOf } from "../sbom/purl.ts";
import type { AdvisoryDatabase, AdvisoryKey } from "./advisory.ts";
import { vulnerabilitiesOf } from "./match/clusters.ts";
import { type Judgement, judge } from "./match/judge.ts";
import { isDistributionPackage, keysOf, systemOf, systemProblem } from "./match/keys.ts";
import { type OwnershipVerdict, ownershipOf } from "./match/ownership.ts";

export const explainLimits = { steps: 500, names: 200, rounds: 5, gaps: 50 } as const;

type Verdict = (typeof explanationVerdicts)[number];
type Step = MatchExplanation["steps"][number];

interface Inquiry {
  readonly names: ReadonlySet<string>;
  /** "ecosystem\nname" of all records. */
  readonly keys: ReadonlySet<string>;
  /** Names of any ecosystem: what could be meant where a feed is missing. */
  readonly packageNames: ReadonlySet<string>;
}

/** All other names of a vulnerability that records of the database give it, and where its records are. */
function inquire(vulnerability: string, database: AdvisoryDatabase): Inquiry {
  const names = new Set([vulnerability]);
  const keys = new Set<string>();
  const packageNames = new Set<string>();
  let fresh = [vulnerability];
  for (let round = 0; round < explainLimits.rounds && fresh.length > 0; round++) {
    const found = new Set<string>();
    for (const name of fresh) {
      for (const { ecosystem, name: packageName } of database.affectedBy(name)) {
        const key = `${ecosystem}\n${packageName}`;
        if (keys.has(key) && round === 0) continue;
        keys.add(key);
        packageNames.add(packageName);
        for (const alias of otherNames(database, ecosystem, packageName, names)) found.add(alias);
      }
    }
    fresh = [...found].filter((name) => !names.has(name)).slice(0, explainLimits.names - names.size);
    for (const name of fresh) names.add(name);
  }
  return { names, keys, packageNames };
}

function* otherNames(
  database: AdvisoryDatabase,
  ecosystem: string,
  packageName: string,
  names: ReadonlySet<string>,
): Generator<string> {
  for (const record of database.find(ecosystem, packageName))
    for (const group of vulnerabilitiesOf(record)) if (group.some((id) => names.has(id))) yield* group;
}

function outcomeVerdict({ outcome }: Judgement, ownership: OwnershipVerdict, isExcused: boolean): Verdict {
  switch (outcome) {
    case "affected":
      if (isExcused) return "not-affected";
      if (ownership.decides === "distribution") return "decided-by-distribution";
      return ownership.decides === "upstream" ? "upstream-only" : "holds";
    case "not-affected":
      return "not-affected";
    case "not-comparable":
      return "unknown";
    default:
      return "does-not-hold";
  }
}

function sentenceOf({ key, comparison, record, outcome }: Judgement, ownership: OwnershipVerdict): string {
  const parts = [comparison];
  if (key.because !== "") parts.unshift(key.because);
  if (outcome === "not-affected")
    parts.push(`${record.feed} says it is not affected${record.statusReason === "" ? "" : `: ${record.statusReason}`}`);
  else if (record.statusReason !== "") parts.push(`${record.status}: ${record.statusReason}`);
  if (outcome === "affected" && ownership.because !== "") parts.push(ownership.because);
  return parts.join("; ");
}

interface Subject {
  readonly purl: string;
  readonly package: SoftwarePackage;
  readonly keys: readonly AdvisoryKey[];
  readonly ownership: OwnershipVerdict;
}

/** Records of the vulnerability under the package's own keys. */
function recordSteps(subject: Subject, inquiry: Inquiry, database: AdvisoryDatabase): Step[] {
  const judgements: Judgement[] = [];
  for (const key of subject.keys) {
    if (!inquiry.keys.has(`${key.ecosystem}\n${key.name}`)) continue;
    for (const record of database.find(key.ecosystem, key.name)) {
      const isMeant = vulnerabilitiesOf(record).some((group) => group.some((id) => inquiry.names.has(id)));
      if (isMeant) judgements.push(judge(record, key, subject.package));
    }
  }
  const excused = new Set(
    judgements.filter(({ outcome }) => outcome === "not-affected").map(({ record }) => record.feed),
  );
  return judgements.map((judgement) => ({
    verdict: outcomeVerdict(judgement, subject.ownership, excused.has(judgement.record.feed)),
    purl: subject.purl,
    feed: judgement.record.feed,
    record: judgement.record.id,
    because: sentenceOf(judgement, subject.ownership),
  }));
}

/** The package has a name that records elsewhere speak of, and its own feed does not: silent, or not there. */
function silentStep(subject: Subject, inquiry: Inquiry, database: AdvisoryDatabase): Step | undefined {
  const key = subject.keys.find(({ name }) => inquiry.packageNames.has(name));
  if (key === undefined) return undefined;
  const step = { purl: subject.purl, feed: "", record: "" };
  const prefix = key.because === "" ? "" : `${key.because}; `;
  switch (database.coverage(key.ecosystem)) {
    case "absent":
      return { ...step, verdict: "unknown", because: `${prefix}no feed for ${key.ecosystem} in this database` };
    case "partial":
      return {
        ...step,
        verdict: "unknown",
        because: `${prefix}the feed of ${key.ecosystem} has no record of it for ${key.name}, and does not list everything`,
      };
    case "comprehensive":
      return {
        ...step,
        verdict: "does-not-hold",
        because: `${prefix}the feed of ${key.ecosystem} lists everything and has no record of it for ${key.name}`,
      };
  }
}

function subjectSteps(
  each: SoftwarePackage,
  analysis: ImageAnalysis,
  inquiry: Inquiry,
  database: AdvisoryDatabase,
): readonly Step[] {
  const system = systemOf(each, analysis.operatingSystem);
  const keys = keysOf(each, system);
  const candidates = [each.name, each.source?.name ?? each.name];
  if (keys.length === 0) {
    if (!isDistributionPackage(each.type) || !candidates.some((name) => inquiry.packageNames.has(name))) return [];
    const problem = systemProblem(each, system);
    return [{ verdict: "unknown", purl: purlOf(each), feed: "", record: "", because: problem }];
  }
  if (!keys.some(({ name }) => inquiry.packageNames.has(name))) return [];
  const purl = purlOf(each);
  if (each.version === "")
    return [{ verdict: "unknown", purl, feed: "", record: "", because: "nothing says which version it is" }];
  const subject = { purl, package: each, keys, ownership: ownershipOf(each, system, database) };
  const steps = recordSteps(subject, inquiry, database);
  if (steps.length > 0) return steps;
  const silent = silentStep(subject, inquiry, database);
  return silent === undefined ? [] : [silent];
}

function suppressedSteps(matches: readonly VulnerabilityMatch[], inquiry: Inquiry): Step[] {
  const steps: Step[] = [];
  for (const { vulnerability, aliases, suppressed, purl, because } of matches) {
    if (suppressed === undefined || ![vulnerability, ...aliases].some((id) => inquiry.names.has(id))) continue;
    const until = suppressed.expiresAt === "" ? "" : `, until ${suppressed.expiresAt}`;
    const owner = suppressed.owner === "" ? "" : ` (${suppressed.owner})`;
    steps.push({
      verdict: "suppressed",
      purl,
      feed: because[0]?.feed ?? "",
      record: because[0]?.record ?? "",
      because: `${suppressed.by} ${suppressed.name}${owner} says ${suppressed.status}: ${suppressed.reason || suppressed.justification}${until}`,
    });
  }
  return steps;
}

const uncertain = new Set([
  "database-unreadable",
  "layer-unreadable",
  "limit-reached",
  "operating-system-unknown",
  "file-unreadable",
]);

function gapsOf(analysis: ImageAnalysis, steps: readonly Step[], inquiry: Inquiry, vulnerability: string): string[] {
  const gaps = new Set<string>();
  if (inquiry.keys.size === 0) gaps.add(`the database has no record of ${vulnerability}`);
  for (const { verdict, because } of steps) if (verdict === "unknown") gaps.add(because);
  for (const { kind, subject, because } of analysis.gaps)
    if (uncertain.has(kind)) gaps.add(subject === "" ? because : `${subject}: ${because}`);
  return [...gaps].slice(0, explainLimits.gaps);
}

/** Packages whose every holding record is suppressed do not hold. */
function wholeVerdict(steps: readonly Step[], gaps: readonly string[]): MatchExplanation["verdict"] {
  const quiet = new Set(steps.filter(({ verdict }) => verdict === "suppressed").map(({ purl }) => purl));
  const has = (verdict: Verdict): boolean =>
    steps.some((step) => step.verdict === verdict && (verdict === "suppressed" || !quiet.has(step.purl)));
  if (has("holds")) return "holds";
  if (has("upstream-only")) return "upstream-only";
  if (quiet.size > 0) return "suppressed";
  return gaps.length > 0 ? "unknown" : "does-not-hold";
}

function summaryOf(verdict: MatchExplanation["verdict"], vulnerability: string, steps: readonly Step[]): string {
  const packages = (wanted: Verdict): number =>
    new Set(steps.filter((step) => step.verdict === wanted).map(({ purl }) => purl)).size;
  const plural = (count: number): string => `${count} package${count === 1 ? "" : "s"}`;
  switch (verdict) {
    case "holds":
      return `${vulnerability} holds for ${plural(packages("holds"))}`;
    case "upstream-only":
      return `${vulnerability} holds for ${plural(packages("upstream-only"))} by the upstream's word only; the distribution may have fixed it`;
    case "suppressed":
      return `${vulnerability} is suppressed for ${plural(packages("suppressed"))}`;
    case "unknown":
      return `nothing says that ${vulnerability} holds, but what is missing could change that`;
    case "does-not-hold":
      return steps.length === 0
        ? `${vulnerability} does not hold: no package that its records speak of is there`
        : `${vulnerability} does not hold: ${plural(new Set(steps.map(({ purl }) => purl)).size)} could be meant, none is affected`;
  }
}

const order: readonly Verdict[] = [
  "holds",
  "upstream-only",
  "suppressed",
  "unknown",
  "decided-by-distribution",
  "not-affected",
  "does-not-hold",
];

/** `vulnerability`: a CVE or any alias. `matches`: those of the analysis with their suppressions, where they are known. */
export function explain(
  vulnerability: string,
  analysis: ImageAnalysis,
  database: AdvisoryDatabase,
  options: { readonly matches?: readonly VulnerabilityMatch[] } = {},
): MatchExplanation {
  const inquiry = inquire(vulnerability, database);
  const steps = analysis.packages.flatMap((each) => subjectSteps(each, analysis, inquiry, database));
  steps.push(...suppressedSteps(options.matches ?? [], inquiry));
  const gaps = gapsOf(analysis, steps, inquiry, vulnerability);
  const verdict = wholeVerdict(steps, gaps);
  const sorted = steps.toSorted((left, right) => order.indexOf(left.verdict) - order.indexOf(right.verdict));
  return {
    vulnerability,
    names: [...inquiry.names],
    verdict,
    summary: summaryOf(verdict, vulnerability, steps),
    steps: sorted.slice(0, explainLimits.steps),
    omitted: Math.max(0, sorted.length - explainLimits.steps),
    gaps,
  };
}
