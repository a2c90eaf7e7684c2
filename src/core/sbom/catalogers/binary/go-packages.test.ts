// Versions of Go programs: toolchains, linker flags, commits.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readModuleText } from "./go-build-info.ts";
import { goProgram, goVersion, linkerValues } from "./go-packages.ts";

test("toolchains", () => {
  const cases = [
    ["go1.21.3", "1.21.3"],
    ["go1.20", "1.20"],
    ["go1.21.3 X:nocoverageredesign", "1.21.3"],
    ["go1.19.4b7", "1.19.4"],
    ["go1.22rc1", "1.22rc1"],
    ["go1.4beta1", "1.4beta1"],
    ["go1.22.1-fips", "1.22.1"],
    ["go1.25.0+auto", "1.25.0"],
    ["devel go1.24-0123456789 Mon Jan 1", "1.24-devel"],
    ["devel +0123456 Mon Jan 1", ""],
    ["go", ""],
    ["", ""],
  ] as const;
  for (const [toolchain, version] of cases) assert.equal(goVersion(toolchain), version, toolchain);
});

test("linker flags, whichever way they are quoted", () => {
  const flags = `-s -w -X main.version=v1.2.3 -X 'example.org/a/version.gitCommit=abc' -X "example.org/b.Name=two words" -X=example.org/c.Tag="x y" -extldflags '-static'`;
  assert.deepEqual(
    [...linkerValues(flags)],
    [
      ["main.version", "v1.2.3"],
      ["example.org/a/version.gitCommit", "abc"],
      ["example.org/b.Name", "two words"],
      ["example.org/c.Tag", "x y"],
    ],
  );
});

function mainVersion(version: string, ...settings: string[]): string | undefined {
  const lines = [
    `path\texample.org/tool`,
    `mod\texample.org/tool\t${version}\t`,
    ...settings.map((setting) => `build\t${setting}`),
  ];
  return goProgram({ toolchain: "go1.21.3", ...readModuleText(lines.join("\n")) }).modules[0]?.[1];
}

describe("the main module's version", () => {
  const cases: readonly (readonly [what: string, expected: string, version: string, ...settings: string[]])[] = [
    ["told", "v1.2.3", "v1.2.3"],
    ["told, with changes", "v1.2.3+dirty", "v1.2.3+dirty"],
    ["none", "", "(devel)"],
    ["in main.version", "v1.2.3", "(devel)", '-ldflags="-s -w -X main.version=v1.2.3"'],
    ["without a v", "v1.2.3", "(devel)", '-ldflags="-X main.Version=1.2.3"'],
    ["quoted twice", "v1.2.3", "(devel)", String.raw`-ldflags="-X \"main.version=v1.2.3\""`],
    [
      "main's before a dependency's",
      "v2.0.0",
      "(devel)",
      '-ldflags="-X example.org/other/version.Version=v9.0.0 -X main.version=v2.0.0"',
    ],
    [
      "its own package's before a dependency's",
      "v2.0.0",
      "(devel)",
      '-ldflags="-X k8s.io/component-base/version.gitVersion=v9.0.0 -X example.org/tool/pkg/version.gitVersion=v2.0.0"',
    ],
    ["not a version", "", "(devel)", '-ldflags="-X main.version=dev -X main.conversion=1.2.3"'],
    [
      "a commit",
      "v0.0.0-20240102030405-0123456789ab",
      "(devel)",
      "vcs=git",
      "vcs.revision=0123456789abcdef0123456789abcdef01234567",
      "vcs.time=2024-01-02T03:04:05Z",
    ],
    [
      "linker flags before a commit",
      "v1.2.3",
      "v0.0.0-20240102030405-0123456789ab",
      '-ldflags="-X main.version=v1.2.3"',
    ],
    ["a commit that was told", "v0.0.0-20240102030405-0123456789ab", "v0.0.0-20240102030405-0123456789ab"],
  ];
  for (const [what, expected, version, ...settings] of cases) {
    test(what, () => assert.equal(mainVersion(version, ...settings), expected));
  }
});

test("without modules the package's path is told when its version is", () => {
  const settings = "build\t-ldflags=-X main.version=1.1.5";
  const info = { toolchain: "go1.19.8", ...readModuleText(`path\texample.org/runc\n${settings}`) };
  assert.deepEqual(goProgram(info).modules, [
    ["example.org/runc", "v1.1.5"],
    ["stdlib", "1.19.8"],
  ]);
});

test("paths that cannot be shown are left out; no module text is only the standard library", () => {
  const info = {
    toolchain: "go1.21.3",
    ...readModuleText("mod\texample.org/\u001b[31m\tv1\ndep\t\tv1\ndep\texample.org/a\tv\u0007"),
  };
  assert.deepEqual(goProgram(info).modules, [
    ["example.org/a", ""],
    ["stdlib", "1.21.3"],
  ]);
  assert.deepEqual(goProgram({ toolchain: "go1.17", ...readModuleText("") }).modules, [["stdlib", "1.17"]]);
});
