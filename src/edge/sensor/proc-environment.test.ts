// An environment out of /proc: the asked variables of the process that is meant, of nobody else, and of none that is gone.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { askedNames, environmentLimits } from "./asked-environment.ts";
import { readAsked } from "./proc-environment.ts";

const asked = askedNames(new Set(["A"])) ?? assert.fail("a name is asked for");

/** A /proc with one process, 7, started 20 ticks after boot. */
function procWith(context: TestContext, environment: string): string {
  const folder = mkdtempSync(join(tmpdir(), "garrison-proc-"));
  context.after(() => rmSync(folder, { recursive: true }));
  mkdirSync(join(folder, "7"));
  writeFileSync(join(folder, "7/environ"), environment);
  writeFileSync(join(folder, "7/stat"), `7 (x) S 1${" 0".repeat(17)} 20 0`);
  return folder;
}

test("the asked ones", (context) => {
  const found = readAsked(procWith(context, "B=no\0A=yes\0"), { pid: 7, startMs: 200 }, asked);
  assert.deepEqual(found, { variables: ["A=yes"], isCut: false });
});

test("of a process that took over the number nothing", (context) => {
  assert.equal(readAsked(procWith(context, "A=yes\0"), { pid: 7, startMs: 190 }, asked), undefined);
});

test("of one that is gone, or that has none any more, nothing", (context) => {
  assert.equal(readAsked(procWith(context, ""), { pid: 7, startMs: 200 }, asked), undefined);
  assert.equal(readAsked(procWith(context, "A=1\0"), { pid: 8, startMs: 200 }, asked), undefined);
});

test("what is longer than the limit is cut, and says so", (context) => {
  const long = `A=yes\0B=${"x".repeat(environmentLimits.procBytesMax)}\0`;
  const found = readAsked(procWith(context, long), { pid: 7, startMs: 200 }, asked);
  assert.deepEqual(found, { variables: ["A=yes"], isCut: true });
});
