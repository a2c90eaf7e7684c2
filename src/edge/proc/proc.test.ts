import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { skipUnless } from "../../../test/support/skip.ts";
import { readCgroupFile } from "./cgroup-file.ts";
import { prettyName, readMachine } from "./machine.ts";

test("the own cgroup file is read; one that is gone is told apart from one that may not be read", (context) => {
  const own = readCgroupFile("/proc", process.pid);
  assert.match("text" in own ? own.text : own.unread, /^\d+:[^:]*:\//m);
  assert.deepEqual(readCgroupFile("/proc", 4_194_305), { unread: "gone" });
  assert.deepEqual(readCgroupFile("/nowhere", process.pid), { unread: "gone" });
  if (!skipUnless(context, process.geteuid?.() === 0, "root, to become nobody")) return;
  const root = mkdtempSync(join(tmpdir(), "garrison-cgroup-"));
  try {
    mkdirSync(join(root, "42"), { mode: 0o700 });
    chmodSync(root, 0o755);
    process.seteuid?.(65_534);
    assert.deepEqual(readCgroupFile(root, 42), { unread: "refused" });
    assert.deepEqual(readCgroupFile(root, 43), { unread: "gone" });
  } finally {
    process.seteuid?.(0);
    rmSync(root, { recursive: true });
  }
});

test("the machine's facts are there, and its boot lies in the past", () => {
  const machine = readMachine("/proc");
  assert.match(machine.bootId, /^[0-9a-f-]{36}$/);
  assert.ok(machine.bootTimeMs > 0 && machine.bootTimeMs < Date.now());
  assert.notEqual(machine.kernel, "");
  assert.equal(readMachine("/nowhere").bootId, "");
});

test("os-release names with and without quotes", () => {
  assert.equal(prettyName('NAME=x\nPRETTY_NAME="Debian GNU/Linux 12"\n'), "Debian GNU/Linux 12");
  assert.equal(prettyName("PRETTY_NAME=Alpine\n"), "Alpine");
  assert.equal(prettyName(""), "");
});
