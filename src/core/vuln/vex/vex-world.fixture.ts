// An image with four packages, matches of them, and documents about them: for the tests of VEX.
import { parseInstantMs } from "../../../base/instant.ts";
import { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import { purlOf } from "../../sbom/purl.ts";
import { suppress, type SuppressOptions } from "./apply.ts";
import { readVex } from "./read.ts";

export const digest = `sha256:${"a".repeat(64)}`;
export const analysis = ImageAnalysis.parse({
  schema: 1,
  source: "registry",
  reference: "registry.example/shop/web:1.2",
  digest,
  packages: [
    {
      type: "deb",
      namespace: "debian",
      name: "libssl3",
      version: "3.0.11-1",
      architecture: "amd64",
      source: { name: "openssl", version: "3.0.11-1" },
      qualifiers: { distro: "debian-12" },
      cataloger: "deb/dpkg",
    },
    { type: "npm", namespace: "@a", name: "b", version: "1.0.0", cataloger: "npm" },
    {
      type: "generic",
      name: "nginx",
      version: "1.25.3",
      cpes: ["cpe:2.3:a:f5:nginx:1.25.3:*:*:*:*:*:*:*"],
      cataloger: "x",
    },
    { type: "rpm", namespace: "redhat", name: "kernel", version: "1:5.1-2.el9", cataloger: "rpm" },
  ],
});

export function matchOf(index: number, given: Partial<VulnerabilityMatch> = {}): VulnerabilityMatch {
  const subject = analysis.packages[index];
  if (subject === undefined) throw new Error(`there is no package ${index}`);
  return {
    vulnerability: "CVE-2026-1",
    aliases: ["GHSA-aaaa-bbbb-cccc"],
    package: index,
    purl: purlOf(subject),
    packageName: subject.name,
    packageType: subject.type,
    version: subject.version,
    status: "affected",
    severity: "high",
    severityFrom: "x",
    cvssScore: 0,
    cvss: "",
    fix: { state: "fixed", versions: ["9"], because: "" },
    title: "",
    knownExploited: false,
    because: [
      { record: "DSA-1", feed: "f", ecosystem: "e", name: "n", nameBecause: "", comparison: "", ownership: "" },
    ],
    risk: 1,
    riskBecause: [],
    ...given,
  };
}

export const image = {
  references: [analysis.reference],
  digests: [digest],
  workloads: [],
  packages: analysis.packages,
};
export const over = (
  matches: readonly VulnerabilityMatch[],
  documents: readonly unknown[],
  rest: Partial<SuppressOptions> = {},
): VulnerabilityMatch[] =>
  suppress(matches, {
    documents: documents.map((one) => readVex(JSON.stringify(one))),
    exceptions: [],
    image,
    nowMs: parseInstantMs("2026-06-01T00:00:00Z") ?? 0,
    ...rest,
  });

export const openVex = (statements: readonly unknown[], timestamp = "2026-01-01T00:00:00Z"): object => ({
  "@context": "https://openvex.dev/ns/v0.2.0",
  "@id": "https://vex.example/1",
  author: "Vendor",
  timestamp,
  statements,
});
export const statement = (product: unknown, rest: object = {}): object => ({
  vulnerability: { name: "CVE-2026-1" },
  products: [product],
  status: "not_affected",
  justification: "vulnerable_code_not_present",
  ...rest,
});
