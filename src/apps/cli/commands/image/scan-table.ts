// The report for a person's terminal: what it is, counts first, the most urgent rows, then gaps and the age of the database, always.
import {
  countReport,
  gapSentence,
  liveSecrets,
  suppressionWords,
  type ReportCounts,
  type ScanReport,
} from "../../../../core/vuln/report/scan-report.ts";
import { secretSkipWords } from "../../../../core/vuln/report/secret-skips.ts";
import { matchSeverities, type VulnerabilityMatch } from "../../../../model/vulnerability-match.ts";
import type { Context } from "../../context.ts";
import { fold } from "../../output/fold.ts";
import { harmless } from "../../output/harmless.ts";
import type { Paint } from "../../output/paint.ts";
import { table, type TableColumn } from "../../output/table.ts";
import { age } from "../../output/units.ts";
import { groupsOf, matchRows, severityWord } from "./match-rows.ts";

/** A screen and a half; --all shows the rest. */
const rowsShown = 40;
const decidedShown = 10;
const gapsShown = 10;

export interface TableFlags {
  readonly why?: boolean;
  readonly all?: boolean;
  readonly suppressed?: boolean;
}

export function scanTable(context: Context, report: ScanReport, flags: TableFlags): string {
  const counts = countReport(report);
  const shown = groupsOf(
    report,
    report.matches.filter(({ suppressed }) => suppressed === undefined),
  );
  const rows = flags.all === true ? shown : shown.slice(0, rowsShown);
  const { paint } = context;
  return [
    headLines(report, paint),
    countLines(context, report, counts),
    rows.length === 0 ? "" : `\n${matchRows(context, report, { rows, isWhyAsked: flags.why === true })}`,
    rows.length < shown.length ? `${paint.dim(`and ${shown.length - rows.length} more rows: --all shows them`)}\n` : "",
    secretRows(context, report),
    decidedLines(context, report, flags.suppressed === true),
    gapLines(context, report),
    databaseLine(context, report),
  ].join("");
}

function headLines({ analysis }: ScanReport, paint: Paint): string {
  const system = analysis.operatingSystem;
  const name = system === undefined ? "" : `, ${system.name === "" ? `${system.id} ${system.versionId}` : system.name}`;
  const layers = analysis.layers.length === 0 ? "" : `, ${plural(analysis.layers.length, "layer")}`;
  const digest = analysis.digest === "" ? "" : `\n${paint.dim(harmless(analysis.digest))}`;
  return `${paint.bold(harmless(analysis.reference))}: ${plural(analysis.packages.length, "package")}${harmless(name)}${layers}${digest}\n`;
}

/** Counts vulnerabilities, as people do; how many packages they are in stands beside it. What only the upstream says has a line of its own. */
function countLines({ paint, width }: Context, report: ScanReport, counts: ReportCounts): string {
  const live = report.matches.filter(({ suppressed }) => suppressed === undefined);
  const confirmed = severityCounts(
    live.filter(({ status }) => status !== "upstream-only"),
    paint,
  );
  const upstream = severityCounts(
    live.filter(({ status }) => status === "upstream-only"),
    paint,
  );
  const found = confirmed === "" ? noneWords(report, counts, paint) : confirmed;
  const distinct = (those: readonly VulnerabilityMatch[]): number =>
    new Set(those.map(({ vulnerability }) => vulnerability)).size;
  const exploited = distinct(live.filter(({ knownExploited }) => knownExploited));
  const facts = [
    counts.total === 0
      ? ""
      : `${counts.vulnerabilities} ${counts.vulnerabilities === 1 ? "vulnerability" : "vulnerabilities"} in ${plural(new Set(live.map((match) => match.package)).size, "package")}`,
    exploited === 0 ? "" : paint.bad(`${exploited} known to be exploited`),
    counts.total === 0 ? "" : `${distinct(live.filter(({ fix }) => fix.state === "fixed"))} with a fix`,
    report.decidedByDistribution === 0 ? "" : `${report.decidedByDistribution} decided by the distribution`,
    counts.suppressed === 0 ? "" : `${plural(counts.suppressed, "finding")} suppressed`,
    report.filteredOut === 0 ? "" : `${plural(report.filteredOut, "finding")} filtered out`,
    report.analysis.secretsSearched ? plural(counts.secrets, "secret") : "secrets not searched",
    counts.suppressedSecrets === 0 ? "" : `${plural(counts.suppressedSecrets, "secret")} accepted`,
  ].filter((fact) => fact !== "");
  const skipped = secretSkipWords(report.analysis);
  const lines = [
    found,
    ...(upstream === "" ? [] : [`${paint.dim("only the upstream says:")} ${upstream}`]),
    facts.join(", "),
    ...(skipped === "" ? [] : [paint.dim(skipped)]),
  ];
  return `\n${lines.map((line) => `${fold(line, { width })}\n`).join("")}`;
}

/** Vulnerabilities by their worst severity: "3 critical  12 high"; "" for none. */
function severityCounts(matches: readonly VulnerabilityMatch[], paint: Paint): string {
  const worst = new Map<string, number>();
  for (const { vulnerability, severity } of matches) {
    const rank = matchSeverities.indexOf(severity);
    worst.set(vulnerability, Math.min(rank, worst.get(vulnerability) ?? rank));
  }
  return matchSeverities
    .map((severity, rank) => ({ severity, count: [...worst.values()].filter((one) => one === rank).length }))
    .filter(({ count }) => count > 0)
    .map(({ severity, count }) => severityWord(severity, `${count} ${severity}`, paint))
    .join("  ");
}

/** Nothing found is only good news when everything was looked at. */
function noneWords(report: ScanReport, counts: ReportCounts, paint: Paint): string {
  if (report.database === undefined) return paint.odd("vulnerabilities were not looked up");
  if (counts.total > 0) return "no vulnerability that the distribution or vendor confirms";
  if (counts.suppressed > 0 || report.filteredOut > 0) return "no finding left";
  return report.gaps.length > 0
    ? paint.odd("no vulnerability found, but not everything was looked at")
    : paint.good("no vulnerability found");
}

/** What was decided about findings: it hides nothing. */
function decidedLines({ paint, width }: Context, { matches }: ScanReport, isWhole: boolean): string {
  const decided = matches.flatMap((match) => (match.suppressed === undefined ? [] : [{ match, by: match.suppressed }]));
  if (decided.length === 0) return "";
  const shown = isWhole ? decided : decided.slice(0, decidedShown);
  const lines = shown.map(({ match, by }) => {
    const words = `${match.vulnerability} in ${match.packageName} ${match.version}: ${suppressionWords(by)}`;
    return `${fold(harmless(words), { width, first: "  " })}\n`;
  });
  const more =
    decided.length > shown.length
      ? paint.dim(`  and ${decided.length - shown.length} more: --suppressed shows them\n`)
      : "";
  return `\n${paint.bold("suppressed, not at the gate:")}\n${lines.join("")}${more}`;
}

function secretRows(context: Context, report: ScanReport): string {
  // Accepted ones last.
  const secrets = [
    ...liveSecrets(report.secrets),
    ...report.secrets.filter(({ suppressed }) => suppressed !== undefined),
  ];
  if (secrets.length === 0) return "";
  const rows = secrets
    .slice(0, rowsShown)
    .map((secret) => [
      severityWord(secret.severity, secret.severity, context.paint),
      harmless(secret.title),
      harmless(`${secret.path}:${secret.line}`),
      secret.layer < 0 ? "" : String(secret.layer),
      secretNote(secret, context.paint),
    ]);
  const titles: readonly TableColumn[] = [
    { title: "severity", squeeze: "never" },
    { title: "secret" },
    { title: "file", cut: "middle" },
    { title: "layer", align: "right", squeeze: "never" },
    { title: "" },
  ];
  const more =
    secrets.length > rows.length ? context.paint.dim(`and ${secrets.length - rows.length} more secrets\n`) : "";
  return `\n${table(titles, rows, { width: context.width, header: true })}${more}`;
}

function secretNote({ suppressed, isHidden, redacted }: ScanReport["secrets"][number], paint: Paint): string {
  if (suppressed !== undefined) return paint.dim(suppressionWords(suppressed));
  return isHidden ? paint.odd("removed later, still in the image") : redacted;
}

function gapLines({ paint, width }: Context, { gaps }: ScanReport): string {
  if (gaps.length === 0) return "";
  const lines = gaps.slice(0, gapsShown).map((gap) => `${fold(harmless(gapSentence(gap)), { width, first: "  " })}\n`);
  const more = gaps.length > gapsShown ? `  and ${gaps.length - gapsShown} more\n` : "";
  return `\n${paint.odd("not looked at, or not certain:")}\n${lines.join("")}${more}`;
}

/** A database is as old as its oldest feed, whenever it was built. */
function databaseLine(context: Context, { database }: ScanReport): string {
  if (database === undefined) return "";
  const { paint, width } = context;
  const builtMs = Date.parse(database.builtAt);
  const built = Number.isNaN(builtMs) ? "" : `database built ${age(builtMs, context.nowMs())} ago, `;
  const [oldest] = database.feeds
    .filter(({ sourceAt }) => sourceAt !== "")
    .toSorted((left, right) => (left.sourceAt < right.sourceAt ? -1 : 1));
  const since = oldest === undefined ? "" : `, the oldest ${oldest.feed} of ${oldest.sourceAt.slice(0, 10)}`;
  const warnings = database.feeds
    .filter(({ warning }) => warning !== "")
    .slice(0, gapsShown)
    .map(({ feed, warning }) => `${paint.odd(fold(harmless(`${feed}: ${warning}`), { width, first: "  " }))}\n`);
  return `\n${paint.dim(fold(harmless(`${built}${plural(database.feeds.length, "feed")}${since}`), { width }))}\n${warnings.join("")}`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
