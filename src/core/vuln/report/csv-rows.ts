// The report as flat rows, for tables of other programs: findings, secrets and gaps in one list, told apart by their first column.
import type { Suppression } from "../../../model/vulnerability-match.ts";
import { fixWords, gapWords, placeOf, type ScanReport } from "./scan-report.ts";

export const csvColumns = [
  "kind",
  "vulnerability",
  "severity",
  "status",
  "package",
  "version",
  "fixedVersion",
  "type",
  "purl",
  "path",
  "layer",
  "knownExploited",
  "epss",
  "risk",
  "suppressedBy",
  "suppressedBecause",
  "title",
] as const;

export type CsvRow = Readonly<Record<(typeof csvColumns)[number], string>>;

export function csvRows(report: ScanReport): readonly CsvRow[] {
  return [
    ...report.matches.map((match) => ({
      kind: "vulnerability",
      vulnerability: match.vulnerability,
      severity: match.severity,
      status: match.status,
      package: match.packageName,
      version: match.version,
      fixedVersion: fixWords(match),
      type: match.packageType,
      purl: match.purl,
      path: placeOf(report, match),
      layer: layerWord(report.analysis.packages[match.package]?.evidence[0]?.layer ?? -1),
      knownExploited: match.knownExploited ? "yes" : "",
      epss: match.epssScore === undefined ? "" : String(match.epssScore),
      risk: String(match.risk),
      ...suppressedCells(match.suppressed),
      title: match.title,
    })),
    ...report.secrets.map((secret) => ({
      ...emptyRow,
      kind: "secret",
      vulnerability: `secret/${secret.rule}`,
      severity: secret.severity,
      path: secret.path,
      layer: layerWord(secret.layer),
      ...suppressedCells(secret.suppressed),
      title: secret.title,
    })),
    ...report.gaps.map((gap) => ({
      ...emptyRow,
      kind: "gap",
      vulnerability: gap.kind,
      path: gap.subject,
      layer: layerWord(gap.layer),
      title: gapWords(gap),
    })),
  ];
}

export const emptyRow = Object.fromEntries(csvColumns.map((column) => [column, ""])) as CsvRow;

function suppressedCells(suppressed: Suppression | undefined): Pick<CsvRow, "suppressedBy" | "suppressedBecause"> {
  return {
    suppressedBy: suppressed === undefined ? "" : `${suppressed.by} ${suppressed.name}`,
    suppressedBecause: suppressed?.reason ?? "",
  };
}

function layerWord(layer: number): string {
  return layer < 0 ? "" : String(layer);
}
