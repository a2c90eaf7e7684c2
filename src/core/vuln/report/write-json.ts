// The report as JSON: everything, for programs. Fields are added, never changed in meaning, under one `apiVersion`.
import { purlOf } from "../../sbom/purl.ts";
import { countReport, type ScanReport } from "./scan-report.ts";

export function writeScanJson(report: ScanReport): string {
  const { analysis, matches, secrets, gaps, database } = report;
  const document = {
    apiVersion: "garrison/v1",
    kind: "ImageScan",
    tool: { name: "garrison", version: report.toolVersion },
    ...(report.scannedAt === "" ? {} : { scannedAt: report.scannedAt }),
    image: {
      source: analysis.source,
      reference: analysis.reference,
      digest: analysis.digest,
      otherDigests: analysis.otherDigests,
      operatingSystem: analysis.operatingSystem,
      layers: analysis.layers,
      packages: analysis.packages.length,
    },
    counts: {
      ...countReport(report),
      decidedByDistribution: report.decidedByDistribution,
      filteredOut: report.filteredOut,
    },
    database: database ?? null,
    matches: matches.map((match) => ({ ...match, evidence: analysis.packages[match.package]?.evidence ?? [] })),
    secretsSearched: analysis.secretsSearched,
    ...(analysis.secretsSkipped === undefined ? {} : { secretsSkipped: analysis.secretsSkipped }),
    secrets,
    gaps,
    packages: analysis.packages.map((subject) => ({ ...subject, purl: purlOf(subject) })),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}
