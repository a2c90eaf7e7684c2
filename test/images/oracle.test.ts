// The Debian 12 oracle: real images out of Debian packages, and dpkg itself says which advisories hold. Our findings must be exactly those, none more, none less.
// The image is made of the release alone, so that security updates are missing; its twin has them all.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import test, { after, type TestContext } from "node:test";
import { gunzipSync } from "node:zlib";
import type { AdvisoryDatabase } from "../../src/core/vuln/advisory.ts";
import { explain } from "../../src/core/vuln/explain.ts";
import { type AnalysisMatches, matchAnalysis } from "../../src/core/vuln/match/match-analysis.ts";
import { buildDatabase } from "../../src/edge/advisories/assemble/build-database.ts";
import { openAdvisoryDatabase } from "../../src/edge/advisories/open-database.ts";
import { openImage } from "../../src/edge/registry/open-image.ts";
import { analyseImage } from "../../src/edge/registry/pass/analyse-image.ts";
import type { ImageAnalysis } from "../../src/model/image-analysis.ts";
import { buildDebianImage, type DebianImage, missingForDebianImages } from "../support/debian-image.ts";
import { skipUnless } from "../support/skip.ts";

const feeds = path.resolve(import.meta.dirname, "../../../shared/data/advisories");
const debianFeed = path.join(feeds, "debian-12-from-changelogs.osv.jsonl.gz");
const languageFeeds = ["pypi", "go", "crates"].map((name) => path.join(feeds, `${name}.osv.jsonl.gz`));
const pairsMin = 30;
const ecosystem = "Debian:12";

const include = [
  "ca-certificates",
  "curl",
  "docker-registry",
  "libexpat1",
  "nginx-light",
  "node-lodash",
  "openssl",
  "perl",
  "python3",
  "python3-cryptography",
  "python3-django",
  "python3-requests",
  "python3-urllib3",
  "redis-server",
  "ripgrep",
  "ruby-rack",
];

const scratch = mkdtempSync(path.join(tmpdir(), "garrison-oracle-"));
after(() => rmSync(scratch, { recursive: true, force: true }));

function canRun(context: TestContext): boolean {
  const missing = missingForDebianImages();
  return (
    skipUnless(context, missing === "", `${missing} (Debian packages mmdebstrap, umoci)`) &&
    skipUnless(context, process.getuid?.() === 0, "root, for mmdebstrap") &&
    skipUnless(context, existsSync(debianFeed), "the advisories of ../shared/data")
  );
}

interface DebianRecord {
  readonly source: string;
  readonly vulnerability: string;
  readonly fixed: string;
}

/** Read by hand here, not by the importer: the oracle is its own. */
function debianRecords(): readonly DebianRecord[] {
  const lines = gunzipSync(readFileSync(debianFeed)).toString("utf8").trim().split("\n");
  return lines.map((line) => {
    const { upstream, affected } = JSON.parse(line) as {
      upstream: string[];
      affected: { package: { name: string }; ranges: { events: { fixed?: string }[] }[] }[];
    };
    const fixed = affected[0]?.ranges[0]?.events.find((event) => event.fixed !== undefined)?.fixed;
    const source = affected[0]?.package.name;
    assert.ok(source !== undefined && fixed !== undefined && upstream[0] !== undefined && affected.length === 1);
    return { source, vulnerability: upstream[0], fixed };
  });
}

/** What dpkg says: "binary package and version, vulnerability" for each binary of an installed source whose version is below the fix. */
function expectedOf(
  image: DebianImage,
  records: readonly DebianRecord[],
): { readonly rows: string[]; readonly pairs: number } {
  const asked = records.flatMap((record) =>
    image.installed.filter(({ source }) => source === record.source).map((installed) => ({ record, installed })),
  );
  const input = asked.map(({ record, installed }) => `${installed.sourceVersion} ${record.fixed}`).join("\n");
  const script =
    'while read -r have fixed; do dpkg --compare-versions "$have" lt "$fixed" && echo yes || echo no; done';
  const answers = execFileSync("sh", ["-c", script], { input: `${input}\n`, encoding: "utf8" })
    .trim()
    .split("\n");
  assert.equal(answers.length, asked.length);
  const holding = asked.filter((_, index) => answers[index] === "yes");
  const pairs = new Set(holding.map(({ record }) => `${record.source} ${record.vulnerability}`));
  const rows = holding.map(({ record, installed }) => `${installed.name} ${installed.version} ${record.vulnerability}`);
  return { rows: rows.sort(), pairs: pairs.size };
}

let opened: Promise<AdvisoryDatabase> | undefined;

async function database(): Promise<AdvisoryDatabase> {
  opened ??= (async () => {
    const into = path.join(scratch, "advisories");
    const sources = [debianFeed, ...languageFeeds].map((file) => ({ path: file }));
    const result = await buildDatabase({ sources, into, nowMs: Date.now() });
    assert.deepEqual(result.problems, []);
    return openAdvisoryDatabase(into);
  })();
  return opened;
}

interface Scanned {
  readonly image: DebianImage;
  readonly analysis: ImageAnalysis;
  readonly found: AnalysisMatches;
  readonly database: AdvisoryDatabase;
}

const scans = new Map<boolean, Promise<Scanned>>();

async function scan(isUpdated: boolean): Promise<Scanned> {
  const known = scans.get(isUpdated);
  if (known !== undefined) return known;
  const scanning = scanAnew(isUpdated);
  scans.set(isUpdated, scanning);
  return scanning;
}

async function scanAnew(isUpdated: boolean): Promise<Scanned> {
  const image = await buildDebianImage({ name: isUpdated ? "oracle-updated" : "oracle", include, isUpdated });
  await using source = await openImage({ kind: "oci-layout", path: image.layout, image: image.tag });
  const analysis = await analyseImage(source, { secrets: false });
  const advisories = await database();
  return { image, analysis, found: matchAnalysis(analysis, advisories, { nowMs: Date.now() }), database: advisories };
}

function debianFindings({ found }: Scanned): string[] {
  return found.matches
    .filter(({ because }) => because.some((reason) => reason.ecosystem === ecosystem))
    .map(({ packageName, version, vulnerability }) => `${packageName} ${version} ${vulnerability}`)
    .sort();
}

const buildMsMax = 40 * 60_000;

test(
  "the image as dpkg sees it: every package with its source and version",
  { timeout: buildMsMax },
  async (context) => {
    if (!canRun(context)) return;
    for (const isUpdated of [false, true]) {
      const { image, analysis } = await scan(isUpdated);
      const seen = analysis.packages
        .filter(({ cataloger }) => cataloger.startsWith("deb/"))
        .map(({ name, version, source }) => `${name} ${version} ${source?.name ?? name} ${source?.version || version}`);
      const real = image.installed.map(
        ({ name, version, source, sourceVersion }) => `${name} ${version} ${source} ${sourceVersion}`,
      );
      assert.deepEqual(seen.sort(), real.sort());
      assert.deepEqual(analysis.gaps, []);
    }
  },
);

test("findings are exactly what dpkg says", { timeout: buildMsMax }, async (context) => {
  if (!canRun(context)) return;
  const scanned = await scan(false);
  const { rows, pairs } = expectedOf(scanned.image, debianRecords());
  context.diagnostic(`${pairs} pairs of source package and CVE, ${rows.length} findings`);
  assert.ok(pairs >= pairsMin, `only ${pairs} pairs: the image must lack at least ${pairsMin} fixes`);
  assert.deepEqual(debianFindings(scanned), rows);
});

test("the updated twin has none", { timeout: buildMsMax }, async (context) => {
  if (!canRun(context)) return;
  const scanned = await scan(true);
  assert.deepEqual(expectedOf(scanned.image, debianRecords()).rows, []);
  assert.deepEqual(debianFindings(scanned), []);
});

test(
  "owned language packages are upstream only under a feed that does not list everything",
  { timeout: buildMsMax },
  async (context) => {
    if (!canRun(context)) return;
    for (const isUpdated of [false, true]) {
      const { analysis, found, database: advisories } = await scan(isUpdated);
      assert.equal(advisories.coverage(ecosystem), "partial");
      const owned = analysis.packages.filter(({ type, ownedBy }) => type === "pypi" && ownedBy !== "");
      assert.ok(owned.some(({ name }) => name.toLowerCase() === "django"));
      assert.ok(analysis.packages.some(({ type, name }) => type === "golang" && name === "stdlib"));
      const language = found.matches.filter(({ packageType }) => packageType !== "deb");
      for (const type of ["pypi", "golang"])
        assert.ok(
          language.some(({ packageType }) => packageType === type),
          `no finding of type ${type} at all`,
        );
      for (const match of language) {
        assert.equal(match.status, "upstream-only", match.purl);
        assert.match(match.because[0]?.ownership ?? "", /it belongs to pkg:deb\/debian\//);
      }
      assert.equal(found.decidedByDistribution, 0);
    }
  },
);

test(
  "under a feed that lists everything they are decided by it, and explain says so",
  { timeout: buildMsMax },
  async (context) => {
    if (!canRun(context)) return;
    const { analysis, database: advisories } = await scan(false);
    const complete: AdvisoryDatabase = {
      ...advisories,
      feeds: advisories.feeds,
      coverage: (name) => (name === ecosystem ? "comprehensive" : advisories.coverage(name)),
      find: (name, subject) => advisories.find(name, subject),
      vulnerability: (id) => advisories.vulnerability(id),
      affectedBy: (id) => advisories.affectedBy(id),
    };
    const found = matchAnalysis(analysis, complete, { nowMs: Date.now() });
    assert.ok(found.decidedByDistribution > 0);
    // A maintainer who writes from elsewhere is decided about only where the feed knows the package: this one, made complete by hand, knows few.
    const others = found.matches.filter(({ packageType }) => packageType !== "deb");
    const vendorOf = (index: number): string => analysis.packages[index]?.vendor ?? "";
    assert.deepEqual(
      others.filter((match) => /@([\w.-]+\.)?debian\.(org|net)>?$/.test(vendorOf(match.package))),
      [],
    );
    assert.ok(others.length < found.decidedByDistribution / 2);
    const urllib = matchAnalysis(analysis, advisories, { nowMs: Date.now() }).matches.find(
      ({ packageName }) => packageName === "urllib3",
    );
    assert.ok(urllib !== undefined);
    const why = explain(urllib.vulnerability, analysis, complete);
    assert.ok(why.steps.some(({ verdict, purl }) => verdict === "decided-by-distribution" && purl === urllib.purl));
  },
);

test("explain answers for what holds and for what does not", { timeout: buildMsMax }, async (context) => {
  if (!canRun(context)) return;
  const old = await scan(false);
  const fixed = await scan(true);
  const row = old.found.matches.find(({ packageName }) => packageName === "libexpat1");
  assert.ok(row !== undefined);
  assert.equal(explain(row.vulnerability, old.analysis, old.database).verdict, "holds");
  const why = explain(row.vulnerability, fixed.analysis, fixed.database);
  assert.equal(why.verdict, "does-not-hold");
  assert.match(
    why.steps[0]?.because ?? "",
    /source package expat of libexpat1; .* is not in \[first, .*\) \(dpkg order\)/,
  );
});
