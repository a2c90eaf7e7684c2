import assert from "node:assert/strict";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { silentLogger } from "../../base/logger.ts";
import { startScratchStore } from "../../../test/support/scratch-store.ts";
import { StoreConfig } from "./config.ts";
import { expand, isInside, serveStore } from "./serve-store.ts";

test("only real files of the spool folder are inside, whatever the path is written like", () => {
  const root = mkdtempSync(join(tmpdir(), "garrison-inside-"));
  try {
    const spool = join(root, "spool");
    for (const folder of [spool, join(root, "spool-2"), join(spool, "quarantine")]) mkdirSync(folder);
    for (const file of ["spool/a", "spool/quarantine/b", "spool-2/c", "secret"]) writeFileSync(join(root, file), "x");
    symlinkSync(join(root, "secret"), join(spool, "link"));
    symlinkSync(root, join(spool, "up"));
    const cases: readonly (readonly [string, boolean])[] = [
      [`${spool}/a`, true],
      [`${spool}/quarantine/b`, true],
      [`${spool}/../spool/a`, true],
      [`${spool}/../secret`, false],
      [`${spool}/link`, false],
      [`${spool}/up/secret`, false],
      [`${root}/spool-2/c`, false],
      [`${spool}/*`, false],
      [`${spool}/{a,b}`, false],
      [`${spool}/a::b`, false],
      ["spool/a", false],
      [spool, false],
      ["/etc/passwd", false],
      ["", false],
    ];
    for (const [path, expected] of cases) assert.equal(isInside(path, spool), expected, path);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});

test("a list of plain names is looked at name by name, any other brace stays as it is", () => {
  assert.deepEqual(expand("/spool/{a,b.c}"), ["/spool/a", "/spool/b.c"]);
  for (const path of [
    "/spool/a",
    "/spool/{a,../b}",
    "/spool/{a}{b}",
    "/{spool,etc}/a",
    "/spool/{1..3}/a",
    "/spool/{,a}",
  ]) {
    assert.deepEqual(expand(path), [path]);
  }
});

test("a second store is refused, and takes nothing from the one that runs", async () => {
  await using running = await startScratchStore();
  const body = join(running.dataFolder, "spool", ".body-1-1");
  writeFileSync(body, "on its way");
  await assert.rejects(serveStore(StoreConfig.parse({ dataFolder: running.dataFolder }), silentLogger), {
    code: "store/locked",
  });
  assert.ok(existsSync(body));
});
