// garrison image scan and sbom as a user meets them: real processes over a small OCI layout and a database built from a small feed, no server, no network.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { parseXml, childrenOf } from "../../core/sbom/formats/xml.ts";
import { readVex } from "../../core/vuln/vex/read.ts";
import { tarOf, writeOciLayout } from "../../../test/support/tar.ts";

const entry = path.resolve(import.meta.dirname, "../../../bin/garrison.js");

const status = `Package: libwebp7
Status: install ok installed
Architecture: amd64
Source: libwebp
Version: 1.2.4-0.2

Package: bash
Status: install ok installed
Architecture: amd64
Version: 5.2.15-2+b2
`;

const osRelease = `ID=debian
VERSION_ID="12"
VERSION_CODENAME=bookworm
PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
`;

const records = [
  {
    schema_version: "1.6.0",
    id: "DSA-1-1",
    summary: "libwebp: heap overflow |=HYPERLINK(1)",
    modified: "2026-06-01T00:00:00Z",
    upstream: ["CVE-2026-1001"],
    affected: [
      {
        package: { ecosystem: "Debian:12", name: "libwebp" },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "1.2.4-0.2+deb12u1" }] }],
      },
    ],
  },
  {
    schema_version: "1.6.0",
    id: "PYSEC-2026-1",
    summary: "requests leaks",
    modified: "2026-06-01T00:00:00Z",
    aliases: ["CVE-2026-1002"],
    severity: [{ type: "CVSS_V3", score: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
    affected: [
      {
        package: { ecosystem: "PyPI", name: "requests" },
        ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed: "2.32.0" }] }],
      },
    ],
  },
];

const exceptions = `apiVersion: garrison/v1
kind: Exception
name: requests-later
spec:
  vulnerability: CVE-2026-1002
  scope: { purl: "pkg:pypi/requests" }
  reason: not reachable from outside
  owner: web team
  expires: "2026-12-31"
---
apiVersion: garrison/v1
kind: Exception
name: over
spec:
  vulnerability: CVE-2026-1001
  scope: { any: true }
  reason: was fine
  owner: web team
  expires: "2026-01-31"
`;

describe("garrison image", () => {
  let folder = "";
  const file = (name: string): string => path.join(folder, name);
  const run = (...args: string[]): Promise<{ code: number | null; out: string; err: string }> => garrison(folder, args);
  const scan = (...args: string[]): ReturnType<typeof run> =>
    run("image", "scan", "--oci", `${file("web")}:1.2`, ...args);

  before(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), "garrison-image-"));
    const base = tarOf([
      { path: "etc/os-release", body: osRelease },
      { path: "var/lib/dpkg/status", body: status },
    ]);
    const app = tarOf([
      {
        path: "app/lib/python3.11/site-packages/requests-2.31.0.dist-info/METADATA",
        body: "Metadata-Version: 2.1\nName: requests\nVersion: 2.31.0\n",
      },
      {
        path: "app/node_modules/bad\u001b[31m/package.json",
        body: JSON.stringify({ name: "bad\u001b[31m", version: "1.0.0" }),
      },
      { path: "app/.npmrc", body: "//registry.npmjs.example/:_authToken=npm_Zk3vT8qLw2RfYx7PbN5sDh9JcM4gUe1aKo0i\n" },
    ]);
    writeOciLayout(file("web"), { layers: [base, app], tag: "1.2" });
    await writeFile(file("feed.osv.jsonl"), `${records.map((record) => JSON.stringify(record)).join("\n")}\n`);
    await writeFile(file("exceptions.yaml"), exceptions);
    const built = await run("db", "build", "--from", file("feed.osv.jsonl"));
    assert.equal(built.code, 0, built.err);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  test("table: counts first, findings, gaps and the database's age; no control character of a package's name", async () => {
    const { code, out, err } = await scan("--why");
    assert.equal(code, 0, err);
    assert.match(out, /: 3 packages, Debian GNU\/Linux 12 \(bookworm\), 2 layers/);
    assert.match(out, /CVE-2026-1001\s+libwebp7\s+1\.2\.4-0\.2\s+1\.2\.4-0\.2\+deb12u1/);
    assert.match(out, /critical\s+CVE-2026-1002\s+requests\s+2\.31\.0\s+2\.32\.0/);
    assert.match(out, /DSA-1-1 \(osv-debian[^)]*\): .*1\.2\.4-0\.2 < 1\.2\.4-0\.2\+deb12u1/);
    assert.match(out, /secrets not searched/);
    assert.match(out, /database built .* ago, \d feeds, the oldest osv-/);
    assert.ok(!out.includes("\u001b"));
  });

  test("an accepted secret stays in the table, apart and not at its gate; the gate looks for secrets by itself; what stops a job is told", async () => {
    const open = await scan("--fail-on", "secret");
    assert.equal(open.code, 3, open.err);
    assert.match(open.err, /gate: 1 at --fail-on secret/);
    const accepting = `apiVersion: garrison/v1\nkind: Exception\nname: known-token\nspec: { vulnerability: "*", scope: { path: "**/.npmrc" }, reason: revoked, owner: web team, expires: "2099-12-31" }\n`;
    await writeFile(
      file("secrets.yaml"),
      `${accepting}---\n${accepting.replace("known-token", "idle").replace('"*"', "CVE-2026-9")}`,
    );
    const accepted = await scan("--fail-on", "secret", "--fail-on-gaps", "--exceptions", file("secrets.yaml"));
    assert.equal(accepted.code, 7, accepted.err);
    assert.match(accepted.out, /0 secrets, 1 secret accepted/);
    assert.match(accepted.out, /\.npmrc:1 .*exception known-token: accepted, revoked \(web team, until 2099-12-31\)/);
    assert.match(accepted.err, /exception idle accepts nothing here/);
    assert.doesNotMatch(accepted.err, /known-token accepts nothing/);
    assert.match(accepted.err, /gate: \d+ at --fail-on-gaps: /);
  });

  test("gate: 3 at or above, 0 below; a gap is 7 when asked; an exception lifts the gate and says why", async () => {
    assert.equal((await scan("--fail-on", "critical,kev")).code, 3);
    assert.equal((await scan("--fail-on", "kev")).code, 0);
    const excepted = await scan(
      "--fail-on",
      "critical",
      "--exceptions",
      file("exceptions.yaml"),
      "-o",
      "json",
      "--now",
      "2026-06-01T00:00:00Z",
    );
    assert.equal(excepted.code, 0, excepted.err);
    assert.match(excepted.err, /exception over ended on 2026-01-31 and counts no more/);
    const report = JSON.parse(excepted.out) as {
      counts: { suppressed: number };
      matches: { vulnerability: string; suppressed?: { name: string; owner: string } }[];
    };
    assert.equal(report.counts.suppressed, 1);
    assert.deepEqual(
      report.matches.find(({ vulnerability }) => vulnerability === "CVE-2026-1002")?.suppressed?.owner,
      "web team",
    );
    assert.equal((await scan("--no-db", "--fail-on-gaps")).code, 7);
  });

  test("every output is what its format's reader takes", async () => {
    const formats = ["sarif", "cyclonedx", "spdx", "openvex", "junit", "csv", "markdown", "json"];
    const { code, err } = await scan(
      "--secrets",
      ...formats.flatMap((format) => ["--output-file", `${format}=${file(`out.${format}`)}`]),
    );
    assert.equal(code, 0, err);
    const text = async (format: string): Promise<string> => await readFile(file(`out.${format}`), "utf8");
    assert.equal(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(await text("cyclonedx")), null);
    const sarif = JSON.parse(await text("sarif")) as {
      version: string;
      runs: {
        tool: { driver: { rules: { id: string }[] } };
        results: {
          ruleId: string;
          ruleIndex: number;
          locations: { physicalLocation: { artifactLocation: { uri: string } } }[];
          partialFingerprints: object;
        }[];
      }[];
    };
    const [first] = sarif.runs;
    assert.ok(first !== undefined && sarif.version === "2.1.0");
    for (const result of first.results) {
      assert.equal(first.tool.driver.rules[result.ruleIndex]?.id, result.ruleId);
      assert.ok(!(result.locations[0]?.physicalLocation.artifactLocation.uri ?? "/").startsWith("/"));
    }
    assert.ok(first.results.some(({ ruleId }) => ruleId.startsWith("secret/")));
    const junit = parseXml(await text("junit"));
    const cases = childrenOf(childrenOf(junit, "testsuite")[0], "testcase");
    assert.equal(String(cases.length), junit.attributes.get("tests"));
    assert.equal(
      String(cases.filter((one) => childrenOf(one, "failure").length > 0).length),
      junit.attributes.get("failures"),
    );
    assert.equal(readVex(await text("openvex")).statements.length, 2);
    assert.equal((JSON.parse(await text("spdx")) as { spdxVersion: string }).spdxVersion, "SPDX-2.3");
    const csv = (await text("csv")).split("\r\n");
    assert.ok(csv[0]?.startsWith("kind,vulnerability,severity"));
    assert.ok(!(await text("csv")).includes("\u001b"));
    assert.match(await text("markdown"), /\| critical \| CVE-2026-1002 \| requests \|/);
    assert.ok(
      !/npm_Zk3vT8qLw2Rf/.test((await Promise.all(formats.map(text))).join("")),
      "no secret is written anywhere",
    );
  });

  test("SBOM: the same bytes each time, time by SOURCE_DATE_EPOCH, and scanning it finds the same", async () => {
    const sbom = (...args: string[]): ReturnType<typeof run> =>
      run("image", "sbom", "--oci", `${file("web")}:1.2`, ...args);
    const [one, other] = [await sbom(), await sbom("--no-cache")];
    assert.equal(one.code, 0, one.err);
    assert.equal(one.out, other.out);
    await writeFile(file("web.cdx.json"), one.out);
    const spdx = await sbom("-o", "spdx");
    await writeFile(file("web.spdx.json"), spdx.out);
    const found = async (...args: string[]): Promise<string[]> => {
      const { out, err } = await run("image", "scan", ...args, "-o", "json");
      const { matches } = JSON.parse(out || "{}") as { matches?: { vulnerability: string; purl: string }[] };
      assert.ok(matches, err);
      return matches.map(({ vulnerability, purl }) => `${vulnerability} ${purl}`);
    };
    const direct = await found("--oci", `${file("web")}:1.2`);
    assert.equal(direct.length, 2);
    assert.deepEqual(await found("--sbom", file("web.cdx.json")), direct);
    assert.deepEqual(await found("--sbom", file("web.spdx.json")), direct);
  });

  test("VEX suppresses, and the table says how many", async () => {
    const vex = {
      "@context": "https://openvex.dev/ns/v0.2.0",
      "@id": "https://vex.example/7",
      author: "Vendor",
      timestamp: "2026-06-01T00:00:00Z",
      statements: [
        {
          vulnerability: { name: "CVE-2026-1001" },
          products: [{ "@id": "pkg:deb/debian/libwebp7" }],
          status: "not_affected",
          justification: "vulnerable_code_not_present",
        },
      ],
    };
    await writeFile(file("vex.json"), JSON.stringify(vex));
    const { code, out } = await scan("--vex", file("vex.json"), "--suppressed");
    assert.equal(code, 0);
    assert.match(out, /1 finding suppressed/);
    assert.match(out, /vex https:\/\/vex\.example\/7: not affected/);
  });

  test("wrong use is told with what would be right", async () => {
    // The flags' own checks are in commands/image/*.test.ts: here is that they end as faults do.
    const cases: readonly (readonly [readonly string[], number, RegExp])[] = [
      [["image", "scan", "--oci", "x", "--fail-on", "hihg"], 2, /did you mean high/],
      [["image", "scan", "--sbom", file("feed.osv.jsonl"), "--no-db"], 2, /JSON to its end/],
      [["image", "scan", "--oci", file("web"), "--db", file("nowhere")], 5, /advisor/],
    ];
    for (const [args, code, words] of cases) {
      const result = await run(...args);
      assert.equal(result.code, code, `${args.join(" ")}: ${result.err}`);
      assert.match(result.err, words);
      assert.match(result.err, /hint: /);
    }
  });
});

function garrison(folder: string, args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [entry, ...args], {
    env: { ...process.env, GARRISON_DATA: path.join(folder, "data"), HOME: folder, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (out += chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => (err += chunk));
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out, err })));
}
