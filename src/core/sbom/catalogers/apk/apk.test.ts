// apk's database in both places, with origins, files and broken rows.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { catalog, catalogFile } from "../../../../../test/support/catalog-file.ts";
import { apkCataloger, readApkDatabase } from "./apk.ts";

const alpine = { id: "alpine", versionId: "3.19.1", codename: "", name: "", idLike: [] };

const text = `C:Q1abc=
P:libcrypto3
V:3.1.4-r5
A:x86_64
S:100
L:Apache-2.0 AND MIT
o:openssl
m:Someone <someone@example.org>
D:so:libc.musl-x86_64.so.1
p:so:libcrypto.so.3=3
F:etc
F:etc/ssl
M:0:0:755
R:openssl.cnf
a:0:0:644
Z:Q1xyz=
F:lib
R:libcrypto.so.3

P:busybox
V:1.36.1-r15
A:x86_64
o:busybox
F:
R:rooted
F:bin
R:busybox

P:no-version

P:bad\u0007name
V:1
`;

describe("apk", () => {
  test("packages, origins, licences, files", () => {
    const read = catalog(apkCataloger, [catalogFile("lib/apk/db/installed", text)], alpine);
    assert.deepEqual(
      read.packages.map(({ namespace, name, version, architecture, source, licenses }) => [
        namespace,
        name,
        version,
        architecture,
        source,
        licenses,
      ]),
      [
        [
          "alpine",
          "libcrypto3",
          "3.1.4-r5",
          "x86_64",
          { name: "openssl", version: "3.1.4-r5" },
          ["Apache-2.0 AND MIT"],
        ],
        ["alpine", "busybox", "1.36.1-r15", "x86_64", undefined, []],
      ],
    );
    assert.deepEqual(read.owned, [
      { index: 0, paths: ["/etc/ssl/openssl.cnf", "/lib/libcrypto.so.3"] },
      { index: 1, paths: ["/rooted", "/bin/busybox"] },
    ]);
    assert.deepEqual(
      read.gaps?.map(({ kind, count }) => [kind, count]),
      [["database-unreadable", 2]],
    );
    assert.deepEqual(read.packages[0]?.qualifiers, { distro: "alpine-3.19.1" });
  });
  test("the new place, and both places at once", () => {
    const one = [catalogFile("usr/lib/apk/db/installed", text)];
    const wolfi = { ...alpine, id: "wolfi", versionId: "20230201" };
    assert.deepEqual(
      catalog(apkCataloger, one, wolfi).packages.map(({ namespace }) => namespace),
      ["wolfi", "wolfi"],
    );
    const two = [...one, catalogFile("lib/apk/db/installed", text)];
    assert.equal(catalog(apkCataloger, two, wolfi).packages.length, 2);
  });
  test("a folder longer than any path has no files", () => {
    const part = readApkDatabase(`P:a\nV:1\nF:${"x".repeat(1_000_000)}\n${"R:y\n".repeat(100_000)}F:bin\nR:z\n`);
    assert.equal(part.entries[0]?.paths, "/bin/z");
  });
  test("any lines are read", () => {
    const lines = fc.array(fc.constantFrom("P:a", "V:1", "", "F:x", "R:", "R:y", ":", "\r", "o:", "L:"), {
      maxLength: 40,
    });
    fc.assert(
      fc.property(lines, (all) => {
        const part = readApkDatabase(all.join("\n"));
        assert.ok(part.entries.every(({ name, version }) => name === "a" && version === "1"));
      }),
    );
  });
});
