import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, gapsOf, rowsOf } from "../../../../../test/support/catalog.ts";
import { npmPackageLock } from "./package-lock.ts";

const version1 = {
  name: "shop",
  version: "1.0.0",
  lockfileVersion: 1,
  requires: true,
  dependencies: {
    "@s/deep": {
      version: "1.0.0",
      requires: { wrap: "^1.0.0" },
      dependencies: { wrap: { version: "1.0.2", bundled: true } },
    },
    wrap: { version: "2.0.0" },
    mocha: { version: "5.0.0-rc.1", dev: true },
    maybe: { version: "3.0.0", optional: true },
    forked: { version: "git+ssh://git@github.com/acme/forked.git#82dcc8e914dabd9305ab9ae580709a7825e824f5" },
    named: { version: "npm:real-name@4.5.6" },
    beside: { version: "file:../beside" },
    tarball: { version: "https://user:hunter22@files.example/-/tarball-7.8.9.tgz" },
  },
};

test("version 1: the tree, with aliases, git, tarballs and local folders", () => {
  const result = catalog(npmPackageLock, { "app/package-lock.json": JSON.stringify(version1) });
  assert.deepEqual(rowsOf(result), [
    "@s/deep@1.0.0 declared",
    "forked@ declared ?vcs_url=git+ssh://git@github.com/acme/forked.git#82dcc8e914dabd9305ab9ae580709a7825e824f5",
    "maybe@3.0.0 declared",
    "mocha@5.0.0-rc.1 development",
    "real-name@4.5.6 declared",
    "tarball@7.8.9 declared",
    "wrap@1.0.2 declared",
    "wrap@2.0.0 declared",
  ]);
  assert.deepEqual(gapsOf(result), [
    "version-unknown /app/package-lock.json x1: named without an exact version: forked",
  ]);
});

const packages = {
  "": { name: "shop", version: "1.0.0", devDependencies: { mocha: "^5" } },
  "packages/cart": { name: "@shop/cart", version: "0.1.0" },
  "node_modules/@shop/cart": { resolved: "packages/cart", link: true },
  "node_modules/a": { version: "1.0.0", license: "MIT", resolved: "https://x.example/a-1.0.0.tgz" },
  "node_modules/a/node_modules/@s/b": { version: "2.0.0", devOptional: true },
  "node_modules/alias": { name: "real", version: "3.0.0" },
  "node_modules/mocha": { version: "5.2.0", dev: true },
  "node_modules/b": { version: "2.0.0", dev: true },
  "packages/cart/node_modules/b": { version: "2.0.0" },
  "node_modules/forked": { version: "0.2.0", resolved: "git+ssh://git@github.com/acme/forked.git#abc" },
  "node_modules/no-version": { resolved: "https://x.example/y.tgz" },
  "node_modules/odd": 7,
};
const expected = [
  "@s/b@2.0.0 declared",
  "a@1.0.0 declared",
  "b@2.0.0 declared",
  "forked@0.2.0 declared ?vcs_url=git+ssh://git@github.com/acme/forked.git#abc",
  "mocha@5.2.0 development",
  "no-version@ declared",
  "real@3.0.0 declared",
];

for (const [name, lock] of [
  ["2", { lockfileVersion: 2, packages, dependencies: version1.dependencies }],
  ["3", { lockfileVersion: 3, packages }],
] as const) {
  test(`version ${name}: packages by place, without root, workspaces and links`, () => {
    const result = catalog(npmPackageLock, { "app/npm-shrinkwrap.json": JSON.stringify(lock) });
    assert.deepEqual(rowsOf(result), expected);
    assert.deepEqual(result.packages.find((item) => item.name === "a")?.licenses, ["MIT"]);
  });
}

test("the hidden lock of node_modules is read alike", () => {
  const lock = { lockfileVersion: 3, packages: { "node_modules/a": { version: "1.0.0" } } };
  const result = catalog(npmPackageLock, { "app/node_modules/.package-lock.json": JSON.stringify(lock) });
  assert.deepEqual(rowsOf(result), ["a@1.0.0 declared"]);
});

test("empty, broken and hostile locks", () => {
  const deep = '{"dependencies":{"a":{"version":"1.0.0","dependencies":{"a":';
  let nest = '{"version":"1.0.0"}';
  for (let depth = 0; depth < 3000; depth += 1) nest = `{"version":"1.0.${depth}","dependencies":{"a":${nest}}}`;
  const result = catalog(npmPackageLock, {
    "a/package-lock.json": "{}",
    "b/package-lock.json": deep,
    "c/package-lock.json": "",
    "d/package-lock.json": `{"dependencies":{"a":${nest}}}`,
    "e/package-lock.json": '{"lockfileVersion":3,"packages":{"node_modules/__proto__":{"version":"1.0.0"}}}',
  });
  assert.deepEqual(result.broken, ["b/package-lock.json: not JSON", "c/package-lock.json: not JSON"]);
  assert.equal(result.packages.filter((item) => item.name === "a").length, 201);
  assert.equal(result.packages.filter((item) => item.name === "__proto__").length, 1);
  assert.deepEqual(gapsOf(result), ["limit-reached /d/package-lock.json x1: dependencies nested over 200 deep"]);
});
