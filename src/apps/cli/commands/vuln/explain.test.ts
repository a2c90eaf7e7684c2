// garrison vuln explain as a user meets it: real processes over an SBOM and a database built from a small feed; no server, no network.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import type { MatchExplanation } from "../../../../model/match-explanation.ts";

const entry = path.resolve(import.meta.dirname, "../../../../../bin/garrison.js");

const sbom = {
  bomFormat: "CycloneDX",
  specVersion: "1.6",
  version: 1,
  components: [
    { type: "operating-system", name: "debian", version: "12" },
    {
      type: "library",
      name: "libwebp7",
      version: "1.2.4-0.2",
      purl: "pkg:deb/debian/libwebp7@1.2.4-0.2?arch=amd64&distro=debian-12&upstream=libwebp",
    },
    { type: "library", name: "left-pad", version: "1.0.0", purl: "pkg:npm/left-pad@1.0.0" },
  ],
};

function recordOf(id: string, vulnerability: string, affected: readonly [string, string, string]): object {
  const [ecosystem, name, fixed] = affected;
  return {
    schema_version: "1.6.0",
    id,
    modified: "2026-06-01T00:00:00Z",
    upstream: [vulnerability],
    affected: [
      { package: { ecosystem, name }, ranges: [{ type: "ECOSYSTEM", events: [{ introduced: "0" }, { fixed }] }] },
    ],
  };
}

const records = [
  recordOf("DSA-1-1", "CVE-2026-1001", ["Debian:12", "libwebp", "1.2.4-0.2+deb12u1"]),
  recordOf("DSA-2-1", "CVE-2026-1002", ["Debian:12", "libwebp", "1.2.4-0.1"]),
  recordOf("DSA-3-1", "CVE-2026-1003", ["Debian:13", "libwebp", "1.2.4-0.9"]),
];

const vex = {
  "@context": "https://openvex.dev/ns/v0.2.0",
  "@id": "https://example.test/vex/1",
  author: "web team",
  timestamp: "2026-06-02T00:00:00Z",
  version: 1,
  statements: [
    {
      vulnerability: { name: "CVE-2026-1001" },
      products: [{ "@id": "pkg:deb/debian/libwebp7" }],
      status: "not_affected",
      justification: "vulnerable_code_not_in_execute_path",
    },
  ],
};

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

describe("garrison vuln explain", () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), "garrison-explain-"));
  const file = (name: string): string => path.join(folder, name);
  const run = (...args: string[]): Promise<Outcome> =>
    new Promise((resolve) => {
      const all = [entry, ...args, "--data", file("data"), "--color", "never"];
      execFile(process.execPath, all, { encoding: "utf8" }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      });
    });
  const explain = (id: string, ...args: string[]): Promise<Outcome> =>
    run("vuln", "explain", id, "--sbom", file("sbom.json"), ...args);

  before(async () => {
    writeFileSync(file("sbom.json"), JSON.stringify(sbom));
    writeFileSync(file("vex.json"), JSON.stringify(vex));
    writeFileSync(file("feed.osv.jsonl"), `${records.map((record) => JSON.stringify(record)).join("\n")}\n`);
    const built = await run("db", "build", "--from", file("feed.osv.jsonl"));
    assert.equal(built.code, 0, built.err);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("what holds, by any of its names, with the comparison", async () => {
    const { code, out, err } = await explain("DSA-1-1");
    assert.equal(code, 0, err);
    assert.match(out, /^DSA-1-1 holds for 1 package\nalso named: CVE-2026-1001\n/);
    assert.match(out, /holds {2}pkg:deb\/debian\/libwebp7@.* {2}DSA-1-1 \(/);
    assert.match(out, /source package libwebp of libwebp7; 1\.2\.4-0\.2 < 1\.2\.4-0\.2\+deb12u1 \(dpkg order\)/);
  });

  test("what does not hold: the version is outside; JSON has every step", async () => {
    const { code, out, err } = await explain("CVE-2026-1002", "-o", "json");
    assert.equal(code, 0, err);
    const answer = JSON.parse(out) as MatchExplanation;
    assert.equal(answer.verdict, "does-not-hold");
    assert.equal(answer.steps.length, 1);
    assert.match(answer.steps[0]?.because ?? "", /1\.2\.4-0\.2 is not in \[first, 1\.2\.4-0\.1\)/);
  });

  test("what nobody can tell is exit code 7: another release's record, an unknown vulnerability", async () => {
    const other = await explain("CVE-2026-1003");
    assert.equal(other.code, 7);
    assert.match(
      other.out,
      /not known:\n.*feed of Debian:12 has no record of it for libwebp, and does not list everything/,
    );
    const nobody = await explain("CVE-1999-0001");
    assert.equal(nobody.code, 7);
    assert.match(nobody.out, /the database has no record of CVE-1999-0001/);
  });

  test("a VEX statement suppresses and is shown", async () => {
    const { code, out, err } = await explain("CVE-2026-1001", "--vex", file("vex.json"));
    assert.equal(code, 0, err);
    assert.match(out, /^CVE-2026-1001 is suppressed for 1 package/);
    assert.match(out, /suppressed .*\n {4}vex .* says not_affected/);
  });

  test("no image named is a usage fault with a hint", async () => {
    const { code, err } = await run("vuln", "explain", "CVE-2026-1001");
    assert.equal(code, 2);
    assert.match(err, /no image is named/);
  });
});
