// What matching costs: version orders, a fleet rematched after the advisories changed, one image matched by a process that just opened the database.
// Run: node test/bench/vuln.bench.ts [images] [distinct]. Advisories: ../shared/data/advisories, built into shards as `garrison db build` does. Goal: 10,000 images
// of 400 packages out of 30,000 distinct ones within 30 s of CPU. Exits with 1 when that is missed.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import type { AdvisoryDatabase, AdvisoryRecord, VersionScheme } from "../../src/core/vuln/advisory.ts";
import { matchAnalysis } from "../../src/core/vuln/match/match-analysis.ts";
import { type MatchSubject, matchSubject } from "../../src/core/vuln/match/match-subject.ts";
import { compareVersions } from "../../src/core/vuln/versions/compare.ts";
import { buildDatabase } from "../../src/edge/advisories/assemble/build-database.ts";
import { type OpenDatabase, openAdvisoryDatabase } from "../../src/edge/advisories/open-database.ts";
import { ImageAnalysis, type OperatingSystem } from "../../src/model/image-analysis.ts";
import { SoftwarePackage } from "../../src/model/software-package.ts";

const images = Number(process.argv[2] ?? 10_000);
const distinct = Number(process.argv[3] ?? 30_000);
const packagesPerImage = 400;
const largePackages = 2500;
const fleetSecondsGoal = 30;
const nowMs = Date.now();

function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function timed<Result>(work: () => Result): { readonly result: Result; readonly ms: number } {
  const before = cpuMs();
  const result = work();
  return { result, ms: cpuMs() - before };
}

/** The same numbers in every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const schemes: readonly (readonly [VersionScheme, (at: number) => string])[] = [
  ["deb", (at) => `1:2.${at % 40}.${at % 7}+dfsg-${at % 9}+deb12u${at % 13}`],
  ["rpm", (at) => `1:2.${at % 40}.${at % 7}-${at % 9}.el9_${at % 13}`],
  ["apk", (at) => `2.${at % 40}.${at % 7}_p${at % 9}-r${at % 13}`],
  ["semver", (at) => `2.${at % 40}.${at % 7}-rc.${at % 9}`],
  ["pep440", (at) => `2.${at % 40}.${at % 7}rc${at % 9}`],
  ["maven", (at) => `2.${at % 40}.${at % 7}-RC${at % 9}`],
  ["gem", (at) => `2.${at % 40}.${at % 7}.rc${at % 9}`],
];

function benchOrders(): void {
  const count = 200_000;
  for (const [scheme, make] of schemes) {
    const versions = Array.from({ length: 2000 }, (_, at) => make(at));
    const run = (): void => {
      for (let at = 0; at < count; at++)
        compareVersions(scheme, versions[at % 2000] ?? "", versions[(at * 7) % 2000] ?? "");
    };
    run();
    const { ms } = timed(run);
    console.log(`order ${scheme}: ${(count / ms / 1000).toFixed(2)} M compares per CPU second`);
  }
}

const systems = new Map<string, OperatingSystem>(
  [
    ["Debian:12", "debian", "12"],
    ["AlmaLinux:8", "almalinux", "8.9"],
    ["AlmaLinux:9", "almalinux", "9.4"],
    ["AlmaLinux:10", "almalinux", "10.0"],
  ].map(([ecosystem = "", id = "", versionId = ""]) => [
    ecosystem,
    { id, versionId, codename: "", name: id, idLike: [] },
  ]),
);

const types = new Map([
  ["Debian:12", "deb"],
  ["PyPI", "pypi"],
  ["Go", "golang"],
  ["crates.io", "cargo"],
  ["Bitnami", "bitnami"],
]);

const justBefore = new Map([
  ["PyPI", ".dev0"],
  ["Go", "-0"],
  ["crates.io", "-0"],
  ["Bitnami", "-0"],
]);

/** A package that a record speaks of, just before its fix (one in five) or after it; or one of its kind that nobody speaks of. */
function subjectOf(record: AdvisoryRecord, isKnown: boolean, at: number): MatchSubject {
  const fixed = record.ranges.findLast((range) => range.fixed !== "")?.fixed ?? "1.0.0";
  const cut = record.ecosystem === "Go" ? record.name.lastIndexOf("/") : -1;
  const name = isKnown ? record.name.slice(cut + 1) : `${record.name.slice(cut + 1)}-other-${at}`;
  return {
    package: SoftwarePackage.parse({
      type: types.get(record.ecosystem) ?? "rpm",
      namespace: cut === -1 ? "" : record.name.slice(0, cut),
      name,
      version: at % 5 === 0 ? `${fixed}${justBefore.get(record.ecosystem) ?? "~"}` : `${fixed}.${at}`,
      cataloger: "bench",
    }),
    operatingSystem: systems.get(record.ecosystem),
  };
}

/** Of each name the record with the highest fix: fleets are a few fixes behind, not all of them. */
function newestOf(records: readonly AdvisoryRecord[]): readonly AdvisoryRecord[] {
  const fixOf = (record: AdvisoryRecord): string => record.ranges.findLast((range) => range.fixed !== "")?.fixed ?? "";
  const newest = new Map<string, AdvisoryRecord>();
  for (const record of records) {
    const key = `${record.ecosystem}\n${record.name}`;
    const known = newest.get(key);
    if (known === undefined || (compareVersions(record.scheme, fixOf(known), fixOf(record)) ?? 1) < 0)
      newest.set(key, record);
  }
  return [...newest.values()];
}

function subjectsOf(database: OpenDatabase): readonly MatchSubject[] {
  const wanted = new Set([...systems.keys(), ...types.keys()]);
  const records = newestOf([...database.everyRecord()].filter(({ ecosystem }) => wanted.has(ecosystem)));
  const random = seeded(7);
  return Array.from({ length: distinct }, (_, at) => {
    const record = records[Math.floor(random() * records.length)] as AdvisoryRecord;
    return subjectOf(record, random() < 0.7, at);
  });
}

function benchFleet(database: AdvisoryDatabase, subjects: readonly MatchSubject[]): number {
  const random = seeded(11);
  const fleet = Array.from({ length: images }, () =>
    Uint32Array.from({ length: packagesPerImage }, () => Math.floor(random() * subjects.length)),
  );
  const { result, ms } = timed(() => {
    const counts = new Uint32Array(subjects.length);
    for (const [at, subject] of subjects.entries())
      counts[at] = matchSubject(subject, database, { nowMs }).matches.length;
    // Joined to images, as the server counts them.
    let findings = 0;
    for (const packages of fleet) for (const at of packages) findings += counts[at] ?? 0;
    return { matches: counts.reduce((sum, count) => sum + count, 0), findings };
  });
  const seconds = ms / 1000;
  console.log(
    `fleet: ${images} images of ${packagesPerImage}, ${subjects.length} distinct: ${seconds.toFixed(2)} s CPU (goal ${fleetSecondsGoal}), ` +
      `${Math.round(subjects.length / seconds)} packages a second, ${result.matches} matches, ${result.findings} findings`,
  );
  return seconds;
}

function analysisOf(subjects: readonly MatchSubject[]): ImageAnalysis {
  const packages = subjects
    .filter(({ operatingSystem }) => operatingSystem === undefined || operatingSystem.versionId === "9.4")
    .slice(0, largePackages)
    .map((subject) => subject.package);
  return ImageAnalysis.parse({
    schema: 1,
    source: "registry",
    reference: "bench",
    digest: "sha256:bench",
    operatingSystem: systems.get("AlmaLinux:9"),
    packages,
  });
}

function benchImage(folder: string, analysis: ImageAnalysis): void {
  using fresh = openAdvisoryDatabase(folder);
  const cold = timed(() => matchAnalysis(analysis, fresh, { nowMs }));
  const warm = timed(() => matchAnalysis(analysis, fresh, { nowMs }));
  console.log(
    `image of ${analysis.packages.length} packages: ${cold.ms.toFixed(0)} ms CPU with a database just opened, ${warm.ms.toFixed(0)} ms again, ` +
      `${cold.result.matches.length} matches`,
  );
}

async function main(): Promise<number> {
  benchOrders();
  const data = path.resolve(import.meta.dirname, "../../../shared/data/advisories");
  if (!existsSync(data)) {
    console.log("MISSING: ../shared/data/advisories; the rest is left out");
    return 0;
  }
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-vuln-bench-"));
  try {
    await buildDatabase({ sources: [{ path: data }], into: folder, nowMs });
    using database = openAdvisoryDatabase(folder);
    const subjects = subjectsOf(database);
    benchImage(folder, analysisOf(subjects));
    const seconds = benchFleet(database, subjects);
    return seconds <= fleetSecondsGoal ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
