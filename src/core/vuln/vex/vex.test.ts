// Statements of the three formats over matches: what covers what, which one is newest, what stays; and OpenVEX out.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../../base/fault.ts";
import { suppress } from "./apply.ts";
import { readVex } from "./read.ts";
import { analysis, digest, image, matchOf, openVex, over, statement } from "./vex-world.fixture.ts";
import { writeOpenVex } from "./write-openvex.ts";

const covering: readonly (readonly [string, unknown, number])[] = [
  ["the package itself, any version", { "@id": "pkg:npm/%40a/b" }, 1],
  ["letter case by type", { "@id": "pkg:npm/%40A/B@1.0.0" }, 1],
  ["fewer qualifiers", { "@id": "pkg:deb/debian/libssl3@3.0.11-1?distro=debian-12" }, 0],
  ["a distribution by codename", { "@id": "pkg:deb/debian/libssl3?distro=bookworm" }, 0],
  ["the source package", { "@id": "pkg:deb/debian/openssl@3.0.11-1?arch=source" }, 0],
  ["identifiers beside an IRI", { "@id": "https://x/1", identifiers: { purl: "pkg:npm/%40a/b@1.0.0" } }, 1],
  ["the image by package URL and digest", { "@id": `pkg:oci/web@${digest}` }, 1],
  ["the image by repository", { "@id": "pkg:oci/web?repository_url=registry.example%2Fshop%2Fweb" }, 1],
  ["the image by hash", { "@id": "web", hashes: { "sha-256": "a".repeat(64) } }, 1],
  [
    "a package inside the image",
    { "@id": `pkg:oci/web@${digest}`, subcomponents: [{ "@id": "pkg:npm/%40a/b@1.0.0" }] },
    1,
  ],
  ["a package inside a package", { "@id": "pkg:deb/debian/libssl3", subcomponents: [{ "@id": "pkg:npm/%40a/b" }] }, 1],
  ["a CPE that is the same", { "@id": "x", identifiers: { cpe23: "cpe:2.3:a:f5:nginx:1.25.3:*:*:*:*:*:*:*" } }, 2],
  ["an rpm with its epoch", { "@id": "pkg:rpm/redhat/kernel@5.1-2.el9?epoch=1" }, 3],
];

const notCovering: readonly (readonly [string, unknown, number])[] = [
  ["another version", { "@id": "pkg:npm/%40a/b@1.0.1" }, 1],
  ["another qualifier", { "@id": "pkg:deb/debian/libssl3@3.0.11-1?arch=arm64" }, 0],
  ["another release", { "@id": "pkg:deb/debian/libssl3@3.0.11-1?distro=debian-11" }, 0],
  ["another image", { "@id": `pkg:oci/web@sha256:${"b".repeat(64)}` }, 1],
  ["another tag", { "@id": "pkg:oci/web?repository_url=registry.example/shop/web&tag=1.3" }, 1],
  [
    "another image around it",
    { "@id": `pkg:oci/x@sha256:${"b".repeat(64)}`, subcomponents: [{ "@id": "pkg:npm/%40a/b" }] },
    1,
  ],
  ["another package inside the image", { "@id": `pkg:oci/web@${digest}`, subcomponents: [{ "@id": "pkg:npm/c" }] }, 1],
  ["an image by the last part of its name", { "@id": "pkg:oci/web" }, 1],
  ["the same with a tag", { "@id": "pkg:oci/web?tag=1.2" }, 1],
  ["a CPE with a wildcard", { "@id": "x", identifiers: { cpe23: "cpe:2.3:a:f5:nginx:*:*:*:*:*:*:*:*" } }, 2],
  ["nothing", {}, 1],
  ["a name that is the package's", { "@id": "b" }, 1],
];

test("OpenVEX: what a product covers, and what it does not", () => {
  for (const [words, product, index] of covering) {
    const [match] = over([matchOf(index)], [openVex([statement(product)])]);
    assert.equal(match?.suppressed?.status, "not_affected", words);
    assert.deepEqual(
      [match?.suppressed?.by, match?.suppressed?.name, match?.suppressed?.owner],
      ["vex", "https://vex.example/1", "Vendor"],
    );
  }
  for (const [words, product, index] of notCovering)
    assert.equal(over([matchOf(index)], [openVex([statement(product)])])[0]?.suppressed, undefined, words);
});

test("a vulnerability by any of its names; another one is left alone", () => {
  const product = { "@id": "pkg:npm/%40a/b" };
  for (const vulnerability of [
    "CVE-2026-1",
    { name: "cve-2026-1" },
    { name: "X-1", aliases: ["GHSA-aaaa-bbbb-cccc"] },
    { "@id": "https://x/CVE-2026-1" },
  ])
    assert.ok(
      over([matchOf(1)], [openVex([statement(product, { vulnerability })])])[0]?.suppressed,
      JSON.stringify(vulnerability),
    );
  assert.equal(
    over([matchOf(1)], [openVex([statement(product, { vulnerability: { name: "CVE-2026-2" } })])])[0]?.suppressed,
    undefined,
  );
});

test("the newest statement counts; of the same time the later one; affected takes back, under investigation only says so", () => {
  const product = { "@id": "pkg:npm/%40a/b" };
  const [older, newer] = ["2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"];
  const fixed = statement(product, { status: "fixed", timestamp: newer });
  const affected = statement(product, { status: "affected", timestamp: older });
  for (const order of [
    [fixed, affected],
    [affected, fixed],
  ])
    assert.equal(over([matchOf(1)], [openVex(order)])[0]?.suppressed?.status, "fixed");
  assert.equal(
    over(
      [matchOf(1)],
      [
        openVex([statement(product, { status: "fixed" })], older),
        openVex([statement(product, { status: "affected" })], newer),
      ],
    )[0]?.suppressed,
    undefined,
  );
  const same = [statement(product, { status: "fixed" }), statement(product, { status: "affected" })];
  assert.equal(over([matchOf(1)], [openVex(same)])[0]?.suppressed, undefined);
  assert.equal(over([matchOf(1)], [openVex(same.toReversed())])[0]?.suppressed?.status, "fixed");
  const [told] = over([matchOf(1)], [openVex([statement(product, { status: "under_investigation" })])]);
  assert.deepEqual([told?.status, told?.suppressed], ["under-investigation", undefined]);
});

test("a time to come does not win over later words, an erratum's name is no word about each of its vulnerabilities", () => {
  const product = { "@id": "pkg:npm/%40a/b" };
  const fixed = statement(product, { status: "fixed", timestamp: "2099-01-01T00:00:00Z" });
  const affected = statement(product, { status: "affected", timestamp: "2026-08-01T00:00:00Z" });
  const later = { nowMs: Date.parse("2026-09-01T00:00:00Z") };
  assert.equal(over([matchOf(1)], [openVex([fixed, affected])], later)[0]?.suppressed?.status, "fixed", "read today");
  assert.equal(
    over([matchOf(1)], [openVex([fixed]), openVex([affected])], { nowMs: Date.parse("2026-07-01") })[0]?.suppressed,
    undefined,
  );
  for (const name of ["DSA-1", "USN-1-1", "RHSA-2026:1"]) {
    const [match] = over(
      [matchOf(1, { aliases: ["USN-1-1", "RHSA-2026:1"] })],
      [openVex([statement(product, { vulnerability: { name } })])],
    );
    assert.equal(match?.suppressed, undefined, name);
  }
});

test("OpenVEX: not_affected without a reason is a problem and counts for nothing; an image that anybody may be called is told", () => {
  const told = (value: object): readonly string[] => readVex(JSON.stringify(openVex([value]))).problems;
  const product = { "@id": "pkg:npm/%40a/b" };
  const bare = statement(product, { justification: undefined });
  assert.match(told(bare)[0] ?? "", /not_affected and not why/);
  assert.equal(over([matchOf(1)], [openVex([bare])])[0]?.suppressed, undefined);
  assert.deepEqual(told(statement(product, { justification: undefined, impact_statement: "not called" })), []);
  assert.match(told(statement({ "@id": "pkg:oci/web?tag=1" }))[0] ?? "", /without its repository and digest/);
});

test("a tag speaks of an image that was named by it, not of one named by a digest", () => {
  const product = { "@id": "registry.example/shop/web:1.2" };
  const named = (reference: string): unknown =>
    over([matchOf(1)], [openVex([statement(product)])], { image: { ...image, references: [reference] } })[0]
      ?.suppressed;
  assert.ok(named("registry.example/shop/web:1.2"));
  assert.equal(named(`registry.example/shop/web:1.2@sha256:${"c".repeat(64)}`), undefined);
});

test("OpenVEX out: reproducible, every status with what it must have, and read back it says the same", () => {
  const product = { "@id": "pkg:npm/%40a/b" };
  const decided = over([matchOf(1), matchOf(0)], [openVex([statement(product)])]);
  const matches = [
    ...decided,
    matchOf(2, { vulnerability: "CVE-2026-3", status: "under-investigation" }),
    matchOf(3, {
      vulnerability: "CVE-2026-4",
      suppressed: {
        by: "exception",
        name: "e",
        status: "accepted",
        justification: "",
        reason: "behind a wall",
        owner: "me",
        expiresAt: "2026-12-01",
      },
    }),
  ];
  const text = writeOpenVex(analysis, matches, { createdAt: "2026-05-01T00:00:00Z", toolVersion: "1" });
  assert.equal(
    text,
    writeOpenVex(analysis, structuredClone(matches), { createdAt: "2026-05-01T00:00:00Z", toolVersion: "1" }),
  );
  const written = JSON.parse(text) as {
    statements: { status: string; justification?: string; impact_statement?: string; action_statement?: string }[];
  };
  for (const one of written.statements) {
    if (one.status === "not_affected") assert.ok(one.justification ?? one.impact_statement);
    if (one.status === "affected") assert.ok(one.action_statement);
  }
  assert.match(text, /Risk accepted by me until 2026-12-01: behind a wall/);
  const again = suppress(
    decided.map((match) => ({ ...match, suppressed: undefined })),
    { documents: [readVex(text)], exceptions: [], image, nowMs: 0 },
  );
  assert.deepEqual(
    again.map(({ suppressed }) => suppressed?.status),
    ["not_affected", undefined],
  );
});

test("property: no document makes the reader or the overlay throw anything but a fault", () => {
  const key = fc.constantFrom(
    "statements",
    "products",
    "@id",
    "vulnerability",
    "vulnerabilities",
    "analysis",
    "affects",
    "product_tree",
    "branches",
    "status",
    "relationships",
    "components",
  );
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(key, tie("node"), { maxKeys: 4 }),
    ),
  })).node;
  const mark = fc.constantFrom<object>(
    { "@context": "https://openvex.dev/ns" },
    { document: { csaf_version: "2.0" } },
    { bomFormat: "CycloneDX" },
  );
  fc.assert(
    fc.property(mark, fc.dictionary(key, value, { maxKeys: 4 }), (first, rest) => {
      try {
        over([matchOf(0), matchOf(1)], [{ ...rest, ...first }]);
      } catch (error) {
        assert.ok(error instanceof Fault, String(error));
      }
    }),
  );
});
