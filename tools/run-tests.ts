// Runs every test of the repository under node:test. Arguments: folders or files to restrict to. Guards the trap that a pattern
// without a match counts as success, and prints what was skipped at the end so that nobody overlooks it.
import { glob } from "node:fs/promises";
import path from "node:path";
import { unobtainable } from "../test/support/skip.ts";
import { runTestFiles, sumOf, summaryText, type TestRun } from "./test-files.ts";

const root = path.resolve(import.meta.dirname, "..");

// Tests against a real Kubernetes (test/cluster), of the packed product (test/packages), of images built from Debian (test/images), under emulated kernels (test/qemu)
// and of many parts that are killed (chaos) take minutes: .ci/run gives them steps of their own.
const leftOut = [
  ...["cluster", "packages", "images", "qemu"].map((folder) => path.join("test", folder) + path.sep),
  path.join("test", "scenarios", "chaos.test.ts"),
];
const patterns = ["src/**/*.test.ts", "tools/**/*.test.ts", "test/**/*.test.ts", "ui/src/**/*.test.ts"];
/** These rooms are pure (the walls see to it): their tests share nothing that one could leave to the next, so they need no process each. */
const pureRooms = ["src/base/", "src/model/", "src/core/", "ui/src/"];
/** A test that fails is run once more, alone: at most so many files. What then passes is said, and failed on a busy machine only. */
const filesAgainMax = 3;
const isAgainAllowed = process.env["GARRISON_TEST_AGAIN"] === "once";
const wanted = process.argv.slice(2).map((argument) => path.relative(root, path.resolve(argument)));

async function findFiles(): Promise<string[]> {
  const files: string[] = [];
  for await (const file of glob(patterns, { cwd: root })) {
    if (file.includes("node_modules") || leftOut.some((beginning) => file.startsWith(beginning))) continue;
    if (wanted.length === 0 || wanted.some((prefix) => file === prefix || file.startsWith(prefix + path.sep)))
      files.push(file);
  }
  return files.toSorted();
}

/** The pure ones as two processes beside each other, then the others, each file in a process of its own. */
async function runAll(files: readonly string[]): Promise<readonly TestRun[]> {
  const isPure = (file: string): boolean => pureRooms.some((room) => file.startsWith(room));
  const pure = files.filter(isPure);
  const halves = [0, 1].map((half) => pure.filter((_, index) => index % 2 === half));
  const together = await Promise.all(
    halves.map((half, index) => runTestFiles(root, half, { isolation: "none", printsAtEnd: index > 0 })),
  );
  const others = files.filter((file) => !isPure(file));
  return [...together, await runTestFiles(root, others, { isolation: "process", printsAtEnd: false })];
}

/** What failed, once more and alone. Undefined when that would prove nothing: too many, or no file is known. */
async function again(runs: readonly TestRun[]): Promise<TestRun | undefined> {
  const failed = [...new Set(runs.flatMap((run) => run.failedFiles))];
  if (!isAgainAllowed || failed.length === 0 || failed.length > filesAgainMax) return undefined;
  if (runs.some((run) => run.code !== 0 && run.failedFiles.length === 0)) return undefined;
  console.log(`\n!!! ${failed.length} files failed and are run once more, alone: ${failed.join(", ")}`);
  return runTestFiles(root, failed, { isolation: "process", printsAtEnd: false, concurrency: 1 });
}

/** In the full run: one skip for each part that cannot be had and is not given by its variable, and no other. */
function areSkipsExpected(skipped: readonly string[]): boolean {
  const expected = unobtainable.filter((variable) => (process.env[variable] ?? "") === "");
  const isCovered = expected.every((part) => skipped.some((line) => line.includes(part)));
  return isCovered && skipped.every((line) => expected.some((part) => line.includes(part)));
}

const files = await findFiles();
if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(", ") || patterns.join(", ")}`);
  process.exit(1);
}
const startMs = performance.now();
const runs = await runAll(files);
const sum = sumOf(runs, performance.now() - startMs);
const second = await again(runs);
const skipped = runs.flatMap((run) => run.skipped);
if (skipped.length > 0) {
  console.log(
    `\n!!! ${skipped.length} skipped because this machine lacks a part (.ci/run allows only what no package holds):`,
  );
  for (const line of skipped) console.log(`!!!   ${line}`);
  console.log("");
}
const isSkipWrong = process.env["GARRISON_TEST_REQUIRE"] === "all" && wanted.length === 0 && !areSkipsExpected(skipped);
if (isSkipWrong) console.log("!!! the full run must skip exactly what cannot be had (test/support/skip.ts)");
const hasPassedAgain = second?.code === 0;
if (hasPassedAgain)
  console.log(`!!! ${sum.fail + sum.cancelled} failed at first and passed alone: they depend on the machine's load`);
console.log(
  summaryText(hasPassedAgain ? { ...sum, pass: sum.pass + sum.fail + sum.cancelled, fail: 0, cancelled: 0 } : sum),
);
process.exitCode = isSkipWrong || (!hasPassedAgain && runs.some((run) => run.code !== 0)) ? 1 : 0;
