// Giving root up: in the right order, only when there is somebody to become.
import assert from "node:assert/strict";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import { dropPrivileges } from "./privileges.ts";

function recorder(uid: number) {
  const calls: string[] = [];
  return {
    calls,
    getuid: () => uid,
    setgroups: (groups: readonly number[]) => void calls.push(`setgroups ${groups.join(",")}`),
    setgid: (id: number) => void calls.push(`setgid ${id}`),
    setuid: (id: number) => void calls.push(`setuid ${id}`),
  };
}

test("root becomes the owner of the data folder, groups first", async (context) => {
  if (!skipUnless(context, process.getuid?.() === 0, "root (to give a folder away)")) return;
  const folder = mkdtempSync(path.join(tmpdir(), "garrison-owner-"));
  context.after(() => rmSync(folder, { recursive: true }));
  const asRoot = recorder(0);
  assert.match(await dropPrivileges(folder, asRoot), /runs as root, because the data folder belongs to root/);
  assert.deepEqual(asRoot.calls, []);
  chownSync(folder, 65_534, 65_533);
  const self = recorder(0);
  assert.equal(await dropPrivileges(folder, self), "");
  assert.deepEqual(self.calls, ["setgroups 65533", "setgid 65533", "setuid 65534"]);
});

test("who is not root stays who they are", async () => {
  const self = recorder(1000);
  assert.equal(await dropPrivileges("/nowhere", self), "");
  assert.equal(await dropPrivileges("/nowhere", {}), "", "a system without user ids");
  assert.deepEqual(self.calls, []);
});
