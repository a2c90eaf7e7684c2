// What is broken, hostile or no SBOM at all: gaps or a fault, never another end.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { Fault } from "../../../base/fault.ts";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import { bytesOf, tools } from "../../../../test/support/sbom-analysis.ts";
import { readSbom } from "./read-sbom.ts";

const read = (value: unknown): ImageAnalysis =>
  readSbom(bytesOf(typeof value === "string" ? value : JSON.stringify(value)), tools, { reference: "web.json" });

test("what is broken is a gap with its reason, and the rest goes on; duplicates are one", () => {
  const { packages, gaps } = read({
    bomFormat: "CycloneDX",
    components: [
      { type: "library", name: "bad", version: "1", purl: "pkg:npm/%zz@1" },
      { type: "library", name: "bare", version: "1" },
      { type: "library", name: "nothing" },
      { type: "library", name: "x".repeat(2000), version: "1", purl: `pkg:npm/${"x".repeat(2000)}@1` },
      null,
      7,
      "text",
      { type: { a: 1 }, name: ["x"], purl: 5 },
      { type: "library", name: "ok", version: "1", purl: "pkg:npm/ok@1", licenses: [{ license: { id: "MIT" } }] },
      { type: "library", name: "ok", version: "1", purl: "pkg:npm/ok@1", licenses: [{ license: { id: "ISC" } }] },
      { type: "library", name: "libc6", version: "1", purl: "pkg:deb/debian/libc6@1" },
      JSON.parse(
        '{"__proto__":{"purl":"pkg:npm/evil@1"},"type":"library","name":"__proto__","version":"1","purl":"pkg:npm/__proto__@1"}',
      ),
    ],
  });
  assert.deepEqual(
    packages.map(({ type, name }) => `${type}/${name}`),
    ["generic/bad", "generic/bare", "npm/ok", "deb/libc6", "npm/__proto__"],
  );
  assert.deepEqual(packages[2]?.licenses, ["MIT", "ISC"]);
  assert.deepEqual(gaps.map(({ kind }) => kind).toSorted(), [
    "not-supported",
    "not-supported",
    "not-supported",
    "not-supported",
    "not-supported",
    "not-supported",
    "operating-system-unknown",
  ]);
  assert.match(gaps[0]?.because ?? "", /percent-encoding is broken/);
});

test("what is no SBOM is refused with what would be one", () => {
  for (const text of [
    "",
    "hello",
    "[]",
    "{}",
    '{"bomFormat":',
    "SPDXID: x\nspdxVersion: SPDX-2.3\n",
    "---\nspdxVersion: SPDX-2.3\n",
    '<?xml version="1.0"?><rdf:RDF></rdf:RDF>',
  ])
    assert.throws(
      () => read(text),
      (error) => error instanceof Fault && error.code.startsWith("sbom/"),
      text,
    );
});

test("a document that names no package is never clean: a gap says so, and what stands where a list should", () => {
  const told = (value: object): readonly string[] => read(value).gaps.map(({ because }) => because);
  const none = "the document names no package: nothing could be looked up";
  const marks = [
    { bomFormat: "CycloneDX", specVersion: "1.5" },
    { bomFormat: "CycloneDX", components: [] },
    { bomFormat: "CycloneDX", vulnerabilities: [{ id: "CVE-2026-1" }] },
    { spdxVersion: "SPDX-2.3", packages: [] },
    { "@context": "https://spdx.org/rdf/3.0.1/x", "@graph": [] },
    { descriptor: { name: "syft" }, artifacts: [] },
    { manifests: {}, detector: {} },
  ];
  for (const mark of marks) assert.deepEqual(told(mark), [none], JSON.stringify(mark));
  assert.deepEqual(told({ bomFormat: "CycloneDX", components: { a: 1 } }), [
    '"components" is no list: nothing in it was read',
    none,
  ]);
  assert.deepEqual(told({ bomFormat: "CycloneDX", components: [7] }), [
    "a component has neither a package URL nor a name",
    none,
  ]);
});

test("components deeper than the limit are a gap", () => {
  let component: object = { type: "library", name: "leaf", version: "1", purl: "pkg:npm/leaf@1" };
  for (let depth = 0; depth < 60; depth += 1)
    component = {
      type: "library",
      name: `n${depth}`,
      version: "1",
      purl: `pkg:npm/n${depth}@1`,
      components: [component],
    };
  const { packages, gaps } = read({ bomFormat: "CycloneDX", components: [component] });
  assert.ok(packages.length > 20 && packages.length < 60);
  assert.deepEqual(
    gaps.map(({ kind }) => kind),
    ["limit-reached"],
  );
});

test("property: any JSON in place of any part throws nothing but a fault", () => {
  const marks = fc.constantFrom<object>(
    { bomFormat: "CycloneDX" },
    { spdxVersion: "SPDX-2.3" },
    { "@context": "https://spdx.org/rdf/3.0.1/x" },
    { artifacts: [1] },
    { manifests: {}, detector: {} },
  );
  const key = fc.constantFrom(
    "components",
    "packages",
    "@graph",
    "artifacts",
    "metadata",
    "purl",
    "name",
    "type",
    "properties",
    "externalRefs",
    "licenses",
    "evidence",
    "distro",
    "manifests",
  );
  const value = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      fc.jsonValue({ maxDepth: 1 }),
      fc.array(tie("node"), { maxLength: 3 }),
      fc.dictionary(key, tie("node"), { maxKeys: 4 }),
    ),
  })).node;
  fc.assert(
    fc.property(marks, fc.dictionary(key, value, { maxKeys: 5 }), (mark, rest) => {
      try {
        read({ ...rest, ...mark });
      } catch (error) {
        assert.ok(error instanceof Fault, String(error));
      }
    }),
  );
});
