// Gentoo's database: names and versions of folders, files with blanks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, catalogFile } from "../../../../../test/support/catalog-file.ts";
import { portageCataloger, readContents } from "./portage.ts";

test("names and versions by their folders", () => {
  const cases = [
    ["app-containers/skopeo-1.5.1", "app-containers/skopeo@1.5.1"],
    ["dev-libs/openssl-1.1.1w-r2", "dev-libs/openssl@1.1.1w-r2"],
    ["media-libs/x264-0.0.20231114_p2", "media-libs/x264@0.0.20231114_p2"],
    ["dev-lang/python-exec-conf-2.4.6_rc1", "dev-lang/python-exec-conf@2.4.6_rc1"],
    ["sys-libs/no-version", ""],
  ] as const;
  for (const [folder, expected] of cases) {
    const { packages } = catalog(portageCataloger, [catalogFile(`var/db/pkg/${folder}/CONTENTS`, "dir /usr\n")]);
    assert.equal(packages.map(({ namespace, name, version }) => `${namespace}/${name}@${version}`).join(), expected);
  }
  assert.deepEqual(catalog(portageCataloger, [catalogFile("srv/CONTENTS", "obj /x")]).packages, []);
});

test("files and links, names with blanks", () => {
  const sum = "0".repeat(32);
  assert.deepEqual(
    readContents(`dir /usr\nobj /usr/bin/a b ${sum} 1700000000\nsym /usr/lib/x -> y.so 1700000000\nfif /run/x\nobj\n`),
    ["/usr/bin/a b", "/usr/lib/x"],
  );
});
