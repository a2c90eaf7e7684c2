// Changelogs as advisories: what entries say, and a whole archive made here with dpkg-deb, read as a folder.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { gzipSync } from "node:zlib";
import { importText, scratch, testNowMs, words } from "../../../../test/support/advisories.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import type { AdvisoryRecord } from "../../../core/vuln/advisory.ts";
import type { ImportSink } from "../importers/importer.ts";
import { changelogEntries, fixesOf, vulnerabilitiesIn } from "./changelog.ts";
import { packagesIn, releaseIn } from "./packages-file.ts";
import { memberOf } from "./read-deb.ts";
import { readDebianMirror } from "./read-mirror.ts";

const idCases: readonly (readonly [string, readonly string[]])[] = [
  ["* CVE-2024-1234", ["CVE-2024-1234"]],
  ["fixes CVE-2024- 1234 and cve-2024-5678.", ["CVE-2024-1234", "CVE-2024-5678"]],
  ["CVE- 2024-1234", ["CVE-2024-1234"]],
  ["CVE-2024-1234/1235/1236", ["CVE-2024-1234", "CVE-2024-1235", "CVE-2024-1236"]],
  ["CVE-2024-1234 / CVE-2024-1235", ["CVE-2024-1234", "CVE-2024-1235"]],
  ["CVE-2024-{1234,1235}", ["CVE-2024-1234", "CVE-2024-1235"]],
  ["CVE-2024-1234, -1235 and -1236", ["CVE-2024-1234", "CVE-2024-1235", "CVE-2024-1236"]],
  ["CVE-2024-1234-2.patch, CVE-2024-123", ["CVE-2024-1234"]],
  ["nothing", []],
];

for (const [item, expected] of idCases) {
  test(`ids in "${item}"`, () => assert.deepEqual(vulnerabilitiesIn(item), expected));
}

const changelog = `glibc (2.36-9+deb12u3) bookworm-security; urgency=medium

  * Revert "fix for CVE-2026-0003": it broke users.
  * CVE-2026-0004: bookworm is not affected.
  * debian/patches: fix CVE-2026-0005, a flaw in long words that goes on
    and on. Users without it were unaffected, also CVE-2026-
    66666.

 -- A Person <a@example.org>  Thu, 05 Nov 2026 10:00:00 +0100

glibc (2.36-9+deb12u2) bookworm; urgency=medium

  [ Somebody ]
  * CVE-2026-0003, CVE-2026-0005
  - CVE-2026-0002

 -- A Person <a@example.org>  Mon, 02 Feb 2026 10:00:00 +0000

glibc (2.36-9) unstable; urgency=medium

  * CVE-2020-1111

 -- A Person <a@example.org>  Mon, 02 Feb 2023 10:00:00 +0000
`;

test("the first version that names a vulnerability fixed it; reverts and denials are left out", () => {
  const { fixes, leftOut, newestAt } = fixesOf(changelogEntries(changelog), "2.36-9");
  assert.deepEqual(
    new Map(fixes.map(({ id, version }) => [id, version])),
    new Map([
      ["CVE-2026-0005", "2.36-9+deb12u2"],
      ["CVE-2026-0002", "2.36-9+deb12u2"],
      ["CVE-2026-66666", "2.36-9+deb12u3"],
      ["CVE-2026-0003", "2.36-9+deb12u2"],
    ]),
  );
  assert.deepEqual([leftOut, newestAt], [2, "2026-11-05T09:00:00Z"]);
  assert.equal(fixesOf(changelogEntries(changelog), "").fixes.length, 5);
  assert.deepEqual(fixesOf(changelogEntries("garbage\n\u0000\n (("), "").fixes, []);
});

test("Packages and Release files", () => {
  const stanza =
    "Package: libc6\nSource: glibc (2.36-9+deb12u3)\nVersion: 2.36-9+deb12u3+b1\nFilename: pool/a.deb\nSize: 7\nSHA256: ab\n\nPackage: x\nVersion: 1\nFilename: pool/x.deb\n\nPackage: y\n";
  assert.deepEqual(
    [...packagesIn(stanza)].map(({ name, source, sourceVersion }) => [name, source, sourceVersion]),
    [
      ["libc6", "glibc", "2.36-9+deb12u3"],
      ["x", "x", "1"],
    ],
  );
  const release = releaseIn(
    `Codename: bookworm\nSHA256:\n ${"a".repeat(64)}  12 main/binary-amd64/Packages.gz\nOther: x\n ${"b".repeat(64)} 1 no\n`,
  );
  assert.deepEqual([release.codename, [...release.hashes.keys()]], ["bookworm", ["main/binary-amd64/Packages.gz"]]);
});

test("ar members without a tool; what is no archive is a fault", () => {
  const header = (name: string, size: number): string =>
    `${name.padEnd(16)}${"0".padEnd(12)}${"0".padEnd(6)}${"0".padEnd(6)}${"100644".padEnd(8)}${String(size).padEnd(10)}\`\n`;
  const archive = Buffer.from(
    `!<arch>\n${header("debian-binary", 4)}2.0\n${header("control.tar.xz", 3)}abc\n${header("data.tar", 5)}hello`,
  );
  assert.deepEqual([memberOf(archive, "x").name, memberOf(archive, "x").bytes.toString()], ["data.tar", "hello"]);
  for (const bad of [Buffer.from("x"), archive.subarray(0, 90), archive.subarray(0, archive.length - 2)])
    assert.throws(() => memberOf(bad, "x"), { code: "advisories/bad-deb" });
});

interface Made {
  readonly records: AdvisoryRecord[];
  readonly refused: string[];
  readonly leftOut: string[];
  readonly sink: ImportSink;
}

function collector(): Made {
  const made = { records: [] as AdvisoryRecord[], refused: [] as string[], leftOut: [] as string[] };
  const nothing = (): void => undefined;
  const sink: ImportSink = {
    nowMs: testNowMs,
    record: (record) => made.records.push(record),
    refused: (_feed, which, why) => made.refused.push(`${which}: ${why}`),
    leftOut: (_feed, why) => made.leftOut.push(why),
    facts: nothing,
    exploited: nothing,
    epss: nothing,
    overridden: nothing,
    dated: nothing,
  };
  return { ...made, sink };
}

test("an archive in a folder: the smallest file, or the one it links to, is read", async (context) => {
  if (!skipUnless(context, spawnSync("dpkg-deb", ["--version"]).status === 0, "dpkg-deb")) return;
  const folder = scratch(context);
  const deb = (name: string, version: string, fill: (root: string) => void): string => {
    const root = path.join(folder, "build", name);
    mkdirSync(path.join(root, "DEBIAN"), { recursive: true });
    mkdirSync(path.join(root, "usr/share/doc"), { recursive: true });
    writeFileSync(
      path.join(root, "DEBIAN/control"),
      `Package: ${name}\nVersion: ${version}\nArchitecture: amd64\nMaintainer: a <a@example.org>\nDescription: x\n`,
    );
    fill(root);
    const file = path.join(folder, "archive/pool", `${name}.deb`);
    mkdirSync(path.dirname(file), { recursive: true });
    assert.equal(spawnSync("dpkg-deb", ["--root-owner-group", "-b", root, file]).status, 0);
    return file;
  };
  const file = deb("libc6", "2.36-9+deb12u3", (root) => {
    mkdirSync(path.join(root, "usr/share/doc/libc6"));
    writeFileSync(path.join(root, "usr/share/doc/libc6/changelog.Debian.gz"), gzipSync(changelog));
    writeFileSync(
      path.join(root, "usr/share/filler"),
      Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) % 251)),
    );
  });
  const link = deb("libc-bin", "2.36-9+deb12u3", (root) =>
    symlinkSync("libc6", path.join(root, "usr/share/doc/libc-bin")),
  );
  const broken = path.join(folder, "archive/pool/broken.deb");
  writeFileSync(broken, "no package");
  const sha256 = (name: string): string => createHash("sha256").update(readFileSync(name)).digest("hex");
  const stanza = (name: string, source: string, version: string, place: string): string =>
    `Package: ${name}\nSource: ${source}\nVersion: ${version}\nFilename: pool/${path.basename(place)}\nSize: ${statSync(place).size}\nSHA256: ${sha256(place)}\n`;
  const suite = (name: string, text: string): void => {
    const packages = path.join(folder, "archive/dists", name, "main/binary-amd64/Packages.gz");
    mkdirSync(path.dirname(packages), { recursive: true });
    writeFileSync(packages, gzipSync(text));
    writeFileSync(
      path.join(folder, "archive/dists", name, "Release"),
      `Codename: bookworm\nSHA256:\n ${sha256(packages)} ${statSync(packages).size} main/binary-amd64/Packages.gz\n`,
    );
  };
  suite("bookworm", "Package: libc6\nSource: glibc\nVersion: 2.36-9\nFilename: pool/old.deb\n");
  suite(
    "bookworm-security",
    [
      stanza("libc6", "glibc", "2.36-9+deb12u3", file),
      stanza("libc-bin", "glibc", "2.36-9+deb12u3", link),
      stanza("broken", "broken", "1", broken),
    ].join("\n"),
  );
  const made = collector();
  const read = async (): ReturnType<typeof readDebianMirror> =>
    readDebianMirror({
      mirrors: [path.join(folder, "archive")],
      release: "bookworm",
      sink: made.sink,
      fetch,
      signal: context.signal,
    });
  const { notes, records } = await read();
  assert.deepEqual(made.records.map(words).sort(), [
    "GARRISON-DEB12-glibc-CVE-2026-0002 Debian:12 glibc [0,2.36-9+deb12u2) affected",
    "GARRISON-DEB12-glibc-CVE-2026-0003 Debian:12 glibc [0,2.36-9+deb12u2) affected",
    "GARRISON-DEB12-glibc-CVE-2026-0005 Debian:12 glibc [0,2.36-9+deb12u2) affected",
    "GARRISON-DEB12-glibc-CVE-2026-66666 Debian:12 glibc [0,2.36-9+deb12u3) affected",
  ]);
  assert.deepEqual([records, made.refused.length, made.leftOut.length], [4, 1, 2]);
  assert.match(notes.join("\n"), /is not signed/);
  // An index that is not the release's is not read.
  writeFileSync(
    path.join(folder, "archive/dists/bookworm-security/main/binary-amd64/Packages.gz"),
    gzipSync("Package: evil\n"),
  );
  await assert.rejects(read(), { code: "advisories/bad-archive" });
  await assert.rejects(
    readDebianMirror({
      mirrors: [path.join(folder, "build")],
      release: "bookworm",
      sink: made.sink,
      fetch,
      signal: context.signal,
    }),
    { code: "advisories/no-pocket" },
  );
  await assert.rejects(
    readDebianMirror({ mirrors: [], release: "stable", sink: made.sink, fetch, signal: context.signal }),
    { code: "advisories/unknown-release" },
  );
});

test("its records are read again as OSV of the same feed", async () => {
  const { records } = await importText(
    JSON.stringify({
      id: "GARRISON-DEB12-glibc-CVE-2026-0003",
      upstream: ["CVE-2026-0003"],
      modified: "2026-11-05T09:00:00Z",
      affected: [
        {
          package: { ecosystem: "Debian:12", name: "glibc" },
          ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "2.36-9+deb12u2" }] }],
        },
      ],
    }),
  );
  assert.deepEqual(
    records.map(({ feed, upstream }) => [feed, upstream]),
    [["debian-changelog", ["CVE-2026-0003"]]],
  );
});
