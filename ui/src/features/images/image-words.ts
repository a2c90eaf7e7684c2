// Words and orders of images' screens: severities, states of a fix, what is in use, why a list is not the whole truth.
import type { Api } from "../../../../src/apps/server/contract/api.ts";
import type { ResponseOf } from "../../../../src/apps/server/contract/endpoint.ts";
import type { VulnerabilityRow } from "../../../../src/apps/server/contract/images.ts";
import type {
  DatabaseState,
  ImageRow,
  RiskCounts,
  SeverityCounts,
} from "../../../../src/apps/server/contract/image-shapes.ts";
import type { VulnerabilityMatch } from "../../../../src/model/vulnerability-match.ts";

export type { DatabaseState, ImageRow, RiskCounts, SeverityCounts, VulnerabilityMatch, VulnerabilityRow };
export type ImageList = ResponseOf<Api["listImages"]>;
export type OneImage = ResponseOf<Api["getImage"]>;
export type ImagePackage = OneImage["packages"][number];
export type OneVulnerability = ResponseOf<Api["imageVulnerability"]>;
export type Place = OneVulnerability["places"][number];
export type ExceptionRow = ResponseOf<Api["listExceptions"]>["rows"][number];
export type Severity = VulnerabilityMatch["severity"];

export const severities = [
  "critical",
  "high",
  "medium",
  "low",
  "negligible",
  "unknown",
] as const satisfies readonly Severity[];

export const severityWords: Readonly<Record<Severity, string>> = {
  critical: "Critical",
  high: "High",
  medium: "Medium",
  low: "Low",
  negligible: "Negligible",
  unknown: "Unknown",
};

/** For sorting: the worst is the largest. */
export function severityRank(severity: Severity): number {
  return severities.length - severities.indexOf(severity);
}

/** One number that sorts counts as people read them: criticals first, then highs, ... */
export function countsRank({ critical, high, medium, low }: SeverityCounts): number {
  return critical * 1e9 + high * 1e6 + medium * 1e3 + low;
}

export const fixWords: Readonly<Record<VulnerabilityMatch["fix"]["state"], string>> = {
  fixed: "Fixed",
  "not-fixed": "No fix yet",
  "will-not-fix": "Will not be fixed",
  postponed: "Fix postponed",
  "end-of-life": "End of life",
  unknown: "Not known",
};

/** "2.36-9+deb12u4", or why there is none. */
export function fixText({ fix }: Pick<VulnerabilityMatch, "fix">): string {
  return fix.versions.length > 0 ? fix.versions.join(", ") : fixWords[fix.state];
}

export const statusWords: Readonly<Record<VulnerabilityMatch["status"], string>> = {
  affected: "Affected",
  "upstream-only": "Upstream only",
  "under-investigation": "Under investigation",
};

export const loadedWords = { loaded: "In use", "not-seen": "Not seen", unknown: "Unknown" } as const;

export const stateWords: Readonly<Record<ImageRow["state"], string>> = {
  analysed: "Analysed",
  waiting: "Waiting",
  failed: "Failed",
  "not-analysed": "Not analysed",
};

/** What an image's row may not be called: clean, while something was not looked at. */
export function verdictText({
  risk,
  gaps,
  state,
  because,
}: Pick<ImageRow, "risk" | "gaps" | "state" | "because">): string {
  if (state !== "analysed" || risk === undefined) return because === "" ? stateWords[state] : because;
  const found = severities.reduce((sum, severity) => sum + risk.severities[severity], 0);
  const gapText = gaps === 0 ? "" : `, ${gaps} ${gaps === 1 ? "gap" : "gaps"}`;
  return `${found} ${found === 1 ? "finding" : "findings"}${gapText}`;
}

const dayMs = 86_400_000;

/** Feeds older than this are worth a word. */
const oldFeedDays = 3;

/** As the matcher judges them (core/vuln/match/feed-gaps.ts). */
const staleFeedDays = 30;

/** One line each: why findings may be missing. Empty: the database is there and young. */
export function databaseWorries(database: DatabaseState, nowMs: number): readonly string[] {
  if (database.digest === "") return [database.because || "there is no advisory database"];
  const worries: string[] = [];
  const builtDays = Math.floor((nowMs - Date.parse(database.builtAt)) / dayMs);
  if (builtDays >= oldFeedDays) worries.push(`the advisory database is ${builtDays} days old`);
  for (const { feed, problem } of database.feeds) if (problem !== "") worries.push(`feed ${feed}: ${problem}`);
  const old = database.feeds.filter(({ sourceAt }) => (nowMs - Date.parse(sourceAt)) / dayMs > staleFeedDays);
  if (old.length > 0)
    worries.push(
      `${old.map(({ feed }) => feed).join(", ")}: older than ${staleFeedDays} days, what was published since is not known`,
    );
  if (database.because !== "") worries.push(database.because);
  if (database.rematch !== undefined)
    worries.push(`packages are matched anew: ${database.rematch.done} of ${database.rematch.total}`);
  return worries;
}

/** "4 in shop +1": how many containers, and where. */
export function runningText({ running }: Pick<ImageRow, "running">): string {
  if (running.containers === 0) return "not running";
  const [first = "", ...others] = running.namespaces;
  const where = `${first || "no namespace"}${others.length === 0 ? "" : ` +${others.length}`}`;
  return `${running.containers} in ${where}`;
}

/** "sha256:0123456789ab" is enough to tell two apart. */
export function shortDigest(digest: string): string {
  const [algorithm, hex] = digest.split(":");
  return hex === undefined ? digest : `${algorithm}:${hex.slice(0, 12)}`;
}

/** Choices of the lists that live in the URL as one comma-separated word list. */
export const filters = ["running", "fixable", "kev"] as const;
export type FilterName = (typeof filters)[number];
export const filterWords: Readonly<Record<FilterName, string>> = {
  running: "Running",
  fixable: "Fix available",
  kev: "Known exploited",
};

export function chosenOf(only: string | undefined): ReadonlySet<string> {
  return new Set((only ?? "").split(",").filter((word) => word !== ""));
}

export function toggled(only: string | undefined, word: string): string | undefined {
  const chosen = new Set(chosenOf(only));
  if (!chosen.delete(word)) chosen.add(word);
  return chosen.size === 0 ? undefined : [...chosen].join(",");
}

/** The choices as the API asks for them. */
export function listQuery(q: string | undefined, only: string | undefined) {
  const chosen = chosenOf(only);
  const severity = severities.find((each) => chosen.has(each));
  return {
    q: q ?? "",
    ...(severity === undefined ? {} : { severity }),
    ...(chosen.has("running") ? { running: "true" } : {}),
    ...(chosen.has("fixable") ? { fixable: "true" } : {}),
    ...(chosen.has("kev") ? { knownExploited: "true" } : {}),
    limit: 1000,
  };
}
