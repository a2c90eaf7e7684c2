// A kubeconfig that is named by where the person stands, also when `npm start` has moved elsewhere.
import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test } from "node:test";
import { existingFile } from "./up-config.ts";

test("a relative kubeconfig starts where the person stands; one that is not there is a clear fault", async (t) => {
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-up-"));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, "shop.yaml");
  await writeFile(file, "");
  const ours = { npm_lifecycle_event: "start", npm_package_name: "garrison", INIT_CWD: folder };
  assert.equal(await existingFile("shop.yaml", ours), file);
  assert.equal(await existingFile(file, {}), file);
  const missing = { code: "cli/unreadable", kind: "usage" };
  await assert.rejects(existingFile("other.yaml", ours), {
    ...missing,
    message: `cannot read the kubeconfig ${folder}/other.yaml: it is not there`,
  });
  // Somebody else's npm script says nothing about where our user stands.
  await assert.rejects(existingFile("shop.yaml", { ...ours, npm_package_name: "theirs" }), missing);
  await assert.rejects(existingFile("shop.yaml", { ...ours, npm_lifecycle_event: "test" }), missing);
});
