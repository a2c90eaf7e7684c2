// Explanations: what holds, what does not and why, what nobody can tell.
import assert from "node:assert/strict";
import test from "node:test";
import { ImageAnalysis } from "../../model/image-analysis.ts";
import type { AdvisoryRecord, FeedStatus } from "./advisory.ts";
import { explain } from "./explain.ts";
import { matchAnalysis } from "./match/match-analysis.ts";
import { memoryDatabase } from "./memory-database.ts";

const nowMs = Date.parse("2026-11-26");

function recordOf(fields: Partial<AdvisoryRecord> & Pick<AdvisoryRecord, "id" | "ecosystem" | "name">): AdvisoryRecord {
  return {
    feed: "test-feed",
    aliases: [],
    upstream: [],
    scheme: "semver",
    ranges: [{ introduced: "0", fixed: "2.0", lastAffected: "" }],
    versions: [],
    status: "affected",
    statusReason: "",
    severity: "high",
    cvss: "",
    module: "",
    architectures: [],
    pocket: "",
    cpeTarget: "",
    ...fields,
  };
}

function feedOf(feed: string, ecosystem: string, isComprehensive: boolean): FeedStatus {
  return {
    feed,
    ecosystems: [ecosystem],
    isComprehensive,
    records: 1,
    refused: 0,
    refusedBecause: [],
    sourceAt: "2026-11-01",
    importedAt: "",
    problem: "",
  };
}

const curl = {
  type: "deb",
  name: "libcurl4",
  version: "7.88.1-10",
  source: { name: "curl", version: "7.88.1-10" },
  cataloger: "deb/dpkg",
};

function imageOf(packages: readonly object[], fields: object = {}): ImageAnalysis {
  return ImageAnalysis.parse({
    schema: 1,
    source: "archive",
    reference: "test",
    digest: "sha256:test",
    operatingSystem: { id: "debian", versionId: "12", name: "Debian 12" },
    packages,
    ...fields,
  });
}

const debianCurl = recordOf({
  id: "DSA-1",
  upstream: ["CVE-2026-1", "CVE-2026-2"],
  ecosystem: "Debian:12",
  name: "curl",
  scheme: "deb",
  ranges: [{ introduced: "0", fixed: "7.88.1-10+deb12u4", lastAffected: "" }],
});

test("holds and does not hold, with the comparison of the source package", () => {
  const database = memoryDatabase([debianCurl]);
  const held = explain("CVE-2026-1", imageOf([curl]), database);
  assert.equal(held.verdict, "holds");
  assert.equal(held.summary, "CVE-2026-1 holds for 1 package");
  assert.equal(held.steps[0]?.because, "source package curl of libcurl4; 7.88.1-10 < 7.88.1-10+deb12u4 (dpkg order)");
  const fixed = { ...curl, source: { name: "curl", version: "7.88.1-10+deb12u4" } };
  const answer = explain("CVE-2026-1", imageOf([fixed]), database);
  assert.equal(answer.verdict, "does-not-hold");
  assert.match(answer.steps[0]?.because ?? "", /is not in \[first, 7\.88\.1-10\+deb12u4\)/);
  assert.equal(
    explain("CVE-2026-1", imageOf([]), database).summary,
    "CVE-2026-1 does not hold: no package that its records speak of is there",
  );
});

test("any alias finds the others", () => {
  const database = memoryDatabase([
    recordOf({ id: "GHSA-1", aliases: ["CVE-2026-1"], ecosystem: "npm", name: "x" }),
    recordOf({ id: "OTHER-1", aliases: ["GHSA-1"], ecosystem: "npm", name: "y" }),
  ]);
  const image = imageOf([{ type: "npm", name: "y", version: "1.0", cataloger: "npm/lock" }]);
  const answer = explain("CVE-2026-1", image, database);
  assert.deepEqual([...answer.names].sort(), ["CVE-2026-1", "GHSA-1", "OTHER-1"]);
  assert.equal(answer.verdict, "holds");
});

test("a missing or partial feed makes the answer unknown, a complete one does not", () => {
  const elsewhere = recordOf({ id: "CVE-2026-1", ecosystem: "Debian:13", name: "curl", scheme: "deb" });
  const missing = explain("CVE-2026-1", imageOf([curl]), memoryDatabase([elsewhere]));
  assert.equal(missing.verdict, "unknown");
  assert.match(missing.gaps.join(), /no feed for Debian:12 in this database/);
  const partial = explain(
    "CVE-2026-1",
    imageOf([curl]),
    memoryDatabase([elsewhere], { feeds: [feedOf("changelogs", "Debian:12", false)] }),
  );
  assert.equal(partial.verdict, "unknown");
  const complete = explain(
    "CVE-2026-1",
    imageOf([curl]),
    memoryDatabase([elsewhere], { feeds: [feedOf("tracker", "Debian:12", true)] }),
  );
  assert.equal(complete.verdict, "does-not-hold");
  const nobody = explain("CVE-1999-1", imageOf([curl]), memoryDatabase([elsewhere]));
  assert.equal(nobody.verdict, "unknown");
  assert.match(nobody.gaps.join(), /no record of CVE-1999-1/);
  const unreadable = imageOf([], { gaps: [{ kind: "layer-unreadable", subject: "layer 2", because: "truncated" }] });
  assert.equal(explain("CVE-2026-1", unreadable, memoryDatabase([debianCurl])).verdict, "unknown");
});

test("ownership, the vendor's no, suppression", () => {
  const upstream = recordOf({
    id: "PYSEC-1",
    aliases: ["CVE-2026-1"],
    ecosystem: "PyPI",
    name: "requests",
    scheme: "pep440",
  });
  const owned = {
    type: "pypi",
    name: "requests",
    version: "1.0",
    ownedBy: "pkg:deb/debian/python3-requests@1.0-1",
    vendor: "A Team <team@tracker.debian.org>",
    cataloger: "python",
  };
  const complete = memoryDatabase([upstream], { feeds: [feedOf("tracker", "Debian:12", true)] });
  assert.equal(explain("CVE-2026-1", imageOf([owned]), complete).steps[0]?.verdict, "decided-by-distribution");
  assert.equal(explain("CVE-2026-1", imageOf([owned]), memoryDatabase([upstream])).verdict, "upstream-only");
  const others = explain("CVE-2026-1", imageOf([{ ...owned, vendor: "Acme" }]), complete);
  assert.equal(others.verdict, "holds");
  assert.match(others.steps[0]?.because ?? "", /python3-requests.*of Acme: the upstream's word counts/);
  const no = recordOf({
    ...debianCurl,
    id: "VEX-1",
    upstream: [],
    aliases: ["CVE-2026-1"],
    status: "not-affected",
    statusReason: "not built in",
    ranges: [],
  });
  const denied = explain("CVE-2026-1", imageOf([curl]), memoryDatabase([debianCurl, no]));
  assert.equal(denied.verdict, "does-not-hold");
  assert.match(denied.steps.map(({ because }) => because).join(), /not built in/);
  const database = memoryDatabase([debianCurl]);
  const [match] = matchAnalysis(imageOf([curl]), database, { nowMs }).matches.filter(
    ({ vulnerability }) => vulnerability === "CVE-2026-1",
  );
  assert.ok(match !== undefined);
  const suppressed = {
    by: "exception" as const,
    name: "accepted",
    status: "accepted" as const,
    justification: "",
    reason: "no exposure",
    owner: "ann",
    expiresAt: "2027-01-01",
  };
  const quiet = explain("CVE-2026-1", imageOf([curl]), database, { matches: [{ ...match, suppressed }] });
  assert.equal(quiet.verdict, "suppressed");
  assert.match(
    quiet.steps.find(({ verdict }) => verdict === "suppressed")?.because ?? "",
    /accepted \(ann\) says accepted: no exposure, until 2027-01-01/,
  );
});

test("an analysis: places, order by risk, joined gaps, end of life", () => {
  const npm = { type: "npm", name: "x", version: "1.0", cataloger: "npm/lock" };
  const database = memoryDatabase([
    debianCurl,
    recordOf({ id: "CVE-2026-9", ecosystem: "npm", name: "x", severity: "critical" }),
  ]);
  const { matches, gaps } = matchAnalysis(
    imageOf([curl, npm, { ...npm, type: "gem" }, { ...npm, type: "gem", name: "y" }]),
    database,
    { nowMs },
  );
  assert.deepEqual(
    matches.map(({ vulnerability, package: at }) => [vulnerability, at]),
    [
      ["CVE-2026-9", 1],
      ["CVE-2026-1", 0],
      ["CVE-2026-2", 0],
    ],
  );
  assert.deepEqual(
    gaps.map(({ kind, count }) => [kind, count]),
    [["feed-missing", 2]],
  );
  const old = imageOf([curl], { operatingSystem: { id: "debian", versionId: "9", name: "Debian 9" } });
  const kinds = matchAnalysis(old, database, { nowMs }).gaps.map(({ kind }) => kind);
  assert.deepEqual(kinds, ["operating-system-end-of-life", "feed-missing"]);
});
