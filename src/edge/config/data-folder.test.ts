// The data folder is made private, and never at the cost of a folder that holds other things.
import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { Fault } from "../../base/fault.ts";
import { makeDataFolder } from "./data-folder.ts";

async function folderWith(t: TestContext, mode: number, names: readonly string[]): Promise<string> {
  const parent = await mkdtemp(path.join(os.tmpdir(), "garrison-folder-"));
  t.after(() => rm(parent, { recursive: true }));
  const folder = path.join(parent, "data");
  await mkdir(folder);
  for (const name of names) {
    if (name.includes(".")) await writeFile(path.join(folder, name), "");
    else await mkdir(path.join(folder, name));
  }
  await chmod(folder, mode);
  return folder;
}

async function modeOf(folder: string): Promise<string> {
  // oxlint-disable-next-line no-bitwise -- permission bits
  return ((await stat(folder)).mode & 0o7777).toString(8);
}

test("a new, an empty and an own folder become private", async (t) => {
  const cases = [[], ["lost+found"], ["run", "spool", "pki"], ["agent"], ["state.sqlite", "notes.txt"]];
  for (const names of cases) {
    const folder = await folderWith(t, 0o755, names);
    await makeDataFolder(folder);
    assert.equal(await modeOf(folder), "700", names.join());
  }
  const fresh = path.join(await folderWith(t, 0o755, []), "a", "b");
  await makeDataFolder(fresh);
  assert.equal(await modeOf(fresh), "700");
  const closed = await folderWith(t, 0o700, ["anything"]);
  await makeDataFolder(closed);
});

test("a folder that others use is refused and left as it is", async (t) => {
  for (const [mode, names] of [
    [0o1777, ["sub"]],
    [0o755, ["lib", "spool", "run"]],
    [0o750, ["notes.txt"]],
  ] as const) {
    const folder = await folderWith(t, mode, names);
    await assert.rejects(makeDataFolder(folder), (thrown) => {
      assert.ok(thrown instanceof Fault);
      assert.equal(thrown.code, "config/data-folder");
      return (thrown.hint ?? "").includes("--data");
    });
    assert.equal(await modeOf(folder), mode.toString(8));
  }
});

test("a file in the way is named", async (t) => {
  const folder = await folderWith(t, 0o700, ["x.txt"]);
  await assert.rejects(makeDataFolder(path.join(folder, "x.txt")), { code: "config/data-folder", kind: "usage" });
});
