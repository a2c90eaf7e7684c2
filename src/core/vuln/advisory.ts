// An advisory as the matcher knows it, and the port of the database that holds them. Importers (edge/advisories) write it, shards keep it, matchers read it.
import type { SoftwarePackage } from "../../model/software-package.ts";

export const versionSchemes = [
  "deb",
  "apk",
  "rpm",
  "pep440",
  "maven",
  "gem",
  "semver",
  "nuget",
  "composer",
  "golang",
  "generic",
] as const;
export type VersionScheme = (typeof versionSchemes)[number];

/** OSV's events, one interval: from `introduced` ("0": from the first) up to before `fixed`, or up to and with `lastAffected`; both "" when there is no end. */
export interface VersionRange {
  readonly introduced: string;
  readonly fixed: string;
  readonly lastAffected: string;
}

/**
 * What a record says. affected: within its ranges. not-affected: explicitly, within its ranges (all, when there are none): it overrules others of the same feed.
 * The rest are affected too, without a fix, because the vendor says so: it stays visible as the state of the fix.
 */
export const advisoryStatuses = [
  "affected",
  "not-affected",
  "will-not-fix",
  "postponed",
  "end-of-life",
  "under-investigation",
] as const;
export type AdvisoryStatus = (typeof advisoryStatuses)[number];

export const severities = ["critical", "high", "medium", "low", "negligible", "unknown"] as const;
export type Severity = (typeof severities)[number];

/** One record for one package of one ecosystem. */
export interface AdvisoryRecord {
  /** As its feed names it: "DSA-5678-1", "GO-2024-2687", "ALSA-2025:10073", "CVE-2026-1". */
  readonly id: string;
  /** The feed, see FeedStatus: "debian-tracker", "osv-go", "ghsa", "nvd", ... */
  readonly feed: string;
  /** Other names of the same vulnerability. Not `related`. */
  readonly aliases: readonly string[];
  /** The vulnerabilities that it fixes or is about, when the record is an advisory over several (OSV `upstream`, an erratum's `related` CVEs). */
  readonly upstream: readonly string[];
  /** "Debian:12", "Alpine:v3.19", "Ubuntu:22.04", "Red Hat:9", "AlmaLinux:9", "npm", "PyPI", "Go", "crates.io", "Maven", "NuGet", "Packagist", "RubyGems", "Bitnami", "CPE". */
  readonly ecosystem: string;
  /** As `advisoryName` writes it: source package, normalised PyPI name, "group:artifact", module path, "vendor:product" of a CPE. */
  readonly name: string;
  readonly scheme: VersionScheme;
  readonly ranges: readonly VersionRange[];
  /** Versions listed one by one: a match with any of these counts, as well as with any range. */
  readonly versions: readonly string[];
  readonly status: AdvisoryStatus;
  /** Why, in the vendor's words: "Minor issue", "vulnerable code not present". */
  readonly statusReason: string;
  /** The vendor's own; unknown when it says none. */
  readonly severity: Severity;
  /** CVSS vector, the newest version there is; "". */
  readonly cvss: string;
  /** Only with this module stream ("nodejs:18") or architecture; empty: any. */
  readonly module: string;
  readonly architectures: readonly string[];
  /** The fix is only in a paid or extra pocket ("esm-apps"): not offered to images without it. */
  readonly pocket: string;
  /** Of NVD: whole CPE names with their own bounds are reduced to ranges; what else of the CPE must hold (target software), "" any. */
  readonly cpeTarget: string;
}

/** What is known of a vulnerability whoever told it. */
export interface VulnerabilityFacts {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly references: readonly string[];
  readonly cwes: readonly string[];
  readonly publishedAt: string;
  readonly modifiedAt: string;
  /** The base score and vector that NVD or the CNA gave; 0 and "" when none. */
  readonly cvssScore: number;
  readonly cvss: string;
  readonly knownExploited:
    | { readonly addedAt: string; readonly dueAt: string; readonly ransomware: boolean }
    | undefined;
  /** Probability in 30 days and its percentile, both 0..1, of that date. */
  readonly epss: { readonly score: number; readonly percentile: number; readonly date: string } | undefined;
}

export interface FeedStatus {
  readonly feed: string;
  /** Ecosystems it speaks of. */
  readonly ecosystems: readonly string[];
  /** Lists what is not fixed and not affected too: where it does, its silence about an owned package means "not affected". */
  readonly isComprehensive: boolean;
  readonly records: number;
  /** Refused one by one, with the first few reasons. */
  readonly refused: number;
  readonly refusedBecause: readonly string[];
  /** When its source was made (its newest record, or its own date); RFC 3339, "" when not known. */
  readonly sourceAt: string;
  readonly importedAt: string;
  /** "" when it is in the database as it should be; else why the gate kept the older one or left it out. */
  readonly problem: string;
}

/** Reads are synchronous: shards are opened once and kept. An unreadable shard throws a Fault once and is then `absent` with a problem in `feeds`. */
export interface AdvisoryDatabase {
  /** Names its content: results made with another one are old. */
  readonly digest: string;
  readonly builtAt: string;
  readonly feeds: readonly FeedStatus[];
  /** The feeds' word on an ecosystem: lists everything, only some, or was never imported. */
  coverage(ecosystem: string): "comprehensive" | "partial" | "absent";
  find(ecosystem: string, name: string): readonly AdvisoryRecord[];
  /** By CVE or any alias. */
  vulnerability(id: string): VulnerabilityFacts | undefined;
  /** Keys of all records of a vulnerability, for "where is it" and "why not": at most 10,000. */
  affectedBy(id: string): readonly { readonly ecosystem: string; readonly name: string }[];
}

/** Where a package's advisories are looked for, first match decides nothing: all are asked. `name` as `advisoryName` writes it. */
export interface AdvisoryKey {
  readonly ecosystem: string;
  readonly name: string;
  /** The version that is compared: the source's for deb and apk. */
  readonly version: string;
  readonly scheme: VersionScheme;
  /** "source package glibc of libc6", "" when it is the package itself. */
  readonly because: string;
  /** Nobody told the version's epoch (a source package's file name has none): the record's own is taken. */
  readonly isEpochUnknown?: boolean;
}

export type KeysOf = (subject: SoftwarePackage) => readonly AdvisoryKey[];
