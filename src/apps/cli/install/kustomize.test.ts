// The renderer's own arithmetic: patches as their standards say, and a fault for everything that it does not know.
import { deepEqual, rejects, throws } from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, test } from "node:test";
import { renderKustomization } from "./kustomize.ts";
import type { Json, Tree } from "./object.ts";
import { jsonPatch, mergePatch } from "./patch.ts";

const folder = await mkdtemp(path.join(tmpdir(), "garrison-kustomize-"));
after(() => rm(folder, { recursive: true, force: true }));

test("patches do what their standards say, and what is not known is refused", () => {
  const pod: Tree = { containers: [{ name: "a", env: [{ name: "X", value: "1" }], args: ["1"] }, { name: "b" }] };
  const merged = mergePatch(pod, { containers: [{ name: "c" }, { name: "a", env: [{ name: "Y" }], args: ["2"] }] });
  deepEqual(merged, {
    containers: [
      { name: "c" },
      { name: "a", env: [{ name: "Y" }, { name: "X", value: "1" }], args: ["2"] },
      { name: "b" },
    ],
  });
  deepEqual(mergePatch({ a: { b: 1, c: 2 } }, { a: { b: null } }), { a: { c: 2 } });
  throws(() => mergePatch({}, { $patch: "delete" }), /not understood/);
  const tree: Tree = { "a/b": [1, 2, 3], c: { d: 1 } };
  const cases: readonly [Json, Json | RegExp][] = [
    [
      { op: "add", path: "/a~1b/1", value: 9 },
      { "a/b": [1, 9, 2, 3], c: { d: 1 } },
    ],
    [
      { op: "add", path: "/a~1b/-", value: 9 },
      { "a/b": [1, 2, 3, 9], c: { d: 1 } },
    ],
    [
      { op: "remove", path: "/a~1b/0" },
      { "a/b": [2, 3], c: { d: 1 } },
    ],
    [
      { op: "replace", path: "/c/d", value: { e: 1 } },
      { "a/b": [1, 2, 3], c: { d: { e: 1 } } },
    ],
    [{ op: "test", path: "/c/d", value: 1 }, tree],
    [{ op: "test", path: "/c/d", value: 2 }, /does not fit/],
    [{ op: "replace", path: "/c/x", value: 2 }, /does not fit/],
    [{ op: "add", path: "/x/y", value: 2 }, /does not fit/],
    [{ op: "add", path: "/a~1b/5", value: 2 }, /does not fit/],
    [{ op: "move", path: "/c/d", from: "/x" }, /not understood/],
  ];
  for (const [operation, expected] of cases) {
    if (expected instanceof RegExp) throws(() => jsonPatch(tree, [operation]), expected, JSON.stringify(operation));
    else deepEqual(jsonPatch(tree, [operation]), expected, JSON.stringify(operation));
  }
});

test("a Kustomization with a field that this does not know is refused", async () => {
  const header = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
  for (const rest of ["namePrefix: a-\n", "resources: [none.yaml]\n", "patches: [{path: none.yaml}]\n"]) {
    await writeFile(path.join(folder, "kustomization.yaml"), header + rest);
    await rejects(renderKustomization(folder), rest);
  }
});
