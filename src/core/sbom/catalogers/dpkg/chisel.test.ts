// Manifests of chiselled images, compressed and not.
import assert from "node:assert/strict";
import { test } from "node:test";
import zlib from "node:zlib";
import { catalog, catalogFile, catalogTools } from "../../../../../test/support/catalog-file.ts";
import { Fault } from "../../../../base/fault.ts";
import { chiselCataloger } from "./chisel.ts";

const manifest = [
  { jsonwall: "1.0", schema: "1.0", count: 6 },
  { kind: "content", slice: "libc6_libs", path: "/usr/lib/x86_64-linux-gnu/libc.so.6" },
  { kind: "content", slice: "base-files_base", path: "/etc/" },
  { kind: "package", name: "base-files", version: "13ubuntu10", sha256: "0", arch: "amd64" },
  { kind: "package", name: "libc6", version: "2.39-0ubuntu8.3", sha256: "0", arch: "amd64" },
  { kind: "package", name: "bad\u0007", version: "1" },
  { kind: "slice", name: "libc6_libs" },
]
  .map((row) => JSON.stringify(row))
  .join("\n");

test("packages, their files, and what a manifest cannot say", () => {
  const path = "var/lib/chisel/manifest.wall";
  const ubuntu = { id: "ubuntu", versionId: "24.04", codename: "noble", name: "", idLike: [] };
  for (const content of [manifest, zlib.zstdCompressSync(Buffer.from(manifest))]) {
    const { packages, owned, gaps } = catalog(chiselCataloger, [catalogFile(path, content)], ubuntu);
    assert.deepEqual(
      packages.map(
        ({ type, namespace, name, version, architecture }) => `${type}/${namespace}/${name}@${version} ${architecture}`,
      ),
      ["deb/ubuntu/base-files@13ubuntu10 amd64", "deb/ubuntu/libc6@2.39-0ubuntu8.3 amd64"],
    );
    assert.deepEqual(owned, [{ index: 1, paths: ["/usr/lib/x86_64-linux-gnu/libc.so.6"] }]);
    assert.deepEqual(
      gaps?.map(({ kind }) => kind),
      ["database-unreadable", "not-supported"],
    );
  }
  assert.throws(() => chiselCataloger.read(catalogFile(path, "{\n"), catalogTools), Fault);
});
