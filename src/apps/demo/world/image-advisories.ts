// A handful of real vulnerabilities in the versions that the shop's images hold: what the demo judges them by where no advisory database is. Facts only, in few words.
import type { AdvisoryRecord, VersionScheme } from "../../../core/vuln/advisory.ts";
import { demoFeed } from "../../../core/vuln/match/feed-gaps.ts";

export interface KnownVulnerability {
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly title: string;
  readonly cvss: string;
  readonly publishedAt: string;
  readonly exploited?: { readonly addedAt: string; readonly dueAt: string; readonly ransomware: boolean };
  readonly epss?: { readonly score: number; readonly percentile: number };
  /** Ecosystem, name, first fixed version ("" none), and from which on ("0" from the first). */
  readonly affects: readonly (readonly [ecosystem: string, name: string, fixed: string, introduced?: string])[];
}

const schemes: Readonly<Record<string, VersionScheme>> = {
  "Debian:12": "deb",
  npm: "semver",
  Maven: "maven",
  Go: "golang",
  PyPI: "pep440",
};

export const demoVulnerabilities: readonly KnownVulnerability[] = [
  {
    id: "CVE-2021-44228",
    aliases: ["GHSA-jfh8-c2jp-5v3q"],
    title: "Log4Shell: a message that is logged runs code from elsewhere (JNDI lookups)",
    cvss: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H",
    publishedAt: "2021-12-10T00:00:00Z",
    exploited: { addedAt: "2021-12-10", dueAt: "2021-12-24", ransomware: true },
    epss: { score: 0.94, percentile: 0.999 },
    affects: [["Maven", "org.apache.logging.log4j:log4j-core", "2.15.0", "2.13.0"]],
  },
  {
    id: "CVE-2022-42889",
    title: "Text4Shell: substituted text runs scripts (commons-text)",
    cvss: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    publishedAt: "2022-10-13T00:00:00Z",
    epss: { score: 0.94, percentile: 0.999 },
    affects: [["Maven", "org.apache.commons:commons-text", "1.10.0", "1.5"]],
  },
  {
    id: "CVE-2023-4911",
    title: "Looney Tunables: the loader writes past a buffer for GLIBC_TUNABLES",
    cvss: "CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
    publishedAt: "2023-10-03T00:00:00Z",
    exploited: { addedAt: "2023-11-21", dueAt: "2023-12-12", ransomware: false },
    epss: { score: 0.65, percentile: 0.98 },
    affects: [["Debian:12", "glibc", "2.36-9+deb12u3"]],
  },
  {
    id: "CVE-2024-2961",
    title: "iconv writes past its buffer when it converts to ISO-2022-CN-EXT",
    cvss: "CVSS:3.1/AV:N/AC:L/PR:L/UI:N/S:U/C:H/I:H/A:H",
    publishedAt: "2024-04-17T00:00:00Z",
    epss: { score: 0.92, percentile: 0.997 },
    affects: [["Debian:12", "glibc", "2.36-9+deb12u6"]],
  },
  {
    id: "CVE-2023-5363",
    title: "Key and IV lengths are taken over too late by some ciphers (OpenSSL)",
    cvss: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N",
    publishedAt: "2023-10-24T00:00:00Z",
    epss: { score: 0.05, percentile: 0.9 },
    affects: [["Debian:12", "openssl", "3.0.11-1~deb12u2"]],
  },
  {
    id: "CVE-2023-45853",
    title: "MiniZip overflows on a long file name (contrib, not built into Debian's library)",
    cvss: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    publishedAt: "2023-10-14T00:00:00Z",
    epss: { score: 0.01, percentile: 0.75 },
    affects: [["Debian:12", "zlib", ""]],
  },
  {
    id: "CVE-2024-28757",
    title: "Entities expand without bound in parsers made for external entities (expat)",
    cvss: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
    publishedAt: "2024-03-10T00:00:00Z",
    affects: [["Debian:12", "expat", "2.5.0-1+deb12u4"]],
  },
  {
    id: "CVE-2021-23337",
    aliases: ["GHSA-35jh-r3h4-6jhm"],
    title: "Templates run commands (lodash)",
    cvss: "CVSS:3.1/AV:N/AC:L/PR:H/UI:N/S:U/C:H/I:H/A:H",
    publishedAt: "2021-02-15T00:00:00Z",
    affects: [["npm", "lodash", "4.17.21"]],
  },
  {
    id: "CVE-2022-24999",
    title: "A query string makes the parser hang (qs)",
    cvss: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
    publishedAt: "2022-11-26T00:00:00Z",
    affects: [["npm", "qs", "6.10.3", "6.10.0"]],
  },
  {
    id: "CVE-2024-29041",
    title: "Malformed addresses get past allow lists of redirects (express)",
    cvss: "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N",
    publishedAt: "2024-03-25T00:00:00Z",
    affects: [["npm", "express", "4.19.2"]],
  },
  {
    id: "CVE-2023-44487",
    aliases: ["GO-2023-2102"],
    title: "Rapid reset: streams that are opened and cancelled exhaust HTTP/2 servers",
    cvss: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
    publishedAt: "2023-10-10T00:00:00Z",
    exploited: { addedAt: "2023-10-10", dueAt: "2023-10-31", ransomware: false },
    epss: { score: 0.94, percentile: 0.999 },
    affects: [["Go", "golang.org/x/net", "0.17.0"]],
  },
  {
    id: "CVE-2023-37920",
    title: "Root certificates of e-Tugra are trusted (certifi)",
    cvss: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    publishedAt: "2023-07-25T00:00:00Z",
    affects: [["PyPI", "certifi", "2023.7.22", "2015.4.28"]],
  },
  {
    id: "CVE-2023-32681",
    title: "Proxy credentials go to the destination after a redirect to https (requests)",
    cvss: "CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:C/C:H/I:N/A:N",
    publishedAt: "2023-05-26T00:00:00Z",
    affects: [["PyPI", "requests", "2.31.0", "2.3.0"]],
  },
];

export function recordsOf({ id, aliases = [], cvss, affects }: KnownVulnerability): readonly AdvisoryRecord[] {
  return affects.map(([ecosystem, name, fixed, introduced = "0"]) => ({
    id,
    feed: demoFeed,
    aliases,
    upstream: [],
    ecosystem,
    name,
    scheme: schemes[ecosystem] ?? "generic",
    ranges: [{ introduced, fixed, lastAffected: "" }],
    versions: [],
    status: fixed === "" ? ("will-not-fix" as const) : ("affected" as const),
    statusReason: fixed === "" ? "contrib/minizip is not built into the package" : "",
    severity: "unknown",
    cvss,
    module: "",
    architectures: [],
    pocket: "",
    cpeTarget: "",
  }));
}
