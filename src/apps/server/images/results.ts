// What was matched for each distinct package: a short form of all of them in memory for lists and counts, the whole one in the state store for a single image.
import type { ImageRecords } from "../../../core/state/image-ports.ts";
import type { SubjectMatch } from "../../../core/vuln/match/match-subject.ts";
import type { AnalysisGap } from "../../../model/image-analysis.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import { deskLimits } from "./limits.ts";

/** As it is stored. */
export interface SubjectOutcome {
  readonly matches: readonly SubjectMatch[];
  readonly gaps: readonly AnalysisGap[];
  readonly decidedByDistribution?: number;
}

export interface ShortMatch {
  readonly vulnerability: string;
  readonly names: readonly string[];
  readonly packageName: string;
  readonly severity: VulnerabilityMatch["severity"];
  readonly status: VulnerabilityMatch["status"];
  readonly fixable: boolean;
  readonly knownExploited: boolean;
  readonly risk: number;
}

export interface ShortOutcome {
  /** Digest of the database that it was matched with. */
  readonly database: string;
  readonly matches: readonly ShortMatch[];
  readonly gaps: number;
}

/** Of a vulnerability, whoever's package: what its row shows. The newest word counts. */
export interface VulnerabilityWords {
  readonly title: string;
  readonly aliases: readonly string[];
  readonly severity: VulnerabilityMatch["severity"];
  readonly severityFrom: string;
  readonly cvssScore: number;
  readonly epssScore: number | undefined;
  readonly epssPercentile: number | undefined;
  readonly knownExploited: boolean;
}

export interface Results {
  /** Reads what is stored for these subjects. */
  load(subjects: Iterable<number>): Promise<void>;
  get(subject: number): ShortOutcome | undefined;
  words(vulnerability: string): VulnerabilityWords | undefined;
  /** Keeps outcomes, in memory and in the store. */
  put(outcomes: readonly { readonly id: number; readonly outcome: SubjectOutcome }[], database: string): Promise<void>;
  /** The whole outcomes, by subject. */
  whole(subjects: readonly number[]): Promise<ReadonlyMap<number, SubjectOutcome>>;
  forget(subject: number): void;
  /** Rises with every change. */
  readonly generation: number;
}

const severityOrder = ["unknown", "negligible", "low", "medium", "high", "critical"] as const;

export function createResults(records: Pick<ImageRecords, "results" | "putResults">): Results {
  const short = new Map<number, ShortOutcome>();
  const vulnerabilities = new Map<string, VulnerabilityWords>();
  let generation = 0;

  function keep(id: number, database: string, { matches, gaps }: SubjectOutcome): void {
    short.set(id, { database, matches: matches.map(shortOf), gaps: gaps.reduce((sum, gap) => sum + gap.count, 0) });
    for (const match of matches) {
      const known = vulnerabilities.get(match.vulnerability);
      // The worst word stands for all: packages of several systems may be judged differently.
      if (known === undefined || severityOrder.indexOf(match.severity) >= severityOrder.indexOf(known.severity))
        vulnerabilities.set(match.vulnerability, wordsOf(match));
    }
  }

  return {
    async load(subjects) {
      const ids = [...subjects];
      for (let at = 0; at < ids.length; at += deskLimits.subjectsPerRead)
        for (const { id, database, result } of await records.results(ids.slice(at, at + deskLimits.subjectsPerRead)))
          keep(id, database, JSON.parse(result) as SubjectOutcome);
      generation += 1;
    },
    get: (subject) => short.get(subject),
    words: (vulnerability) => vulnerabilities.get(vulnerability),
    async put(outcomes, database) {
      await records.putResults(outcomes.map(({ id, outcome }) => ({ id, database, result: JSON.stringify(outcome) })));
      for (const { id, outcome } of outcomes) keep(id, database, outcome);
      generation += 1;
    },
    async whole(subjects) {
      const found = await records.results([...new Set(subjects)]);
      return new Map(found.map(({ id, result }) => [id, JSON.parse(result) as SubjectOutcome]));
    },
    forget: (subject) => void short.delete(subject),
    get generation() {
      return generation;
    },
  };
}

function shortOf(match: SubjectMatch): ShortMatch {
  const { vulnerability, aliases, packageName, severity, status, fix, knownExploited, risk } = match;
  return {
    vulnerability,
    names: [vulnerability, ...aliases],
    packageName,
    severity,
    status,
    fixable: fix.state === "fixed",
    knownExploited,
    risk,
  };
}

function wordsOf(match: SubjectMatch): VulnerabilityWords {
  const { title, aliases, severity, severityFrom, cvssScore, epssScore, epssPercentile, knownExploited } = match;
  return { title, aliases, severity, severityFrom, cvssScore, epssScore, epssPercentile, knownExploited };
}
