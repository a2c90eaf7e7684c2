// Where an image is, by the flags; output files; times; the progress line.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Command } from "commander";
import { Fault } from "../../../../base/fault.ts";
import { placeOf, withImageFlags, type ImageFlags } from "./image-flags.ts";
import { createdAtOf, outputFilesOf } from "./output-files.ts";
import { createProgress, progressLine } from "./progress.ts";

function place(...argv: string[]): object {
  const command = withImageFlags(new Command("scan")).exitOverride();
  command.parse(argv, { from: "user" });
  return placeOf(command.args, command.opts<ImageFlags>());
}

test("one place is named, in one of the ways", () => {
  const digest = `sha256:${"a".repeat(64)}`;
  const cases: readonly (readonly [readonly string[], object])[] = [
    [["nginx:1"], { kind: "registry", reference: "nginx:1" }],
    [["--mirror", "a=b", "--mirror", "c=d", "nginx"], { kind: "registry", reference: "nginx" }],
    [["--archive", "a.tar"], { kind: "archive", path: "a.tar" }],
    [["--archive", "a.tar", "--image", "x:1"], { kind: "archive", path: "a.tar", image: "x:1" }],
    [["--oci", "dir"], { kind: "oci-layout", path: "dir" }],
    [["--oci", "/a:b/dir:1.2"], { kind: "oci-layout", path: "/a:b/dir", image: "1.2" }],
    [["--oci", "/a:b/dir"], { kind: "oci-layout", path: "/a:b/dir" }],
    [["--oci", `dir@${digest}`], { kind: "oci-layout", path: "dir", image: digest }],
    [["--root", "/"], { kind: "root", path: "/" }],
    [["--container", "4711"], { kind: "container", pid: 4711 }],
    [["--container", "3f2a9c1b7d"], { kind: "container", id: "3f2a9c1b7d" }],
    [
      ["--containerd", "docker.io/library/nginx:1", "--namespace", "k8s.io"],
      { kind: "containerd", image: "docker.io/library/nginx:1", namespace: "k8s.io" },
    ],
    [["--sbom", "-"], { kind: "sbom", path: "-" }],
  ];
  for (const [argv, expected] of cases) assert.deepEqual(place(...argv), expected, argv.join(" "));
  for (const argv of [[], ["a", "--root", "/"], ["--archive", "a", "--oci", "b"]])
    assert.throws(
      () => place(...argv),
      (error) => error instanceof Fault && error.code === "cli/usage",
    );
});

test("output files and times", () => {
  assert.deepEqual(outputFilesOf(["sarif=a=b.json", "json=x"], ["sarif", "json"]), [
    { format: "sarif", path: "a=b.json" },
    { format: "json", path: "x" },
  ]);
  for (const [pair, words] of [
    ["sarf=x", /did you mean sarif/],
    ["json", /no path/],
    ["=x", /no such format/],
  ] as const)
    assert.throws(() => outputFilesOf([pair], ["sarif", "json"]), words);
  assert.equal(createdAtOf({ environment: {} }, undefined), undefined);
  assert.equal(
    createdAtOf({ environment: { SOURCE_DATE_EPOCH: "1700000000" } }, undefined),
    "2023-11-14T22:13:20.000Z",
  );
  assert.equal(
    createdAtOf({ environment: { SOURCE_DATE_EPOCH: "1" } }, "2026-01-01T00:00:00Z"),
    "2026-01-01T00:00:00.000Z",
  );
  assert.throws(() => createdAtOf({ environment: {} }, "soon"), Fault);
});

test("progress: a line for a terminal, ten times a second, taken away at the end; nothing for a pipe", () => {
  assert.equal(
    progressLine({ layers: 8, layersDone: 3, bytes: 512, bytesTotal: 1024 }),
    `[${"#".repeat(12)}${"-".repeat(12)}] 3/8 layers, 512B of 1.0K`,
  );
  assert.match(
    progressLine({ layers: 2, layersDone: 1, bytes: 10, bytesTotal: 0 }),
    /^\[#{12}-{12}\] 1\/2 layers, 10B$/,
  );
  for (const isTTY of [true, false]) {
    const written: string[] = [];
    let nowMs = 1000;
    const progress = createProgress({ isTTY, write: (text) => written.push(text) }, () => nowMs);
    const state = { layers: 1, layersDone: 0, bytes: 0, bytesTotal: 0 };
    progress.show(state);
    progress.show(state);
    nowMs += 200;
    progress.show(state);
    progress.end();
    progress.end();
    assert.equal(written.length, isTTY ? 3 : 0);
    if (isTTY) assert.equal(written.at(-1), "\r\u001b[K");
  }
});
