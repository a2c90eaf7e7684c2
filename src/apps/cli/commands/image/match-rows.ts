// Rows of findings for a terminal: one line each where it is wide, two where it is not, so that no version is cut that somebody has to type; reasons below when asked.
import { fixWords, placeOf, type MatchSeverity, type ScanReport } from "../../../../core/vuln/report/scan-report.ts";
import type { VulnerabilityMatch } from "../../../../model/vulnerability-match.ts";
import type { Context } from "../../context.ts";
import { fold } from "../../output/fold.ts";
import { harmless } from "../../output/harmless.ts";
import type { Paint } from "../../output/paint.ts";
import { table, type TableColumn } from "../../output/table.ts";

/** From here on versions, fix and title stand in one line. */
const wideMin = 140;
const reasonsShown = 5;

/** Binaries of one source package have the same finding at the same version: one row, with how many more. */
export interface MatchGroup {
  readonly match: VulnerabilityMatch;
  readonly others: number;
}

export function groupsOf(report: ScanReport, matches: readonly VulnerabilityMatch[]): readonly MatchGroup[] {
  const groups = new Map<string, MatchGroup>();
  for (const match of matches) {
    const { vulnerability, packageType, version, severity, status, loaded, because } = match;
    const record = because[0]?.record ?? "";
    const key = JSON.stringify([
      vulnerability,
      packageType,
      version,
      severity,
      status,
      fixWords(match),
      loaded?.state,
      programOf(report, match),
      record,
    ]);
    const known = groups.get(key);
    groups.set(key, known === undefined ? { match, others: 0 } : { ...known, others: known.others + 1 });
  }
  return [...groups.values()];
}

const wideColumns: readonly TableColumn[] = [
  { title: "severity", squeeze: "never" },
  { title: "vulnerability", squeeze: "never" },
  { title: "package" },
  { title: "version", cut: "middle" },
  { title: "fix", cut: "middle" },
  { title: "risk", align: "right", squeeze: "never" },
  { title: "", squeeze: "never" },
  { title: "title", squeeze: "first" },
];

const narrowColumns: readonly TableColumn[] = [
  { title: "severity", squeeze: "never" },
  { title: "vulnerability" },
  { title: "package" },
  { title: "risk", align: "right", squeeze: "never" },
  { title: "", squeeze: "never" },
];

export function matchRows(
  context: Context,
  report: ScanReport,
  { rows, isWhyAsked }: { readonly rows: readonly MatchGroup[]; readonly isWhyAsked: boolean },
): string {
  const { paint, width } = context;
  const isWide = width >= wideMin;
  const cells = rows.map(({ match, others }) => {
    const name = `${match.packageName}${programOf(report, match)}${others === 0 ? "" : ` +${others}`}`;
    const severity = severityWord(match.severity, match.severity, paint);
    const fix = match.fix.state === "fixed" ? fixWords(match) : paint.dim(fixWords(match));
    const notes = noteOf(match, paint);
    return isWide
      ? [severity, match.vulnerability, name, match.version, fix, String(match.risk), notes, paint.dim(match.title)]
      : [severity, match.vulnerability, name, String(match.risk), notes];
  });
  const text = table(isWide ? wideColumns : narrowColumns, cells, { width, header: true });
  const [header = "", ...lines] = text.split("\n");
  const whole = rows.flatMap(({ match }, index) => [
    lines[index] ?? "",
    ...(isWide ? [] : [versionLine(match, context)]),
    ...(isWhyAsked ? whyLines(report, match).map((line) => paint.dim(fold(line, { width, first: "    - " }))) : []),
  ]);
  return `${[paint.dim(header), ...whole].join("\n")}\n`;
}

/** A module has no version of its own to install: what has to be built again is the program that it is linked into. */
function programOf(report: ScanReport, match: VulnerabilityMatch): string {
  if (match.packageType !== "golang" && match.packageType !== "cargo") return "";
  const name = placeOf(report, match).split("/").at(-1) ?? "";
  return name === "" ? "" : ` in ${name}`;
}

/** What is there, what mends it, and of the title what has room. */
function versionLine(match: VulnerabilityMatch, { paint, width }: Context): string {
  const fix = fixWords(match);
  const way = match.fix.state === "fixed" ? ` → ${paint.good(fix)}` : fix === "" ? "" : `  ${paint.dim(fix)}`;
  const columns: readonly TableColumn[] = [
    { title: "" },
    { title: "", squeeze: "never" },
    { title: "", squeeze: "first" },
  ];
  const row = ["        ", `${harmless(match.version)}${way}`, paint.dim(match.title)];
  return table(columns, [row], { width, header: false }).trimEnd();
}

/** What else a person should see at once. */
function noteOf(match: VulnerabilityMatch, paint: Paint): string {
  return [
    match.knownExploited ? paint.bad("exploited") : "",
    match.status === "affected" ? "" : paint.odd(match.status.replaceAll("-", " ")),
    match.loaded?.state === "loaded" ? "in use" : "",
  ]
    .filter((mark) => mark !== "")
    .join(", ");
}

function whyLines(report: ScanReport, match: VulnerabilityMatch): readonly string[] {
  const reasons = match.because
    .slice(0, reasonsShown)
    .flatMap(({ record, feed, comparison, nameBecause, ownership }) => [
      `${record} (${feed}): ${comparison}${nameBecause === "" ? "" : `; ${nameBecause}`}`,
      ...(ownership === "" ? [] : [ownership]),
    ]);
  const place = placeOf(report, match);
  return [
    ...(match.title === "" ? [] : [match.title]),
    ...reasons,
    ...(match.because.length > reasonsShown ? [`and ${match.because.length - reasonsShown} more records`] : []),
    ...(place === "" ? [] : [`in ${place}`]),
    ...(match.fix.state !== "fixed" && match.fix.because !== "" ? [`fix: ${match.fix.because}`] : []),
    `severity by ${match.severityFrom === "" ? "nobody" : match.severityFrom}; risk ${match.risk}: ${match.riskBecause.join(", ")}`,
  ].map(harmless);
}

export function severityWord(severity: MatchSeverity, text: string, paint: Paint): string {
  switch (severity) {
    case "critical":
      return paint.bold(paint.bad(text));
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
