// From layers' findings to an analysis: who owns what, what of it speaks, what is loadable, and what nobody could look at.
import assert from "node:assert/strict";
import { test } from "node:test";
import { catalogFile, catalogTools } from "../../../test/support/catalog-file.ts";
import type { SoftwarePackage } from "../../model/software-package.ts";
import { type Analysed, analyse } from "./analyse.ts";
import { type Cataloger, defineCataloger } from "./cataloger.ts";
import { dpkgCataloger } from "./catalogers/dpkg/dpkg.ts";
import { operatingSystemCataloger } from "./catalogers/os/release.ts";
import { pythonMetadata } from "./catalogers/python/metadata.ts";
import type { LayerPart } from "./layer-findings.ts";
import { createListing } from "./layer-listing.ts";
import { squash } from "./squash.ts";

/** Makes a package of every line of files it wants: "type name version". */
function lines(id: string, suffix: string): Cataloger {
  return defineCataloger<string>({
    id,
    version: 1,
    wants: { suffixes: [suffix], bytesMax: 1000 },
    read: (file) => file.text(),
    combine: (files) => ({
      packages: files.map(({ path, layer, part }) => {
        const [type = "", name = "", version = ""] = part.split(" ");
        const evidence = [{ path: `/${path}`, layer, line: 0, kind: "binary" as const }];
        const plain = { namespace: "", architecture: "", module: "", licenses: [], cpes: [], qualifiers: {} };
        return { ...plain, type, name, version, scope: "installed", ownedBy: "", cataloger: id, evidence };
      }),
    }),
  });
}

const catalogers: readonly { readonly cataloger: Cataloger; readonly pattern: RegExp }[] = [
  { cataloger: operatingSystemCataloger, pattern: /os-release$/ },
  { cataloger: dpkgCataloger, pattern: /(?:dpkg|opkg)\// },
  { cataloger: pythonMetadata, pattern: /dist-info\// },
  { cataloger: lines("binary/classifier", ".bin"), pattern: /\.bin$/ },
  { cataloger: lines("binary/note", ".note"), pattern: /\.note$/ },
];

function analysed(files: Readonly<Record<string, string>>): Analysed {
  const listing = createListing();
  const parts = new Map<string, LayerPart[]>();
  for (const [path, content] of Object.entries(files)) {
    const cut = path.lastIndexOf("/");
    const place = { folder: path.slice(0, Math.max(cut, 0)), name: path.slice(cut + 1) };
    const entry = listing.add({ kind: "file", ...place, mode: 0o644, uid: 0, gid: 0, linkTarget: "" });
    for (const { cataloger, pattern } of catalogers) {
      const part = pattern.test(path) ? cataloger.read(catalogFile(path, content), catalogTools) : undefined;
      if (part !== undefined) parts.set(cataloger.id, [...(parts.get(cataloger.id) ?? []), { entry, part }]);
    }
  }
  const layer = listing.finish();
  const found = [{ listing: layer, parts, secrets: [], gaps: [] }];
  const image = squash([layer]);
  return analyse({ image, found, catalogers: catalogers.map(({ cataloger }) => cataloger), config: undefined });
}

const release = 'ID=debian\nVERSION_ID="12"\n';
const row = (name: string, version: string, maintainer: string): string =>
  `Package: ${name}\nStatus: install ok installed\nVersion: ${version}\nMaintainer: ${maintainer}\n\n`;
const short = ({ type, name, ownedBy, vendor }: SoftwarePackage): string =>
  `${type}/${name}${ownedBy === "" ? "" : ` of ${ownedBy.replace(/@.*/, "")}`}${vendor === undefined ? "" : ` by ${vendor}`}`;

test("a recognised binary speaks when the distribution did not build its owner; a packaging note of an owned file never does", () => {
  const node = "NodeSource <help@nodesource.com>";
  const team = "Nginx Team <nginx@lists.debian.org>";
  const { packages } = analysed({
    "etc/os-release": release,
    "var/lib/dpkg/status": row("nodejs", "20.1.0-1nodesource1", node) + row("nginx", "1.22.1-9", team),
    "var/lib/dpkg/info/nodejs.list": "/usr/bin/node.bin\n/usr/lib/x.note\n",
    "var/lib/dpkg/info/nginx.list": "/usr/sbin/nginx.bin\n/usr/lib/y.note\n",
    "usr/bin/node.bin": "generic node 20.1.0",
    "usr/sbin/nginx.bin": "generic nginx 1.22.1",
    "usr/lib/x.note": "rpm glibc 2.36",
    "usr/lib/y.note": "deb nginx 1.22.1-9",
    "opt/z.note": "deb zlib 1.2",
  });
  assert.deepEqual(packages.map(short), [
    `deb/nginx by ${team}`,
    `deb/nodejs by ${node}`,
    "deb/zlib",
    `generic/node of pkg:deb/debian/nodejs by ${node}`,
  ]);
});

test("rows of a database are never owned, opkg's as little as dpkg's", () => {
  const { packages } = analysed({
    "etc/os-release": "ID=openwrt\n",
    "usr/lib/opkg/status": row("busybox", "1.36", "x <x@y>") + row("base-files", "1", "x <x@y>"),
    "usr/lib/opkg/info/base-files.list": "/usr/lib/opkg/status\n",
  });
  assert.deepEqual(
    packages.map(({ type, name, ownedBy }) => [type, name, ownedBy]),
    [
      ["opkg", "base-files", ""],
      ["opkg", "busybox", ""],
    ],
  );
});

test("native modules that a package's RECORD lists are loadable files of it", () => {
  const { packages, loadable } = analysed({
    "usr/lib/python3/site-packages/numpy-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: numpy\nVersion: 1.0\n",
    "usr/lib/python3/site-packages/numpy-1.0.dist-info/RECORD": "numpy/core/x.so,,\nnumpy/gone.so,,\nnumpy/a.py,,\n",
    "usr/lib/python3/site-packages/numpy/core/x.so": "",
    "usr/lib/python3/site-packages/numpy/a.py": "",
    "usr/lib/other.so": "",
  });
  assert.deepEqual(packages.map(short), ["pypi/numpy"]);
  assert.deepEqual(loadable, {
    paths: ["/usr/lib/python3/site-packages/numpy/core/x.so"],
    owners: [0],
    omitted: 0,
  });
});

test("a system without any package database is a gap", () => {
  const kinds = (files: Readonly<Record<string, string>>): string[] =>
    analysed(files).gaps.map(({ kind, because }) => `${kind}: ${because}`);
  assert.deepEqual(kinds({ "etc/os-release": release }), [
    "database-unreadable: debian without a package database: what it installed is not known",
  ]);
  assert.deepEqual(kinds({ "bin/x": "" }), ["operating-system-unknown: no release file is in the image"]);
});

test("secrets beyond the limit are a gap with their number", () => {
  const listing = createListing();
  const entry = listing.add({ kind: "file", folder: "app", name: ".env", mode: 0o644, uid: 0, gid: 0, linkTarget: "" });
  const layer = listing.finish();
  const secret = { entry, rule: "r", title: "t", severity: "low", redacted: "" } as const;
  const secrets = Array.from({ length: 10_003 }, (_, line) => ({ ...secret, line }));
  const found = [{ listing: layer, parts: new Map(), secrets, gaps: [] }];
  const result = analyse({ image: squash([layer]), found, catalogers: [], config: undefined });
  assert.equal(result.secrets.length, 10_000);
  const gap = result.gaps.find(({ because }) => because === "more secrets than an analysis holds");
  assert.deepEqual([gap?.kind, gap?.count], ["limit-reached", 3]);
});
