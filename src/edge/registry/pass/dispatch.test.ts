import assert from "node:assert/strict";
import { test } from "node:test";
import { defineCataloger, type FileWants } from "../../../core/sbom/cataloger.ts";
import { createDispatch, isExecutable } from "./dispatch.ts";

const cataloger = (id: string, wants: Omit<FileWants, "bytesMax">) =>
  defineCataloger({
    id,
    version: 1,
    wants: { ...wants, bytesMax: 1 },
    read: () => 1,
    combine: () => ({ packages: [] }),
  });

const dispatch = createDispatch([
  cataloger("name", { names: ["package.json", "constructor"] }),
  cataloger("suffix", { suffixes: [".jar", ".dist-info/METADATA", "-lock.json"] }),
  cataloger("path", { paths: ["var/lib/dpkg/status", "top"] }),
  cataloger("folder", { folders: ["var/lib/dpkg/status.d/"] }),
  cataloger("pattern", { pattern: /^lib[a-z]+\.txt$/ }),
  cataloger("program", { executables: true, names: ["tool"] }),
]);

const cases: readonly (readonly [path: string, mode: number, wanted: readonly string[]])[] = [
  ["a/package.json", 0o644, ["name"]],
  ["a/Package.json", 0o644, []],
  ["a/constructor", 0o644, ["name"]],
  ["a/toString", 0o644, []],
  ["a/b.jar", 0o644, ["suffix"]],
  [".jar", 0o644, ["suffix"]],
  ["a/package-lock.json", 0o644, ["suffix"]],
  ["var/lib/dpkg/status", 0o644, ["path"]],
  ["x/var/lib/dpkg/status", 0o644, []],
  ["top", 0o644, ["path"]],
  ["a/top", 0o644, []],
  ["var/lib/dpkg/status.d/base", 0o644, ["folder"]],
  ["var/lib/dpkg/status.d/more/base", 0o644, []],
  ["libx.txt", 0o644, ["pattern"]],
  ["bin/run", 0o755, ["program?"]],
  ["lib/libc.so.6", 0o644, ["program?"]],
  ["bin/tool", 0o755, ["program"]],
  ["a/b.jar", 0o755, ["suffix", "program?"]],
];

for (const [path, mode, wanted] of cases) {
  test(`who wants ${path} (${mode.toString(8)}): ${wanted.join(", ") || "nobody"}`, () => {
    const cut = path.lastIndexOf("/");
    const interests = dispatch.wanted(path.slice(0, Math.max(cut, 0)), path.slice(cut + 1), mode) ?? [];
    assert.deepEqual(
      interests.map(({ cataloger: { id }, isByMagic }) => (isByMagic ? `${id}?` : id)),
      wanted,
    );
  });
}

test("executables by their first bytes", () => {
  const starts = {
    "7f454c46": true,
    feedface: true,
    cffaedfe: true,
    cafebabe: true,
    "4d5a9000": true,
    "23212f62": false,
    "504b0304": false,
    "7f45": false,
  };
  for (const [hex, answer] of Object.entries(starts)) assert.equal(isExecutable(Buffer.from(hex, "hex")), answer, hex);
});
