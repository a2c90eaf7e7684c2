// SBOMs that images carry, beside and without a package database; Bitnami's list of components.
import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, catalogFile, catalogTools } from "../../../../../test/support/catalog-file.ts";
import { Fault } from "../../../../base/fault.ts";
import { embeddedCataloger } from "./embedded.ts";

const document = JSON.stringify({
  bomFormat: "CycloneDX",
  specVersion: "1.5",
  components: [
    {
      type: "library",
      name: "redis",
      version: "7.2.4-0",
      purl: "pkg:bitnami/redis@7.2.4-0?arch=amd64&distro=debian-12",
    },
    { type: "library", name: "busybox", version: "1.36.1-r5", purl: "pkg:apk/wolfi/busybox@1.36.1-r5?arch=x86_64" },
  ],
});

const names = (files: Parameters<typeof catalog>[1]): string[] =>
  catalog(embeddedCataloger, files)
    .packages.map(({ type, name }) => `${type}/${name}`)
    .toSorted();

test("a document's packages, with the document as their evidence", () => {
  const { packages } = catalog(embeddedCataloger, [catalogFile("opt/bitnami/redis/sbom.cdx.json", document)]);
  const redis = packages.find(({ name }) => name === "redis");
  assert.deepEqual([redis?.version, redis?.architecture, redis?.cataloger], ["7.2.4-0", "amd64", "sbom/embedded"]);
  assert.deepEqual(redis?.evidence, [{ path: "/opt/bitnami/redis/sbom.cdx.json", layer: 0, line: 0, kind: "sbom" }]);
});

test("beside a package database its rows of the distribution's packages are left out", () => {
  const sbom = catalogFile("var/lib/db/sbom/busybox-1.36.1-r5.cdx.json", document);
  assert.deepEqual(names([sbom]), ["apk/busybox", "bitnami/redis"]);
  const has = (path: string): boolean => path === "lib/apk/db/installed";
  const part = embeddedCataloger.read(sbom, catalogTools);
  const combined = embeddedCataloger.combine([{ path: sbom.path, layer: 0, part }], {
    operatingSystem: undefined,
    has,
  });
  assert.deepEqual(
    combined.packages.map(({ name }) => name),
    ["redis"],
  );
});

test("Bitnami's list", () => {
  const list = JSON.stringify({
    redis: { arch: "amd64", distro: "debian-12", type: "NAMI", version: "7.2.4-0" },
    broken: 7,
    "bad\u0007": { version: "1" },
  });
  assert.deepEqual(names([catalogFile("opt/bitnami/.bitnami_components.json", list)]), ["bitnami/redis"]);
  assert.throws(
    () => embeddedCataloger.read(catalogFile("opt/bitnami/.bitnami_components.json", "{"), catalogTools),
    Fault,
  );
});

test("other files of such names are passed over, broken documents are not", () => {
  assert.equal(embeddedCataloger.read(catalogFile("srv/bom.json", '{"a":1}'), catalogTools), undefined);
  assert.throws(
    () => embeddedCataloger.read(catalogFile("srv/a.cdx.json", document.slice(0, 90)), catalogTools),
    Fault,
  );
});
