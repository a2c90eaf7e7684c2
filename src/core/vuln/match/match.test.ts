// Matching, case by case: statuses, pockets, modules, clusters, gaps.
import assert from "node:assert/strict";
import test from "node:test";
import type { OperatingSystem } from "../../../model/image-analysis.ts";
import type { SoftwarePackage } from "../../../model/software-package.ts";
import type { AdvisoryDatabase, AdvisoryRecord, VulnerabilityFacts } from "../advisory.ts";
import { memoryDatabase } from "../memory-database.ts";
import { debian, feedOf, only, recordOf, subjectOf } from "./match-world.fixture.ts";
import { matchSubject } from "./match-subject.ts";

const glibc = subjectOf({
  type: "deb",
  namespace: "debian",
  name: "libc6",
  version: "2.36-9+b1",
  architecture: "amd64",
  source: { name: "glibc", version: "2.36-9" },
});

test("deb: the source's version is compared, and a match says all of it", () => {
  const database = memoryDatabase(
    [
      recordOf({
        id: "DSA-1",
        upstream: ["CVE-2026-1", "CVE-2026-2"],
        ecosystem: "Debian:12",
        name: "glibc",
        scheme: "deb",
        ranges: [{ introduced: "0", fixed: "2.36-9+deb12u4", lastAffected: "" }],
        severity: "high",
      }),
    ],
    {
      facts: [
        {
          id: "CVE-2026-1",
          title: "Buffer overflow",
          description: "",
          references: [],
          cwes: [],
          publishedAt: "",
          modifiedAt: "",
          cvssScore: 7.5,
          cvss: "",
          knownExploited: { addedAt: "", dueAt: "", ransomware: true },
          epss: { score: 0.5, percentile: 0.97, date: "" },
        },
      ],
    },
  );
  const { matches, gaps } = only(database, glibc);
  assert.deepEqual(matches.map(({ vulnerability }) => vulnerability).sort(), ["CVE-2026-1", "CVE-2026-2"]);
  const match = matches.find(({ vulnerability }) => vulnerability === "CVE-2026-1");
  assert.equal(match?.status, "affected");
  assert.equal(match?.fix.state, "fixed");
  assert.deepEqual(match?.fix.versions, ["2.36-9+deb12u4"]);
  assert.equal(match?.severityFrom, "test-feed");
  assert.equal(match?.title, "Buffer overflow");
  assert.equal(match?.because[0]?.comparison, "2.36-9 < 2.36-9+deb12u4 (dpkg order)");
  assert.equal(match?.because[0]?.nameBecause, "source package glibc of libc6");
  assert.ok((match?.risk ?? 0) >= 950);
  assert.ok(match?.riskBecause.some((words) => words.includes("ransomware")));
  assert.deepEqual(gaps, []);
  const fixed = { ...glibc, source: { name: "glibc", version: "2.36-9+deb12u4" } };
  assert.deepEqual(only(database, fixed).matches, []);
});

test("a not-affected word overrules the same feed, not another one", () => {
  const yes = recordOf({ id: "A-1", aliases: ["CVE-2026-1"], ecosystem: "npm", name: "x" });
  const no = recordOf({
    id: "A-2",
    aliases: ["CVE-2026-1"],
    ecosystem: "npm",
    name: "x",
    status: "not-affected",
    ranges: [],
  });
  const npm = subjectOf({ type: "npm", name: "x" });
  assert.deepEqual(only(memoryDatabase([yes, no]), npm).matches, []);
  assert.equal(only(memoryDatabase([yes, { ...no, feed: "other" }]), npm).matches.length, 1);
  const elsewhere = { ...no, ranges: [{ introduced: "5.0", fixed: "", lastAffected: "" }] };
  assert.equal(only(memoryDatabase([yes, elsewhere]), npm).matches.length, 1);
});

test("vendors' states of a fix stay visible", () => {
  const base = {
    ecosystem: "Debian:12",
    name: "glibc",
    scheme: "deb" as const,
    ranges: [{ introduced: "0", fixed: "", lastAffected: "" }],
  };
  for (const status of ["will-not-fix", "postponed", "end-of-life"] as const) {
    const database = memoryDatabase([recordOf({ ...base, id: "CVE-2026-1", status, statusReason: "Minor issue" })]);
    const match = only(database, glibc).matches[0];
    assert.equal(match?.fix.state, status);
    assert.equal(match?.status, "affected");
    assert.match(match?.fix.because ?? "", /Minor issue/);
  }
  const open = only(memoryDatabase([recordOf({ ...base, id: "CVE-2026-1" })]), glibc).matches[0];
  assert.equal(open?.fix.state, "not-fixed");
  const looking = only(memoryDatabase([recordOf({ ...base, id: "CVE-2026-1", status: "under-investigation" })]), glibc)
    .matches[0];
  assert.equal(looking?.status, "under-investigation");
});

test("a fix of a paid pocket is not offered, save to a build of that pocket", () => {
  const record = recordOf({
    id: "USN-1",
    upstream: ["CVE-2026-1"],
    ecosystem: "Ubuntu:22.04",
    name: "vim",
    scheme: "deb",
    pocket: "esm-infra",
    ranges: [{ introduced: "0", fixed: "2:8.2-1+esm2", lastAffected: "" }],
  });
  const system = { ...debian, id: "ubuntu", versionId: "22.04" };
  const plain = only(memoryDatabase([record]), subjectOf({ type: "deb", name: "vim", version: "2:8.2-1" }), system)
    .matches[0];
  assert.equal(plain?.fix.state, "not-fixed");
  assert.match(plain?.fix.because ?? "", /esm-infra/);
  const esm = only(memoryDatabase([record]), subjectOf({ type: "deb", name: "vim", version: "2:8.2-1+esm1" }), system)
    .matches[0];
  assert.deepEqual(esm?.fix.versions, ["2:8.2-1+esm2"]);
});

test("builds with a numbering of their own are judged by records of such builds only", () => {
  const system = { ...debian, id: "ol", versionId: "8.9" };
  const record = (fixed: string): AdvisoryDatabase =>
    memoryDatabase([
      recordOf({
        id: "ELSA-1",
        upstream: ["CVE-2026-1"],
        ecosystem: "Oracle Linux:8",
        name: "openssl",
        scheme: "rpm",
        ranges: [{ introduced: "0", fixed, lastAffected: "" }],
      }),
    ]);
  const count = (fixed: string, version: string): number =>
    only(record(fixed), subjectOf({ type: "rpm", name: "openssl", version }), system).matches.length;
  assert.equal(count("10:1.1.1k-6_fips", "1:1.1.1k-5.el8"), 0);
  assert.equal(count("10:1.1.1k-6_fips", "10:1.1.1k-5_fips"), 1);
  assert.equal(count("1:1.1.1k-6.el8", "1:1.1.1k-5.el8"), 1);
  assert.equal(count("2:2.28-6.ksplice1.el8", "1:1.1.1k-5.el8"), 0);
});

test("rpm: module streams and architectures", () => {
  const system = { ...debian, id: "almalinux", versionId: "8.9" };
  const node = (fields: Partial<SoftwarePackage>): SoftwarePackage =>
    subjectOf({
      type: "rpm",
      name: "nodejs",
      version: "1:16.20.0-1.module_el8.8.0+1.x",
      architecture: "x86_64",
      module: "nodejs:16",
      ...fields,
    });
  const record = (fields: Partial<AdvisoryRecord>): AdvisoryDatabase =>
    memoryDatabase([
      recordOf({
        id: "ALSA-1",
        upstream: ["CVE-2026-1"],
        ecosystem: "AlmaLinux:8",
        name: "nodejs",
        scheme: "rpm",
        ranges: [{ introduced: "0", fixed: "1:18.1-1.module_el8.9.0+1.x", lastAffected: "" }],
        ...fields,
      }),
    ]);
  const cases: readonly (readonly [string, Partial<AdvisoryRecord>, Partial<SoftwarePackage>, number])[] = [
    ["another stream", { module: "nodejs:18" }, {}, 0],
    ["the same stream", { module: "nodejs:16" }, {}, 1],
    ["the module, any stream", { module: "nodejs" }, {}, 1],
    ["stream not recorded", { module: "nodejs:18" }, { module: "" }, 1],
    ["a package of no module", { module: "nodejs:18" }, { module: "", version: "1:16.20.0-1.el8" }, 0],
    ["an advisory of a module by its bound alone", {}, { module: "", version: "1:16.20.0-1.el8" }, 0],
    ["an advisory of none", { ranges: [{ introduced: "0", fixed: "1:18.1-1.el8", lastAffected: "" }] }, {}, 0],
    ["another architecture", { architectures: ["aarch64"] }, {}, 0],
    ["this architecture", { architectures: ["x86_64"] }, {}, 1],
  ];
  for (const [name, fields, subject, expected] of cases)
    assert.equal(only(record(fields), node(subject), system).matches.length, expected, name);
});

test("clusters: aliases are one match with all reasons, the vendor's severity and fix first", () => {
  const database = memoryDatabase([
    recordOf({
      id: "GHSA-1",
      feed: "ghsa",
      aliases: ["CVE-2026-1"],
      ecosystem: "PyPI",
      name: "x",
      scheme: "pep440",
      severity: "critical",
      ranges: [{ introduced: "0", fixed: "3.0", lastAffected: "" }],
    }),
    recordOf({
      id: "PYSEC-1",
      feed: "osv-pypi",
      aliases: ["GHSA-1"],
      ecosystem: "PyPI",
      name: "x",
      scheme: "pep440",
      severity: "high",
    }),
    recordOf({ id: "CVE-2026-9", feed: "osv-pypi", ecosystem: "PyPI", name: "x", scheme: "pep440" }),
  ]);
  const { matches } = only(database, subjectOf({ type: "pypi", name: "X" }), undefined);
  assert.equal(matches.length, 2);
  const match = matches.find(({ vulnerability }) => vulnerability === "CVE-2026-1");
  assert.deepEqual(match?.aliases, ["GHSA-1", "PYSEC-1"]);
  assert.deepEqual(
    match?.because.map(({ record }) => record),
    ["PYSEC-1", "GHSA-1"],
  );
  assert.equal(match?.severity, "high");
  assert.deepEqual(match?.fix.versions, ["2.0"]);
});

test("severity: the vendor's, else the vector's, else what NVD says", () => {
  const base = { id: "CVE-2026-1", ecosystem: "npm", name: "x" };
  const npm = subjectOf({ type: "npm", name: "x" });
  const byVector = only(
    memoryDatabase([recordOf({ ...base, cvss: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" })]),
    npm,
  ).matches[0];
  assert.deepEqual([byVector?.severity, byVector?.severityFrom, byVector?.cvssScore], ["critical", "cvss", 9.8]);
  const facts: VulnerabilityFacts = {
    id: "CVE-2026-1",
    title: "",
    description: "",
    references: [],
    cwes: [],
    publishedAt: "",
    modifiedAt: "",
    cvssScore: 5,
    cvss: "",
    knownExploited: undefined,
    epss: undefined,
  };
  const byNvd = only(memoryDatabase([recordOf(base)], { facts: [facts] }), npm).matches[0];
  assert.deepEqual([byNvd?.severity, byNvd?.cvssScore], ["medium", 5]);
  const none = only(memoryDatabase([recordOf(base)]), npm).matches[0];
  assert.deepEqual([none?.severity, none?.severityFrom], ["unknown", ""]);
});

test("scope: what is only declared ranks lower, and says so", () => {
  const database = memoryDatabase([recordOf({ id: "CVE-2026-1", ecosystem: "npm", name: "x", severity: "high" })]);
  const risks = (["installed", "declared", "development"] as const).map(
    (scope) => only(database, subjectOf({ type: "npm", name: "x", scope })).matches[0],
  );
  assert.ok((risks[0]?.risk ?? 0) > (risks[1]?.risk ?? 0) && (risks[1]?.risk ?? 0) > (risks[2]?.risk ?? 0));
  assert.ok(risks[2]?.riskBecause.some((words) => words.startsWith("declared for development")));
});

test("gaps: every way not to know has a row", () => {
  const record = recordOf({ id: "CVE-2026-1", ecosystem: "npm", name: "x" });
  const database = memoryDatabase([record], {
    feeds: [{ ...feedOf("osv-npm", ["npm"], false), sourceAt: "2026-01-01" }],
  });
  const kinds = (subject: SoftwarePackage, system?: OperatingSystem, nowMs?: number): string[] =>
    matchSubject(
      { package: subject, operatingSystem: system },
      database,
      nowMs === undefined ? {} : { nowMs },
    ).gaps.map(({ kind }) => kind);
  assert.deepEqual(kinds(glibc), ["operating-system-unknown"]);
  assert.deepEqual(kinds(glibc, { ...debian, id: "kali", versionId: "1" }), ["operating-system-unknown"]);
  assert.deepEqual(kinds(glibc, debian), ["feed-missing"]);
  assert.deepEqual(kinds(subjectOf({ type: "npm", name: "x", version: "" })), ["version-unknown"]);
  assert.deepEqual(kinds(subjectOf({ type: "npm", name: "x", version: "main" })), ["version-not-comparable"]);
  assert.deepEqual(kinds(subjectOf({ type: "huggingface", name: "x" })), ["not-supported"]);
  assert.deepEqual(kinds(subjectOf({ type: "generic", name: "x" })), ["not-supported"]);
  assert.deepEqual(kinds(subjectOf({ type: "npm", name: "y" }), undefined, Date.parse("2026-11-01")), ["feed-stale"]);
  assert.deepEqual(kinds(subjectOf({ type: "npm", name: "y" }), undefined, Date.parse("2026-01-20")), []);
});

test("packages of another format than the system's are told, not judged by its feed", () => {
  const alpine = { ...debian, id: "alpine", versionId: "3.19.1" };
  const curl = recordOf({ id: "CVE-2026-1", ecosystem: "Alpine:v3.19", name: "curl", scheme: "apk" });
  const { matches, gaps } = only(memoryDatabase([curl]), subjectOf({ type: "deb", name: "curl" }), alpine);
  assert.deepEqual(matches, []);
  assert.deepEqual(
    gaps.map(({ kind, because }) => [kind, because]),
    [["operating-system-unknown", "Alpine:v3.19 speaks of apk packages, not of deb: its packages were not matched"]],
  );
  assert.equal(only(memoryDatabase([curl]), subjectOf({ type: "apk", name: "curl" }), alpine).matches.length, 1);
});

test("rpm: a source's epoch is the record's, a binary's is its own", () => {
  const system = { ...debian, id: "rhel", versionId: "8.9" };
  const record = recordOf({
    id: "CVE-2026-1",
    ecosystem: "Red Hat:8",
    name: "perl",
    scheme: "rpm",
    ranges: [{ introduced: "0", fixed: "4:5.26.3-423.el8", lastAffected: "" }],
  });
  const count = (fields: Partial<SoftwarePackage>): number =>
    only(memoryDatabase([record]), subjectOf({ type: "rpm", name: "perl-Errno", ...fields }), system).matches.length;
  assert.equal(count({ version: "1.28-424.el8", source: { name: "perl", version: "5.26.3-424.el8" } }), 0);
  assert.equal(count({ version: "1.28-422.el8", source: { name: "perl", version: "5.26.3-422.el8" } }), 1);
  assert.equal(count({ version: "2:1.28-424.el8", source: { name: "perl", version: "2:5.26.3-424.el8" } }), 0);
  assert.equal(count({ name: "perl", version: "5.26.3-424.el8" }), 1);
});

test("a build that has the paid pocket's fix is not affected by the free pocket's record", () => {
  const base = { ecosystem: "Ubuntu:20.04", name: "x", scheme: "deb" as const };
  const open = { ...base, id: "UBUNTU-CVE-2026-1", upstream: ["CVE-2026-1"] };
  const database = memoryDatabase([
    recordOf({ ...open, ranges: [{ introduced: "0", fixed: "", lastAffected: "" }] }),
    recordOf({
      ...open,
      pocket: "esm-apps",
      ranges: [{ introduced: "0", fixed: "1.0-1ubuntu0.1~esm2", lastAffected: "" }],
    }),
  ]);
  const count = (version: string): number =>
    only(database, subjectOf({ type: "deb", name: "x", version }), { ...debian, id: "ubuntu", versionId: "20.04" })
      .matches.length;
  assert.deepEqual(["1.0-1ubuntu0.1~esm2", "1.0-1ubuntu0.1~esm3"].map(count), [0, 0]);
  assert.deepEqual(["1.0-1ubuntu0.1~esm1", "1.0-1ubuntu0.1"].map(count), [1, 1]);
});

test("an archive without a group id is a gap", () => {
  const record = recordOf({ id: "CVE-2026-1", ecosystem: "Maven", name: "org.x:y", scheme: "maven" });
  const { gaps } = only(memoryDatabase([record]), subjectOf({ type: "maven", name: "y" }));
  assert.deepEqual(
    gaps.map(({ kind, subject }) => [kind, subject]),
    [["not-supported", "pkg:maven/y@1.0"]],
  );
  assert.equal(only(memoryDatabase([record]), subjectOf({ type: "maven", name: "org.x:y" })).gaps.length, 0);
});
