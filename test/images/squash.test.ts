// What the squashed path index says is there, beside what umoci really unpacks: layers of files, folders, links, whiteouts and opaque folders, made by chance.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { lstatSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import * as fc from "fast-check";
import { defineCataloger, type CatalogedFile } from "../../src/core/sbom/cataloger.ts";
import { analyseImage } from "../../src/edge/registry/pass/analyse-image.ts";
import { openImage } from "../../src/edge/registry/open-image.ts";
import { skipUnless } from "../support/skip.ts";
import { tarOf, writeOciLayout, type TarEntry } from "../support/tar.ts";

const folders = ["a", "a/b", "c"] as const;
const names = ["x", "y", "z"] as const;

const file = fc.record({
  folder: fc.constantFrom("", ...folders),
  name: fc.constantFrom(...names),
  body: fc.stringMatching(/^[a-z]{1,6}$/),
});
const layer = fc.record({
  folders: fc.subarray([...folders]),
  files: fc.uniqueArray(file, { maxLength: 5, selector: ({ folder, name }) => `${folder}/${name}` }),
  whiteouts: fc.subarray(["a/.wh.b", "a/.wh.x", "a/b/.wh.y", ".wh.c", "c/.wh.z", ".wh.a"], { maxLength: 2 }),
  opaque: fc.subarray(["a", "a/b", "c"], { maxLength: 1 }),
  /** A link to the first file, a folder's place taken by a link. */
  hasHardlink: fc.boolean(),
  symlink: fc.constantFrom(undefined, "a", "../a/b", "/c"),
  isReversed: fc.boolean(),
});

type Layer = typeof layer extends fc.Arbitrary<infer Value> ? Value : never;

function entriesOf({ folders: listed, files, whiteouts, opaque, hasHardlink, symlink, isReversed }: Layer): TarEntry[] {
  const content = files.map(({ folder, name, body }): TarEntry => ({
    path: folder === "" ? name : `${folder}/${name}`,
    body,
  }));
  const hidden = [...whiteouts, ...opaque.map((folder) => `${folder}/.wh..wh..opq`)]
    // What a layer brings itself it does not remove in the same breath: no tool writes that, and tools differ on it.
    .filter(
      (name) =>
        !content.some(
          ({ path: at }) =>
            String(at) === name.replace(".wh.", "") || String(at).startsWith(`${name.replace(".wh.", "")}/`),
        ),
    )
    .filter(
      (name) =>
        !listed.some(
          (folder) => folder === name.replace(".wh.", "") || folder.startsWith(`${name.replace(".wh.", "")}/`),
        ),
    )
    .map((name): TarEntry => ({ path: name }));
  const links: TarEntry[] = [];
  if (hasHardlink && content.length > 0)
    links.push({ path: "hard", kind: "hardlink", linkTarget: String(content[0]!.path) });
  if (symlink !== undefined) links.push({ path: "link", kind: "symlink", linkTarget: symlink });
  const made = listed.map((name): TarEntry => ({ path: `${name}/`, kind: "directory" }));
  return isReversed ? [...made, ...content, ...links, ...hidden] : [...made, ...hidden, ...content, ...links];
}

/** Every file with what it says, every link with where it leads. */
function unpacked(root: string, below = ""): string[] {
  return readdirSync(path.join(root, below)).flatMap((name) => {
    const at = path.join(below, name);
    const facts = lstatSync(path.join(root, at));
    if (facts.isDirectory()) return unpacked(root, at);
    return [
      facts.isSymbolicLink()
        ? `${at} -> ${readlinkSync(path.join(root, at))}`
        : `${at}: ${readFileSync(path.join(root, at), "utf8")}`,
    ];
  });
}

test("what is seen is what umoci unpacks", async (context) => {
  const isThere = process.getuid?.() === 0 && spawnSync("umoci", ["--version"]).status === 0;
  if (!skipUnless(context, isThere, "root and umoci (apt-get install umoci)")) return;
  const scratch = mkdtempSync(path.join(os.tmpdir(), "garrison-squash-"));
  let number = 0;
  const check = async (layers: readonly Layer[]) => {
    const folder = path.join(scratch, String(number++));
    writeOciLayout(path.join(folder, "oci"), { layers: layers.map((one) => tarOf(entriesOf(one))) });
    const done = spawnSync("umoci", ["unpack", "--image", `${folder}/oci:latest`, `${folder}/out`], {
      encoding: "utf8",
    });
    assert.equal(done.status, 0, done.stderr);
    const seen: string[] = [];
    const everything = defineCataloger<string>({
      id: "test/all",
      version: 1,
      wants: { pattern: /./, bytesMax: 100 },
      read: (one) => one.text(),
      combine: (files: readonly CatalogedFile<string>[]) => {
        for (const { path: at, part } of files) seen.push(`${at}: ${part}`);
        return { packages: [] };
      },
    });
    await using source = await openImage({ kind: "oci-layout", path: `${folder}/oci` });
    await analyseImage(source, { secrets: false, catalogers: [everything] });
    const files = unpacked(`${folder}/out/rootfs`).filter((line) => !line.includes(" -> "));
    assert.deepEqual(seen.toSorted(), files.toSorted());
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await fc.assert(fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 3 }), check), { numRuns: 60 });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
});
