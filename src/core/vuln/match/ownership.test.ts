// Whose word counts: the distribution's for what it built and its feed knows, the upstream's for what others built in the same format; and the code behind signed sources.
import assert from "node:assert/strict";
import test from "node:test";
import type { AdvisoryRecord } from "../advisory.ts";
import { memoryDatabase } from "../memory-database.ts";
import { keysOf } from "./keys.ts";
import { debian, feedOf, only, recordOf, subjectOf } from "./match-world.fixture.ts";

const upstream = recordOf({
  id: "PYSEC-1",
  aliases: ["CVE-2026-1"],
  ecosystem: "PyPI",
  name: "requests",
  scheme: "pep440",
  feed: "osv-pypi",
});
const tracker = feedOf("debian-tracker", ["Debian:12"], true);
const owned = subjectOf({ type: "pypi", name: "requests", ownedBy: "pkg:deb/debian/python3-requests@2.28.1-1" });

function trackerRecord(name: string): AdvisoryRecord {
  const ranges = [{ introduced: "0", fixed: "1.0-1", lastAffected: "" }];
  return recordOf({ id: "CVE-2020-1", ecosystem: "Debian:12", name, scheme: "deb", feed: "debian-tracker", ranges });
}

test("a complete feed decides, a partial one leaves the upstream's word, never in silence", () => {
  const complete = memoryDatabase([upstream, trackerRecord("requests")], { feeds: [tracker] });
  const bySource = { ...owned, ownedBy: `${owned.ownedBy}?arch=all&upstream=requests%402.28.1-1` };
  const decided = only(complete, bySource);
  assert.deepEqual([decided.matches.length, decided.decidedByDistribution], [0, 1]);
  const partial = memoryDatabase([upstream], { feeds: [feedOf("debian-changelogs", ["Debian:12"], false)] });
  const shown = only(partial, owned).matches[0];
  assert.equal(shown?.status, "upstream-only");
  assert.match(shown?.because[0]?.ownership ?? "", /python3-requests.*does not list everything/);
  assert.equal(only(memoryDatabase([upstream]), owned).matches[0]?.status, "upstream-only");
  assert.equal(only(complete, { ...owned, ownedBy: "" }).matches[0]?.status, "affected");
  const free = only(memoryDatabase([upstream]), { ...owned, ownedBy: "" }).matches[0];
  assert.ok((free?.risk ?? 0) > (shown?.risk ?? 1000));
});

test("the distribution decides about what it built, or what its feed knows; else the upstream's word counts", () => {
  const rows: readonly (readonly [string, string | undefined, string])[] = [
    ["python3-requests@2.28.1-1", "A Team <team@tracker.debian.org>", "decided"],
    ["python3-requests@2.28.1-1", undefined, "affected"],
    ["nodejs@18.13.0-1", "Somebody <me@example.org>", "decided"],
    ["nodejs@18.13.0-1", "Somebody <me@lists.ubuntu.com>", "decided"],
    ["nodejs@20.1.0-1nodesource1", undefined, "affected"],
    ["nodejs@20.1.0-1", "NodeSource <help@nodesource.com>", "affected"],
    ["nodejs@20.1.0-1", "Acme", "affected"],
    ["nodejs@20.1.0-1~bookworm", "Somebody <me@example.org>", "affected"],
    ["docker-ce@5%3A24.0.7-1~debian.12~bookworm", "Docker <support@docker.com>", "affected"],
    ["google-chrome-stable@120.0-1", "Chrome Linux Team <chromium-dev@chromium.org>", "affected"],
    ["libpq5@16.1-1.pgdg120%2B1", "Debian PostgreSQL Maintainers <team+postgresql@tracker.debian.org>", "affected"],
  ];
  const database = memoryDatabase([upstream, trackerRecord("nodejs")], { feeds: [tracker] });
  for (const [owner, vendor, expected] of rows) {
    const subject = { ...owned, ownedBy: `pkg:deb/debian/${owner}`, ...(vendor === undefined ? {} : { vendor }) };
    const { matches, decidedByDistribution } = only(database, subject);
    assert.equal(decidedByDistribution === 1 ? "decided" : matches[0]?.status, expected, `${owner} of ${vendor}`);
    if (expected === "affected") assert.match(matches[0]?.because[0]?.ownership ?? "", /the upstream's word counts/);
  }
  const partial = memoryDatabase([upstream], { feeds: [feedOf("debian-changelogs", ["Debian:12"], false)] });
  assert.equal(only(partial, { ...owned, vendor: "Acme" }).matches[0]?.status, "affected");
});

test("rpm: the vendor's name, by the system", () => {
  const system = { ...debian, id: "rhel", versionId: "9.4" };
  const kept = recordOf({ id: "CVE-2020-1", ecosystem: "Red Hat:9", name: "python-requests", scheme: "rpm" });
  const database = memoryDatabase([upstream, kept], { feeds: [feedOf("redhat-vex", ["Red Hat:9"], true)] });
  const rows: readonly (readonly [string, string, boolean])[] = [
    ["Red Hat, Inc.", "x@1-1", true],
    ["Datadog, Inc.", "x@1-1", false],
    ["Fedora Project", "x@1-1", false],
    ["", "python3-requests@2.25.1-8.el9?upstream=python-requests-2.25.1-8.el9.src.rpm", true],
  ];
  for (const [vendor, owner, isDecided] of rows) {
    const subject = { ...owned, ownedBy: `pkg:rpm/redhat/${owner}`, ...(vendor === "" ? {} : { vendor }) };
    assert.equal(only(database, subject, system).decidedByDistribution, isDecided ? 1 : 0, `${vendor} ${owner}`);
  }
});

test("a package that others built and no feed knows is a gap", () => {
  const database = memoryDatabase([trackerRecord("nginx")], { feeds: [tracker] });
  const kinds = (name: string, vendor: string): string[] =>
    only(database, subjectOf({ type: "deb", name, vendor, version: "2.0-1" })).gaps.map(({ because }) => because);
  assert.deepEqual(kinds("docker-ce", "Docker <support@docker.com>"), [
    "packages of Docker, not of the distribution: no feed speaks of them",
  ]);
  assert.deepEqual(kinds("nginx", "Docker <support@docker.com>"), []);
  assert.deepEqual(kinds("tzdata", "GNU Libc Maintainers <debian-glibc@lists.debian.org>"), []);
  assert.deepEqual(kinds("tzdata", "Somebody <me@example.org>"), []);
});

test("sources that sign another one's binaries are judged by that one's advisories", () => {
  const rows: readonly (readonly [string, string, string, string])[] = [
    ["linux-signed-amd64", "6.1.4+1", "linux", "6.1.4-1"],
    ["linux-signed-arm64", "6.9.7+1~bpo12+1", "linux", "6.9.7-1~bpo12+1"],
    ["linux-signed-6.1-amd64", "6.1.4+1~deb11u1", "linux-6.1", "6.1.4-1~deb11u1"],
    ["linux-signed", "5.15.0-91.101", "linux", "5.15.0-91.101"],
    ["linux-signed-hwe-5.15", "5.15.0-91.101~20.04.1", "linux-hwe-5.15", "5.15.0-91.101~20.04.1"],
    ["grub-efi-amd64-signed", "1+2.06+13+deb12u1", "grub2", "2.06-13+deb12u1"],
  ];
  for (const [source, version, name, expected] of rows) {
    const subject = subjectOf({ type: "deb", name: "x", version: "1", source: { name: source, version } });
    const keys = keysOf(subject, debian).map((key) => `${key.name} ${key.version}`);
    assert.deepEqual(keys, [`${source} ${version}`, `${name} ${expected}`]);
  }
  const fixed = { introduced: "0", fixed: "6.1.10-1", lastAffected: "" };
  const database = memoryDatabase([{ ...trackerRecord("linux"), ranges: [fixed] }], { feeds: [tracker] });
  const kernel = subjectOf({
    type: "deb",
    name: "linux-image-6.1.0-1-amd64",
    version: "6.1.4-1",
    source: { name: "linux-signed-amd64", version: "6.1.4+1" },
  });
  const match = only(database, kernel).matches[0];
  assert.equal(match?.because[0]?.comparison, "6.1.4-1 < 6.1.10-1 (dpkg order)");
  assert.match(match?.because[0]?.nameBecause ?? "", /linux-signed-amd64 signs the binaries of linux 6\.1\.4-1/);
});
