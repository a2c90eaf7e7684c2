// NVD with its corrections, EPSS, known exploited ones.
import assert from "node:assert/strict";
import test from "node:test";
import { importText, words } from "../../../../test/support/advisories.ts";

test("NVD: bounds, lists, what must hold beside, corrections, rejected", async () => {
  const match = (criteria: string, more: object = {}): object => ({
    vulnerable: true,
    criteria: `cpe:2.3:${criteria}`,
    matchCriteriaId: "x",
    ...more,
  });
  const cve = (id: string, configurations: readonly object[], more: object = {}): object => ({
    cve: {
      id,
      sourceIdentifier: "x@example.org",
      vulnStatus: "Analyzed",
      published: "2026-01-01T00:00:00.000",
      lastModified: "2026-01-02T00:00:00.000",
      descriptions: [
        { lang: "es", value: "no" },
        { lang: "en", value: "words" },
      ],
      references: [{ url: "https://example.org/" }],
      configurations,
      ...more,
    },
  });
  const node = (cpeMatch: readonly object[], operator = "OR"): object => ({ operator, negate: false, cpeMatch });
  const feed = {
    resultsPerPage: 5,
    format: "NVD_CVE",
    version: "2.0",
    timestamp: "2026-03-04T05:06:07.000",
    vulnerabilities: [
      cve(
        "CVE-2026-1",
        [
          {
            nodes: [
              node([
                match("a:openssl:openssl:*:*:*:*:*:*:*:*", {
                  versionStartIncluding: "3.0",
                  versionEndExcluding: "3.0.8",
                }),
                match("a:openssl:openssl:*:*:*:*:*:*:*:*", {
                  versionStartExcluding: "1.0",
                  versionEndIncluding: "1.1.1",
                }),
                match("a:openssl:openssl:1.0.2:beta1:*:*:*:*:*:*"),
                match("a:F5:nginx\\+:2.0:*:*:*:*:*:*:*"),
              ]),
            ],
          },
        ],
        {
          metrics: {
            cvssMetricV31: [
              {
                source: "cna",
                type: "Secondary",
                cvssData: { vectorString: "CVSS:3.1/B", baseScore: 5, baseSeverity: "MEDIUM" },
              },
              {
                source: "nvd",
                type: "Primary",
                cvssData: { vectorString: "CVSS:3.1/A", baseScore: 9.8, baseSeverity: "CRITICAL" },
              },
            ],
          },
          weaknesses: [
            {
              description: [
                { lang: "en", value: "CWE-79" },
                { lang: "en", value: "NVD-CWE-noinfo" },
              ],
            },
          ],
        },
      ),
      cve("CVE-2026-2", [
        {
          operator: "AND",
          nodes: [
            node([match("a:v:app:*:*:*:*:*:wordpress:*:*", { versionEndExcluding: "2" })]),
            node([{ ...match("o:microsoft:windows:-:*:*:*:*:*:*:*"), vulnerable: false }]),
          ],
        },
      ]),
      cve("CVE-2026-3", [
        {
          operator: "AND",
          nodes: [
            node([match("a:v:app:*:*:*:*:*:*:*:*", { versionEndExcluding: "2" })]),
            node([{ ...match("o:linux:linux_kernel:-:*:*:*:*:*:*:*"), vulnerable: false }]),
          ],
        },
      ]),
      cve("CVE-2026-4", [
        { negate: true, nodes: [node([match("a:v:app:*:*:*:*:*:*:*:*")])] },
        { nodes: [node([match("h:v:box:-:*:*:*:*:*:*:*")])] },
      ]),
      cve("CVE-2026-5", [], { vulnStatus: "Rejected" }),
      { cve: { id: "CVE-2026-6", sourceIdentifier: "x", configurations: [{ nodes: [node([match("nonsense")])] }] } },
      "what",
    ],
  };
  const got = await importText(JSON.stringify(feed));
  assert.equal(got.importer, "nvd");
  assert.deepEqual(got.records.map(words), [
    "CVE-2026-1 CPE openssl:openssl [3.0,3.0.8) [1.0,1.1.1] =1.0.2-beta1 affected",
    "CVE-2026-1 CPE openssl:openssl =1.0 not-affected",
    "CVE-2026-1 CPE f5:nginx+ =2.0 affected",
    "CVE-2026-2 CPE v:app [0,2) affected wordpress; with microsoft:windows",
    "CVE-2026-3 CPE v:app [0,2) affected",
  ]);
  const facts = got.facts.get("CVE-2026-1");
  assert.deepEqual(
    [facts?.cvssScore, facts?.cvss, facts?.cwes, facts?.description, got.records[0]?.severity],
    [9.8, "CVSS:3.1/A", ["CWE-79"], "words", "critical"],
  );
  assert.deepEqual([got.leftOut.sort(), got.refused.length], [["no software named", "rejected"], 2]);
  const override = await importText(
    JSON.stringify({
      _annotations: { cve_id: "CVE-2026-1", reason: "wrong bound", modified: "2026-05-01T00:00:00Z" },
      cve: {
        configurations: [
          { nodes: [node([match("a:openssl:openssl:*:*:*:*:*:*:*:*", { versionEndExcluding: "3.0.7" })])] },
        ],
      },
    }),
  );
  assert.deepEqual(
    [override.records.map(words), override.overridden],
    [["CVE-2026-1 CPE openssl:openssl [0,3.0.7) affected"], ["CVE-2026-1"]],
  );
});

test("EPSS and known exploited", async () => {
  const epss = await importText(
    "#model_version:v2026.03.14,score_date:2026-08-07T12:55:00Z\ncve,epss,percentile\nCVE-2026-1,0.94,0.999\nCVE-2026-2,1.5,0\nCVE-2026-3,,\nCVE-2026-4,0.00001,0\n",
    "epss.csv",
  );
  assert.deepEqual(
    [epss.importer, [...epss.epss], epss.refused.length, epss.dated.get("epss")],
    [
      "epss",
      [
        ["CVE-2026-1", { score: 0.94, percentile: 0.999 }],
        ["CVE-2026-4", { score: 0.00001, percentile: 0 }],
      ],
      2,
      "2026-08-07T00:00:00Z",
    ],
  );
  const kev = await importText(
    JSON.stringify({
      title: "x",
      catalogVersion: "1",
      dateReleased: "2026-08-07T16:45:47.0648Z",
      count: 2,
      vulnerabilities: [
        {
          cveID: "CVE-2026-1",
          vulnerabilityName: "Name",
          dateAdded: "2026-01-02",
          dueDate: "2026-01-03",
          knownRansomwareCampaignUse: "Known",
          shortDescription: "words",
          cwes: ["CWE-1"],
        },
        { cveID: "" },
        7,
      ],
    }),
  );
  assert.deepEqual(
    [kev.importer, [...kev.exploited], kev.refused.length],
    ["known-exploited", [["CVE-2026-1", { addedAt: "2026-01-02", dueAt: "2026-01-03", ransomware: true }]], 2],
  );
});
