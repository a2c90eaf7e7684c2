// OSV: every field that says which versions, and what the sources of it put into their own.
import assert from "node:assert/strict";
import test from "node:test";
import { importText, words } from "../../../../test/support/advisories.ts";

const base = { id: "X-1", modified: "2026-01-02T03:04:05.678Z", schema_version: "1.6.0" };
const affected = (ecosystem: string, name: string, more: object = {}): object => ({
  package: { ecosystem, name },
  ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "1.2" }] }],
  ...more,
});
const one = async (document: object): Promise<Awaited<ReturnType<typeof importText>>> =>
  importText(JSON.stringify({ ...base, ...document }, undefined, 2));

const rangeCases: readonly (readonly [string, readonly object[], readonly string[]])[] = [
  ["a fix", [{ introduced: "0" }, { fixed: "1.2" }], ["[0,1.2)"]],
  ["the last affected", [{ introduced: "1.0" }, { last_affected: "1.5" }], ["[1.0,1.5]"]],
  ["no end", [{ introduced: "2" }], ["[2,)"]],
  [
    "several branches",
    [{ introduced: "1.0" }, { fixed: "1.5" }, { introduced: "2.0" }, { fixed: "2.3" }],
    ["[1.0,1.5)", "[2.0,2.3)"],
  ],
  [
    "beginnings first",
    [{ introduced: "0" }, { introduced: "2.0" }, { fixed: "1.5" }, { fixed: "2.3" }],
    ["[0,1.5)", "[2.0,2.3)"],
  ],
  ["both in one object", [{ introduced: "0", fixed: "1.2" }], ["[0,1.2)"]],
  ["a second fix", [{ introduced: "0" }, { fixed: "1.2" }, { fixed: "1.3" }], ["[0,1.2)"]],
  ["RustSec's first", [{ introduced: "0.0.0-0" }, { fixed: "0.9.0" }], ["[0,0.9.0)"]],
  ["a limit says nothing", [{ introduced: "0" }, { limit: "*" }, { fixed: "3" }], ["[0,3)"]],
];

for (const [name, events, expected] of rangeCases) {
  test(`ranges: ${name}`, async () => {
    const { records } = await one({
      affected: [{ package: { ecosystem: "PyPI", name: "A_b.C" }, ranges: [{ type: "ECOSYSTEM", events }] }],
    });
    assert.deepEqual(records.map(words), [["X-1 PyPI a-b-c", ...expected, "affected"].join(" ")]);
  });
}

test("commit ranges are not versions; listed versions are; neither is told", async () => {
  const git = { type: "GIT", repo: "https://example.org/r", events: [{ introduced: "0" }, { fixed: "abc" }] };
  const listed = await one({ affected: [affected("PyPI", "a", { ranges: [git], versions: ["1.0", "1.1"] })] });
  assert.deepEqual(listed.records.map(words), ["X-1 PyPI a =1.0 =1.1 affected"]);
  const nothing = await one({ affected: [affected("PyPI", "a", { ranges: [git], versions: [] }), { ranges: [git] }] });
  assert.deepEqual([nothing.records.length, nothing.leftOut], [0, ["no version named"]]);
});

test("withdrawn records are left out", async () => {
  const { records, leftOut, facts } = await one({
    withdrawn: "2026-01-03T00:00:00Z",
    affected: [affected("npm", "a")],
  });
  assert.deepEqual([records.length, facts.size, leftOut], [0, 0, ["withdrawn"]]);
});

const ecosystemCases: readonly (readonly [string, string, string, string])[] = [
  ["Debian:12", "deb", "Debian:12", ""],
  ["Alpine:v3.19", "apk", "Alpine:v3.19", ""],
  ["Alpine:3.19", "apk", "Alpine:v3.19", ""],
  ["Ubuntu:22.04:LTS", "deb", "Ubuntu:22.04", ""],
  ["Ubuntu:23.10", "deb", "Ubuntu:23.10", ""],
  ["Ubuntu:Pro:18.04:LTS", "deb", "Ubuntu:18.04", "pro"],
  ["Ubuntu:Pro:FIPS-updates:20.04:LTS", "deb", "Ubuntu:20.04", "pro-fips-updates"],
  ["Red Hat:enterprise_linux:9::appstream", "rpm", "Red Hat:9", ""],
  ["Red Hat:enterprise_linux:8::baseos", "rpm", "Red Hat:8", ""],
  ["Red Hat:rhel_eus:9.2::appstream", "rpm", "Red Hat extended:rhel_eus:9.2", ""],
  ["Red Hat:openshift:4.15::el9", "rpm", "Red Hat extended:openshift:4.15", ""],
  ["AlmaLinux:9", "rpm", "AlmaLinux:9", ""],
  ["Rocky Linux:8", "rpm", "Rocky Linux:8", ""],
  ["SUSE:Linux Enterprise Server 15 SP5", "rpm", "SUSE:Linux Enterprise Server 15 SP5", ""],
  ["openSUSE:Leap 15.5", "rpm", "openSUSE:Leap 15.5", ""],
  ["openEuler:22.03-LTS-SP3", "rpm", "openEuler:22.03-LTS-SP3", ""],
  ["Mageia:9", "rpm", "Mageia:9", ""],
  ["Photon OS:5.0", "rpm", "Photon OS:5.0", ""],
  ["Azure Linux:3", "rpm", "Azure Linux:3", ""],
  ["Wolfi", "apk", "Wolfi", ""],
  ["Chainguard", "apk", "Chainguard", ""],
  ["MinimOS", "apk", "MinimOS", ""],
  ["Maven:https://maven.example.org", "maven", "Maven", ""],
  ["Go", "golang", "Go", ""],
  ["npm", "semver", "npm", ""],
  ["crates.io", "semver", "crates.io", ""],
  ["RubyGems", "gem", "RubyGems", ""],
  ["NuGet", "nuget", "NuGet", ""],
  ["Packagist", "composer", "Packagist", ""],
  ["Bitnami", "semver", "Bitnami", ""],
  ["Something New:7", "generic", "Something New:7", ""],
];

for (const [written, scheme, ecosystem, pocket] of ecosystemCases) {
  test(`ecosystem ${written}`, async () => {
    const { records } = await one({ affected: [affected(written, "a")] });
    assert.deepEqual(
      records.map((record) => [record.scheme, record.ecosystem, record.pocket]),
      [[scheme, ecosystem, pocket]],
    );
  });
}

test("Ubuntu's package URL names the pocket, its priority is the severity", async () => {
  const { records } = await one({
    id: "UBUNTU-CVE-2026-1",
    upstream: ["CVE-2026-1"],
    severity: [
      { type: "CVSS_V3", score: "CVSS:3.1/AV:N" },
      { type: "Ubuntu", score: "low" },
    ],
    affected: [
      affected("Ubuntu:Pro:22.04:LTS", "a", {
        package: {
          ecosystem: "Ubuntu:Pro:22.04:LTS",
          name: "a",
          purl: "pkg:deb/ubuntu/a?arch=source&distro=esm-apps/jammy",
        },
      }),
    ],
  });
  assert.deepEqual(
    records.map(({ pocket, severity, feed, upstream, cvss }) => [pocket, severity, feed, upstream, cvss]),
    [["esm-apps", "low", "osv-ubuntu-cve", ["CVE-2026-1"], "CVSS:3.1/AV:N"]],
  );
});

test("an erratum is over its CVEs, not another name of them", async () => {
  for (const names of [
    { related: ["CVE-1-1", "CVE-1-2", "RHBA-1"] },
    { aliases: ["CVE-1-1", "CVE-1-2"] },
    { upstream: ["CVE-1-1", "CVE-1-2"] },
  ]) {
    const { records, facts } = await one({
      id: "ALSA-2026:1",
      summary: "Important: nodejs:18 security, bug fix update",
      details: "words",
      affected: [
        affected("AlmaLinux:9", "nodejs", {
          ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "1:18.1-1.module_el9.1.0+1+a" }] }],
        }),
      ],
      ...names,
    });
    const [record] = records;
    assert.deepEqual(
      [record?.aliases, record?.upstream.filter((id) => id.startsWith("CVE")), record?.severity, record?.module],
      [[], ["CVE-1-1", "CVE-1-2"], "high", "nodejs:18"],
    );
    // The erratum's words, title and all, are not those of one of two vulnerabilities.
    assert.deepEqual(
      [facts.get("CVE-1-1")?.title, facts.get("CVE-1-1")?.description, facts.get("ALSA-2026:1")?.description],
      ["", "", "words"],
    );
  }
  const bugs = await one({ id: "ALBA-2026:2", summary: "bug fix update", affected: [affected("AlmaLinux:9", "a")] });
  assert.deepEqual([bugs.records.length, bugs.leftOut], [0, ["erratum without a vulnerability"]]);
  const withCve = await one({ id: "ALBA-2026:2", related: ["CVE-2026-9"], affected: [affected("AlmaLinux:9", "a")] });
  assert.equal(withCve.records.length, 1);
});

test("related is no alias", async () => {
  const { records } = await one({ related: ["CVE-2026-5"], aliases: ["CVE-2026-6"], affected: [affected("npm", "a")] });
  assert.deepEqual([records[0]?.aliases, records[0]?.upstream], [["CVE-2026-6"], []]);
});

test("GHSA: severity, CWEs, the bound of a range without a fix", async () => {
  const { records, facts } = await one({
    id: "GHSA-aaaa-bbbb-cccc",
    aliases: ["CVE-2026-7"],
    summary: "Title",
    details: "Long",
    severity: [
      { type: "CVSS_V3", score: "CVSS:3.1/AV:L" },
      { type: "CVSS_V4", score: "CVSS:4.0/AV:N" },
    ],
    database_specific: { severity: "MODERATE", cwe_ids: ["CWE-79"] },
    affected: [
      {
        package: { ecosystem: "NuGet", name: "My.Package" },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }] }],
        database_specific: { last_known_affected_version_range: "<= 4.1" },
      },
      {
        package: { ecosystem: "Packagist", name: "Vendor/Name" },
        ranges: [
          {
            type: "ECOSYSTEM",
            events: [{ introduced: "0" }],
            database_specific: { last_known_affected_version_range: "< 5" },
          },
        ],
      },
    ],
  });
  assert.deepEqual(records.map(words), [
    "GHSA-aaaa-bbbb-cccc NuGet my.package [0,4.1] affected",
    "GHSA-aaaa-bbbb-cccc Packagist vendor/name [0,5) affected",
  ]);
  assert.deepEqual(
    records.map(({ severity, cvss, feed }) => [severity, cvss, feed].join(" ")),
    ["medium CVSS:4.0/AV:N ghsa", "medium CVSS:4.0/AV:N ghsa"],
  );
  assert.deepEqual([facts.get("CVE-2026-7")?.title, facts.get("CVE-2026-7")?.cwes], ["Title", ["CWE-79"]]);
});

test("malicious packages, informational notices, Debian's own words", async () => {
  const malicious = await one({
    id: "MAL-2026-1",
    affected: [affected("npm", "evil", { ranges: [{ type: "SEMVER", events: [{ introduced: "0" }] }] })],
  });
  assert.deepEqual(
    malicious.records.map((record) => [words(record), record.severity, record.feed]),
    [["MAL-2026-1 npm evil [0,) affected", "critical", "osv-malicious"]],
  );
  const notice = await one({
    id: "RUSTSEC-1",
    affected: [
      affected("crates.io", "a", {
        database_specific: { informational: "unmaintained", cvss: null },
        ecosystem_specific: { affects: { arch: ["x86"], os: [] } },
      }),
    ],
  });
  assert.deepEqual(
    notice.records.map((record) => [record.statusReason, record.architectures]),
    [["informational: unmaintained", ["x86"]]],
  );
  const debian = await one({
    id: "DEBIAN-CVE-2026-1",
    upstream: ["CVE-2026-1"],
    affected: [
      affected("Debian:12", "a", { ecosystem_specific: { urgency: "unimportant" } }),
      affected("Debian:11", "a", { ecosystem_specific: { urgency: "end-of-life" } }),
    ],
  });
  assert.deepEqual(
    debian.records.map(({ severity, status, feed }) => [severity, status, feed]),
    [
      ["negligible", "affected", "osv-debian-cve"],
      ["unknown", "end-of-life", "osv-debian-cve"],
    ],
  );
});

test("lines: the broken ones are named, the rest is taken", async () => {
  const good = JSON.stringify({ ...base, affected: [affected("Go", "stdlib")] });
  const text = [
    good,
    "{broken",
    '{"id":""}',
    '{"id":"N-1","modified":"2026-01-01T00:00:00Z","affected":[{"package":{"ecosystem":"Go","name":"a\\u0000b"},"versions":["1"]}]}',
    "",
    "null",
    good.replace("X-1", "X-2"),
  ].join("\n");
  const { records, refused } = await importText(text, "a.jsonl");
  assert.deepEqual(
    records.map(({ id }) => id),
    ["X-1", "X-2"],
  );
  assert.equal(refused.length, 4);
  assert.match(
    refused.join("\n"),
    /a\.jsonl:2: it is not JSON[^]*a\.jsonl:3[^]*N-1 \(a\.jsonl:4\): its package name has control characters[^]*a\.jsonl:6/,
  );
});

test("an array of documents; a document that names a hundred thousand and one versions is refused", async () => {
  const { records } = await importText(
    JSON.stringify([
      { ...base, affected: [affected("Go", "a")] },
      { ...base, id: "X-2", affected: [affected("Go", "b")] },
    ]),
  );
  assert.deepEqual(
    records.map(({ name }) => name),
    ["a", "b"],
  );
  const huge = await one({
    affected: [affected("PyPI", "a", { versions: Array.from({ length: 100_001 }, (_, index) => `1.${index}`) })],
  });
  assert.deepEqual([huge.records.length, huge.refused.length], [0, 1]);
});

test("dates: Go's zero and tomorrow are no dates of a source", async () => {
  const future = await one({
    modified: "2030-01-01T00:00:00Z",
    published: "2026-02-03T00:00:00Z",
    affected: [affected("PyPI", "a")],
  });
  assert.deepEqual([...future.dated], [["osv-pypi", "2026-02-03T00:00:00Z"]]);
  assert.equal(future.facts.get("X-1")?.modifiedAt, "2026-11-26T06:00:00Z");
  const zero = await one({ modified: "0001-01-01T00:00:00Z", affected: [affected("Go", "a")] });
  assert.deepEqual([[...zero.dated], zero.facts.get("X-1")?.modifiedAt], [[], ""]);
});

test("an erratum says of a vulnerability what stands beside its number", async () => {
  const { facts } = await one({
    id: "ALSA-2026:3",
    summary: "Important: nginx security update",
    details: `Words.\n\nSecurity Fix(es):\n\n  * nginx: a worker crashes (deep) (CVE-2026-31)\n* HTTP/2: resets (CVE-2026-32, CVE-2026-33)\nsee (x)\n${"(".repeat(3000)}`,
    related: ["CVE-2026-31", "CVE-2026-32", "CVE-2026-33", "CVE-2026-34"],
    affected: [affected("AlmaLinux:9", "nginx")],
  });
  assert.deepEqual(
    ["CVE-2026-31", "CVE-2026-32", "CVE-2026-33", "CVE-2026-34"].map((id) => facts.get(id)?.title),
    ["nginx: a worker crashes (deep)", "HTTP/2: resets", "HTTP/2: resets", ""],
  );
  const single = await one({
    id: "ALSA-2026:4",
    summary: "Important: nodejs22 security update",
    details: "words",
    related: ["CVE-2026-35"],
    affected: [affected("AlmaLinux:9", "nodejs")],
  });
  assert.deepEqual([single.facts.get("CVE-2026-35")?.title, single.facts.get("CVE-2026-35")?.description], ["", ""]);
});

test("keys of the prototype are names like others", async () => {
  const { records } = await one({ affected: [affected("npm", "__proto__"), affected("__proto__", "constructor")] });
  assert.deepEqual(
    records.map(({ ecosystem, name, scheme }) => [ecosystem, name, scheme]),
    [
      ["npm", "__proto__", "semver"],
      ["__proto__", "constructor", "generic"],
    ],
  );
});
