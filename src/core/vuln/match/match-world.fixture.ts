// What tests of matching share: a system, and packages, records and feeds with everything filled in that a case does not care for.
import type { OperatingSystem } from "../../../model/image-analysis.ts";
import { SoftwarePackage } from "../../../model/software-package.ts";
import type { AdvisoryDatabase, AdvisoryRecord, FeedStatus } from "../advisory.ts";
import { matchSubject } from "./match-subject.ts";

export const debian: OperatingSystem = {
  id: "debian",
  versionId: "12",
  codename: "bookworm",
  name: "Debian 12",
  idLike: [],
};

export function subjectOf(fields: Partial<SoftwarePackage> & Pick<SoftwarePackage, "type" | "name">): SoftwarePackage {
  return SoftwarePackage.parse({ cataloger: "test", version: "1.0", ...fields });
}

export function recordOf(
  fields: Partial<AdvisoryRecord> & Pick<AdvisoryRecord, "id" | "ecosystem" | "name">,
): AdvisoryRecord {
  return {
    feed: "test-feed",
    aliases: [],
    upstream: [],
    scheme: "semver",
    ranges: [{ introduced: "0", fixed: "2.0", lastAffected: "" }],
    versions: [],
    status: "affected",
    statusReason: "",
    severity: "unknown",
    cvss: "",
    module: "",
    architectures: [],
    pocket: "",
    cpeTarget: "",
    ...fields,
  };
}

export function feedOf(feed: string, ecosystems: readonly string[], isComprehensive: boolean): FeedStatus {
  return {
    feed,
    ecosystems,
    isComprehensive,
    records: 1,
    refused: 0,
    refusedBecause: [],
    sourceAt: "2026-11-01",
    importedAt: "",
    problem: "",
  };
}

export function only(
  database: AdvisoryDatabase,
  subject: SoftwarePackage,
  system: OperatingSystem | undefined = debian,
) {
  return matchSubject({ package: subject, operatingSystem: system }, database);
}
