// The report for a person's terminal: what it is, counts first, the most urgent rows, then gaps and the age of the database, always.
import {
  countReport,
  fixWords,
  gapWords,
  placeOf,
  type MatchSeverity,
  type ReportCounts,
  type ScanReport,
} from "../../../../core/vuln/report/scan-report.ts";
import { matchSeverities, type VulnerabilityMatch } from "../../../../model/vulnerability-match.ts";
import type { Context } from "../../context.ts";
import type { Paint } from "../../output/paint.ts";
import { table, type TableColumn } from "../../output/table.ts";
import { age } from "../../output/units.ts";

/** A screen and a half; --all shows the rest. */
const rowsShown = 40;
const gapsShown = 10;
const reasonsShown = 5;

export interface TableFlags {
  readonly why?: boolean;
  readonly all?: boolean;
  readonly suppressed?: boolean;
}

export function scanTable(context: Context, report: ScanReport, flags: TableFlags): string {
  const counts = countReport(report);
  const shown = groupsOf(
    report.matches.filter(({ suppressed }) => flags.suppressed === true || suppressed === undefined),
  );
  const rows = flags.all === true ? shown : shown.slice(0, rowsShown);
  const { paint } = context;
  return [
    headLines(report, paint),
    countLines(report, counts, paint),
    rows.length === 0 ? "" : `\n${matchRows(context, report, rows, flags)}`,
    rows.length < shown.length ? paint.dim(`and ${shown.length - rows.length} more: --all shows them\n`) : "",
    secretRows(context, report),
    gapLines(report, paint),
    databaseLine(context, report),
  ].join("");
}

function headLines({ analysis }: ScanReport, paint: Paint): string {
  const system = analysis.operatingSystem;
  const name = system === undefined ? "" : `, ${system.name === "" ? `${system.id} ${system.versionId}` : system.name}`;
  const layers = analysis.layers.length === 0 ? "" : `, ${plural(analysis.layers.length, "layer")}`;
  const digest = analysis.digest === "" ? "" : `\n${paint.dim(clean(analysis.digest))}`;
  return `${paint.bold(clean(analysis.reference))}: ${plural(analysis.packages.length, "package")}${clean(name)}${layers}${digest}\n`;
}

function countLines(report: ScanReport, counts: ReportCounts, paint: Paint): string {
  const bySeverity = matchSeverities
    .filter((severity) => counts.severities[severity] > 0)
    .map((severity) => severityWord(severity, `${counts.severities[severity]} ${severity}`, paint));
  const found = bySeverity.length > 0 ? bySeverity.join("  ") : noneWords(report, counts, paint);
  const facts = [
    counts.total === 0 ? "" : vulnerabilityWords(counts),
    counts.knownExploited === 0 ? "" : paint.bad(`${counts.knownExploited} known to be exploited`),
    counts.total === 0 ? "" : `${counts.fixable} with a fix`,
    counts.upstreamOnly === 0 ? "" : `${counts.upstreamOnly} upstream only`,
    report.decidedByDistribution === 0 ? "" : `${report.decidedByDistribution} decided by the distribution`,
    counts.suppressed === 0 ? "" : `${counts.suppressed} suppressed`,
    report.filteredOut === 0 ? "" : `${report.filteredOut} filtered out`,
    report.analysis.secretsSearched ? plural(counts.secrets, "secret") : "secrets not searched",
  ].filter((fact) => fact !== "");
  return `\n${found}\n${facts.join(", ")}\n`;
}

/** Rows count packages; people count vulnerabilities. */
function vulnerabilityWords({ total, vulnerabilities }: ReportCounts): string {
  const names = vulnerabilities === 1 ? "vulnerability" : "vulnerabilities";
  return total === vulnerabilities ? `${vulnerabilities} ${names}` : `${total} findings of ${vulnerabilities} ${names}`;
}

/** Nothing found is only good news when everything was looked at. */
function noneWords(report: ScanReport, counts: ReportCounts, paint: Paint): string {
  if (report.database === undefined) return paint.odd("vulnerabilities were not looked up");
  if (counts.total > 0) return "nothing that the distribution or vendor confirms";
  if (counts.suppressed > 0 || report.filteredOut > 0) return "no finding left";
  return report.gaps.length > 0
    ? paint.odd("no vulnerability found, but not everything was looked at")
    : paint.good("no vulnerability found");
}

const columns: readonly TableColumn[] = [
  { title: "severity" },
  { title: "vulnerability" },
  { title: "package" },
  { title: "version" },
  { title: "fix" },
  { title: "risk", align: "right" },
  { title: "" },
];

/** Binaries of one source package have the same finding at the same version: one row, with how many more. */
interface MatchGroup {
  readonly match: VulnerabilityMatch;
  readonly others: number;
}

function groupsOf(matches: readonly VulnerabilityMatch[]): readonly MatchGroup[] {
  const groups = new Map<string, MatchGroup>();
  for (const match of matches) {
    const { vulnerability, packageType, version, severity, status, suppressed, loaded, because } = match;
    const record = because[0]?.record ?? "";
    const key = JSON.stringify([
      vulnerability,
      packageType,
      version,
      severity,
      status,
      fixWords(match),
      suppressed,
      loaded?.state,
      record,
    ]);
    const known = groups.get(key);
    groups.set(key, known === undefined ? { match, others: 0 } : { ...known, others: known.others + 1 });
  }
  return [...groups.values()];
}

function matchRows(context: Context, report: ScanReport, rows: readonly MatchGroup[], flags: TableFlags): string {
  const cells = rows.map(({ match, others }) => [
    severityWord(match.severity, match.severity, context.paint),
    clean(match.vulnerability),
    `${clean(match.packageName)}${others === 0 ? "" : ` +${others}`}`,
    clean(match.version),
    match.fix.state === "fixed" ? clean(fixWords(match)) : context.paint.dim(clean(fixWords(match))),
    String(match.risk),
    noteOf(match, context.paint),
  ]);
  const text = table(columns, cells, { width: context.width, header: true });
  if (flags.why !== true) return text;
  const [header = "", ...lines] = text.split("\n");
  const explained = rows.flatMap(({ match }, index) => [
    lines[index] ?? "",
    ...whyLines(report, match).map((line) => context.paint.dim(`    ${clean(line)}`)),
  ]);
  return [header, ...explained, ""].join("\n");
}

/** What else a person should see at once; the title where nothing is more urgent. */
function noteOf(match: VulnerabilityMatch, paint: Paint): string {
  const marks = [
    match.suppressed === undefined ? "" : clean(`suppressed by ${match.suppressed.by} ${match.suppressed.name}`),
    match.knownExploited ? paint.bad("exploited") : "",
    match.status === "affected" ? "" : paint.odd(match.status.replaceAll("-", " ")),
    match.loaded?.state === "loaded" ? "in use" : "",
  ].filter((mark) => mark !== "");
  return [...marks, clean(match.title)].filter((word) => word !== "").join("; ");
}

function whyLines(report: ScanReport, match: VulnerabilityMatch): readonly string[] {
  const { suppressed } = match;
  const reasons = match.because
    .slice(0, reasonsShown)
    .flatMap(({ record, feed, comparison, nameBecause, ownership }) => [
      `${record} (${feed}): ${comparison}${nameBecause === "" ? "" : `; ${nameBecause}`}`,
      ...(ownership === "" ? [] : [ownership]),
    ]);
  const place = placeOf(report, match);
  return [
    ...reasons,
    ...(match.because.length > reasonsShown ? [`and ${match.because.length - reasonsShown} more records`] : []),
    ...(place === "" ? [] : [`in ${place}`]),
    ...(match.fix.state !== "fixed" && match.fix.because !== "" ? [`fix: ${match.fix.because}`] : []),
    `severity by ${match.severityFrom === "" ? "nobody" : match.severityFrom}; risk ${match.risk}: ${match.riskBecause.join(", ")}`,
    ...(suppressed === undefined
      ? []
      : [
          `${suppressed.status}${suppressed.justification === "" ? "" : `, ${suppressed.justification}`}: ${suppressed.reason}${suppressed.owner === "" ? "" : ` (${suppressed.owner}${suppressed.expiresAt === "" ? "" : `, until ${suppressed.expiresAt}`})`}`,
        ]),
  ];
}

function secretRows(context: Context, { secrets }: ScanReport): string {
  if (secrets.length === 0) return "";
  const rows = secrets
    .slice(0, rowsShown)
    .map((secret) => [
      severityWord(secret.severity, secret.severity, context.paint),
      clean(secret.title),
      clean(`${secret.path}:${secret.line}`),
      secret.layer < 0 ? "" : String(secret.layer),
      secret.isHidden ? "removed later, still in the image" : clean(secret.redacted),
    ]);
  const titles = [{ title: "severity" }, { title: "secret" }, { title: "file" }, { title: "layer" }, { title: "" }];
  const more =
    secrets.length > rows.length ? context.paint.dim(`and ${secrets.length - rows.length} more secrets\n`) : "";
  return `\n${table(titles, rows, { width: context.width, header: true })}${more}`;
}

function gapLines({ gaps }: ScanReport, paint: Paint): string {
  if (gaps.length === 0) return "";
  const lines = gaps.slice(0, gapsShown).map((gap) => `  ${clean(gapWords(gap))}\n`);
  const more = gaps.length > gapsShown ? `  and ${gaps.length - gapsShown} more\n` : "";
  return `\n${paint.odd("not looked at, or not certain:")}\n${lines.join("")}${more}`;
}

function databaseLine(context: Context, { database }: ScanReport): string {
  if (database === undefined) return "";
  const builtMs = Date.parse(database.builtAt);
  const old = Number.isNaN(builtMs) ? "" : `, ${age(builtMs, context.nowMs())} old`;
  const warned = database.feeds.filter(({ warning }) => warning !== "");
  const warnings = warned
    .slice(0, gapsShown)
    .map(({ feed, warning }) => `  ${context.paint.odd(clean(`${feed}: ${warning}`))}\n`);
  return `\n${context.paint.dim(`advisories of ${clean(database.builtAt)}${old}, ${plural(database.feeds.length, "feed")}`)}\n${warnings.join("")}`;
}

function severityWord(severity: MatchSeverity, text: string, paint: Paint): string {
  switch (severity) {
    case "critical":
    case "high":
      return paint.bad(text);
    case "medium":
      return paint.odd(text);
    case "low":
    case "unknown":
      return text;
    case "negligible":
      return paint.dim(text);
  }
}

/** Nothing of what others wrote keeps a control character, our own colours included: it is painted afterwards. */
function clean(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu, "\ufffd");
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
