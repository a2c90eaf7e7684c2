// Compiled sources between commands: kept where only this user can write, so many and no more, and never in the way of the command itself.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmod, chown, lchown, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";

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
  const names = ["a", "b", "c", "d"].map((letter) => letter.repeat(16));
  for (const [at, name] of names.entries()) {
    await mkdir(path.join(all, name), { recursive: true });
    await utimes(path.join(all, name), 1000 + at, 1000 + at);
  }
  await mkdir(path.join(all, "of somebody else"));
  version(cache);
  const kept = await readdir(all);
  assert.equal(kept.length, 5);
  assert.ok(!kept.includes("a".repeat(16)), kept.join(" "));
  assert.ok(kept.includes("of somebody else"));
});

test("where somebody else's link leads nothing is made and nothing removed", async (t) => {
  if (!skipUnless(t, process.getuid?.() === 0, "root")) return;
  const [cache, target] = [await cacheHome(t), await cacheHome(t)];
  for (const letter of "abcdef") await mkdir(path.join(target, letter.repeat(16)));
  await mkdir(path.join(cache, "garrison"));
  await symlink(target, path.join(cache, "garrison", "compiled"));
  await lchown(path.join(cache, "garrison", "compiled"), 1000, 1000);
  version(cache);
  assert.equal((await readdir(target)).length, 6);
  // Nor in a home that is somebody else's.
  const home = await cacheHome(t);
  await chown(home, 1000, 1000);
  version(path.join(home, ".cache"));
  assert.deepEqual(await readdir(home), []);
});
