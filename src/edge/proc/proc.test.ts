import assert from "node:assert/strict";
import { test } from "node:test";
import { readCgroupFile } from "./cgroup-file.ts";
import { prettyName, readMachine } from "./machine.ts";

test("the own cgroup file is read, one that is gone is undefined", () => {
  assert.match(readCgroupFile("/proc", process.pid) ?? "", /^\d+:[^:]*:\//m);
  assert.equal(readCgroupFile("/proc", 4_194_305), undefined);
  assert.equal(readCgroupFile("/nowhere", process.pid), undefined);
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
