// The report as SARIF 2.1.0: a rule a vulnerability, a result a package it is in, gaps as notifications of the tool. For code scanning services.
import type { Suppression, VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import { purlWithoutQualifiers, readPurl } from "../../sbom/purl.ts";
import { uuidOf } from "../../sbom/formats/document.ts";
import {
  fixWords,
  gapWords,
  oneLine,
  placeOf,
  suppressionWords,
  type MatchSeverity,
  type ScanReport,
} from "./scan-report.ts";

const levels: Readonly<Record<MatchSeverity, "error" | "warning" | "note">> = {
  critical: "error",
  high: "error",
  medium: "warning",
  low: "note",
  negligible: "note",
  unknown: "warning",
};

/** What services sort by, where no score is known. */
const scores: Readonly<Record<MatchSeverity, string>> = {
  critical: "9.5",
  high: "8.0",
  medium: "5.5",
  low: "2.0",
  negligible: "0.5",
  unknown: "5.0",
};

interface Rule {
  readonly id: string;
  readonly value: object;
}

export function writeSarif(report: ScanReport): string {
  const rules = new Map<string, Rule & { readonly index: number }>();
  const indexOf = (rule: Rule): number => {
    const known = rules.get(rule.id) ?? { ...rule, index: rules.size };
    rules.set(rule.id, known);
    return known.index;
  };
  const results = [
    ...report.matches.map((match) => matchResult(report, match, indexOf)),
    ...report.secrets.map((secret) => secretResult(secret, indexOf)),
  ];
  const { analysis } = report;
  const run = {
    tool: {
      driver: {
        name: "Garrison",
        semanticVersion: report.toolVersion,
        rules: [...rules.values()].map(({ value }) => value),
        notifications: [...new Set(report.gaps.map(({ kind }) => kind))].map((kind) => ({ id: `gap/${kind}` })),
      },
    },
    automationDetails: { id: `image/${uriOf(analysis.reference)}/` },
    columnKind: "utf16CodeUnits",
    originalUriBaseIds: { IMAGE: { description: { text: oneLine(analysis.reference) } } },
    invocations: [
      {
        executionSuccessful: true,
        toolExecutionNotifications: report.gaps.map((gap) => ({
          descriptor: { id: `gap/${gap.kind}` },
          level: "warning",
          message: { text: oneLine(gapWords(gap)) },
        })),
      },
    ],
    results,
    properties: { reference: analysis.reference, digest: analysis.digest, database: report.database?.digest ?? "" },
  };
  const log = { $schema: "https://json.schemastore.org/sarif-2.1.0.json", version: "2.1.0", runs: [run] };
  return `${JSON.stringify(log, undefined, 2)}\n`;
}

function matchResult(report: ScanReport, match: VulnerabilityMatch, indexOf: (rule: Rule) => number): object {
  const fix = fixWords(match);
  const words = `${match.packageName} ${match.version}: ${match.vulnerability}${match.title === "" ? "" : ` (${match.title})`}. ${
    match.fix.state === "fixed" ? `Fixed in ${fix}.` : fix === "" ? "No fix is known." : `No fix: ${fix}.`
  }`;
  const place = placeOf(report, match);
  const { suppressed } = match;
  return {
    ruleId: match.vulnerability,
    ruleIndex: indexOf(matchRule(match)),
    level: levels[match.severity],
    message: { text: oneLine(words) },
    locations: [location(place === "" ? report.analysis.reference : place, match.purl)],
    partialFingerprints: { "garrison/v1": uuidOf(`${match.vulnerability}\n${purlBase(match.purl)}\n${place}`) },
    ...suppressionsOf(suppressed),
    properties: {
      purl: match.purl,
      status: match.status,
      severity: match.severity,
      fixedVersions: match.fix.versions,
      risk: match.risk,
      knownExploited: match.knownExploited,
    },
  };
}

function matchRule(match: VulnerabilityMatch): Rule {
  const title = oneLine(match.title === "" ? match.vulnerability : match.title);
  const score = match.cvssScore > 0 ? match.cvssScore.toFixed(1) : scores[match.severity];
  return {
    id: match.vulnerability,
    value: {
      id: match.vulnerability,
      name: "Vulnerability",
      shortDescription: { text: `${match.vulnerability}: ${title}`.slice(0, 1024) },
      fullDescription: { text: title.slice(0, 1024) },
      help: {
        text:
          oneLine(match.because.map(({ record, comparison }) => `${record}: ${comparison}`).join("; ")).slice(
            0,
            2048,
          ) || title,
      },
      properties: {
        "security-severity": score,
        tags: ["security", "vulnerability", ...(match.knownExploited ? ["known-exploited"] : [])],
      },
    },
  };
}

function secretResult(secret: ScanReport["secrets"][number], indexOf: (rule: Rule) => number): object {
  const id = `secret/${secret.rule}`;
  const rule: Rule = {
    id,
    value: {
      id,
      name: "Secret",
      shortDescription: { text: oneLine(secret.title) },
      properties: { "security-severity": scores[secret.severity], tags: ["security", "secret"] },
    },
  };
  return {
    ruleId: id,
    ruleIndex: indexOf(rule),
    level: levels[secret.severity],
    message: {
      text: oneLine(
        `${secret.title} in ${secret.path}${secret.isHidden ? " (removed by a later layer, still in the image)" : ""}`,
      ),
    },
    locations: [location(secret.path, "", secret.line)],
    partialFingerprints: { "garrison/v1": uuidOf(`${id}\n${secret.path}\n${secret.redacted}`) },
    ...suppressionsOf(secret.suppressed),
    properties: { layer: secret.layer, redacted: secret.redacted },
  };
}

function suppressionsOf(suppressed: Suppression | undefined): object {
  if (suppressed === undefined) return {};
  return {
    suppressions: [{ kind: "external", status: "accepted", justification: oneLine(suppressionWords(suppressed)) }],
  };
}

function location(place: string, purl: string, line = 1): object {
  return {
    physicalLocation: {
      artifactLocation: { uri: uriOf(place), uriBaseId: "IMAGE" },
      region: { startLine: Math.max(1, line) },
    },
    ...(purl === "" ? {} : { logicalLocations: [{ name: purl, fullyQualifiedName: purl, kind: "module" }] }),
  };
}

/** A relative reference: each segment percent-encoded. */
function uriOf(place: string): string {
  const segments = place
    .toWellFormed()
    .split("/")
    .filter((segment) => segment !== "");
  return segments.length === 0 ? "image" : segments.map(encodeURIComponent).join("/");
}

/** Without version: the finding stays the same one while the package is updated but still affected. */
function purlBase(purl: string): string {
  return purlWithoutQualifiers({ ...readPurl(purl), version: "" });
}
