import assert from "node:assert/strict";
import { test } from "node:test";
import { createListing, type LayerListing, type ListedEntry } from "./layer-listing.ts";
import { createOwnership } from "./ownership.ts";
import { squash } from "./squash.ts";

/** "a/b" a file, "a/b/" a folder, "a/b > t" a symbolic link, "a/b = t" a hard link. */
function layer(...lines: readonly string[]): LayerListing {
  const listing = createListing();
  for (const line of lines) listing.add(entryOf(line));
  return listing.finish();
}

function entryOf(line: string): ListedEntry {
  const [whole, mark, linkTarget] = line.split(/ ([>=]) /);
  const path = whole!.replace(/\/$/, "");
  const cut = path.lastIndexOf("/");
  const kind = mark === ">" ? "symlink" : mark === "=" ? "hardlink" : whole!.endsWith("/") ? "directory" : "file";
  return {
    kind,
    folder: path.slice(0, Math.max(cut, 0)),
    name: path.slice(cut + 1),
    mode: 0o644,
    uid: 0,
    gid: 0,
    linkTarget: linkTarget ?? "",
  };
}

/** "path@layer" of everything but folders, sorted. */
function seen(...layers: readonly LayerListing[]): string[] {
  const image = squash(layers);
  return [...image.visible()]
    .filter((node) => image.kindOf(node) !== "directory")
    .map((node) => `${image.pathOf(node)}@${image.layerOf(node)}`)
    .sort();
}

const cases: readonly {
  readonly name: string;
  readonly layers: readonly LayerListing[];
  readonly seen: readonly string[];
}[] = [
  { name: "a later file replaces", layers: [layer("a", "b"), layer("a")], seen: ["a@1", "b@0"] },
  { name: "a whiteout hides a file", layers: [layer("a/x", "a/y"), layer("a/.wh.x")], seen: ["a/y@0"] },
  {
    name: "a whiteout hides a folder and all in it",
    layers: [layer("a/b/x", "a/c"), layer("a/.wh.b")],
    seen: ["a/c@0"],
  },
  { name: "a whiteout in the lowest layer hides nothing", layers: [layer("a/.wh.x", "a/x")], seen: ["a/x@0"] },
  {
    name: "a whiteout before its file in the same layer",
    layers: [layer("a/x"), layer("a/.wh.x", "a/x")],
    seen: ["a/x@1"],
  },
  {
    name: "a whiteout after its file in the same layer",
    layers: [layer("a/x"), layer("a/x", "a/.wh.x")],
    seen: ["a/x@1"],
  },
  {
    name: "an opaque folder, first",
    layers: [layer("a/x", "a/b/y"), layer("a/", "a/.wh..wh..opq", "a/z")],
    seen: ["a/z@1"],
  },
  {
    name: "an opaque folder, last",
    layers: [layer("a/x", "a/b/y"), layer("a/", "a/z", "a/.wh..wh..opq")],
    seen: ["a/z@1"],
  },
  {
    name: "AUFS's own files hide nothing",
    layers: [layer("a/x"), layer("a/.wh..wh.plnk/", "a/.wh..wh.aufs")],
    seen: ["a/x@0"],
  },
  { name: "a folder takes a file's place", layers: [layer("a"), layer("a/", "a/x")], seen: ["a/x@1"] },
  { name: "a file takes a folder's place", layers: [layer("a/", "a/x"), layer("a")], seen: ["a@1"] },
  {
    name: "a folder listed again keeps what is in it",
    layers: [layer("a/", "a/x"), layer("a/", "a/y")],
    seen: ["a/x@0", "a/y@1"],
  },
  { name: "a link takes a folder's place", layers: [layer("a/x", "b/y"), layer("a > b")], seen: ["a@1", "b/y@0"] },
  {
    name: "files land behind a linked folder",
    layers: [layer("usr/lib/", "lib > usr/lib"), layer("lib/x")],
    seen: ["lib@0", "usr/lib/x@1"],
  },
  {
    name: "a whiteout works behind a linked folder",
    layers: [layer("usr/lib/x", "lib > usr/lib"), layer("lib/.wh.x")],
    seen: ["lib@0"],
  },
  {
    name: "a folder put where a link was no longer leads there",
    layers: [layer("usr/lib/x", "lib > usr/lib"), layer("lib/", "lib/y")],
    seen: ["lib/y@1", "usr/lib/x@0"],
  },
  {
    name: "a link that leads out of the root stays in it",
    layers: [layer("out > ../../../etc"), layer("out/x")],
    seen: ["etc/x@1", "out@0"],
  },
  {
    name: "a circle of links: nothing is placed",
    layers: [layer("a > b", "b > a"), layer("a/x", "c")],
    seen: ["a@0", "b@0", "c@1"],
  },
  { name: "a hard link is its target's content", layers: [layer("a", "b = a")], seen: ["a@0", "b@0"] },
  {
    name: "a hard link keeps what a later layer removes",
    layers: [layer("a", "b = a"), layer(".wh.a")],
    seen: ["b@0"],
  },
  { name: "a hard link to nothing is not there", layers: [layer("b = a")], seen: [] },
  { name: "a hard link across layers", layers: [layer("a"), layer("b = a", ".wh.a")], seen: [] },
  {
    name: "names that look like the prototype's",
    layers: [layer("__proto__/constructor", "toString"), layer(".wh.toString")],
    seen: ["__proto__/constructor@0"],
  },
];

for (const one of cases) {
  test(`layers laid over each other: ${one.name}`, () => assert.deepEqual(seen(...one.layers), one.seen));
}

test("what found no place is told", () => {
  assert.deepEqual(squash([layer("b = a", "c > c"), layer("c/x")]).unplaced, [
    { layer: 0, entry: 0 },
    { layer: 1, entry: 0 },
  ]);
});

test("paths are found through linked folders, the last link followed only when asked", () => {
  const image = squash([
    layer(
      "usr/lib/os-release",
      "lib > /usr/lib",
      "etc/os-release > ../usr/lib/os-release",
      "var/lib/rpm > ../../usr/lib/rpm",
      "usr/lib/rpm/db",
    ),
  ]);
  assert.equal(image.pathOf(image.find("/lib/os-release")), "usr/lib/os-release");
  assert.equal(image.pathOf(image.find("etc/os-release")), "etc/os-release");
  assert.equal(image.pathOf(image.resolve("etc/os-release")), "usr/lib/os-release");
  assert.equal(image.pathOf(image.find("var/lib/rpm/db")), "usr/lib/rpm/db");
  assert.equal(image.find("nope/x"), -1);
  assert.equal(image.find("usr/lib/os-release/x"), -1);
});

test("all names of an entry are known, of a hidden one none", () => {
  const image = squash([layer("a", "b = a", "c"), layer(".wh.c")]);
  assert.deepEqual(
    image
      .nodesOf(0, 0)
      .map((node) => image.pathOf(node))
      .sort(),
    ["a", "b"],
  );
  assert.deepEqual(image.nodesOf(0, 2), []);
});

test("owned paths are resolved as they were packed", () => {
  const image = squash([
    layer(
      "usr/lib/libc.so.6",
      "lib > usr/lib",
      "usr/bin/x",
      "usr/share/p/",
      "usr/share/p/f",
      "opt/a.dist-info/METADATA",
    ),
  ]);
  const ownership = createOwnership(image);
  ownership.claim(0, ["/lib/libc.so.6", "/usr/share/p", "/nothing/here"]);
  ownership.claim(1, ["/usr/bin/x", "/usr/share/p", "/usr/lib/libc.so.6", "/opt/a.dist-info"]);
  assert.equal(ownership.ownerOf(image.find("usr/lib/libc.so.6")), 0);
  assert.equal(ownership.ownerOf(image.find("usr/bin/x")), 1);
  assert.equal(ownership.ownerOf(image.find("usr/share/p")), -1);
  assert.equal(ownership.ownerOfFile("/usr/share/p/f"), -1);
  assert.equal(ownership.ownerOfFile("/opt/a.dist-info/METADATA"), 1);
  assert.equal(ownership.ownerOfFile("/not/there"), -1);
});
