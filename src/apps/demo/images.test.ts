// The demo's images are judged by the demo's advisories with the real database and matcher; a database that is there is never touched.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { matchAnalysis } from "../../core/vuln/match/match-analysis.ts";
import { openAdvisoryDatabase } from "../../edge/advisories/open-database.ts";
import { offerAdvisories } from "./images.ts";
import { apps } from "./world/catalog.ts";
import { imageOf } from "./world/image-contents.ts";

const nowMs = Date.parse("2026-11-26T06:00:00Z");

test("payments has Log4Shell, its neighbour does not; a package of Debian's is upstream only; most images have findings", async (t) => {
  const data = mkdtempSync(path.join(tmpdir(), "garrison-demo-"));
  t.after(() => rmSync(data, { recursive: true }));
  assert.equal(await offerAdvisories(data, nowMs), true);
  assert.equal(await offerAdvisories(data, nowMs), false, "a database is there");
  using database = openAdvisoryDatabase(path.join(data, "advisories"));
  const found = new Map(
    apps.flatMap((spec) => {
      const analysis = imageOf(spec, spec.version, (text) => text);
      return analysis === undefined ? [] : [[spec.name, matchAnalysis(analysis, database, { nowMs }).matches] as const];
    }),
  );
  const names = (app: string) => (found.get(app) ?? []).map(({ vulnerability }) => vulnerability);
  const log4shell = found.get("payments")?.find(({ vulnerability }) => vulnerability === "CVE-2021-44228");
  assert.deepEqual(
    [log4shell?.severity, log4shell?.knownExploited, log4shell?.fix.versions],
    ["critical", true, ["2.15.0"]],
  );
  assert.ok(!names("checkout").includes("CVE-2021-44228"));
  assert.ok(names("cart").includes("CVE-2023-44487"));
  assert.deepEqual(names("catalog"), []);
  assert.equal(
    found.get("recommendations")?.find(({ packageName }) => packageName === "certifi")?.status,
    "upstream-only",
  );
  const web = apps.find(({ name }) => name === "web");
  const analysis = web === undefined ? undefined : imageOf(web, web.version, (text) => text);
  assert.ok(analysis);
  const { gaps } = matchAnalysis(analysis, database, { nowMs });
  assert.ok(
    gaps.some(({ because }) => because.includes("for the demo's images and nothing else")),
    "never clean by it",
  );
  assert.ok([...found.values()].filter((matches) => matches.length > 0).length >= 8);
});

test("a folder that somebody made is left alone, whatever is in it", async (t) => {
  const data = mkdtempSync(path.join(tmpdir(), "garrison-demo-"));
  t.after(() => rmSync(data, { recursive: true }));
  mkdirSync(path.join(data, "advisories"));
  assert.equal(await offerAdvisories(data, nowMs), false);
  assert.deepEqual(readdirSync(path.join(data, "advisories")), []);
});
