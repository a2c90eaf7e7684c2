// CSAF and CycloneDX read and laid over matches; wrapped documents; what is no VEX.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "../../../base/fault.ts";
import { suppress } from "./apply.ts";
import { readVex } from "./read.ts";
import { image, matchOf, openVex, over, statement } from "./vex-world.fixture.ts";

const csaf = {
  document: {
    category: "csaf_vex",
    csaf_version: "2.0",
    publisher: { name: "Maker" },
    tracking: { id: "M-1", current_release_date: "2026-01-01T00:00:00Z" },
  },
  product_tree: {
    branches: [
      {
        category: "vendor",
        branches: [
          {
            category: "product_name",
            product: {
              product_id: "P",
              name: "Linux 9",
              product_identification_helper: { cpe: "cpe:/o:redhat:enterprise_linux:9" },
            },
          },
          {
            category: "product_version",
            product: {
              product_id: "K",
              name: "kernel",
              product_identification_helper: { purl: "pkg:rpm/redhat/kernel@5.1-2.el9?epoch=1" },
            },
          },
          {
            category: "product_version",
            product: {
              product_id: "ANY",
              name: "kernel",
              product_identification_helper: { purl: "pkg:rpm/redhat/kernel" },
            },
          },
        ],
      },
    ],
    full_product_names: [
      { product_id: "B", name: "b", product_identification_helper: { purl: "pkg:npm/%40a/b@1.0.0" } },
    ],
    relationships: [
      {
        category: "default_component_of",
        product_reference: "K",
        relates_to_product_reference: "P",
        full_product_name: { product_id: "P:K", name: "k" },
      },
      {
        category: "default_component_of",
        product_reference: "ANY",
        relates_to_product_reference: "P",
        full_product_name: { product_id: "P:ANY", name: "k" },
      },
    ],
    product_groups: [{ group_id: "G", product_ids: ["B"] }],
  },
  vulnerabilities: [
    {
      cve: "CVE-2026-1",
      product_status: { known_not_affected: ["B", "P:K", "lost"] },
      flags: [{ label: "component_not_present", group_ids: ["G"] }],
      threats: [{ category: "impact", details: "not built in", product_ids: ["P:K"] }],
    },
    {
      cve: "CVE-2026-2",
      product_status: { known_not_affected: ["P:ANY"], known_affected: ["B"] },
      remediations: [{ category: "vendor_fix", details: "update", product_ids: ["B"] }],
    },
  ],
};

test("CSAF: branches, relationships, groups, flags and threats; a platform that nobody can check needs a version", () => {
  const matches = over([matchOf(1), matchOf(3), matchOf(3, { vulnerability: "CVE-2026-2", aliases: [] })], [csaf]);
  assert.deepEqual(
    matches.map(({ suppressed }) => [suppressed?.status, suppressed?.justification, suppressed?.reason]),
    [
      ["not_affected", "component_not_present", ""],
      ["not_affected", "", "not built in"],
      [undefined, undefined, undefined],
    ],
  );
  assert.deepEqual(readVex(JSON.stringify(csaf)).problems, ["a status names a product that is not in the tree"]);
});

test("CycloneDX VEX: by reference, by BOM-Link, by version; as XML, too", () => {
  const base = {
    bomFormat: "CycloneDX",
    serialNumber: "urn:uuid:1",
    components: [{ type: "library", "bom-ref": "r", name: "b", purl: "pkg:npm/%40a/b@1.0.0" }],
  };
  const of = (
    affects: object,
    analysis: object = { state: "not_affected", justification: "code_not_reachable", detail: "d" },
  ): object => ({ ...base, vulnerabilities: [{ id: "CVE-2026-1", analysis, affects: [affects] }] });
  for (const affects of [
    { ref: "r" },
    { ref: "urn:cdx:1/1#pkg:npm/%40a/b@1.0.0" },
    { ref: "urn:cdx:1/1#pkg%3Anpm%2F%2540a%2Fb%401.0.0" },
    { ref: "r", versions: [{ version: "1.0.0" }] },
  ])
    assert.deepEqual(
      over([matchOf(1)], [of(affects)])[0]?.suppressed?.justification,
      "vulnerable_code_not_in_execute_path",
      JSON.stringify(affects),
    );
  for (const affects of [
    { ref: "other" },
    { ref: "r", versions: [{ version: "2" }] },
    { ref: "r", versions: [{ range: "vers:npm/<3" }] },
  ])
    assert.equal(over([matchOf(1)], [of(affects)])[0]?.suppressed, undefined);
  assert.equal(over([matchOf(1)], [of({ ref: "r" }, { state: "exploitable" })])[0]?.suppressed, undefined);
  assert.equal(over([matchOf(1)], [of({ ref: "r" }, { state: "resolved" })])[0]?.suppressed?.status, "fixed");
  const xml = `<bom xmlns="http://cyclonedx.org/schema/bom/1.4"><vulnerabilities><vulnerability><id>CVE-2026-1</id><analysis><state>false_positive</state></analysis><affects><target><ref>pkg:npm/%40a/b@1.0.0</ref></target></affects></vulnerability></vulnerabilities></bom>`;
  assert.equal(
    suppress([matchOf(1)], { documents: [readVex(xml)], exceptions: [], image, nowMs: 0 })[0]?.suppressed?.status,
    "not_affected",
  );
});

test("wrapped documents are opened; what is no VEX is refused; broken parts are problems", () => {
  const inner = openVex([
    statement({ "@id": "pkg:npm/%40a/b" }),
    { status: "fixed" },
    7,
    statement({ "@id": "pkg:npm/%zz" }),
  ]);
  const dsse = {
    payloadType: "x",
    payload: Buffer.from(
      JSON.stringify({ _type: "https://in-toto.io/Statement/v1", predicate: { ...inner, author: "Müller" } }),
    ).toString("base64"),
  };
  const { author, statements, problems } = readVex(JSON.stringify(dsse));
  assert.deepEqual([author, statements.length, problems.length], ["Müller", 2, 2]);
  for (const text of ["", "{}", "[1]", "x", "<bom>", '{"payload":"!"}'])
    assert.throws(() => readVex(text), Fault, text);
});
