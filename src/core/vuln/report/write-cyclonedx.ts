// The SBOM with its vulnerabilities as CycloneDX 1.6: each with its rating, what it affects, and what was decided about it.
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import { writeCycloneDx } from "../../sbom/formats/cyclonedx/write.ts";
import type { MatchSeverity, ScanReport } from "./scan-report.ts";

const severities: Readonly<Record<MatchSeverity, string>> = {
  critical: "critical",
  high: "high",
  medium: "medium",
  low: "low",
  negligible: "info",
  unknown: "unknown",
};

const justifications: Readonly<Record<string, string>> = {
  component_not_present: "code_not_present",
  vulnerable_code_not_present: "code_not_present",
  vulnerable_code_not_in_execute_path: "code_not_reachable",
  vulnerable_code_cannot_be_controlled_by_adversary: "requires_environment",
  inline_mitigations_already_exist: "protected_by_mitigating_control",
};

export function writeCycloneDxReport(report: ScanReport, options: { readonly createdAt?: string } = {}): string {
  return writeCycloneDx(report.analysis, {
    toolVersion: report.toolVersion,
    ...options,
    vulnerabilities: (refs) => vulnerabilitiesOf(report.matches, refs),
  });
}

/** One entry a vulnerability, rating and decision, over all packages that share them. */
function vulnerabilitiesOf(matches: readonly VulnerabilityMatch[], refs: readonly string[]): readonly object[] {
  const groups = new Map<string, { readonly entry: object; readonly affects: Set<string> }>();
  for (const match of matches) {
    const entry = entryOf(match);
    const key = JSON.stringify(entry);
    const group = groups.get(key) ?? { entry, affects: new Set<string>() };
    group.affects.add(refs[match.package] ?? match.purl);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ entry, affects }) => ({
    ...entry,
    affects: [...affects].map((ref) => ({ ref })),
  }));
}

function entryOf(match: VulnerabilityMatch): object {
  const method = cvssMethod(match.cvss);
  const aliases = match.aliases.filter((alias) => alias !== match.vulnerability);
  const analysis = analysisOf(match);
  return {
    id: match.vulnerability,
    ...(aliases.length === 0
      ? {}
      : { references: aliases.map((id) => ({ id, source: { name: id.split("-", 1)[0] ?? id } })) }),
    ratings: [
      {
        ...(match.severityFrom === "" ? {} : { source: { name: match.severityFrom } }),
        ...(match.cvssScore > 0 ? { score: match.cvssScore } : {}),
        severity: severities[match.severity],
        ...(method === undefined ? {} : { method, vector: match.cvss }),
      },
    ],
    ...(match.title === "" ? {} : { description: match.title }),
    ...(match.fix.state === "fixed" && match.fix.versions.length > 0
      ? { recommendation: `Update to ${match.fix.versions.join(" or ")}.` }
      : {}),
    ...(analysis === undefined ? {} : { analysis }),
    properties: [
      { name: "garrison:status", value: match.status },
      { name: "garrison:risk", value: String(match.risk) },
      { name: "garrison:fix", value: match.fix.state },
      ...(match.knownExploited ? [{ name: "garrison:knownExploited", value: "true" }] : []),
    ],
  };
}

function cvssMethod(vector: string): string | undefined {
  if (vector.startsWith("CVSS:4")) return "CVSSv4";
  if (vector.startsWith("CVSS:3.1")) return "CVSSv31";
  if (vector.startsWith("CVSS:3")) return "CVSSv3";
  return vector === "" ? undefined : "CVSSv2";
}

function analysisOf({ suppressed, status }: VulnerabilityMatch): object | undefined {
  if (suppressed === undefined) return status === "under-investigation" ? { state: "in_triage" } : undefined;
  const detail = suppressed.reason === "" ? {} : { detail: suppressed.reason };
  switch (suppressed.status) {
    case "not_affected": {
      const justification = justifications[suppressed.justification];
      return { state: "not_affected", ...(justification === undefined ? {} : { justification }), ...detail };
    }
    case "fixed":
      return { state: "resolved", ...detail };
    case "under_investigation":
      return { state: "in_triage", ...detail };
    case "affected":
    case "accepted":
      return { state: "exploitable", response: ["will_not_fix"], ...detail };
  }
}
