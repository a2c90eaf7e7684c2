// The report as JUnit XML: a finding is a failed case, a suppressed one and a gap are skipped cases with their reason. For CI systems that show tests.
import { fixWords, gapWords, liveSecrets, oneLine, placeOf, suppressionWords, type ScanReport } from "./scan-report.ts";

export function writeJunit(report: ScanReport): string {
  const { analysis, matches, secrets, gaps } = report;
  const live = matches.filter(({ suppressed }) => suppressed === undefined);
  const cases = [
    ...matches.map((match) => {
      const name = `${match.vulnerability} ${match.packageName} ${match.version}`;
      if (match.suppressed !== undefined) return caseOf(match.purl, name, skipped(suppressionWords(match.suppressed)));
      const fix = fixWords(match);
      const place = placeOf(report, match);
      const body = [
        match.title,
        `severity ${match.severity}`,
        fix === "" ? "no fix is known" : `fix: ${fix}`,
        place,
        ...match.because.map(({ record, comparison }) => `${record}: ${comparison}`),
      ];
      return caseOf(
        match.purl,
        name,
        `<failure type="${xml(match.severity)}" message="${xml(`${match.severity}: ${match.vulnerability} in ${match.packageName}`)}">${xml(
          body
            .filter((line) => line !== "")
            .map(oneLine)
            .join("\n"),
        )}</failure>`,
      );
    }),
    ...secrets.map((secret) =>
      caseOf(
        `secret/${secret.rule}`,
        `${secret.title} ${secret.path}:${secret.line}`,
        secret.suppressed === undefined
          ? `<failure type="${xml(secret.severity)}" message="${xml(secret.title)}">${xml(`${secret.path}, layer ${secret.layer}: ${secret.redacted}`)}</failure>`
          : skipped(suppressionWords(secret.suppressed)),
      ),
    ),
    ...gaps.map((gap) =>
      caseOf(
        `gap/${gap.kind}`,
        gap.subject === "" ? gap.kind : gap.subject,
        skipped(`not looked at: ${gapWords(gap)}`),
      ),
    ),
  ];
  if (cases.length === 0) cases.push(caseOf("garrison", "no finding", ""));
  const failures = live.length + liveSecrets(secrets).length;
  const skips = matches.length + secrets.length - failures + gaps.length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0" skipped="${skips}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="garrison image scan" ${counts}>`,
    `  <testsuite name="${xml(analysis.reference)}" ${counts}>`,
    ...cases.map((line) => `    ${line}`),
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

function caseOf(className: string, name: string, inner: string): string {
  const head = `<testcase classname="${xml(className)}" name="${xml(oneLine(name))}"`;
  return inner === "" ? `${head}/>` : `${head}>${inner}</testcase>`;
}

function skipped(because: string): string {
  return `<skipped message="${xml(oneLine(because))}"/>`;
}

/** Escaped, and without what XML 1.0 does not allow at all. */
function xml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
