// Runs every test of the repository under node:test. Arguments: folders or files to restrict to. Guards the trap that a pattern
// without a match counts as success, and prints what was skipped at the end so that nobody overlooks it.
import { spawn } from "node:child_process";
import { glob } from "node:fs/promises";
import path from "node:path";
import { unobtainable } from "../test/support/skip.ts";

const root = path.resolve(import.meta.dirname, "..");
/** Test files in parallel; the machines that this is built for have two cores. */
const filesInParallel = 2;
const fileTimeoutMs = 600_000;
/** Each test file is a process, and most import the same modules: in the two folders measured, a quarter of the processor time was to strip and to compile them again. */
const compiledFolder = path.join(root, "node_modules", ".cache", "garrison-tests");

// Tests against a real Kubernetes (test/cluster), of the packed product (test/packages) of images built from Debian (test/images) and under emulated kernels (test/qemu) take minutes: .ci/run gives them steps
// of their own.
const leftOut = ["cluster", "packages", "images", "qemu"].map((folder) => path.join("test", folder) + path.sep);
const patterns = ["src/**/*.test.ts", "tools/**/*.test.ts", "test/**/*.test.ts", "ui/src/**/*.test.ts"];
const wanted = process.argv.slice(2).map((argument) => path.relative(root, path.resolve(argument)));

const files: string[] = [];
for await (const file of glob(patterns, { cwd: root })) {
  if (file.includes("node_modules") || leftOut.some((folder) => file.startsWith(folder))) continue;
  if (wanted.length === 0 || wanted.some((prefix) => file === prefix || file.startsWith(prefix + path.sep)))
    files.push(file);
}
files.sort();
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(", ") || patterns.join(", ")}`);
  process.exit(1);
}

const skipped: string[] = [];

/** In the full run: one skip for each part that cannot be had and is not given by its variable, and no other. */
function areSkipsExpected(): boolean {
  const expected = unobtainable.filter((variable) => (process.env[variable] ?? "") === "");
  const isCovered = expected.every((part) => skipped.some((line) => line.includes(part)));
  return isCovered && skipped.every((line) => expected.some((part) => line.includes(part)));
}
const child = spawn(
  process.execPath,
  [
    "--import",
    path.join(root, "test", "support", "seed.ts"),
    "--test",
    `--test-concurrency=${filesInParallel}`,
    `--test-timeout=${fileTimeoutMs}`,
    "--test-reporter=spec",
    ...files,
  ],
  { cwd: root, stdio: ["ignore", "pipe", "inherit"], env: { ...process.env, NODE_COMPILE_CACHE: compiledFolder } },
);
let rest = "";
const summary: string[] = [];
child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
  const lines = (rest + chunk).split("\n");
  rest = lines.pop() ?? "";
  for (const line of lines) {
    if (/# MISSING: /.test(line)) skipped.push(line.trim());
    // The summary is held back, so that it stays the last thing printed.
    if (/^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) /.test(line)) summary.push(line);
    else console.log(line);
  }
});
child.on("close", (code) => {
  if (rest !== "") console.log(rest);
  if (skipped.length > 0) {
    console.log(
      `\n!!! ${skipped.length} skipped because this machine lacks a part (.ci/run allows only what no package holds):`,
    );
    for (const line of skipped) console.log(`!!!   ${line}`);
    console.log("");
  }
  const isSkipWrong = process.env["GARRISON_TEST_REQUIRE"] === "all" && wanted.length === 0 && !areSkipsExpected();
  if (isSkipWrong) console.log("!!! the full run must skip exactly what cannot be had (test/support/skip.ts)");
  console.log(summary.join("\n"));
  process.exitCode = isSkipWrong ? 1 : (code ?? 1);
});
