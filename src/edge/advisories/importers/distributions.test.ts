// Distributions' own forms: every documented status becomes what a matcher understands.
import assert from "node:assert/strict";
import test from "node:test";
import { importText, words } from "../../../../test/support/advisories.ts";

test("Debian's tracker: all statuses", async () => {
  const release = (entry: object): object => ({
    releases: { bookworm: { repositories: { bookworm: "1.0-1" }, ...entry } },
  });
  const tracker = {
    glibc: {
      "CVE-2026-1": release({ status: "resolved", fixed_version: "2.36-9+deb12u4", urgency: "medium" }),
      "CVE-2026-2": release({ status: "resolved", fixed_version: "0", urgency: "not yet assigned" }),
      "CVE-2026-3": release({ status: "open", urgency: "high**" }),
      "CVE-2026-4": release({ status: "open", urgency: "low", nodsa: "Minor issue", nodsa_reason: "" }),
      "CVE-2026-5": release({
        status: "open",
        urgency: "not yet assigned",
        nodsa: "Too intrusive to backport",
        nodsa_reason: "ignored",
      }),
      "CVE-2026-6": release({
        status: "open",
        urgency: "not yet assigned",
        nodsa: "Next update",
        nodsa_reason: "postponed",
      }),
      "CVE-2026-7": release({ status: "open", urgency: "end-of-life" }),
      "CVE-2026-8": release({ status: "open", urgency: "unimportant" }),
      "CVE-2026-9": release({ status: "undetermined", urgency: "not yet assigned" }),
      "TEMP-0000000-ABCDEF": { description: "words", ...release({ status: "open", urgency: "medium" }) },
    },
    openssl: {
      "CVE-2026-10": {
        scope: "remote",
        releases: {
          sid: { status: "resolved", fixed_version: "3.1-1", urgency: "low" },
          trixie: { status: "open", urgency: "low" },
          "no-such": { status: "open", urgency: "low" },
        },
      },
      "CVE-2026-11": release({ status: "resolved", urgency: "low" }),
      "CVE-2026-12": release({ status: "what" }),
      "CVE-2026-13": [],
    },
    broken: [1],
    "bad\u0001name": { "CVE-2026-14": release({ status: "open" }) },
  };
  const got = await importText(JSON.stringify(tracker), "json");
  assert.equal(got.importer, "debian-tracker");
  assert.deepEqual(
    got.records.map((record) => `${words(record)} ${record.severity} (${record.statusReason})`),
    [
      "CVE-2026-1 Debian:12 glibc [0,2.36-9+deb12u4) affected medium ()",
      "CVE-2026-2 Debian:12 glibc not-affected unknown (never affected in this release)",
      "CVE-2026-3 Debian:12 glibc [0,) affected high ()",
      "CVE-2026-4 Debian:12 glibc [0,) affected low (no-dsa: Minor issue)",
      "CVE-2026-5 Debian:12 glibc [0,) will-not-fix unknown (ignored: Too intrusive to backport)",
      "CVE-2026-6 Debian:12 glibc [0,) postponed unknown (postponed: Next update)",
      "CVE-2026-7 Debian:12 glibc [0,) end-of-life unknown (end-of-life)",
      "CVE-2026-8 Debian:12 glibc [0,) affected negligible (unimportant)",
      "CVE-2026-9 Debian:12 glibc [0,) under-investigation unknown (undetermined)",
      "TEMP-0000000-ABCDEF Debian:12 glibc [0,) affected medium ()",
      "CVE-2026-10 Debian:sid openssl [0,3.1-1) affected low ()",
      "CVE-2026-10 Debian:13 openssl [0,) affected low ()",
    ],
  );
  assert.deepEqual(got.leftOut, ["unknown release no-such", "resolved without a version"]);
  assert.equal(got.refused.length, 4);
  assert.equal(got.facts.get("TEMP-0000000-ABCDEF")?.description, "words");
});

test("a tracker that is cut off gives what came and then throws", async () => {
  const whole = JSON.stringify({
    a: { "CVE-2026-1": { releases: { bookworm: { status: "open" } } } },
    b: { "CVE-2026-2": { releases: {} } },
  });
  await assert.rejects(importText(whole.slice(0, -20), "json"), /ends too early/);
});

test("secdb: fixes, never affected, several ids to a string, others' forms", async () => {
  const secdb = (more: object): string =>
    JSON.stringify({
      apkurl: "{{urlprefix}}",
      archs: ["x86_64"],
      reponame: "main",
      urlprefix: "https://example.org/alpine",
      distroversion: "v3.19",
      packages: [],
      ...more,
    });
  const got = await importText(
    secdb({
      packages: [
        {
          pkg: {
            name: "openssl",
            secfixes: {
              "3.1.4-r1": [
                "CVE-2026-1",
                "CVE-2026-2 CVE-2026-3",
                "CVE-2026-4 XSA-7 (+ regression)",
                "CVE_2026-2426",
                "GHSA-aaaa-bbbb-cccc",
              ],
              "0": ["CVE-2026-5"],
              "1.0-r0": null,
            },
          },
        },
        { pkg: { name: "bad", secfixes: { "1-r0": ["no id here"] } } },
        { pkg: { name: "worse", secfixes: [] } },
        { nothing: 1 },
      ],
    }),
  );
  assert.deepEqual(got.records.map(words), [
    "CVE-2026-5 Alpine:v3.19 openssl not-affected",
    "CVE-2026-1 Alpine:v3.19 openssl [0,3.1.4-r1) affected",
    "CVE-2026-2 Alpine:v3.19 openssl [0,3.1.4-r1) affected",
    "CVE-2026-3 Alpine:v3.19 openssl [0,3.1.4-r1) affected",
    "CVE-2026-4 Alpine:v3.19 openssl [0,3.1.4-r1) affected",
    "CVE-2026-2426 Alpine:v3.19 openssl [0,3.1.4-r1) affected",
    "GHSA-aaaa-bbbb-cccc Alpine:v3.19 openssl [0,3.1.4-r1) affected",
  ]);
  assert.deepEqual(got.records.find(({ id }) => id === "CVE-2026-4")?.aliases, ["XSA-7"]);
  assert.equal(got.refused.length, 3);
  const wolfi = await importText(
    secdb({
      urlprefix: "https://packages.wolfi.dev",
      distroversion: undefined,
      packages: [{ pkg: { name: "a", secfixes: { "1-r0": ["CVE-2026-1"] } } }],
    }),
  );
  assert.deepEqual(
    wolfi.records.map((record) => [record.ecosystem, record.feed]),
    [["Wolfi", "wolfi-secdb"]],
  );
  await assert.rejects(importText(secdb({ distroversion: "../../etc" })), /release/);
});

test("OpenVEX of Ubuntu: sources by release and pocket", async () => {
  const vex = {
    "@context": "https://openvex.dev/ns/v0.2.0",
    timestamp: "2026-02-03T04:05:06Z",
    statements: [
      {
        vulnerability: { name: "CVE-2026-1", description: "words" },
        products: [
          { "@id": "pkg:deb/ubuntu/openssl@1.1.1f-1ubuntu2.20?arch=source&distro=focal" },
          { "@id": "pkg:deb/ubuntu/libssl1.1@1.1.1f-1ubuntu2.20?arch=amd64&distro=focal" },
        ],
        status: "fixed",
      },
      {
        vulnerability: { name: "CVE-2026-1" },
        products: [
          { "@id": "pkg:deb/ubuntu/openssl@1.1.1-1ubuntu2.1~18.04.23+esm3?arch=source&distro=esm-infra/bionic" },
        ],
        status: "fixed",
      },
      {
        vulnerability: "CVE-2026-2",
        products: ["pkg:deb/ubuntu/openssl@3.0?arch=source&distro=jammy"],
        status: "not_affected",
        justification: "vulnerable_code_not_present",
      },
      {
        vulnerability: { name: "CVE-2026-3" },
        products: [{ "@id": "pkg:deb/ubuntu/openssl@3.0?arch=source&distro=noble" }],
        status: "affected",
        action_statement: "wait",
      },
      {
        vulnerability: { name: "CVE-2026-4" },
        products: [{ "@id": "pkg:deb/ubuntu/openssl@3.0?arch=source&distro=noble" }, { "@id": "pkg:oci/x" }],
        status: "under_investigation",
      },
      { vulnerability: { name: "CVE-2026-5" }, products: [], status: "nonsense" },
    ],
  };
  const got = await importText(JSON.stringify(vex));
  assert.equal(got.importer, "openvex");
  assert.deepEqual(got.records.map(words), [
    "CVE-2026-1 Ubuntu:20.04 openssl [0,1.1.1f-1ubuntu2.20) affected",
    "CVE-2026-1 Ubuntu:18.04 openssl [0,1.1.1-1ubuntu2.1~18.04.23+esm3) affected esm-infra",
    "CVE-2026-2 Ubuntu:22.04 openssl not-affected",
    "CVE-2026-3 Ubuntu:24.04 openssl [0,) affected",
    "CVE-2026-4 Ubuntu:24.04 openssl [0,) under-investigation",
  ]);
  assert.deepEqual(
    [got.records[2]?.statusReason, got.leftOut.length, got.refused.length],
    ["vulnerable_code_not_present", 1, 1],
  );
});

const platform = (id: string, cpe: string): object => ({
  category: "product_name",
  name: id,
  product: { product_id: id, name: id, product_identification_helper: { cpe } },
});
const component = (id: string, purl: string): object => ({
  category: "product_version",
  name: id,
  product: { product_id: id, name: id, product_identification_helper: purl === "" ? undefined : { purl } },
});
const within = (platformId: string, componentId: string, id = `${platformId}:${componentId}`): object => ({
  category: "default_component_of",
  full_product_name: { product_id: id, name: id },
  product_reference: componentId,
  relates_to_product_reference: platformId,
});

test("CSAF VEX of Red Hat: product tree, modules, architectures, every status, EUS apart", async () => {
  const document = {
    document: {
      category: "csaf_vex",
      csaf_version: "2.0",
      publisher: { name: "Red Hat Product Security" },
      aggregate_severity: { text: "Moderate" },
      tracking: { id: "CVE-2026-1", current_release_date: "2026-05-06T07:08:09+00:00" },
    },
    product_tree: {
      branches: [
        {
          category: "vendor",
          name: "Red Hat",
          branches: [
            {
              category: "product_family",
              name: "RHEL",
              branches: [
                platform("AppStream-9", "cpe:/a:redhat:enterprise_linux:9::appstream"),
                platform("AppStream-9.2.EUS", "cpe:/a:redhat:rhel_eus:9.2::appstream"),
                platform("AppStream-8", "cpe:/a:redhat:enterprise_linux:8::appstream"),
                platform("red_hat_enterprise_linux_7", "cpe:/o:redhat:enterprise_linux:7"),
                platform("red_hat_enterprise_linux_6", "cpe:/o:redhat:enterprise_linux:6"),
              ],
            },
            {
              category: "architecture",
              name: "x86_64",
              branches: [
                component("openssl-1:3.0.7-2.el9.x86_64", "pkg:rpm/redhat/openssl@3.0.7-2.el9?arch=x86_64&epoch=1"),
                component("openssl-1:3.0.7-1.el9_2.x86_64", ""),
                component("openssl-1:3.0.7-2.el9.src", "pkg:rpm/redhat/openssl@3.0.7-2.el9?arch=src&epoch=1"),
                component(
                  "nodejs-1:18.1-1.module+el8.x86_64",
                  "pkg:rpm/redhat/nodejs@18.1-1.module%2Bel8?arch=x86_64&epoch=1",
                ),
                component("nodejs:18:8080020230718:63b34585", "pkg:rpmmod/redhat/nodejs@18:8080020230718:63b34585"),
                component("openssl", "pkg:rpm/redhat/openssl"),
                component("nodejs:16/nodejs", ""),
                component("some-image", "pkg:oci/some-image"),
              ],
            },
          ],
        },
      ],
      relationships: [
        within("AppStream-9", "openssl-1:3.0.7-2.el9.x86_64"),
        within("AppStream-9", "openssl-1:3.0.7-2.el9.src"),
        within("AppStream-9.2.EUS", "openssl-1:3.0.7-1.el9_2.x86_64"),
        within("AppStream-8", "nodejs:18:8080020230718:63b34585"),
        within("AppStream-8:nodejs:18:8080020230718:63b34585", "nodejs-1:18.1-1.module+el8.x86_64"),
        within("AppStream-8", "nodejs:16/nodejs"),
        within("AppStream-8", "openssl"),
        within("red_hat_enterprise_linux_7", "openssl"),
        within("red_hat_enterprise_linux_6", "openssl"),
        within("AppStream-9", "some-image"),
      ],
    },
    vulnerabilities: [
      {
        cve: "CVE-2026-1",
        title: "openssl: flaw",
        cwe: { id: "CWE-125" },
        notes: [{ category: "description", text: "words" }],
        product_status: {
          fixed: [
            "AppStream-9:openssl-1:3.0.7-2.el9.x86_64",
            "AppStream-9:openssl-1:3.0.7-2.el9.src",
            "AppStream-9.2.EUS:openssl-1:3.0.7-1.el9_2.x86_64",
            "AppStream-8:nodejs:18:8080020230718:63b34585:nodejs-1:18.1-1.module+el8.x86_64",
            "AppStream-9:some-image",
          ],
          known_affected: ["red_hat_enterprise_linux_7:openssl", "AppStream-8:nodejs:16/nodejs"],
          known_not_affected: ["red_hat_enterprise_linux_6:openssl"],
          under_investigation: ["AppStream-8:openssl"],
        },
        flags: [{ label: "vulnerable_code_not_present", product_ids: ["red_hat_enterprise_linux_6:openssl"] }],
        remediations: [
          {
            category: "no_fix_planned",
            details: "Out of support scope",
            product_ids: ["red_hat_enterprise_linux_7:openssl"],
          },
          { category: "none_available", details: "Fix deferred", product_ids: ["AppStream-8:nodejs:16/nodejs"] },
        ],
        threats: [{ category: "impact", details: "Important" }],
        scores: [{ cvss_v3: { baseScore: 7.5, vectorString: "CVSS:3.1/AV:N" }, products: [] }],
      },
    ],
  };
  const got = await importText(JSON.stringify(document));
  assert.equal(got.importer, "csaf");
  assert.deepEqual(
    got.records.map(
      (record) => `${words(record)} ${record.severity} ${record.architectures.join(",")} (${record.statusReason})`,
    ),
    [
      "CVE-2026-1 Red Hat:9 openssl [0,1:3.0.7-2.el9) affected high x86_64 ()",
      "CVE-2026-1 Red Hat extended:rhel_eus:9.2 openssl [0,1:3.0.7-1.el9_2) affected high x86_64 ()",
      "CVE-2026-1 Red Hat:8 nodejs [0,1:18.1-1.module+el8) affected nodejs:18 high x86_64 ()",
      "CVE-2026-1 Red Hat:7 openssl [0,) end-of-life high  (Out of support scope)",
      "CVE-2026-1 Red Hat:8 nodejs [0,) postponed nodejs:16 high  (Fix deferred)",
      "CVE-2026-1 Red Hat:6 openssl not-affected high  (vulnerable_code_not_present)",
      "CVE-2026-1 Red Hat:8 openssl [0,) under-investigation high  ()",
    ],
  );
  assert.deepEqual(
    [got.facts.get("CVE-2026-1")?.cvssScore, got.facts.get("CVE-2026-1")?.cwes, got.leftOut.length],
    [7.5, ["CWE-125"], 1],
  );
});
