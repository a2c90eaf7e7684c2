import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, gapsOf, rowsOf } from "../../../../../test/support/catalog.ts";
import { npmBunLock } from "./bun-lock.ts";
import { npmDenoLock } from "./deno-lock.ts";
import { npmPnpmLock } from "./pnpm-lock.ts";

const version5 = `lockfileVersion: 5.4

specifiers:
  a: ^1.0.0

dependencies:
  a: 1.0.0

packages:

  /a/1.0.0:
    resolution: {integrity: sha512-aa==}
    engines: {node: '>=6.9.0', npm: ">=3"}
    dev: false

  /@s/b/2.0.0_react@17.0.2:
    resolution: {integrity: sha512-bb==}
    peerDependencies:
      react: '*'
    dependencies:
      a: 1.0.0
    dev: true

  files.example/c/3.1.0:
    resolution: {integrity: sha512-cc==, registry: 'https://files.example/', tarball: 'https://files.example/c.tgz'}
    name: c
    version: 3.1.0
    dev: false

  github.com/acme/forked/abcdef:
    resolution: {tarball: https://codeload.example/acme/forked/tar.gz/abcdef}
    name: forked
    version: 0.1.0
    dev: false

  file:../local:
    resolution: {directory: ../local, type: directory}
    name: local
    dev: false
`;

const version6 = `lockfileVersion: '6.0'

dependencies:
  a:
    specifier: ^1.0.0
    version: 1.0.0

packages:

  /a@1.0.0:
    resolution: {integrity: sha512-aa==}
    deprecated: |
      do not use: it is old
      and bad
    dev: false

  /@s/b@2.0.0(react@17.0.2)(@t/x@1.0.0):
    resolution: {integrity: sha512-bb==}
    cpu: [x64, arm64]
    dev: true

  files.example/hosted@1.3.0:
    resolution: {integrity: sha512-cc==}
    dev: false

  files.example/@s/hosted@1.4.0(b@1.0.0):
    resolution: {integrity: sha512-cc==}
    dev: false

  '@github.com/acme/g/0ff':
    resolution: {commit: 0ff, repo: https://github.com/acme/g.git, type: git}
    name: g
    version: 1.1.1
    dev: false
`;

const version9 = `lockfileVersion: '9.0'

settings:
  autoInstallPeers: true

importers:

  .:
    dependencies:
      a:
        specifier: ^1.0.0
        version: 1.0.0
      nick:
        specifier: npm:real@2
        version: real@2.0.0
      ws:
        specifier: workspace:*
        version: link:packages/ws
    devDependencies:
      tester:
        specifier: ^5
        version: 5.0.0(a@1.0.0)

packages:

  a@1.0.0:
    resolution: {integrity: sha512-aa==}

  '@s/shared@1.0.0':
    resolution: {integrity: sha512-aa==}

  only-tests@1.0.0:
    resolution: {integrity: sha512-aa==}

  real@2.0.0:
    resolution: {integrity: sha512-aa==}

  tester@5.0.0:
    resolution: {integrity: sha512-aa==}
    peerDependencies:
      a: '*'

  forked@https://codeload.example/acme/forked/tar.gz/abc:
    resolution: {tarball: https://codeload.example/acme/forked/tar.gz/abc}
    version: 0.3.0

snapshots:

  a@1.0.0:
    dependencies:
      '@s/shared': 1.0.0

  '@s/shared@1.0.0': {}

  only-tests@1.0.0: {}

  real@2.0.0: {}

  tester@5.0.0(a@1.0.0):
    dependencies:
      '@s/shared': 1.0.0
      only-tests: 1.0.0
`;

const cases: readonly (readonly [string, string, readonly string[]])[] = [
  ["5", version5, ["@s/b@2.0.0 development", "a@1.0.0 declared", "c@3.1.0 declared", "forked@0.1.0 declared"]],
  [
    "6",
    version6,
    [
      "@s/b@2.0.0 development",
      "@s/hosted@1.4.0 declared",
      "a@1.0.0 declared",
      "g@1.1.1 declared ?vcs_url=git+https://github.com/acme/g.git#0ff",
      "hosted@1.3.0 declared",
    ],
  ],
  [
    "9",
    version9,
    [
      "@s/shared@1.0.0 declared",
      "a@1.0.0 declared",
      "forked@0.3.0 declared",
      "only-tests@1.0.0 development",
      "real@2.0.0 declared",
      "tester@5.0.0 development",
    ],
  ],
];

for (const [name, text, expected] of cases) {
  test(`pnpm lockfile version ${name}`, () => {
    const result = catalog(npmPnpmLock, { "app/pnpm-lock.yaml": text });
    assert.deepEqual([rowsOf(result), gapsOf(result), result.broken], [expected, [], []]);
  });
}

test("pnpm: broken files are faults", () => {
  const result = catalog(npmPnpmLock, {
    "a/pnpm-lock.yaml": "packages:\n  /a@1:\n    resolution: {integrity: sha512",
    "b/pnpm-lock.yaml": "- a\n- b\n",
    "c/pnpm-lock.yaml": "packages: &x\n  *x\n",
    "d/pnpm-lock.yaml": "",
  });
  assert.equal(result.broken.length, 3, result.broken.join("; "));
  assert.deepEqual(result.packages, []);
});

const bun = `{
  "lockfileVersion": 1, // comments are allowed
  "workspaces": {
    "": { "name": "shop", "dependencies": { "a": "^1" }, "devDependencies": { "tester": "^5" }, },
    "packages/ws": { "name": "ws", "version": "0.0.1" },
  },
  "packages": {
    "a": ["a@1.0.0", "", { "dependencies": { "@s/shared": "^1" } }, "sha512-aa=="],
    "@s/shared": ["@s/shared@1.2.0", "", {}, "sha512-bb=="],
    "tester": ["tester@5.0.0", "", { "dependencies": { "@s/shared": "^2", "only": "^1" }, "bin": { "t": "t.js" } }, "sha512-cc=="],
    "tester/@s/shared": ["@s/shared@2.0.0", "", {}, "sha512-dd=="],
    "only": ["only@1.0.0", "", {}, "sha512-ee=="],
    "ws": ["ws@workspace:packages/ws"],
    "nick": ["real@3.0.0", "", {}, "sha512-ff=="],
    "forked": ["forked@github:acme/forked#abc123", {}, "acme-forked-abc123"],
  }
}
`;

test("bun.lock, with comments and trailing commas; bun.lockb is a gap", () => {
  const result = catalog(npmBunLock, { "app/bun.lock": bun, "old/bun.lockb": new Uint8Array([35, 33, 0, 1]) });
  assert.deepEqual(rowsOf(result), [
    "@s/shared@1.2.0 declared",
    "@s/shared@2.0.0 development",
    "a@1.0.0 declared",
    "forked@ declared ?vcs_url=github:acme/forked#abc123",
    "only@1.0.0 development",
    "real@3.0.0 declared",
    "tester@5.0.0 development",
  ]);
  assert.deepEqual(gapsOf(result), [
    "version-unknown /app/bun.lock x1: named without an exact version: forked",
    "not-supported /old/bun.lockb x1: bun's binary lock file is not read; bun.lock (text) is",
  ]);
});

test("deno.lock of versions 2, 3 and 5", () => {
  const entries = { "@s/a@1.0.0": { integrity: "x" }, "b@2.0.0_c@1.0.0": {} };
  const result = catalog(npmDenoLock, {
    "v2/deno.lock": JSON.stringify({ version: "2", npm: { specifiers: {}, packages: { "two@2.0.0": {} } } }),
    "v3/deno.lock": JSON.stringify({ version: "3", packages: { specifiers: {}, npm: { "three@3.0.0": {} } } }),
    "v5/deno.lock": JSON.stringify({ version: "5", npm: entries, jsr: { "@std/x@1.0.13": {} } }),
  });
  assert.deepEqual(rowsOf(result), [
    "@s/a@1.0.0 declared",
    "@std/x@1.0.13 declared",
    "b@2.0.0 declared",
    "three@3.0.0 declared",
    "two@2.0.0 declared",
  ]);
});
