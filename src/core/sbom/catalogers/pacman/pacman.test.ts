// Arch's local database: descriptions, files, broken ones.
import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, catalogFile } from "../../../../../test/support/catalog-file.ts";
import { pacmanCataloger } from "./pacman.ts";

const desc = (name: string, base: string): string =>
  `%NAME%\n${name}\n\n%VERSION%\n2.38-7\n\n%BASE%\n${base}\n\n%DESC%\nGNU C Library\n\n%ARCH%\nx86_64\n\n%LICENSE%\nGPL\nLGPL\n\n%DEPENDS%\nlinux-api-headers>=4.10\n\n`;

test("packages, their bases, licences and files", () => {
  const arch = { id: "arch", versionId: "", codename: "", name: "Arch Linux", idLike: [] };
  const { packages, owned, gaps } = catalog(
    pacmanCataloger,
    [
      catalogFile("var/lib/pacman/local/glibc-2.38-7/desc", desc("glibc", "glibc")),
      catalogFile(
        "var/lib/pacman/local/glibc-2.38-7/files",
        "%FILES%\netc/\netc/gai.conf\nusr/lib/libc.so.6\n\n%BACKUP%\netc/gai.conf\tabc\n",
      ),
      catalogFile("var/lib/pacman/local/lib32-glibc-2.38-7/desc", desc("lib32-glibc", "glibc")),
      catalogFile("var/lib/pacman/local/bad-1-1/desc", "%NAME%\na b\n"),
      catalogFile("srv/files", "%FILES%\nx\n"),
    ],
    arch,
  );
  assert.deepEqual(
    packages.map(({ type, namespace, name, version, architecture, source, licenses }) => [
      type,
      namespace,
      name,
      version,
      architecture,
      source?.name,
      licenses.join(),
    ]),
    [
      ["alpm", "arch", "glibc", "2.38-7", "x86_64", undefined, "GPL,LGPL"],
      ["alpm", "arch", "lib32-glibc", "2.38-7", "x86_64", "glibc", "GPL,LGPL"],
    ],
  );
  assert.deepEqual(owned, [{ index: 0, paths: ["/etc/gai.conf", "/usr/lib/libc.so.6"] }]);
  assert.deepEqual(
    gaps?.map(({ kind, count }) => [kind, count]),
    [["database-unreadable", 1]],
  );
});
