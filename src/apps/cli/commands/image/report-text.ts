// A report in one of its formats, as text.
import { emptyRow, csvRows } from "../../../../core/vuln/report/csv-rows.ts";
import type { ScanReport } from "../../../../core/vuln/report/scan-report.ts";
import { writeCycloneDxReport } from "../../../../core/vuln/report/write-cyclonedx.ts";
import { writeScanJson } from "../../../../core/vuln/report/write-json.ts";
import { writeJunit } from "../../../../core/vuln/report/write-junit.ts";
import { writeMarkdown } from "../../../../core/vuln/report/write-markdown.ts";
import { writeSarif } from "../../../../core/vuln/report/write-sarif.ts";
import { writeSpdx } from "../../../../core/sbom/formats/spdx/write.ts";
import { writeOpenVex } from "../../../../core/vuln/vex/write-openvex.ts";
import type { Context } from "../../context.ts";
import { csv } from "../../output/csv.ts";
import { harmlessJson, harmlessLines } from "../../output/harmless.ts";
import type { ScanFlags, ScanFormat } from "./scan.ts";
import { scanTable } from "./scan-table.ts";

export interface ReportTextOptions {
  readonly format: ScanFormat;
  readonly flags: Pick<ScanFlags, "why" | "all" | "suppressed">;
  readonly createdAt: string | undefined;
}

export function reportText(
  context: Context,
  report: ScanReport,
  { format, flags, createdAt }: ReportTextOptions,
): string {
  const at = createdAt === undefined ? {} : { createdAt };
  switch (format) {
    case "table":
      return scanTable(context, report, flags);
    case "json":
      return harmlessJson(writeScanJson(report));
    case "sarif":
      return harmlessJson(writeSarif(report));
    case "cyclonedx":
      return harmlessJson(writeCycloneDxReport(report, at));
    case "spdx":
      return harmlessJson(writeSpdx(report.analysis, { toolVersion: report.toolVersion, ...at }));
    case "openvex":
      return harmlessJson(writeOpenVex(report.analysis, report.matches, { toolVersion: report.toolVersion, ...at }));
    case "junit":
      return harmlessLines(writeJunit(report));
    case "markdown":
      return harmlessLines(writeMarkdown(report));
    case "csv": {
      const rows = csvRows(report);
      return rows.length > 0 ? csv(rows, true) : (csv([emptyRow], true).split("\r\n", 1)[0] ?? "") + "\r\n";
    }
  }
}
