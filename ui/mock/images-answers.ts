// The mock's answers about images, vulnerabilities and exceptions.
import type { VulnerabilityMatch } from "../../src/model/vulnerability-match.ts";
import { refuseBySentinel, type Asked } from "./asked.ts";
import { imageExtras } from "./images-extras.ts";
import { sentinelOf } from "./filter.ts";
import { mockDigest, mockImages, packageOfMock, purlOfMock, type MockFinding, type MockImage } from "./images-world.ts";
import { Refusal } from "./refusal.ts";

const iso = (ms: number): string => new Date(ms).toISOString();
const dayMs = 86_400_000;
const none = { critical: 0, high: 0, medium: 0, low: 0, negligible: 0, unknown: 0 };

export function databaseOfMock(asked: Asked) {
  if (asked.sentinel === "young")
    return {
      digest: "",
      builtAt: "",
      because:
        "there is no advisory database yet: make one with `garrison db build`, or copy one with `garrison db import`",
      feeds: [],
    };
  const at = { sourceAt: iso(asked.nowMs - 6 * 3_600_000), importedAt: iso(asked.nowMs - 5 * 3_600_000) };
  const feed = (name: string, ecosystems: string[], records: number, over: Record<string, unknown> = {}) => ({
    feed: name,
    ecosystems,
    isComprehensive: false,
    records,
    refused: 0,
    refusedBecause: [],
    problem: "",
    ...at,
    ...over,
  });
  return {
    digest: mockDigest("database"),
    builtAt: iso(asked.nowMs - 5 * 3_600_000),
    because: "",
    feeds: [
      feed("debian-tracker", ["Debian:11", "Debian:12", "Debian:13"], 61_204, { isComprehensive: true }),
      feed("osv-npm", ["npm"], 21_440, { refused: 3, refusedBecause: ["MAL-2026-1: no package is named"] }),
      feed("osv-maven", ["Maven"], 5207),
      feed("osv-go", ["Go"], 4291),
      feed("osv-pypi", ["PyPI"], 7080),
      feed("kev", [], 1662),
      feed("epss", [], 291_034, {
        sourceAt: iso(asked.nowMs - 9 * dayMs),
        problem: "9 days old: the one before is kept, the new one had no records",
      }),
    ],
  };
}

function riskOf({ severity, isExploited, isLoaded, cvss }: MockFinding): number {
  const base = { critical: 700, high: 500, medium: 300, low: 120, negligible: 40, unknown: 100 }[severity];
  return Math.min(1000, Math.round(base + cvss * 8 + (isExploited === true ? 200 : 0) + (isLoaded === true ? 60 : 0)));
}

/** Whether it is in use, and who accepted it. */
function standingOf(
  image: MockImage,
  finding: MockFinding,
  nowMs: number,
): Pick<VulnerabilityMatch, "loaded" | "suppressed"> {
  return {
    loaded: {
      state: finding.isLoaded === true ? "loaded" : image.workloads.length === 0 ? "unknown" : "not-seen",
      because:
        finding.isLoaded === true
          ? `/usr/lib/${image.packages[finding.package]?.name ?? ""} is in use by node in shop/frontend`
          : "no process was seen using its files",
      since: image.workloads.length === 0 ? "" : iso(nowMs - dayMs),
      until: image.workloads.length === 0 ? "" : iso(nowMs - 60_000),
      containersSeen: 3,
      containers: 4,
    },
    ...(finding.isAccepted === true
      ? {
          suppressed: {
            by: "exception" as const,
            name: "zlib-minizip",
            status: "not_affected" as const,
            justification: "vulnerable_code_not_present",
            reason: "Debian does not build minizip into zlib1g",
            owner: "platform",
            expiresAt: iso(nowMs + 40 * dayMs),
          },
        }
      : {}),
  };
}

export function matchOf(image: MockImage, finding: MockFinding, nowMs: number): VulnerabilityMatch {
  const found = image.packages[finding.package];
  if (found === undefined) throw new Error(`${finding.id} is of no package`);
  const { name, version, type, source = name } = found;
  const isFixed = finding.fixed !== "";
  const risk = riskOf(finding);
  const distro = `the package belongs to ${found.ownedBy ?? "the distribution"}; debian-tracker lists no such vulnerability for it`;
  return {
    vulnerability: finding.id,
    aliases: finding.id === "CVE-2021-44228" ? ["GHSA-jfh8-c2jp-5v3q"] : [],
    package: finding.package,
    purl: purlOfMock(found),
    packageName: name,
    packageType: type,
    version,
    status: finding.isUpstream === true ? "upstream-only" : "affected",
    severity: finding.severity,
    severityFrom: type === "deb" ? "debian-tracker" : "ghsa",
    cvssScore: finding.cvss,
    cvss: "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
    fix: {
      state: isFixed ? "fixed" : "will-not-fix",
      versions: isFixed ? [finding.fixed] : [],
      because: isFixed ? "" : "contrib/minizip is not built for the binary package",
    },
    title: finding.title,
    knownExploited: finding.isExploited === true,
    ...(finding.epss === undefined ? {} : { epssScore: finding.epss / 2, epssPercentile: finding.epss }),
    because: [
      {
        record: finding.id,
        feed: type === "deb" ? "debian-tracker" : `osv-${type}`,
        ecosystem: type === "deb" ? "Debian:12" : type,
        name: source,
        nameBecause: source === name ? "" : `source package ${source} of ${name}`,
        comparison: isFixed
          ? `${version} < ${finding.fixed} (${type === "deb" ? "dpkg" : type} order)`
          : `${version}: every version`,
        ownership: finding.isUpstream === true ? distro : "",
      },
    ],
    ...standingOf(image, finding, nowMs),
    risk,
    riskBecause: [
      `${finding.severity} (CVSS ${finding.cvss})`,
      ...(finding.isExploited === true ? ["known exploited"] : []),
      ...(finding.isLoaded === true ? ["its files are in use"] : []),
    ],
  };
}

export function matchesOf(image: MockImage, nowMs: number): readonly VulnerabilityMatch[] {
  const matches = image.findings.map((finding) => matchOf(image, finding, nowMs));
  const last = (match: VulnerabilityMatch): number => (match.suppressed === undefined ? 0 : 1);
  return matches.toSorted((left, right) => last(left) - last(right) || right.risk - left.risk);
}

function countsOf(matches: readonly VulnerabilityMatch[]) {
  const counted = matches.filter(({ suppressed }) => suppressed === undefined);
  const severities = { ...none };
  for (const { severity, status } of counted) if (status === "affected") severities[severity] += 1;
  return {
    severities,
    vulnerabilities: new Set(counted.map(({ vulnerability }) => vulnerability)).size,
    fixable: counted.filter(({ fix }) => fix.state === "fixed").length,
    knownExploited: counted.filter(({ knownExploited }) => knownExploited).length,
    upstreamOnly: counted.filter(({ status }) => status === "upstream-only").length,
    loaded: counted.filter(({ loaded }) => loaded?.state === "loaded").length,
    suppressed: matches.length - counted.length,
  };
}

export function instancesOf(image: MockImage) {
  return image.workloads.map(({ namespace, name, count, isExposed }) => ({
    cluster: "local",
    namespace,
    workload: name,
    workloadKind: "Deployment" as const,
    container: name,
    containers: count,
    nodes: ["worker-1", "worker-2"].slice(0, count),
    exposed: isExposed === true ? ("exposed" as const) : ("not-seen" as const),
    exposedBecause:
      isExposed === true
        ? "connections from outside the cluster came in"
        : "all connections of the last day came from inside",
  }));
}

export function rowOf(image: MockImage, asked: Asked) {
  const matches = matchesOf(image, asked.nowMs);
  const instances = instancesOf(image);
  const isJudged = asked.sentinel !== "young";
  return {
    digest: mockDigest(image.reference),
    reference: image.reference,
    referencesMore: image.reference.includes("web") ? 2 : 0,
    state: "analysed" as const,
    because: isJudged ? "" : "there is no advisory database yet",
    operatingSystem: image.system,
    packages: image.packages.length * 31,
    layers: 4,
    sizeBytes: image.sizeMegabytes * 1_000_000,
    ...(isJudged ? { risk: countsOf(matches) } : {}),
    secrets: image.user === "" ? 1 : 0,
    advice: 3,
    gaps: image.gaps,
    topRisk: Math.max(0, ...matches.filter(({ suppressed }) => suppressed === undefined).map(({ risk }) => risk)),
    running: {
      containers: instances.reduce((sum, { containers }) => sum + containers, 0),
      workloads: instances.length,
      namespaces: instances.map(({ namespace }) => namespace),
    },
    exposed: instances.some(({ exposed }) => exposed === "exposed"),
    createdAt: iso(asked.nowMs - 47 * dayMs),
    analysedAt: iso(asked.nowMs - 5 * 3_600_000),
  };
}

function unknownRow(asked: Asked) {
  return {
    ...rowOf({ ...(mockImages[3] as MockImage), reference: "quay.io/legacy/cron:2019" }, asked),
    digest: mockDigest("legacy"),
    state: "not-analysed" as const,
    because: "quay.io is not among the registries that the server may pull from",
    operatingSystem: "",
    packages: 0,
    layers: 0,
    sizeBytes: 0,
    risk: undefined,
    topRisk: 0,
    gaps: 0,
    running: { containers: 1, workloads: 1, namespaces: ["batch"] },
    analysedAt: undefined,
    createdAt: "",
  };
}

function listImages(asked: Asked) {
  const { query } = asked;
  refuseBySentinel(sentinelOf(query["q"] ?? ""));
  const isEmpty = asked.sentinel === "empty";
  const q = (query["q"] ?? "").replace(/mock:\w+/g, "").trim();
  const all = isEmpty ? [] : [...mockImages.map((image) => rowOf(image, asked)), unknownRow(asked)];
  const severity = query["severity"] as keyof typeof none | undefined;
  const rows = all.filter(
    (row) =>
      row.reference.includes(q) &&
      (severity === undefined || (row.risk?.severities[severity] ?? 0) > 0) &&
      (query["running"] !== "true" || row.running.containers > 0) &&
      (query["fixable"] !== "true" || (row.risk?.fixable ?? 0) > 0) &&
      (query["knownExploited"] !== "true" || (row.risk?.knownExploited ?? 0) > 0),
  );
  const whole = isEmpty ? [] : mockImages.flatMap((image) => matchesOf(image, asked.nowMs));
  return {
    rows,
    total: rows.length,
    totals: {
      images: all.length,
      analysed: isEmpty ? 0 : mockImages.length,
      running: isEmpty ? 0 : 4,
      runningNotAnalysed: isEmpty ? 0 : 1,
      risk: countsOf(whole),
    },
    database: databaseOfMock(asked),
    runningBecause: [],
  };
}

export function imageNamed(digest: string): MockImage {
  const image = mockImages.find(({ reference }) => mockDigest(reference) === digest);
  if (image === undefined)
    throw new Refusal("no analysis of this digest is kept", {
      code: "images/unknown-image",
      kind: "not-found",
      hint: "Scan it: garrison image scan REF --upload.",
    });
  return image;
}

function getImage(asked: Asked) {
  const image = imageNamed(asked.query["digest"] ?? "");
  const matches = matchesOf(image, asked.nowMs);
  const findingsOf = (index: number): number =>
    matches.filter((match) => match.package === index && match.suppressed === undefined).length;
  return {
    image: rowOf(image, asked),
    references: [image.reference],
    digests: [mockDigest(image.reference), mockDigest(`${image.reference} config`)],
    packages: image.packages.map((each, index) => ({
      ...packageOfMock(each),
      purl: purlOfMock(each),
      findings: findingsOf(index),
      ...(matches.find((match) => match.package === index)?.loaded === undefined
        ? {}
        : { loaded: matches.find((match) => match.package === index)?.loaded }),
    })),
    packagesOmitted: 0,
    matches,
    matchesOmitted: 0,
    decidedByDistribution: 4,
    secretsLeftOut: "left out of the secret search: 3 files over 1 MiB",
    instances: instancesOf(image),
    instancesOmitted: 0,
    database: databaseOfMock(asked),
    ...imageExtras(image, asked.nowMs),
  };
}

function vulnerabilityRows(asked: Asked) {
  const byId = new Map<string, { image: MockImage; match: VulnerabilityMatch }[]>();
  for (const image of mockImages)
    for (const match of matchesOf(image, asked.nowMs))
      byId.set(match.vulnerability, [...(byId.get(match.vulnerability) ?? []), { image, match }]);
  return [...byId].flatMap(([id, found]) => {
    const first = found[0];
    if (first === undefined) return [];
    const instances = found.flatMap(({ image }) => instancesOf(image));
    return {
      id,
      title: first.match.title,
      severity: first.match.severity,
      severityFrom: first.match.severityFrom,
      cvssScore: first.match.cvssScore,
      knownExploited: first.match.knownExploited,
      ...(first.match.epssScore === undefined
        ? {}
        : { epssScore: first.match.epssScore, epssPercentile: first.match.epssPercentile }),
      images: found.length,
      runningContainers: instances.reduce((sum, { containers }) => sum + containers, 0),
      workloads: instances.length,
      exposedWorkloads: instances.filter(({ exposed }) => exposed === "exposed").length,
      fixable: found.some(({ match }) => match.fix.state === "fixed"),
      loaded: found.some(({ match }) => match.loaded?.state === "loaded") ? ("loaded" as const) : ("not-seen" as const),
      upstreamOnly: found.every(({ match }) => match.status === "upstream-only"),
      packages: [...new Set(found.map(({ match }) => match.packageName))],
      packagesMore: 0,
      suppressed: found.filter(({ match }) => match.suppressed !== undefined).length,
      risk: Math.max(...found.map(({ match }) => match.risk)),
    };
  });
}

function imageVulnerability(asked: Asked) {
  const id = asked.query["id"] ?? "";
  const row = vulnerabilityRows(asked).find((each) => each.id === id);
  if (row === undefined)
    throw new Refusal(`${id} is not known here`, { code: "images/unknown-vulnerability", kind: "not-found" });
  const places = mockImages.flatMap((image) =>
    matchesOf(image, asked.nowMs)
      .filter(({ vulnerability }) => vulnerability === id)
      .map((match) => ({
        digest: mockDigest(image.reference),
        reference: image.reference,
        match,
        isInBase: match.packageType === "deb",
        instances: instancesOf(image),
      })),
  );
  return {
    vulnerability: row,
    aliases: places[0]?.match.aliases ?? [],
    description: `${row.title}. An attacker who can send crafted input to the program may use it; the vendor's advisory says which versions are affected and how to work around it.`,
    references: [`https://vendor.example/advisories/${id}`, `https://tracker.example/${id}`],
    cwes: ["CWE-787"],
    publishedAt: iso(asked.nowMs - 300 * dayMs),
    ...(row.knownExploited ? { knownExploited: { addedAt: "2025-01-10", dueAt: "2025-01-31", ransomware: true } } : {}),
    places,
    placesOmitted: 0,
    because: "",
    database: databaseOfMock(asked),
  };
}

export const imageAnswers: Readonly<Record<string, (asked: Asked) => unknown>> = {
  listImages,
  getImage,
  listVulnerabilities: (asked) => {
    const q = (asked.query["q"] ?? "").toLowerCase();
    const rows = vulnerabilityRows(asked).filter((row) => `${row.id} ${row.title}`.toLowerCase().includes(q));
    return { rows, total: rows.length, database: databaseOfMock(asked) };
  },
  imageVulnerability,
  advisoryDatabase: databaseOfMock,
};
