// dpkg: paragraphs of every shape, distroless images, what files a package owns, and this machine's own database against dpkg-query.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import * as fc from "fast-check";
import { catalog, catalogFile } from "../../../../../test/support/catalog-file.ts";
import { skipUnless } from "../../../../../test/support/skip.ts";
import { dpkgCataloger, ownedPaths } from "./dpkg.ts";
import { readDpkgStatus } from "./status.ts";

const debian = { id: "debian", versionId: "12", codename: "bookworm", name: "", idLike: [] };

function paragraph(fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join("");
}

const installed = { Package: "a", Status: "install ok installed", Version: "1:2.3-4", Architecture: "amd64" };

describe("status paragraphs", () => {
  const cases: readonly (readonly [what: string, text: string, rows: readonly string[], refused?: number])[] = [
    ["one", paragraph(installed), ["a 1:2.3-4 amd64  "]],
    [
      "two, with blanks between",
      `\n\n${paragraph(installed)}\n \t\n${paragraph({ ...installed, Package: "b" })}\n\n`,
      ["a 1:2.3-4 amd64  ", "b 1:2.3-4 amd64  "],
    ],
    ["with carriage returns", paragraph(installed).replaceAll("\n", "\r\n") + "\r\n", ["a 1:2.3-4 amd64  "]],
    ["without a newline at its end", paragraph(installed).trimEnd(), ["a 1:2.3-4 amd64  "]],
    ["field names of any case", "PACKAGE: a\nversion:1\nStatus: install ok installed\n", ["a 1   "]],
    ["source", paragraph({ ...installed, Source: "src" }), ["a 1:2.3-4 amd64 src 1:2.3-4"]],
    [
      "source with a version (binary rebuild)",
      paragraph({ ...installed, Version: "1-2+b1", Source: "src (1-2)" }),
      ["a 1-2+b1 amd64 src 1-2"],
    ],
    [
      "source of the same name, other version",
      paragraph({ ...installed, Version: "1-2+b1", Source: "a (1-2)" }),
      ["a 1-2+b1 amd64 a 1-2"],
    ],
    ["source that is the package itself", paragraph({ ...installed, Source: "a (1:2.3-4)" }), ["a 1:2.3-4 amd64  "]],
    ["removed, configuration left", paragraph({ ...installed, Status: "deinstall ok config-files" }), []],
    ["purged", paragraph({ ...installed, Status: "purge ok not-installed" }), []],
    [
      "marked for removal, still there",
      paragraph({ ...installed, Status: "deinstall ok installed" }),
      ["a 1:2.3-4 amd64  "],
    ],
    ["on hold", paragraph({ ...installed, Status: "hold ok installed" }), ["a 1:2.3-4 amd64  "]],
    ["unpacked", paragraph({ ...installed, Status: "install ok unpacked" }), ["a 1:2.3-4 amd64  "]],
    [
      "half configured",
      paragraph({ ...installed, Status: "install reinstreq half-configured" }),
      ["a 1:2.3-4 amd64  "],
    ],
    ["no status (distroless)", paragraph({ Package: "a", Version: "1" }), ["a 1   "]],
    ["no version", paragraph({ Package: "a", Status: "install ok installed" }), [], 1],
    ["no name", paragraph({ Version: "1" }), [], 1],
    ["control characters in the name", paragraph({ ...installed, Package: "a\u001b[31m" }), [], 1],
    ["a name that is too long", paragraph({ ...installed, Package: "a".repeat(300) }), [], 1],
    [
      "lines that go on, and look like fields",
      `${paragraph(installed)}Description: x\n Package: other\n Version: 9\nConffiles:\n /etc/a 00\n`,
      ["a 1:2.3-4 amd64  "],
    ],
    ["only garbage", "\u0000\u0001 nothing", [], 1],
    ["nothing", "", []],
  ];
  for (const [what, text, rows, refused = 0] of cases) {
    test(what, () => {
      const status = readDpkgStatus(text);
      const found = status.entries.map(({ vendor, ...entry }) => {
        assert.equal(vendor, "");
        return Object.values(entry).join(" ");
      });
      assert.deepEqual(found, rows);
      assert.equal(status.refused, refused);
    });
  }
  test("any text is read", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("Package: a", "Version: 1", "Source: (", "Status:", "", " x", ":", "\t", "V"), {
          maxLength: 30,
        }),
        (lines) => {
          const status = readDpkgStatus(lines.join("\n"));
          assert.ok(status.entries.length + status.refused <= lines.length + 1);
        },
      ),
    );
  });
});

test("who built it: the field that others' tools write, else the maintainer", () => {
  const vendors = (fields: Record<string, string>) =>
    readDpkgStatus(paragraph({ Package: "a", Version: "1", ...fields })).entries.map(({ vendor }) => vendor);
  assert.deepEqual(vendors({ Maintainer: "A Team <a@lists.debian.org>" }), ["A Team <a@lists.debian.org>"]);
  assert.deepEqual(vendors({ Maintainer: "x <x@y>", Vendor: "Grafana <g@h>" }), ["Grafana"]);
  const status = paragraph({ Package: "a", Version: "1", Maintainer: "A\u001b[31m <a@b>" });
  assert.equal(
    catalog(dpkgCataloger, [catalogFile("var/lib/dpkg/status", status)], debian).packages[0]?.vendor,
    "A [31m <a@b>",
  );
});

test("owned paths: files, and folders that are empty", () => {
  const list = "/.\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/a\n/usr/share/doc/a/copyright\n/var\n/var/empty\n";
  assert.deepEqual(ownedPaths(list, false), ["/usr/share/doc/a/copyright", "/var/empty"]);
  const sums = `${"0".repeat(32)}  usr/bin/a\n${"0".repeat(32)}  ./usr/bin/b\n`;
  assert.deepEqual(ownedPaths(sums, true), ["/usr/bin/a", "/usr/bin/b"]);
});

describe("joined", () => {
  test("lists by name and by name:architecture, licences, what other files are", () => {
    const status = `${paragraph(installed)}\n${paragraph({ ...installed, Package: "libb" })}\n${paragraph({ ...installed, Package: "c" })}`;
    const read = catalog(
      dpkgCataloger,
      [
        catalogFile("var/lib/dpkg/status", status),
        catalogFile("var/lib/dpkg/info/a.list", "/.\n/usr\n/usr/bin\n/usr/bin/a\n"),
        catalogFile("var/lib/dpkg/info/libb:amd64.list", "/usr\n/usr/lib\n/usr/lib/libb.so\n"),
        catalogFile(
          "usr/share/doc/a/copyright",
          "Format: x\n\nFiles: *\nLicense: MIT\n\nFiles: y\nLicense: GPL-2+ and BSD-3-clause\n text\n\nLicense: MIT\n",
        ),
        catalogFile(
          "usr/share/doc/c/copyright",
          "On Debian systems see /usr/share/common-licenses/GPL-2.\nand /usr/share/common-licenses/LGPL\n",
        ),
        catalogFile("opt/sources.list", "/usr/bin/other\n"),
        catalogFile("opt/copyright", "License: X\n"),
      ],
      debian,
    );
    const rows = read.packages.map(({ namespace, name, licenses }) => [namespace, name, licenses.join("|")]);
    assert.deepEqual(rows, [
      ["debian", "a", "MIT|GPL-2+ and BSD-3-clause"],
      ["debian", "libb", ""],
      ["debian", "c", "GPL-2|LGPL"],
    ]);
    assert.deepEqual(read.owned, [
      { index: 0, paths: ["/usr/bin/a"] },
      { index: 1, paths: ["/usr/lib/libb.so"] },
    ]);
    assert.deepEqual(read.packages[0]?.qualifiers, { distro: "debian-12" });
    assert.deepEqual(read.packages[0]?.evidence, [
      { path: "/var/lib/dpkg/status", layer: 0, line: 0, kind: "database" },
    ]);
  });
  test("distroless: a file a package, its sums beside it, names that are encoded", () => {
    const read = catalog(dpkgCataloger, [
      catalogFile(
        "var/lib/dpkg/status.d/base",
        paragraph({ Package: "base-files", Version: "12.4+deb12u5", Architecture: "amd64" }),
      ),
      catalogFile("var/lib/dpkg/status.d/base.md5sums", `${"0".repeat(32)}  etc/issue\n`),
      catalogFile("var/lib/dpkg/status.d/bGliYzY", paragraph({ Package: "libc6", Version: "2.36-9", Source: "glibc" })),
      catalogFile("var/lib/dpkg/status.d/empty", ""),
    ]);
    assert.deepEqual(
      read.packages.map(({ name, source }) => [name, source?.name]),
      [
        ["libc6", "glibc"],
        ["base-files", undefined],
      ],
    );
    assert.deepEqual(read.owned, [{ index: 1, paths: ["/etc/issue"] }]);
  });
  test("opkg's database is of the same shape", () => {
    const read = catalog(dpkgCataloger, [
      catalogFile(
        "usr/lib/opkg/status",
        paragraph({
          Package: "busybox",
          Version: "1.36.1-1",
          Status: "install user installed",
          Architecture: "x86_64",
        }),
      ),
      catalogFile("usr/lib/opkg/info/busybox.list", "/bin/busybox\n"),
    ]);
    assert.deepEqual(
      read.packages.map(({ type, name }) => `${type}/${name}`),
      ["opkg/busybox"],
    );
    assert.deepEqual(read.owned, [{ index: 0, paths: ["/bin/busybox"] }]);
  });
  test("refused rows are one gap", () => {
    const read = catalog(dpkgCataloger, [catalogFile("var/lib/dpkg/status", "Package: a\n\nPackage: b\n")]);
    assert.deepEqual(
      read.gaps?.map(({ kind, subject, count }) => [kind, subject, count]),
      [["database-unreadable", "/var/lib/dpkg/status", 2]],
    );
  });
});

test("this machine: the same packages, sources and files as dpkg-query tells", (context) => {
  const folder = "/var/lib/dpkg";
  if (!skipUnless(context, existsSync(`${folder}/status`), "a Debian machine")) return;
  const format = "${Package} ${Version} ${Architecture} ${source:Package} ${source:Version} ${db:Status-Status}\n";
  const told = execFileSync("dpkg-query", ["-W", "-f", format], { encoding: "utf8" }).trim().split("\n");
  const expected = told
    .filter((line) => line.endsWith(" installed"))
    .map((line) => line.slice(0, -" installed".length))
    .toSorted();
  const lists = readdirSync(`${folder}/info`).filter((name) => name.endsWith(".list"));
  const read = catalog(dpkgCataloger, [
    catalogFile("var/lib/dpkg/status", readFileSync(`${folder}/status`)),
    ...lists.map((name) => catalogFile(`var/lib/dpkg/info/${name}`, readFileSync(`${folder}/info/${name}`))),
  ]);
  const found = read.packages.map((entry) => {
    const source = entry.source ?? entry;
    return `${entry.name} ${entry.version} ${entry.architecture} ${source.name} ${source.version}`;
  });
  assert.deepEqual(found.toSorted(), expected);
  assert.ok(expected.length > 50);
  const ofDpkg = read.owned?.find(({ index }) => read.packages[index]?.name === "dpkg");
  assert.ok(ofDpkg?.paths.includes("/usr/bin/dpkg-query"));
  assert.equal(read.owned?.length, read.packages.length);
});
