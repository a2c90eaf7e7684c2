// Debian 12's stock kernel under emulation: LSM programs load, what they forbid does not happen, in scope only, and each denial is a record.
import assert from "node:assert/strict";
import { test } from "node:test";
import { skipUnless } from "../support/skip.ts";
import { qemuMissing, runGuest } from "../support/qemu.ts";

const objects = ["bpf/objects/guard.bpf.o", "bpf/objects/lsm.bpf.o"];

test("LSM denials on a stock kernel: exec, files, folders, names, sockets, mounts, capabilities; in scope only", async (context) => {
  const missing = qemuMissing();
  if (!skipUnless(context, missing === "", missing)) return;
  const run = await runGuest({ program: "test/qemu/lsm.guest.ts", files: objects });
  context.diagnostic(run.output.split(/\r?\n/).find((line) => line.startsWith("GUEST kernel")) ?? "no kernel line");
  context.diagnostic(`${run.checks.size} checks in ${run.seconds} s, boots ${run.boots}`);
  assert.ok(run.checks.size >= 35, run.output);
  for (const [name, result] of run.checks) assert.equal(result, "ok", `${name}: ${result}`);
});

test("where bpf is not an active security module, LSM programs are not believed: the guard kills, and every probe says why", async (context) => {
  const missing = qemuMissing();
  if (!skipUnless(context, missing === "", missing)) return;
  const run = await runGuest({
    program: "test/qemu/lsm-off.guest.ts",
    files: [...objects, "bpf/objects/probe.bpf.o"],
    modules: "landlock,lockdown,yama,apparmor",
  });
  context.diagnostic(`${run.checks.size} checks in ${run.seconds} s, boots ${run.boots}`);
  assert.ok(run.checks.size >= 11, run.output);
  for (const [name, result] of run.checks) assert.equal(result, "ok", `${name}: ${result}`);
});
