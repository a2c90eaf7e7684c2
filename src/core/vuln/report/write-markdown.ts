// The report as Markdown for a comment or a job's summary: counts first, the most urgent findings, gaps always. What others wrote cannot become markup.
import {
  countReport,
  fixWords,
  gapWords,
  oneLine,
  severityWords,
  suppressionWords,
  type ScanReport,
} from "./scan-report.ts";
import { secretSkipWords } from "./secret-skips.ts";

/** A comment has an end: rows of the table, of gaps and of decisions. */
const rowsMax = 200;
const gapsMax = 30;
const decidedMax = 30;

export function writeMarkdown(report: ScanReport): string {
  const { analysis, matches, secrets, gaps, database } = report;
  const counts = countReport(report);
  const live = matches.filter(({ suppressed }) => suppressed === undefined);
  const lines = [
    `## ${md(analysis.reference)}`,
    "",
    `${counts.total === 0 ? "No vulnerability was found" : `**${md(severityWords(counts) || `${counts.total} findings`)}**`}; ${counts.fixable} with a fix, ${counts.knownExploited} known to be exploited, ${counts.upstreamOnly} upstream only, ${counts.suppressed} suppressed, ${secretWords(report)}.`,
    "",
    database === undefined
      ? "No advisory database was used."
      : `Advisories of ${md(database.builtAt)}, ${database.feeds.length} feeds.`,
    "",
  ];
  if (live.length > 0) {
    lines.push("| Severity | Vulnerability | Package | Version | Fix | |", "| --- | --- | --- | --- | --- | --- |");
    for (const match of live.slice(0, rowsMax)) {
      const marks = [match.knownExploited ? "known exploited" : "", match.status === "affected" ? "" : match.status]
        .filter((mark) => mark !== "")
        .join(", ");
      lines.push(
        `| ${match.severity} | ${md(match.vulnerability)} | ${md(match.packageName)} | ${md(match.version)} | ${md(fixWords(match))} | ${md(marks)} |`,
      );
    }
    if (live.length > rowsMax) lines.push("", `and ${live.length - rowsMax} more`);
    lines.push("");
  }
  if (secrets.length > 0) {
    lines.push("| Secret | File | Layer | |", "| --- | --- | --- | --- |");
    for (const secret of secrets.slice(0, rowsMax))
      lines.push(
        `| ${md(secret.title)} | ${md(`${secret.path}:${secret.line}`)} | ${secret.layer} | ${secret.suppressed === undefined ? "" : md(suppressionWords(secret.suppressed))} |`,
      );
    if (secrets.length > rowsMax) lines.push("", `and ${secrets.length - rowsMax} more`);
    lines.push("");
  }
  const decided = matches.flatMap((match) => (match.suppressed === undefined ? [] : [{ match, by: match.suppressed }]));
  if (decided.length > 0) {
    const words = decided
      .slice(0, decidedMax)
      .map(({ match, by }) => `- ${md(`${match.vulnerability} in ${match.packageName}: ${suppressionWords(by)}`)}`);
    lines.push("**Suppressed:**", "", ...words);
    if (decided.length > decidedMax) lines.push(`- and ${decided.length - decidedMax} more`);
    lines.push("");
  }
  if (gaps.length > 0) {
    lines.push(
      "**Not looked at, or not certain:**",
      "",
      ...gaps.slice(0, gapsMax).map((gap) => `- ${md(gapWords(gap))}`),
    );
    if (gaps.length > gapsMax) lines.push(`- and ${gaps.length - gapsMax} more`);
    lines.push("");
  }
  return lines.join("\n");
}

function secretWords(report: ScanReport): string {
  const { secrets, suppressedSecrets } = countReport(report);
  const accepted = suppressedSecrets === 0 ? "" : `, ${suppressedSecrets} more accepted`;
  const skipped = secretSkipWords(report.analysis);
  const searched = report.analysis.secretsSearched ? (skipped === "" ? "" : ` (${skipped})`) : " (not searched)";
  return `${secrets} secret${secrets === 1 ? "" : "s"}${searched}${accepted}`;
}

/** Plain text: every character that Markdown or HTML could take for its own is escaped. */
function md(text: string): string {
  return oneLine(text)
    .replace(/[&<>\\`*_{}[\]()#+!|~@]/g, (char) => (/[&<>]/.test(char) ? `&#${char.charCodeAt(0)};` : `\\${char}`))
    .replace(/(https?):\/\//g, "$1:\u200b//");
}
