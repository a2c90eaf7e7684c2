// The innermost folder of a path, against a scan over all of them.
import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { createFolderTable, type FolderEntry } from "./folder-table.ts";

function scanned(entries: readonly FolderEntry<number>[], path: string): number | undefined {
  let best: FolderEntry<number> | undefined;
  for (const entry of entries) {
    const holds = entry.folder === "/" || path === entry.folder || path.startsWith(`${entry.folder}/`);
    if (holds && (best === undefined || entry.folder.length >= best.folder.length)) best = entry;
  }
  return best?.value;
}

// "-" and "!" sort before "/", "b" behind it.
const somePath = fc
  .array(fc.constantFrom("a", "a-b", "a!", "b", "ab"), { maxLength: 5 })
  .map((parts) => `/${parts.join("/")}`);

test("finds what a scan finds", () => {
  fc.assert(
    fc.property(fc.array(somePath, { maxLength: 30 }), fc.array(somePath, { minLength: 1 }), (folders, paths) => {
      const entries = folders.map((folder, value) => ({ folder, value }));
      const table = createFolderTable(entries);
      for (const path of paths) assert.equal(table.find(path)?.value, scanned(entries, path), path);
    }),
  );
});

test("what says nothing new is not kept, and the answers stay", () => {
  const entries = ["/", "/a", "/a/b", "/a/b/c", "/d"].map((folder) => ({ folder, value: folder === "/a/b" }));
  const table = createFolderTable(entries, (value, around) => value !== (around ?? false));
  assert.equal(table.size, 2);
  assert.deepEqual(
    ["/x", "/a/x", "/a/b/x", "/a/b/c", "/d"].map((path) => table.find(path)?.value ?? false),
    [false, false, true, false, false],
  );
  assert.equal(createFolderTable([]).find("/a"), undefined);
});
