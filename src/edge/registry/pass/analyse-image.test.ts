import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Fault } from "../../../base/fault.ts";
import { defineCataloger, type Cataloger } from "../../../core/sbom/cataloger.ts";
import { tarOf, type OciLayer } from "../../../../test/support/tar.ts";
import { imageLimits } from "../image-source.ts";
import { base, module, names, node, release, scan, scratch, status } from "./image.fixture.ts";
import { folderLayerCache } from "./layer-cache.ts";

test("packages, owner, facts and loadable files of two layers", async () => {
  const analysis = await scan(
    [
      base,
      [
        node("left-pad"),
        {
          path: "app/package-lock.json",
          body: JSON.stringify({
            lockfileVersion: 3,
            packages: { "": {}, "node_modules/left-pad": { version: "1.0.0" } },
          }),
        },
        { path: "usr/local/bin/run", body: "#!/bin/sh\n", mode: 0o777 },
      ],
    ],
    {},
    { config: { Entrypoint: ["run"] } },
  );
  assert.deepEqual(analysis.operatingSystem?.id, "debian");
  assert.deepEqual(names(analysis), [
    "deb/node-semver@1.0-1",
    "deb/zlib1g@1.0-1",
    "npm/left-pad@1.0.0",
    "npm/semver@7.3.5",
  ]);
  const [, , pad, semver] = analysis.packages;
  assert.equal(semver?.ownedBy, "pkg:deb/debian/node-semver@1.0-1?arch=amd64&distro=debian-12");
  assert.equal(pad?.ownedBy, "");
  assert.equal(pad?.scope, "installed", "seen in the lock and as code: it is installed");
  assert.deepEqual(
    pad?.evidence.map((one) => [one.path, one.layer, one.kind]),
    [
      ["/app/node_modules/left-pad/package.json", 1, "manifest"],
      ["/app/package-lock.json", 1, "lockfile"],
    ],
  );
  assert.deepEqual(analysis.facts.setuid, [{ path: "/usr/bin/sudo", layer: 0, mode: 0o4755, uid: 0, gid: 7 }]);
  assert.deepEqual(
    analysis.facts.shells?.map((one) => one.path),
    ["/bin/sh"],
  );
  assert.deepEqual(
    analysis.facts.tools?.map((one) => one.path),
    ["/usr/bin/sudo"],
  );
  assert.deepEqual(
    analysis.facts.worldWritable?.map((one) => one.path),
    ["/usr/local/bin/run"],
  );
  assert.deepEqual(analysis.facts.users, [
    { name: "root", uid: 0, gid: 0, shell: "/bin/sh" },
    { name: "node", uid: 1000, gid: 1000, shell: "/bin/false" },
  ]);
  assert.deepEqual(analysis.loadable, { paths: ["/usr/lib/libz.so.1"], owners: [1], omitted: 0 });
  assert.deepEqual(analysis.gaps, []);
  assert.deepEqual(
    analysis.layers.map((one) => one.files),
    [8, 3],
  );
});

test("hidden files bring no packages; opaque folders and whiteouts count", async () => {
  const analysis = await scan([
    [
      node("a"),
      node("b"),
      { path: "opt/node_modules/c/package.json", body: module("c") },
      { path: "srv/package-lock.json", body: "{" },
    ],
    [
      { path: "app/node_modules/.wh.a" },
      { path: "opt/.wh..wh..opq" },
      { path: "srv/.wh.package-lock.json" },
      node("b", "2.0.0"),
    ],
  ]);
  assert.deepEqual(names(analysis), ["npm/b@2.0.0"]);
  assert.ok(
    !analysis.gaps.some((gap) => gap.subject.includes("package-lock")),
    "a broken file that a later layer hides is no gap",
  );
});

test("a package database behind links is found, and hard links count as what they link to", async () => {
  const analysis = await scan([
    [
      { path: "usr/lib/os-release", body: release },
      { path: "usr/lib/dpkg-db/status", body: status("zlib1g") },
      { path: "usr/lib/dpkg-db/info/zlib1g.list", body: "/usr/lib/x/package.json\n" },
      { path: "var/lib/dpkg", kind: "symlink", linkTarget: "../../usr/lib/dpkg-db" },
      { path: "store/00/af", body: module("stored") },
      { path: "app/node_modules/stored/package.json", kind: "hardlink", linkTarget: "store/00/af" },
      node("twin"),
      { path: "usr/twin/package.json", kind: "hardlink", linkTarget: "app/node_modules/twin/package.json" },
    ],
    [{ path: "app/node_modules/twin/.wh.package.json" }],
  ]);
  assert.deepEqual(names(analysis), ["deb/zlib1g@1.0-1", "npm/stored@1.0.0", "npm/twin@1.0.0"]);
  assert.deepEqual(
    analysis.packages.map((one) => one.evidence.map(({ path: at }) => at)),
    [["/var/lib/dpkg/status"], ["/app/node_modules/stored/package.json"], ["/usr/twin/package.json"]],
  );
});

test("layers of any encoding, told or not, several gzip members and zstd frames", async () => {
  const tar = tarOf([node("a")]);
  const halves = [tar.subarray(0, 700), tar.subarray(700)] as const;
  const blobs = [
    tar,
    gzipSync(tar),
    zstdCompressSync(tar),
    Buffer.concat(halves.map((half) => gzipSync(half))),
    Buffer.concat(halves.map((half) => zstdCompressSync(half))),
  ];
  for (const blob of blobs) assert.deepEqual(names(await scan([{ tar, blob }])), ["npm/a@1.0.0"]);
});

test("a layer that is not the one the image names is a fault, and no cache keeps it", async () => {
  const tar = tarOf([node("a")]);
  const other = `sha256:${"1".repeat(64)}`;
  const folder = path.join(scratch, "cache-of-liars");
  const lies: readonly OciLayer[] = [
    { tar, claimedDiffId: other },
    { tar, claimedDigest: other },
  ];
  for (const lie of lies) {
    const cache = folderLayerCache(folder);
    await assert.rejects(
      scan([[node("b")], lie], { cache, workers: 1 }),
      (error: unknown) =>
        error instanceof Fault && error.code === "registry/layer-digest" && error.message.includes("layer 2 of 2"),
    );
  }
  assert.equal(readdirSync(folder).length, 1, "the honest layer alone");
});

const damaged: readonly {
  readonly name: string;
  readonly layer: OciLayer;
  readonly kind: string;
  readonly because: RegExp;
}[] = [
  {
    name: "a tar cut in the middle",
    layer: { tar: tarOf([node("kept"), { path: "b", body: "x".repeat(3000) }]).subarray(0, 2048) },
    kind: "layer-unreadable",
    because: /middle of an entry/,
  },
  {
    name: "a gzip cut in the middle",
    layer: {
      tar: tarOf([
        node("kept"),
        { path: "b", body: Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 251)) },
      ]),
      blob: gzipSync(tarOf([node("kept"), { path: "b", body: Buffer.alloc(900_000, 1) }])).subarray(0, -30),
    },
    kind: "layer-unreadable",
    because: /damaged/,
  },
  {
    name: "xz",
    layer: { tar: tarOf([]), blob: Buffer.from("fd377a585a000000", "hex") },
    kind: "layer-unreadable",
    because: /xz/,
  },
];

for (const { name, layer, kind, because } of damaged) {
  test(`a damaged layer is a gap and the rest goes on: ${name}`, async () => {
    const cache = folderLayerCache(path.join(scratch, `damaged-${name}`));
    const analysis = await scan([layer, [node("other")]], { cache });
    assert.ok(names(analysis).includes("npm/other@1.0.0"));
    const gap = analysis.gaps.find((one) => one.kind === kind);
    assert.match(gap?.because ?? "none", because);
    assert.equal(gap?.layer, 0);
    if (name.includes("cut")) assert.ok(names(analysis).includes("npm/kept@1.0.0"), "what was read before is kept");
    const again = await scan([layer, [node("other")]], { cache });
    assert.equal(cache.counts().hits, 1, "only the whole layer was kept");
    assert.deepEqual(again.gaps, analysis.gaps);
  });
}

test("a bomb stops at its limit", async () => {
  const tar = tarOf([node("a"), { path: "zeros", body: Buffer.alloc(80 * 1024 * 1024) }]);
  const analysis = await scan([{ tar }], { limits: { ...imageLimits, inflateRatioMax: 10 } });
  assert.deepEqual(analysis.gaps.find((gap) => gap.layer === 0)?.kind, "limit-reached");
  assert.deepEqual(names(analysis), ["npm/a@1.0.0"]);
});

test("a cataloguer that throws is a gap, the others go on", async () => {
  const throwing = (where: "read" | "combine"): Cataloger =>
    defineCataloger({
      id: `test/${where}`,
      version: 1,
      wants: { names: ["package.json"], bytesMax: 1000 },
      read: () => {
        if (where === "read") throw new Error("oh");
        return 1;
      },
      combine: () => {
        throw new Error("no");
      },
    });
  const { catalogers } = await import("../../../core/sbom/catalogers/list.ts");
  const analysis = await scan([[node("a")]], { catalogers: [throwing("read"), throwing("combine"), ...catalogers] });
  assert.deepEqual(names(analysis), ["npm/a@1.0.0"]);
  const told = analysis.gaps.map((gap) => [gap.kind, gap.subject, gap.because]);
  assert.deepEqual(
    told.filter(([, subject]) => subject !== ""),
    [
      ["database-unreadable", "test/combine", "the cataloguer test/combine failed: Error: no"],
      ["file-unreadable", "/app/node_modules/a/package.json", "test/read failed: oh"],
    ],
  );
});

/** Put together here, so that no scanner takes this file for a key. */
const begin = (kind: string) => `-----BEGIN ${kind} PRIVATE KEY-----`;

test("secrets are found in every layer, hidden ones said to be", async () => {
  const key = `${begin("RSA")}\n${"MIIEowIBAAKCAQEAuZk3Jr0Q".repeat(20).replace(/(.{64})/g, "$1\n")}\n${begin("RSA").replace("BEGIN", "END")}\n`;
  const analysis = await scan(
    [
      [
        { path: "home/app/.ssh/id_rsa", body: key },
        { path: "srv/key.pem", body: key },
      ],
      [{ path: "home/app/.ssh/.wh.id_rsa" }],
    ],
    { secrets: true },
  );
  assert.equal(analysis.secretsSearched, true);
  assert.deepEqual(
    analysis.secrets.map((one) => [one.path, one.layer, one.isHidden]),
    [
      ["/home/app/.ssh/id_rsa", 0, true],
      ["/srv/key.pem", 0, false],
    ],
  );
});

test("a file over a cataloguer's limit is a gap; a body cut by pieces is whole", async () => {
  const seen: number[] = [];
  const reader = defineCataloger<number>({
    id: "test/size",
    version: 1,
    wants: { suffixes: [".bin"], bytesMax: 3_000_000 },
    read: (file) => {
      seen.push(file.bytes.reduce((sum, byte) => sum + byte, 0));
      return file.bytes.length;
    },
    combine: () => ({ packages: [] }),
  });
  const body = Buffer.from(Array.from({ length: 2_000_000 }, (_, i) => i % 255));
  const total = body.reduce((sum, byte) => sum + byte, 0);
  const analysis = await scan(
    [
      [
        { path: "a.bin", body },
        { path: "b.bin", body: Buffer.alloc(3_000_001) },
        { path: "c.bin", body: "x" },
      ],
    ],
    { catalogers: [reader] },
  );
  assert.deepEqual(seen, [total, "x".charCodeAt(0)]);
  assert.deepEqual(
    analysis.gaps.filter((gap) => gap.layer === 0).map((gap) => [gap.kind, gap.subject]),
    [["file-too-large", "/b.bin"]],
  );
});

test("an aborted scan ends with the reason", async () => {
  const abort = new AbortController();
  abort.abort(new Error("enough"));
  await assert.rejects(scan([base], { signal: abort.signal }), /enough/);
});
