// Builds for real: what goes in is what is found, gates keep what was there, one broken source does not take the others with it.
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import path from "node:path";
import test from "node:test";
import { gunzipSync, gzipSync, zstdCompressSync } from "node:zlib";
import {
  build,
  osvLines,
  scratch,
  sharedAdvisories,
  tarOf,
  writeFiles,
  zipOf,
} from "../../../../test/support/advisories.ts";
import { skipUnless } from "../../../../test/support/skip.ts";
import { shardFile } from "../manifest.ts";
import { openAdvisoryDatabase } from "../open-database.ts";

test("packed, archived and plain sources of one folder", async (context) => {
  const folder = scratch(context);
  const [into, from] = [path.join(folder, "db"), path.join(folder, "from")];
  writeFiles(from, {
    "go.jsonl.gz": gzipSync(osvLines("Go", 3)),
    "deep/er/npm.zip": zipOf({ "a.json": osvLines("npm", 1), "b.txt": "no advisory" }),
    "pypi.tar.gz": gzipSync(tarOf([["x/a.jsonl", osvLines("PyPI", 2)]])),
    "rust.jsonl.zst": zstdCompressSync(osvLines("crates.io", 2)),
    "gems.json": `[${osvLines("RubyGems", 2).trim().replaceAll("\n", ",")}]`,
    "README.md": "not an advisory",
    ".hidden": "{",
  });
  const result = await build(from, into);
  assert.deepEqual(
    result.manifest.feeds.map(({ feed, records, problem }) => [feed, records, problem]),
    [
      ["osv-crates.io", 2, ""],
      ["osv-go", 3, ""],
      ["osv-npm", 1, ""],
      ["osv-pypi", 2, ""],
      ["osv-rubygems", 2, ""],
    ],
  );
  assert.deepEqual([result.unrecognised, result.problems], [["from/README.md", "from/deep/er/npm.zip/b.txt"], []]);
  using database = openAdvisoryDatabase(into);
  assert.deepEqual(
    database.find("Go", "package-1").map(({ id }) => id),
    ["TEST-Go-1"],
  );
  assert.equal(database.vulnerability("TEST-Go-1")?.id, "CVE-2026-1001");
  assert.equal(database.vulnerability("CVE-2026-1001")?.title, "Flaw 1");
  assert.deepEqual(
    database.affectedBy("CVE-2026-1000").map(({ ecosystem }) => ecosystem),
    ["Go", "PyPI", "RubyGems", "crates.io", "npm"],
  );
  assert.deepEqual(
    ["Go", "NuGet"].map((name) => database.coverage(name)),
    ["partial", "absent"],
  );
  assert.deepEqual(
    readdirSync(into).filter((name) => name.startsWith(".build") || name === ".writer"),
    [],
  );
});

test("the same sources give the same shards, whatever their names and order", async (context) => {
  const folder = scratch(context);
  const lines = osvLines("Go", 30).trim().split("\n");
  writeFiles(folder, {
    "a/1.jsonl": lines.join("\n"),
    "b/1.jsonl": lines.slice(15).join("\n"),
    "b/2.jsonl": lines.slice(0, 15).toReversed().join("\n"),
  });
  const shas = [];
  for (const name of ["a", "b"]) {
    const { manifest } = await build(path.join(folder, name), path.join(folder, `db-${name}`));
    shas.push(manifest.shards.map(({ kind, sha256 }) => `${kind} ${sha256}`));
  }
  assert.deepEqual(shas[0], shas[1]);
});

test("gate: empty, shrunk, older and broken feeds keep the one before and say so; --drop takes it out", async (context) => {
  const folder = scratch(context);
  const into = path.join(folder, "db");
  const at = (lines: string, moment: string): string => lines.replaceAll("2026-11-01T00:00:00Z", moment);
  const from = (name: string, files: Parameters<typeof writeFiles>[1]): string =>
    writeFiles(path.join(folder, name), files);
  await build(from("1", { "go.jsonl": osvLines("Go", 100), "npm.jsonl": osvLines("npm", 10) }), into);
  const problemAfter = async (name: string, files: Parameters<typeof writeFiles>[1]): Promise<string> => {
    const { manifest } = await build(from(name, files), into);
    using database = openAdvisoryDatabase(into);
    assert.equal(database.find("Go", "package-99").length, 1, name);
    assert.equal(database.vulnerability("CVE-2026-1099")?.title, "Flaw 99", name);
    const go = manifest.feeds.find(({ feed }) => feed === "osv-go");
    assert.equal(go?.records, 100);
    return go?.problem ?? "";
  };
  assert.match(await problemAfter("2", { "go.jsonl": osvLines("Go", 79) }), /shrank from 100 to 79 records.*is kept/);
  assert.match(
    await problemAfter("3", { "go.jsonl": at(osvLines("Go", 100), "2026-10-01T00:00:00Z") }),
    /older than the one/,
  );
  assert.match(
    await problemAfter("4", { "go.jsonl": "{broken\n{broken\n", "npm.jsonl": osvLines("npm", 10) }),
    /not among the sources/,
  );
  assert.match(
    await problemAfter("5", {
      "go.jsonl.gz": gzipSync(osvLines("Go", 100)).subarray(0, 700),
      "npm.jsonl": osvLines("npm", 10),
    }),
    /broke|not among|empty/,
  );
  assert.match(
    await problemAfter("6", { "npm.jsonl": osvLines("npm", 10) }),
    /not among the sources of the last build/,
  );
  assert.equal(await problemAfter("7", { "go.jsonl": osvLines("Go", 100) }), "");
  const { manifest } = await build(from("8", { "npm.jsonl": osvLines("npm", 10) }), into, { drop: ["osv-go"] });
  assert.deepEqual(
    manifest.feeds.map(({ feed }) => feed).filter((feed) => feed.startsWith("osv-g")),
    [],
  );
  const fewer = await build(from("9", { "npm.jsonl": osvLines("npm", 2) }), into);
  assert.equal(
    fewer.manifest.feeds.find(({ feed }) => feed === "osv-npm")?.records,
    2,
    "below twenty records a loss says nothing",
  );
});

test("corrections of NVD replace what it says of that vulnerability, and only of that", async (context) => {
  const folder = scratch(context);
  const cve = (id: string): object => ({
    id,
    sourceIdentifier: "x",
    configurations: [
      {
        nodes: [
          {
            operator: "OR",
            cpeMatch: [{ vulnerable: true, criteria: "cpe:2.3:a:v:p:*:*:*:*:*:*:*:*", versionEndExcluding: "9" }],
          },
        ],
      },
    ],
  });
  const corrected = {
    _annotations: { cve_id: "CVE-2026-1" },
    cve: {
      configurations: [
        {
          nodes: [
            {
              operator: "OR",
              cpeMatch: [{ vulnerable: true, criteria: "cpe:2.3:a:v:p:*:*:*:*:*:*:*:*", versionEndExcluding: "5" }],
            },
          ],
        },
      ],
    },
  };
  writeFiles(folder, {
    "from/1.json": JSON.stringify(corrected),
    "from/2.json": JSON.stringify(cve("CVE-2026-1")),
    "from/3.json": JSON.stringify(cve("CVE-2026-2")),
  });
  await build(path.join(folder, "from"), path.join(folder, "db"));
  using database = openAdvisoryDatabase(path.join(folder, "db"));
  assert.deepEqual(
    database.find("CPE", "v:p").map(({ id, feed, ranges }) => [id, feed, ranges[0]?.fixed]),
    [
      ["CVE-2026-1", "nvd-overrides", "5"],
      ["CVE-2026-2", "nvd", "9"],
    ],
  );
});

test("NVD's score goes before, GHSA's title stays; EPSS and known exploited by any name", async (context) => {
  const folder = scratch(context);
  const ghsa = {
    id: "GHSA-aaaa-bbbb-cccc",
    aliases: ["CVE-2026-1"],
    modified: "2026-01-01T00:00:00Z",
    summary: "Title",
    details: "GHSA's words",
    affected: [
      { package: { ecosystem: "npm", name: "a" }, ranges: [{ type: "SEMVER", events: [{ introduced: "0" }] }] },
    ],
  };
  const nvd = {
    id: "CVE-2026-1",
    sourceIdentifier: "x",
    descriptions: [{ lang: "en", value: "NVD's words" }],
    metrics: { cvssMetricV31: [{ type: "Primary", cvssData: { vectorString: "CVSS:3.1/A", baseScore: 9.8 } }] },
  };
  const kev = {
    catalogVersion: "1",
    vulnerabilities: [{ cveID: "CVE-2026-1", vulnerabilityName: "KEV's", dateAdded: "2026-02-02" }],
  };
  writeFiles(folder, {
    "from/a.json": JSON.stringify(ghsa),
    "from/b.json": JSON.stringify(nvd),
    "from/c.json": JSON.stringify(kev),
    "from/d.csv": "#model_version:v1,score_date:2026-08-07\ncve,epss,percentile\nCVE-2026-1,0.5,0.9\n",
  });
  await build(path.join(folder, "from"), path.join(folder, "db"));
  using database = openAdvisoryDatabase(path.join(folder, "db"));
  const facts = database.vulnerability("GHSA-aaaa-bbbb-cccc");
  assert.deepEqual(
    [facts?.id, facts?.title, facts?.description, facts?.cvssScore],
    ["CVE-2026-1", "Title", "NVD's words", 9.8],
  );
  assert.deepEqual(facts?.knownExploited, { addedAt: "2026-02-02", dueAt: "", ransomware: false });
  assert.deepEqual(facts?.epss, { score: 0.5, percentile: 0.9, date: "2026-08-07" });
});

test("a vector alone has its score; records without a date of change have their file's", async (context) => {
  const folder = scratch(context);
  const [into, from] = [path.join(folder, "db"), path.join(folder, "from")];
  const document = {
    id: "CVE-2026-41",
    modified: "0001-01-01T00:00:00Z",
    published: "2022-12-14T00:00:00Z",
    severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
    affected: [
      {
        package: { ecosystem: "Go", name: "m" },
        ranges: [{ type: "SEMVER", events: [{ introduced: "0" }, { fixed: "1.0.0" }] }],
      },
    ],
  };
  writeFiles(from, { "go.jsonl": `${JSON.stringify(document)}\n` });
  utimesSync(path.join(from, "go.jsonl"), new Date("2026-11-20T00:00:00Z"), new Date("2026-11-20T00:00:00Z"));
  const { manifest } = await build(from, into);
  assert.equal(manifest.feeds[0]?.sourceAt, "2026-11-20T00:00:00Z");
  using database = openAdvisoryDatabase(into);
  assert.equal(database.vulnerability("CVE-2026-41")?.cvssScore, 9.8);
});

test("a brief needs no words: their shard is opened when somebody reads them", async (context) => {
  const folder = scratch(context);
  const [into, from] = [path.join(folder, "db"), path.join(folder, "from")];
  writeFiles(from, { "go.jsonl": osvLines("Go", 2) });
  const { manifest } = await build(from, into);
  for (const { kind, sha256 } of manifest.shards) if (kind === "facts") rmSync(path.join(into, shardFile(sha256)));
  using database = openAdvisoryDatabase(into);
  const found = database.vulnerability("CVE-2026-1001");
  assert.equal(found?.title, "Flaw 1");
  assert.throws(() => found?.description, { code: "advisories/shard-missing" });
});

test("a database of another format is none of this program's: told, and built anew", async (context) => {
  const folder = scratch(context);
  const [into, from] = [path.join(folder, "db"), path.join(folder, "from")];
  writeFiles(from, { "go.jsonl": osvLines("Go", 2) });
  await build(from, into);
  const file = path.join(into, "manifest.json");
  const envelope = JSON.parse(readFileSync(file, "utf8")) as { payload: string };
  const payload = JSON.parse(Buffer.from(envelope.payload, "base64").toString()) as object;
  const older = Buffer.from(JSON.stringify({ ...payload, format: 1 })).toString("base64");
  writeFileSync(file, JSON.stringify({ ...envelope, payload: older }));
  assert.throws(() => openAdvisoryDatabase(into), {
    code: "advisories/other-format",
    kind: "not-found",
    message: /built by an older Garrison: it has format 1/,
  });
  await build(from, into);
  using database = openAdvisoryDatabase(into);
  assert.equal(database.find("Go", "package-1").length, 1);
});

test("nothing that is an advisory, or no source at all, is a fault and leaves the folder as it was", async (context) => {
  const folder = scratch(context);
  writeFiles(folder, { "from/a.txt": "no" });
  await assert.rejects(build(path.join(folder, "from"), path.join(folder, "db")), { code: "advisories/nothing-read" });
  await assert.rejects(build(path.join(folder, "nowhere"), path.join(folder, "db")), {
    code: "advisories/nothing-read",
  });
  assert.equal(existsSync(path.join(folder, "db", "manifest.json")), false);
});

test("the shared feeds: as many records an ecosystem as a count of their own", async (context) => {
  if (!skipUnless(context, existsSync(sharedAdvisories), "MISSING shared/data/advisories")) return;
  const into = path.join(scratch(context), "db");
  const expected = new Map<string, number>();
  const distinct = new Set<string>();
  const names = readdirSync(sharedAdvisories).filter((name) => name.endsWith(".osv.jsonl.gz"));
  for (const name of names) {
    for (const line of gunzipSync(readFileSync(path.join(sharedAdvisories, name)))
      .toString()
      .trim()
      .split("\n")) {
      const document = JSON.parse(line) as {
        id: string;
        withdrawn?: string;
        related?: string[];
        affected: {
          package: { ecosystem: string; name: string };
          versions?: string[];
          ranges?: { type: string; events: object[] }[];
        }[];
      };
      if (document.withdrawn !== undefined) continue;
      if (/^AL[BE]A/.test(document.id) && !(document.related ?? []).some((id) => id.startsWith("CVE-"))) continue;
      // What is said twice of a package, in one document or in two of one name, is one record.
      for (const { package: named, versions = [], ranges = [] } of document.affected) {
        const bounds = ranges.filter(({ type }) => type !== "GIT").map(({ events }) => events);
        if (versions.length === 0 && bounds.length === 0) continue;
        const text = JSON.stringify([document.id, named.ecosystem, named.name, versions, bounds]);
        if (distinct.has(text)) continue;
        distinct.add(text);
        expected.set(named.ecosystem, (expected.get(named.ecosystem) ?? 0) + 1);
      }
    }
  }
  const { manifest, problems } = await build(sharedAdvisories, into);
  assert.deepEqual([problems, manifest.feeds.filter(({ refused }) => refused > 0)], [[], []]);
  const counted = new Map<string, number>();
  using database = openAdvisoryDatabase(into);
  for (const { ecosystem } of database.everyRecord()) counted.set(ecosystem, (counted.get(ecosystem) ?? 0) + 1);
  assert.deepEqual(counted, new Map(expected));
  assert.deepEqual(
    database.find("Debian:12", "brotli").map(({ upstream, ranges }) => [upstream, ranges[0]?.fixed]),
    [[["CVE-2026-111497"], "1.0.9-2+deb12u1"]],
  );
  assert.equal(database.vulnerability("CVE-2021-44228")?.knownExploited?.ransomware, true);
});
