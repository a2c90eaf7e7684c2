// What we write is valid by the formats' own rules, the same byte for byte, and reads back as the same packages, system and gaps.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import { Ajv } from "ajv";
import addFormatsModule from "ajv-formats";
import * as fc from "fast-check";
import type { ImageAnalysis } from "../../../model/image-analysis.ts";
import { analyses, bytesOf, sample, tools } from "../../../../test/support/sbom-analysis.ts";
import { writeCycloneDx } from "./cyclonedx/write.ts";
import { readSbom } from "./read-sbom.ts";
import { spdxRules, spdxProblems } from "./spdx-rules.fixture.ts";
import { writeSpdx } from "./spdx/write.ts";

const options = { toolVersion: "0.1.0" };
const cycloneDx = new Validation.JsonStrictValidator(Spec.Version.v1dot6);
const ajv = new Ajv({ allErrors: true, strict: false });
(addFormatsModule as unknown as { default: (to: Ajv) => void }).default(ajv);
const isSpdx = ajv.compile(spdxRules);

test("CycloneDX 1.6 is valid by the CycloneDX library, SPDX 2.3 by its schema's rules written down here", async () => {
  assert.equal(await cycloneDx.validate(writeCycloneDx(sample, options)), null);
  const spdx: unknown = JSON.parse(writeSpdx(sample, options));
  assert.ok(isSpdx(spdx), JSON.stringify(isSpdx.errors));
  assert.deepEqual(spdxProblems(spdx), []);
});

test("the same analysis gives the same bytes; other content gives another serial number and namespace", () => {
  const [first, second] = [writeCycloneDx(sample, options), writeCycloneDx(structuredClone(sample), options)];
  assert.equal(first, second);
  assert.equal(writeSpdx(sample, options), writeSpdx(structuredClone(sample), options));
  const other = { ...sample, packages: sample.packages.slice(1) };
  const serial = (text: string): string => (JSON.parse(text) as { serialNumber: string }).serialNumber;
  const namespace = (text: string): string => (JSON.parse(text) as { documentNamespace: string }).documentNamespace;
  assert.notEqual(serial(first), serial(writeCycloneDx(other, options)));
  assert.notEqual(namespace(writeSpdx(sample, options)), namespace(writeSpdx(other, options)));
  assert.match(serial(first), /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.match(first, /"timestamp": "2026-03-04T05:06:07Z"/);
  assert.match(
    writeCycloneDx(sample, { ...options, createdAt: "2020-01-01T00:00:00Z" }),
    /"timestamp": "2020-01-01T00:00:00Z"/,
  );
});

/** Without members that are undefined. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function compared(analysis: ImageAnalysis): object {
  const { packages, operatingSystem } = analysis;
  return { packages, operatingSystem };
}

test("reading our own gives packages, system, gaps and digests back", () => {
  for (const text of [writeCycloneDx(sample, options), writeSpdx(sample, options)]) {
    const back = readSbom(bytesOf(text), tools, { reference: "x.json" });
    assert.deepEqual(compared(back), compared(sample));
    assert.deepEqual(back.gaps, sample.gaps);
    assert.deepEqual(new Set(back.otherDigests), new Set([sample.digest, ...sample.otherDigests]));
    assert.notEqual(back.digest, sample.digest, "what a document claims does not name its analysis");
  }
});

test("two packages of one URL stay two: one of them belongs to a distribution's package", async () => {
  const [first, npm] = sample.packages;
  assert.ok(first !== undefined && npm !== undefined);
  const twice = { ...sample, packages: [first, npm, { ...npm, ownedBy: "" }] };
  const text = writeCycloneDx(twice, options);
  assert.equal(await cycloneDx.validate(text), null);
  for (const written of [text, writeSpdx(twice, options)])
    assert.deepEqual(
      readSbom(bytesOf(written), tools).packages.map(({ ownedBy }) => ownedBy),
      ["", npm.ownedBy, ""],
    );
});

test("property: any analysis is written validly and read back the same, by both formats", async () => {
  await fc.assert(
    fc.asyncProperty(analyses, async (analysis) => {
      const texts = [writeCycloneDx(analysis, options), writeSpdx(analysis, options)];
      assert.equal(await cycloneDx.validate(texts[0] ?? ""), null);
      const spdx: unknown = JSON.parse(texts[1] ?? "");
      assert.ok(isSpdx(spdx), JSON.stringify(isSpdx.errors));
      assert.deepEqual(spdxProblems(spdx), []);
      for (const text of texts) {
        const back = readSbom(bytesOf(text), tools, { reference: "x" });
        assert.deepEqual(plain(back.packages), plain(analysis.packages));
        if (analysis.operatingSystem !== undefined) assert.deepEqual(back.operatingSystem, analysis.operatingSystem);
        for (const gap of analysis.gaps)
          assert.ok(back.gaps.some((one) => JSON.stringify(one) === JSON.stringify(gap)));
      }
    }),
    { numRuns: 60 },
  );
});
