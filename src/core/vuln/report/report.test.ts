// Reports of the same scan in every format, with names that try to be markup, formulas or commands; and the gate's arithmetic.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { Fault } from "../../../base/fault.ts";
import { ImageAnalysis } from "../../../model/image-analysis.ts";
import type { VulnerabilityMatch } from "../../../model/vulnerability-match.ts";
import { childrenOf, parseXml } from "../../sbom/formats/xml.ts";
import { purlOf } from "../../sbom/purl.ts";
import { csvColumns, csvRows } from "./csv-rows.ts";
import { gatesOf, gateVerdict, unratedWords } from "./gate.ts";
import { countReport, severityWords, type ScanReport } from "./scan-report.ts";
import { secretSkipWords } from "./secret-skips.ts";
import { writeCycloneDxReport } from "./write-cyclonedx.ts";
import { writeScanJson } from "./write-json.ts";
import { writeJunit } from "./write-junit.ts";
import { writeMarkdown } from "./write-markdown.ts";
import { writeSarif } from "./write-sarif.ts";

const hostile = "x|`<b>]]>&\"'\u0000\u001b[31m\u202e=cmd()\n| @all";

const analysis = ImageAnalysis.parse({
  schema: 1,
  source: "archive",
  reference: `web ${hostile}`,
  digest: `sha256:${"a".repeat(64)}`,
  packages: [
    {
      type: "npm",
      name: "a",
      version: "1",
      cataloger: "n",
      evidence: [{ path: `/app/${hostile}/package.json`, layer: 1, kind: "manifest" }],
    },
    { type: "deb", namespace: "debian", name: "b", version: "1:2", cataloger: "d" },
  ],
  secretsSearched: true,
  secrets: [
    {
      rule: "private-key",
      title: "Private key",
      severity: "high",
      path: "/k.pem",
      layer: 0,
      line: 3,
      redacted: "---- (1700)",
      isHidden: true,
    },
  ],
  gaps: [{ kind: "layer-unreadable", layer: 2, subject: hostile, because: "cut off", count: 3 }],
});

function matchOf(index: number, given: Partial<VulnerabilityMatch>): VulnerabilityMatch {
  const subject = analysis.packages[index];
  assert.ok(subject);
  return {
    vulnerability: "CVE-2026-1",
    aliases: ["GHSA-a"],
    package: index,
    purl: purlOf(subject),
    packageName: subject.name,
    packageType: subject.type,
    version: subject.version,
    status: "affected",
    severity: "high",
    severityFrom: "nvd",
    cvssScore: 8.1,
    cvss: "CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:U/C:H/I:H/A:H",
    fix: { state: "fixed", versions: ["2", "3"], because: "" },
    title: hostile,
    knownExploited: false,
    because: [
      { record: "R", feed: "f", ecosystem: "e", name: "n", nameBecause: "", comparison: "1 < 2", ownership: "" },
    ],
    risk: 500,
    riskBecause: [],
    ...given,
  };
}

const accepted = {
  by: "exception",
  name: "e",
  status: "accepted",
  justification: "",
  reason: "ok",
  owner: "me",
  expiresAt: "2026-12-31",
} as const;

const report: ScanReport = {
  analysis,
  matches: [
    matchOf(0, { knownExploited: true }),
    matchOf(1, {
      vulnerability: "CVE-2026-2",
      severity: "low",
      fix: { state: "will-not-fix", versions: [], because: "minor" },
    }),
    matchOf(0, { vulnerability: "CVE-2026-3", severity: "critical", status: "upstream-only" }),
    matchOf(0, { vulnerability: "CVE-2026-4", severity: "critical", suppressed: accepted }),
    matchOf(1, { vulnerability: "CVE-2026-5", severity: "unknown", cvss: "", cvssScore: 0, severityFrom: "" }),
  ],
  secrets: [
    ...analysis.secrets,
    ...analysis.secrets.map((secret) => ({ ...secret, path: "/known.pem", suppressed: accepted })),
  ],
  gaps: analysis.gaps,
  database: { digest: "d", builtAt: "2026-06-01T00:00:00Z", feeds: [] },
  decidedByDistribution: 2,
  filteredOut: 0,
  scannedAt: "",
  toolVersion: "0.1.0",
};
const empty: ScanReport = { ...report, matches: [], secrets: [], gaps: [] };

test("counts: suppressed ones apart, upstream only in no severity", () => {
  const counts = countReport(report);
  assert.equal(severityWords(counts), "1 high, 1 low, 1 unknown");
  assert.deepEqual(
    [
      counts.total,
      counts.fixable,
      counts.knownExploited,
      counts.upstreamOnly,
      counts.suppressed,
      counts.secrets,
      counts.suppressedSecrets,
      counts.gaps,
    ],
    [4, 3, 1, 1, 1, 1, 1, 3],
  );
});

test("the gate: a severity is that or worse, unknown and upstream-only are none, suppressed ones never count", () => {
  const stops = (text: string): boolean => gateVerdict(report, gatesOf([text])).length > 0;
  assert.deepEqual(
    ["critical", "high", "medium", "low", "unknown", "kev", "secret", "upstream-only", "any"].filter(stops),
    ["high", "medium", "low", "unknown", "kev", "secret", "upstream-only", "any"],
  );
  assert.deepEqual(gateVerdict(report, gatesOf(["critical,low", "kev"])), ["2 at --fail-on low", "1 at --fail-on kev"]);
  const onlyAccepted = { ...empty, secrets: report.secrets.slice(1) };
  assert.deepEqual(gateVerdict(onlyAccepted, gatesOf(["any", "secret"])), []);
  assert.deepEqual(gateVerdict(report, gatesOf(["secret"])), ["1 at --fail-on secret"]);
  assert.deepEqual(gateVerdict(empty, gatesOf(["any", "secret"])), []);
  assert.match(unratedWords(report, gatesOf(["critical,kev"])) ?? "", /^1 of unknown severity/);
  for (const text of ["kev", "critical,unknown", "any", ""])
    assert.equal(unratedWords(report, gatesOf([text])), undefined);
  assert.equal(unratedWords(empty, gatesOf(["critical"])), undefined);
  assert.deepEqual(gatesOf(["never", ""]), []);
  assert.throws(
    () => gatesOf(["critcal"]),
    (error) => error instanceof Fault && /did you mean critical/.test(error.message),
  );
});

test("CycloneDX with vulnerabilities is valid, also of nothing", async () => {
  const validator = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
  const text = writeCycloneDxReport(report);
  assert.equal(await validator.validate(text), null);
  assert.equal(await validator.validate(writeCycloneDxReport(empty)), null);
  const { vulnerabilities, components } = JSON.parse(text) as {
    vulnerabilities: { affects: { ref: string }[]; analysis?: { state: string } }[];
    components: { "bom-ref": string }[];
  };
  const refs = new Set(components.map((component) => component["bom-ref"]));
  for (const { affects } of vulnerabilities) for (const { ref } of affects) assert.ok(refs.has(ref));
  assert.equal(vulnerabilities[3]?.analysis?.state, "exploitable");
});

interface Sarif {
  readonly runs: readonly {
    readonly tool: {
      readonly driver: {
        readonly rules: readonly { readonly id: string }[];
        readonly notifications: readonly { readonly id: string }[];
      };
    };
    readonly invocations: readonly {
      readonly toolExecutionNotifications: readonly { readonly descriptor: { readonly id: string } }[];
    }[];
    readonly results: readonly {
      readonly ruleId: string;
      readonly ruleIndex: number;
      readonly level: string;
      readonly message: { readonly text: string };
      readonly partialFingerprints: Readonly<Record<string, string>>;
      readonly suppressions?: readonly { readonly kind: string }[];
      readonly locations: readonly {
        readonly physicalLocation: {
          readonly artifactLocation: { readonly uri: string };
          readonly region: { readonly startLine: number };
        };
      }[];
    }[];
  }[];
}

test("SARIF: rules by index, relative addresses, fingerprints that outlive a version, gaps as notifications", () => {
  const [run] = (JSON.parse(writeSarif(report)) as Sarif).runs;
  assert.ok(run);
  assert.equal(run.results.length, 7);
  assert.equal(run.results[6]?.suppressions?.[0]?.kind, "external");
  assert.equal(run.results[5]?.suppressions, undefined);
  for (const result of run.results) {
    assert.equal(run.tool.driver.rules[result.ruleIndex]?.id, result.ruleId);
    const place = result.locations[0]?.physicalLocation;
    assert.match(place?.artifactLocation.uri ?? "", /^[A-Za-z0-9%._~!*'()/-]+$/);
    assert.ok((place?.region.startLine ?? 0) > 0);
    assert.match(result.message.text, /^\P{Cc}+$/u);
  }
  assert.equal(new Set(run.tool.driver.rules.map(({ id }) => id)).size, run.tool.driver.rules.length);
  assert.equal(run.results[3]?.suppressions?.[0]?.kind, "external");
  assert.deepEqual(
    run.invocations[0]?.toolExecutionNotifications.map(({ descriptor }) => descriptor.id),
    ["gap/layer-unreadable"],
  );
  const newer = { ...report, matches: [matchOf(0, { purl: "pkg:npm/a@2", version: "2" })] };
  const [again] = (JSON.parse(writeSarif(newer)) as Sarif).runs;
  assert.deepEqual(again?.results[0]?.partialFingerprints, run.results[0]?.partialFingerprints);
});

test("JUnit: well-formed, counts that agree, suppressed ones and gaps skipped", () => {
  const root = parseXml(writeJunit(report));
  const cases = childrenOf(childrenOf(root, "testsuite")[0], "testcase");
  const having = (name: string): number => cases.filter((one) => childrenOf(one, name).length > 0).length;
  assert.deepEqual([cases.length, having("failure"), having("skipped")], [8, 5, 3]);
  assert.deepEqual(
    ["tests", "failures", "skipped"].map((name) => root.attributes.get(name)),
    ["8", "5", "3"],
  );
  assert.equal(childrenOf(childrenOf(parseXml(writeJunit(empty)), "testsuite")[0], "testcase").length, 1);
});

test("Markdown: nothing of others is markup; CSV rows have every column; JSON has it all", () => {
  const markdown = writeMarkdown(report);
  for (const part of ["<b>", "\u001b", "\u0000"]) assert.ok(!markdown.includes(part));
  assert.ok(!/(?<!\\)@all/.test(markdown));
  for (const line of markdown.split("\n").filter((one) => one.startsWith("| high")))
    assert.equal(line.replaceAll("\\|", "").split("|").length, 8);
  assert.ok(markdown.includes("&#60;b&#62;"), "an entity is one: its # is not escaped");
  assert.match(markdown, /- CVE-2026-4 in a: exception e: accepted, ok/);
  assert.match(markdown, /Not looked at/);
  assert.match(writeMarkdown(empty), /No vulnerability was found/);
  const rows = csvRows(report);
  assert.equal(rows.length, 8);
  assert.deepEqual(
    rows.map(({ suppressedBy }) => suppressedBy).filter((by) => by !== ""),
    ["exception e", "exception e"],
  );
  assert.match(markdown, /1 secret, 1 more accepted/);
  assert.match(markdown, /known\.pem:3 \| 0 \| exception e: accepted, ok \\\(me, until 2026-12-31\\\) \|/);
  for (const row of rows) assert.deepEqual(Object.keys(row), [...csvColumns]);
  const json = JSON.parse(writeScanJson(report)) as {
    matches: unknown[];
    gaps: unknown[];
    counts: { decidedByDistribution: number };
  };
  assert.deepEqual([json.matches.length, json.gaps.length, json.counts.decidedByDistribution], [5, 1, 2]);
});

test("what the secret search left out is told by every report that counts secrets", () => {
  assert.equal(secretSkipWords(analysis), "");
  const secretsSkipped = [
    { reason: "binary-content", count: 20 },
    { reason: "empty", count: 7 },
    { reason: "too-large", count: 3 },
    { reason: "test-material", count: 2 },
  ] as const;
  const searched = { ...empty, analysis: { ...analysis, secretsSkipped: [...secretsSkipped] } };
  const words = "left out of the secret search: 3 files over 1 MiB, 20 binary files, 2 findings in packages' tests";
  assert.equal(secretSkipWords(searched.analysis), words);
  assert.ok(writeMarkdown(searched).includes(words));
  assert.deepEqual(JSON.parse(writeScanJson(searched)).secretsSkipped, secretsSkipped);
});
