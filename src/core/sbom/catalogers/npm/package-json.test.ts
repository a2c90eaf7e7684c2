import assert from "node:assert/strict";
import { test } from "node:test";
import { catalog, gapsOf, rowsOf } from "../../../../../test/support/catalog.ts";
import { npmPackageJson } from "./package-json.ts";

const licensesByShape: readonly (readonly [string, unknown, readonly string[]])[] = [
  ["a string", { license: "MIT" }, ["MIT"]],
  ["an object", { license: { type: "ISC", url: "x" } }, ["ISC"]],
  ["a list of objects", { licenses: [{ type: "MIT" }, { type: "Apache-2.0" }] }, ["MIT", "Apache-2.0"]],
  ["a list of strings", { licenses: ["BSD-3-Clause"] }, ["BSD-3-Clause"]],
  ["an expression", { license: "(MIT OR GPL-2.0)" }, ["(MIT OR GPL-2.0)"]],
  ["numbers and nulls", { license: 4, licenses: [null, 7] }, []],
];

for (const [name, fields, expected] of licensesByShape) {
  test(`licences written as ${name}`, () => {
    const text = JSON.stringify({ name: "left-thing", version: "1.0.0", ...(fields as object) });
    const { packages } = catalog(npmPackageJson, { "app/node_modules/left-thing/package.json": text });
    assert.deepEqual(packages[0]?.licenses, expected);
  });
}

test("packages of node_modules, of a global prefix and of a distribution's folder", () => {
  const result = catalog(npmPackageJson, {
    "app/node_modules/@shop/cart/package.json": '{"name":"@shop/cart","version":"2.1.0"}',
    "usr/local/lib/node_modules/npm/package.json": '{"name":"npm","version":"10.9.0"}',
    "usr/share/nodejs/semver/package.json": '\ufeff{"name":"semver","version":"7.3.5+~7.3.9"}',
    "app/node_modules/git-thing/package.json": '{"name":"git-thing","version":"v1.2.3"}',
  });
  assert.deepEqual(rowsOf(result), [
    "@shop/cart@2.1.0 installed",
    "git-thing@1.2.3 installed",
    "npm@10.9.0 installed",
    "semver@7.3.5+~7.3.9 installed",
  ]);
  const [first] = result.packages;
  assert.deepEqual(first?.evidence, [
    { path: "/app/node_modules/@shop/cart/package.json", layer: 0, line: 0, kind: "manifest" },
  ]);
});

test("what is no package says nothing", () => {
  const result = catalog(npmPackageJson, {
    "app/node_modules/a/esm/package.json": '{ "type": "module" }           ',
    "app/node_modules/a/package.json": '{"name":"a","main":"version is missing"}',
    "app/node_modules/b/package.json": '{"name":"b","version":7}          ',
    "app/node_modules/resolve/test/resolver/baz/package.json": '{"name":"baz","version":"1.0.0"}',
  });
  assert.deepEqual([result.packages, result.gaps, result.broken], [[], [], []]);
});

test("a broken file is a fault, a name with control characters is counted and not printed", () => {
  const result = catalog(npmPackageJson, {
    "a/node_modules/x/package.json": '{"name":"x","version":"1.0.0"',
    "a/node_modules/y/package.json": '["name","version", "not an object"]   ',
    "a/node_modules/evil/package.json": JSON.stringify({ name: "e\u001b[31mvil", version: "1.0.0" }),
    "a/node_modules/long/package.json": JSON.stringify({ name: "l".repeat(5000), version: "1.0.0" }),
    "a/node_modules/proto/package.json": '{"__proto__":{"name":"p"},"name":"proto-ok","version":"1.0.0"}',
  });
  assert.deepEqual(result.broken, [
    "a/node_modules/x/package.json: not JSON",
    "a/node_modules/y/package.json: JSON, but no object",
  ]);
  assert.deepEqual(rowsOf(result), ["proto-ok@1.0.0 installed"]);
  assert.equal(gapsOf(result).length, 2);
  assert.ok(
    gapsOf(result).every((gap) => gap.startsWith("file-unreadable /a/node_modules/") && !gap.includes("\u001b")),
  );
});

test("a package that is called like a folder of tests is a package, and so is what lies in its examples and templates", () => {
  const named = (name: string): string => JSON.stringify({ name, version: "1.0.0" });
  const names = ["test", "tests", "spec", "mocks", "fixtures", "examples", "templates", "@shop/test", "@shop/fixtures"];
  const files = Object.fromEntries(names.map((name) => [`app/node_modules/${name}/package.json`, named(name)]));
  const result = catalog(npmPackageJson, {
    ...files,
    "app/node_modules/maker/templates/vendor/x/package.json": named("in-a-template"),
    "app/node_modules/@shop/cart/lib/test/x/package.json": named("of-a-test"),
    "app/node_modules/test/fixtures/x/package.json": named("of-a-fixture"),
    "app/node_modules/maker/test/node_modules/y/package.json": named("installed-for-tests"),
  });
  assert.deepEqual(
    rowsOf(result),
    [...names, "in-a-template", "installed-for-tests"].map((name) => `${name}@1.0.0 installed`).toSorted(),
  );
});
