// garrison posture --pid and garrison profile --command without any server: real processes of this machine; and how workloads are named.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import path from "node:path";
import { test } from "node:test";
import { Fault } from "../../base/fault.ts";
import { kernelSensorMissing } from "../../edge/sensor/sensor.fixture.ts";
import { skipUnless } from "../../../test/support/skip.ts";
import { readWorkload } from "./commands/find-workload.ts";
import { differenceText } from "./commands/profile/run-profile.ts";

const entry = path.resolve(import.meta.dirname, "../../../bin/garrison.js");

function garrison(...words: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, ...words], { encoding: "utf8" });
  return { status, stdout, stderr };
}

test("posture of a process: a table for people, everything as JSON; no such process is exit 5", () => {
  const table = garrison("posture", "--pid", String(process.pid), "--width", "140");
  assert.equal(table.status, 0, table.stderr);
  for (const word of [
    "Pod Security: declared unknown, live",
    "Capabilities",
    "Seccomp",
    "Kernel of the node",
    "Unknown",
  ])
    assert.ok(table.stdout.includes(word), `${word}\n${table.stdout}`);
  assert.match(table.stdout, /^Not restricted because \(live\)$/m, "whatever it is below that");
  const json = garrison("posture", "--pid", String(process.pid), "-o", "json");
  const [item] = (JSON.parse(json.stdout) as { items: { facts: { pid: number }; layers: unknown[] }[] }).items;
  assert.deepEqual([item?.facts.pid, item?.layers.length], [process.pid, 16]);
  assert.equal(garrison("posture", "--pid", "4194301").status, 5);
  assert.equal(garrison("posture", "--pid", "x").status, 2);
});

test("a program that is not there is not learnt: no profile, exit 5", () => {
  for (const program of ["no-such-program", "/nowhere/program", "/tmp"]) {
    const { status, stdout, stderr } = garrison("profile", "seccomp", "--command", "--", program);
    assert.deepEqual([status, stdout], [5, ""], stderr);
    assert.match(stderr, /there is no program/);
  }
});

test("a posture is whole at 80 columns", () => {
  const { stdout } = garrison("posture", "--pid", String(process.pid), "--width", "80");
  assert.doesNotMatch(stdout, /…/);
  assert.deepEqual(
    stdout.split("\n").filter((line) => line.length > 80 && line.trim().includes(" ") && !/\S{60}/.test(line)),
    [],
  );
});

test("a command is learnt here: its profile on standard output, what it prints elsewhere", async (context) => {
  const missing = await kernelSensorMissing();
  if (!skipUnless(context, missing === "", `kernel sensor: ${missing}`)) return;
  const learnt = garrison(
    "profile",
    "seccomp",
    "--mode",
    "enforce",
    "--command",
    "--",
    "sh",
    "-c",
    "mkdir /tmp/garrison-learnt; rmdir /tmp/garrison-learnt; echo said",
  );
  assert.equal(learnt.status, 0, learnt.stderr);
  const profile = JSON.parse(learnt.stdout) as { defaultAction: string; syscalls: { names: string[] }[] };
  const names = profile.syscalls[0]?.names ?? [];
  assert.equal(profile.defaultAction, "SCMP_ACT_ERRNO");
  for (const name of process.arch === "x64" ? ["mkdir", "rmdir"] : ["mkdirat", "unlinkat"])
    assert.ok(names.includes(name), name);
  // unshare(1) made the namespace before it was watched.
  assert.ok(!names.includes("unshare") && !names.includes("mount"));
  assert.match(learnt.stderr, /^said$/m);
  assert.match(learnt.stderr, /confidence low/);
  const capabilities = garrison("profile", "capabilities", "--command", "--", "chroot", "/", "true");
  assert.match(capabilities.stdout, /add: \["SYS_CHROOT"\]/);
  assert.match(learnt.stderr, /docker run --security-opt seccomp=seccomp\.json/);
  assert.doesNotMatch(learnt.stderr, /kubelet|on every node|ended/);
  const failed = garrison("profile", "seccomp", "--command", "--", "sh", "-c", "exit 3");
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /^sh ended with 3: the profile covers what it did until then$/m);
  assert.match(
    garrison("profile", "seccomp", "--command", "--", "sh", "-c", "kill -9 $$").stderr,
    /^sh ended by SIGKILL: /m,
  );
  assert.equal(garrison("profile", "apparmor", "--command", "--", "true").status, 2);
});

test("workloads by name, with as much before it as is needed", () => {
  const cases = [
    ["web", { cluster: "", namespace: "", kind: "", name: "web" }],
    ["shop/web", { cluster: "", namespace: "shop", kind: "", name: "web" }],
    ["shop/Deployment/web", { cluster: "", namespace: "shop", kind: "Deployment", name: "web" }],
    ["c/shop/Deployment/web", { cluster: "c", namespace: "shop", kind: "Deployment", name: "web" }],
  ] as const;
  for (const [text, expected] of cases) assert.deepEqual(readWorkload(text), expected);
  for (const text of ["", "a/", "a/b/c/d/e"]) assert.throws(() => readWorkload(text), Fault);
});

test("the difference as text, golden", () => {
  const difference = { base: "RuntimeDefault of x", kept: ["read", "write"], removed: ["ptrace"], added: [] };
  assert.equal(
    differenceText({ difference }),
    "Against RuntimeDefault of x\n\nremoved (1)\n- ptrace\n\nbeyond it (0)\n\nkept (2)\n  read write\n",
  );
  const conditions = ["clone without flags of new namespaces"];
  assert.ok(
    differenceText({ difference: { ...difference, conditions } }).endsWith(
      "kept (2)\n  read write\n\nwith a condition\n  clone without flags of new namespaces\n",
    ),
  );
});
