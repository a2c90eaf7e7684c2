// Compiled sources between commands: kept where only this user can write, so many and no more, and never in the way of the command itself.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";

const entry = path.resolve(import.meta.dirname, "../../../bin/garrison.js");

async function cacheHome(t: TestContext): Promise<string> {
  const folder = await mkdtemp(path.join(os.tmpdir(), "garrison-cache-"));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

function version(cache: string): string {
  const { NODE_COMPILE_CACHE: _, ...environment } = process.env;
  const ran = spawnSync(process.execPath, [entry, "--version"], {
    env: { ...environment, XDG_CACHE_HOME: cache },
    encoding: "utf8",
  });
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stdout, /^\d+\.\d+\.\d+\n$/);
  return ran.stderr;
}

async function filesBelow(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((each) => each.isFile()).length;
}

test("compiled sources are kept in the user's own folder", async (t) => {
  const cache = await cacheHome(t);
  version(cache);
  assert.ok((await filesBelow(path.join(cache, "garrison", "compiled"))) > 10);
});

test("a folder into which others can write is not used, neither is one below it", async (t) => {
  for (const open of ["", "garrison", "garrison/compiled"]) {
    const cache = await cacheHome(t);
    await mkdir(path.join(cache, "garrison", "compiled"), { recursive: true });
    await chmod(path.join(cache, open), 0o777);
    version(cache);
    assert.equal(await filesBelow(cache), 0, open);
  }
});

test("no folder can be made: the command says nothing of it and runs", async (t) => {
  const cache = await cacheHome(t);
  await writeFile(path.join(cache, "garrison"), "a file is in the way");
  assert.equal(version(cache), "");
});

test("what was kept longest gives way to a fifth", async (t) => {
  const cache = await cacheHome(t);
  const all = path.join(cache, "garrison", "compiled");
  for (const [at, name] of ["a", "b", "c", "d"].entries()) {
    await mkdir(path.join(all, name), { recursive: true });
    await utimes(path.join(all, name), 1000 + at, 1000 + at);
  }
  version(cache);
  const kept = await readdir(all);
  assert.equal(kept.length, 4);
  assert.ok(!kept.includes("a"), kept.join(" "));
});
