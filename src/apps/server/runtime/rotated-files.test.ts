import assert from "node:assert/strict";
import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { isLater, rotatedFiles } from "./rotated-files.ts";

test("rotated files by their names only, oldest first, compressed ones marked", async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), "garrison-rotated-"));
  t.after(() => rm(folder, { recursive: true }));
  const names = ["audit.log.1", "audit.log.2.gz", "audit.log-20261126", "audit-2026-11-26T10-00-00.000.log"];
  const others = ["audit.log", "audit.log.bak", "audit-policy.log", "audit.logs.1", "other.log.1", "audit.log.1.swp"];
  for (const [index, name] of [...names, ...others].entries()) {
    await writeFile(path.join(folder, name), "x");
    await utimes(path.join(folder, name), 1000 - index, 1000 - index);
  }
  const found = await rotatedFiles(path.join(folder, "audit.log"));
  assert.deepEqual(
    found.map(({ name, isCompressed }) => [name, isCompressed]),
    names.toReversed().map((name) => [name, name.endsWith(".gz")]),
  );
});

test("time decides; within one instant the name: numbers count down, dates up", () => {
  const at = (name: string, mtimeMs = 1) => ({ name, mtimeMs });
  assert.ok(isLater(at("a.log.9", 2), at("a.log.1", 1)));
  assert.ok(isLater(at("a.log.9"), at("a.log.10")));
  assert.ok(isLater(at("a.log.1"), at("a.log.2.gz")));
  assert.ok(isLater(at("a-2026-11-26T10-00-01.log"), at("a-2026-11-26T10-00-00.log")));
  assert.ok(!isLater(at("a.log.1"), at("a.log.1")));
});
